"""`spam` finds offers and hijacked pages by their writing, cuts injections, and spares reports."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from clock import linear
from frames import PACKAGE, docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError
from corpus_pipeline.training.halves import GOOD_REGISTERS, half

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "spam.jsonl").read_text("utf-8").splitlines()
]
BODY = (
    "近日，县里组织农技人员下乡，指导农户管理麦田。今年入冬以来气温偏高，部分麦田长势过旺，"
    "技术员建议适时镇压，控制旺长，防止冻害。农户老周说，去年听了技术员的话，亩产多了五十公斤。"
    "县农业局表示，春节前还要办三期培训班，把防病治虫的要点讲到田头，争取夏粮再获丰收。"
    "据介绍，全县今年播种小麦四十万亩，其中优质麦占七成，订单面积比上年增加五万亩。"
    "村里的老人记得，三十年前这里还是一片盐碱地，春天一刮风，满院子都是土。后来修了渠，栽了树，"
    "地慢慢养熟了，年轻人也愿意回来。合作社的仓库门口，几辆拖拉机排成一行，等着开春下地。"
)


@pytest.fixture(scope="module")
def spam():
    return stage("spam")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(spam, case):
    """Each case gets the verdict of the file, or none."""
    out = spam(docs_of([case["text"]], title=[case.get("title")]))

    assert out["drop_rule"][0] == case["expect"]


def test_hits_show_what_the_verdict_rests_on(spam):
    """Offsets are code points of the text, astral characters included, and give the terms back."""
    text = "𠀀😀 专业刻章办证，毕业证，微信 zheng5678"
    row = spam(docs_of([text])).row(0, named=True)

    found = {text[hit["start"] : hit["end"]] for hit in row["spam_hits"]}
    assert {"刻章", "办证", "毕业证"} <= found
    assert row["spam_kind"] == "forgery"
    assert row["spam_score"] >= 1
    assert str(round(row["spam_score"], 2)) in row["drop_evidence"]


INJECTED = {
    "bracket": f"【华凯娱乐官网】{BODY}\n本文关键词：华凯娱乐官网，华凯娱乐app下载",
    "head and tail": f"龙腾电竞登录入口{BODY}（龙腾电竞网页版）",
    "sentences": BODY.replace("农户", "金沃棋牌官网农户", 1)
    .replace("今年", "金沃棋牌今年")
    .replace("后来", "金沃棋牌后来"),
}


@pytest.mark.parametrize("text", INJECTED.values(), ids=INJECTED)
def test_an_injection_is_cut_and_its_body_kept(text):
    """With `hijacked: cut` the names go, every sentence of the body stays, the loss is counted."""
    cutting = stage("spam", hijacked="cut")
    row = cutting(docs_of([text])).row(0, named=True)

    assert row["drop_rule"] is None
    assert row["text"].replace("（）", "") == BODY
    assert row["spam_cut"] == len(text) - len(row["text"])
    assert row["spam_names"]
    assert cutting(docs_of([row["text"]]))["spam_kind"][0] is None


def test_a_cut_does_not_save_what_is_spam_besides():
    """A hijacked page whose body sells something itself is dropped all the same."""
    text = f"【华凯娱乐官网】{BODY}专业刻章办证，毕业证，驾驶证，银行流水，微信 zheng5678"
    out = stage("spam", hijacked="cut")(docs_of([text]))

    assert out["drop_rule"][0] is not None
    assert out["text"][0] == text


def test_kinds_may_only_mark():
    """A kind named in `mark` is written to the columns and drops nothing."""
    text = "专业刻章办证，毕业证，驾驶证，银行流水，微信 zheng5678"
    row = stage("spam", mark=("forgery",))(docs_of([text])).row(0, named=True)

    assert (row["spam_kind"], row["drop_rule"]) == ("forgery", None)


@pytest.mark.parametrize("options", [{"mark": ("forgry",)}, {"thresholds": {"gamblin": 2.0}}])
def test_an_unknown_kind_is_named(options):
    """A misspelt kind is an error that names the nearest one."""
    with pytest.raises(PipelineError, match=r"there is no kind .*did you mean"):
        stage("spam", **options)


def test_thresholds_are_scaled():
    """A factor below one finds more, one above it less."""
    docs = docs_of([case["text"] for case in CASES])
    more, less = (
        stage("spam", thresholds=dict.fromkeys(("loan", "forgery", "gambling"), factor))(docs)
        for factor in (0.5, 3.0)
    )

    assert more["spam_kind"].is_not_null().sum() > less["spam_kind"].is_not_null().sum()


def test_a_pack_that_contradicts_itself_is_refused(tmp_path):
    """A pack whose example its own numbers do not find does not load, and says which."""
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "spam.yaml").read_text("utf-8"))
    pack["kinds"][0]["hits"] = ["今天天气很好。"]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")

    with pytest.raises(PipelineError, match="kind gambling: does not find '今天天气很好"):
        stage("spam", pack=str(path))


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=120), min_size=1, max_size=5))
def test_any_batch_is_judged_like_its_texts(spam, texts):
    """Any Unicode has columns without null but the kind, the same alone and beside others."""
    docs = docs_of(texts)
    out = spam(docs)

    assert out.equals(pl.concat([spam(docs[i : i + 1]) for i in range(len(texts))]))
    assert out.select("spam_score", "spam_hits", "spam_names", "spam_cut").null_count().row(0) == (
        0, 0, 0, 0,
    )  # fmt: skip


HOSTILE = {
    "one term": lambda size: "百家乐" * (size // 9),
    "names": lambda size: "某某体育官网，" * (size // 21),
    "many names": lambda size: "".join(
        f"{chr(0x4E00 + n % 9999)}甲体育官网，" for n in range(size // 21)
    ),
    "keyword lines": lambda size: "关键词：某某娱乐app\n" * (size // 29),
    "symbols": lambda size: "真" + "*" * size,
    "emoji": lambda size: "😀" * (size // 4),
    "one line": lambda size: "这是一行没有尽头的话，" * (size // 33),
    "brackets": lambda size: "【" * (size // 3),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_linear(spam, make):
    """Half a megabyte of one hit, name or symbol takes seconds, and twice the size twice that."""
    linear(lambda text: spam(docs_of([text])), make, 500_000, 2.0)


@pytest.mark.parametrize("register", GOOD_REGISTERS)
def test_good_registers_are_spared(web, spam, register):
    """Of the half of each register on which no threshold was chosen, at most 1 in 200 goes."""
    texts = [
        row["text"] for row in web if row.get("register") == register and half(row["id"]) == "test"
    ]
    dropped = spam(docs_of(texts))["drop_rule"].is_not_null().sum()

    assert len(texts) > 30
    assert dropped <= len(texts) / 200


FOUND = {"porn": 0.9, "parasite_porn": 0.9, "parasite_gambling": 0.75, "phishing": 0.8,
         "fake_id_invoice": 0.8}  # fmt: skip


@pytest.mark.parametrize("kind", FOUND)
def test_spam_is_found(web, spam, kind):
    """Of the half that was never looked at, most of each kind is dropped."""
    texts = [r["text"] for r in web if r.get("spam_type") == kind and half(r["id"]) == "test"]
    dropped = spam(docs_of(texts))["drop_rule"].is_not_null().sum()

    assert dropped >= FOUND[kind] * len(texts)
