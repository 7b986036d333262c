"""A name that unrelated pages of many hosts show is found by no list; a site's own name is not."""

import random

import polars as pl
import pytest
from clock import linear
from frames import asset, docs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shuffled import after, decisions_of

from corpus_pipeline.stages.spam_names import SpamNames

HAN = [chr(code) for code in range(0x4E00, 0x9000)]


def spam_names(**options):
    chosen = SpamNames.OptionsModel(**options)
    return SpamNames(chosen, {k: asset(ref) for k, ref in SpamNames.asset_refs(chosen).items()})


def prose(rng, size=400):
    return "".join(rng.choices(HAN, k=size))


def pages(count, name, *, hosts=None, site="官网登录", titles=None, body=prose, seed=1):
    """Pages of `count` hosts (or of `hosts`) whose titles carry a name."""
    rng = random.Random(seed)
    texts = [body(rng) for _ in range(count)]
    heads = [f"{titles or prose(rng, 8)}_{name}{site if n % 2 else ''}" for n in range(count)]
    urls = [f"https://www.host{n % (hosts or count)}.example.cn/{n}.html" for n in range(count)]
    return docs_of(texts, title=heads, url=urls)


def test_a_shared_name_is_found_and_its_pages_go():
    """A name of no list, bare on half of its pages, is found by standing on six hosts."""
    out = after(spam_names(), pages(6, "鼎沄阁"))

    assert out["drop_rule"].to_list() == ["shared_name_spam"] * 6
    assert out["spam_names_shared"][0].to_list() == [{"name": "鼎沄阁", "hosts": 6, "titles": 6}]


SPARED = {
    "one host": pages(40, "鼎沄阁", hosts=2),
    "copies of one article": pages(8, "鼎沄阁", titles="春耕时节农事忙"),
    "a channel without site words": pages(8, "行业动态", site=""),
    "words of every page": pages(8, "会员", site="登录"),
    "too few": pages(4, "鼎沄阁"),
    "what the pages are about": pages(
        8, "鼎沄阁", body=lambda rng: "".join(prose(rng, 40) + "鼎沄阁" for _ in range(12))
    ),
    "no text": docs_of(["", None, "短"] * 4, title=[f"标题{n}_鼎沄阁官网" for n in range(12)]),
}


@pytest.mark.parametrize("docs", SPARED.values(), ids=SPARED)
def test_what_is_no_sold_name_is_spared(docs):
    """A site's own name, syndicated articles, channels and subjects of texts are not found."""
    out = after(spam_names(), docs)

    assert out["drop_rule"].is_null().all()
    assert out["spam_names_shared"].list.len().sum() == 0


def test_names_may_only_be_written():
    """With `drop: false` the names stand in the column and every page stays."""
    out = after(spam_names(drop=False), pages(6, "鼎沄阁"))

    assert out["drop_rule"].is_null().all()
    assert out["spam_names_shared"].list.len().to_list() == [1] * 6


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999), batch=st.integers(1, 7), ranges=st.integers(1, 4))
def test_order_and_batches_do_not_show(seed, batch, ranges):
    """The same documents in another order, other splits and key ranges have the same names."""
    docs = pl.concat([pages(6, "鼎沄阁", seed=2), pages(9, "会员", seed=3)])
    docs = docs.with_columns(id=pl.format("{}{}", "id", pl.int_range(docs.height)))
    docs = docs.with_columns(locator=pl.format("test.jsonl@{}", pl.int_range(docs.height)))
    stage = spam_names()
    mixed = docs.sample(fraction=1, shuffle=True, seed=seed)
    one, other = after(stage, docs), after(stage, mixed, ranges=ranges, batch=batch)

    assert decisions_of(one, stage).sort("id").equals(decisions_of(other, stage).sort("id"))


HOSTILE = {
    "title": lambda size: ("_官网登录" * (size // 13), "字" * 300),
    "brackets": lambda size: ("甲_乙", "【" * (size // 3)),
    "key words": lambda size: ("甲_乙", "字" * 300 + "\n关键词：" + "某某官网，" * (size // 15)),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pages_are_linear(make):
    """Half a megabyte of titles, brackets or key words takes seconds, twice the size twice that."""
    stage = spam_names()

    def sketched(pair):
        return stage.sketch(docs_of([pair[1]], title=[pair[0]]))

    linear(sketched, make, 500_000, 2.0)
