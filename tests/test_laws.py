"""The laws every local stage must hold, whatever the documents are."""

import json
from pathlib import Path

import polars as pl
import pytest
from frames import docs_of, stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import DOCUMENT, PAYLOAD, VERDICT
from corpus_pipeline.stages import STAGES

NAMES = [info.name for info in STAGES.values() if info.kind == "local"]

BENCHMARK = Path(__file__).parent / "golden" / "benchmark.jsonl"
ASKED = [json.loads(line) for line in BENCHMARK.read_text("utf-8").splitlines()]
GOOD = (
    "城市治理要靠数据，也要靠常识。去年冬天，我们在三个街道做了一次试验：把路灯、井盖和垃圾桶"
    "的报修放到同一张表里，由社区工作者每天核对。结果并不复杂，报修的时间缩短了一半，居民的抱怨"
    "也少了。有人问，这样的办法能不能推广到全市？答案是可以，但要先把责任写清楚。"
)
TEXTS = [
    GOOD,
    GOOD * 4,
    "",
    None,
    " ",
    "床前明月光，疑是地上霜。举头望明月，低头思故乡。",
    "這是一篇繁體中文的文章，講的是圖書館裡的著作與發展，後來他們看著窗外的頭髮。" * 6,
    "これは日本語の文章です。図書館で本を読んでいます。" * 8,
    "한국어 문장입니다. 오늘은 날씨가 좋습니다." * 8,
    "The quick brown fox jumps over the lazy dog. " * 10,
    "联系电话13800000000，身份证号110101190001010014，邮箱zhangsan@example.cn。" + GOOD,
    "澳门新葡京 真人百家乐 注册送彩金 【博彩平台】 " * 12,
    "ＡＢＣ１２３，　全角　文字\u200b和零宽字符\ufeff。" + GOOD,
    "def main():\n    return [x for x in range(10)]\n" * 10,
    "锟斤拷锟斤拷烫烫烫" * 30,
    "1234567890\t" * 50,
    "\x00\x01 控制字符\u2028\r\n" + GOOD,
    "😀👨‍👩‍👧𠀀𪚥" * 20,
    f"{GOOD}\n{ASKED[1]['question']}",
    f"{GOOD}\n本文由AI生成，仅供参考。\n© 2024 某某网 版权所有",
]
#: Without benchmarks `decontaminate` does nothing, without names these three drop nothing: then no
#: law is tested.
OPTIONS = {
    "decontaminate": {"benchmarks": (str(BENCHMARK),)},
    "domain": {"drop": ("urban_governance",)},
    "aigc": {"drop": ("1",)},
    "ip": {"drop": ("high",)},
}


def payload_docs(texts):
    """What a reader hands to decode: bytes, or text that is there already."""
    docs = docs_of(texts)
    return docs.with_columns(
        pl.Series("payload", [t.encode("gb18030") if t else None for t in texts], pl.Binary),
        declared_charset=pl.lit(None, dtype=pl.String),
        response_headers=pl.lit(None, dtype=pl.String),
    )


def batch(name, texts):
    if name == "decode":
        return payload_docs(texts)
    docs = docs_of(texts)
    if name == "extract":
        html = pl.format("<html><body><p>{}</p></body></html>", pl.col("text"))
        docs = docs.with_columns(text=html, media_type=pl.lit("text/html"))
    return docs


def in_batches(call, docs, size):
    return pl.concat([call(docs[i : i + size]) for i in range(0, docs.height, size)])


@pytest.fixture(scope="module", params=NAMES)
def named(request):
    return request.param, stage_of(request.param)


def test_the_batch_gives_each_stage_work(named):
    """Over these texts each stage drops or edits, and measures: no law is empty."""
    name, call = named
    docs = batch(name, TEXTS)

    out = call(docs)

    dropped = out["dropped_by"].drop_nulls().len()
    edited = out["text"].ne_missing(docs["text"]).sum()
    assert dropped + edited > 0
    assert any(out[column].n_unique() > 1 for column in call.columns)
    if name == "decontaminate":
        assert dropped == 1


def test_same_rows_same_order_declared_columns(named):
    """A stage gives the rows it got, in order, with its own columns and nothing else new."""
    name, call = named
    docs = batch(name, TEXTS)

    out = call(docs)

    assert out["id"].to_list() == docs["id"].to_list()
    expected = [c for c in docs.columns if c not in call.takes] + list(call.columns)
    assert sorted(out.columns) == sorted(set(expected))
    assert {c: out.schema[c] for c in call.columns} == dict(call.columns)
    assert {c: out.schema[c] for c in DOCUMENT} == dict(DOCUMENT)
    for column in set(DOCUMENT) - set(call.edits):
        assert out[column].equals(docs[column], null_equal=True), column


def test_columns_bear_the_stage_name(named):
    """New columns come only under the stage's own name."""
    name, call = named

    assert [c for c in call.columns if not c.startswith(f"{name}_")] == []


@pytest.mark.parametrize("size", [1, 5])
def test_batch_size_does_not_show(named, size):
    """The same documents in other batches give the same rows."""
    name, call = named
    docs = batch(name, TEXTS)

    assert in_batches(call, docs, size).equals(call(docs), null_equal=True)


def test_order_does_not_show(named):
    """A document's row does not depend on its neighbours."""
    name, call = named
    docs = batch(name, TEXTS)

    assert call(docs.reverse()).reverse().equals(call(docs), null_equal=True)


def test_dropped_documents_pass_by(named):
    """A document that is dropped already keeps its verdict; its text changes only under pii."""
    name, call = named
    docs = batch(name, TEXTS).with_columns(
        dropped_by=pl.lit("earlier"), drop_rule=pl.lit("rule"), drop_evidence=pl.lit("n=1")
    )

    out = call(docs)

    assert out.select(*VERDICT).equals(docs.select(*VERDICT))
    if not call.sees_dropped:
        assert out["text"].equals(docs["text"], null_equal=True)
        assert all(out[column].null_count() == out.height for column in call.columns)


def test_a_drop_names_rule_and_evidence(named):
    """A verdict is complete: who, which rule, which number."""
    name, call = named
    out = call(batch(name, TEXTS))
    dropped = out.filter(pl.col("dropped_by").is_not_null())

    assert set(dropped["dropped_by"]) <= {name}
    assert dropped.select(pl.any_horizontal(pl.col(*VERDICT).is_null()).any()).item() in (
        False,
        None,
    )
    assert out.filter(pl.col("dropped_by").is_null())["drop_rule"].null_count() == (
        out.height - dropped.height
    )


def test_empty_batch(named):
    """No rows in, no rows out, all columns there."""
    name, call = named
    docs = batch(name, TEXTS).clear()

    out = call(docs)

    assert out.height == 0
    assert set(call.columns) <= set(out.columns)
    assert set(PAYLOAD) & set(out.columns) <= set(PAYLOAD) - set(call.takes)


@pytest.mark.parametrize("name", ["normalize", "pii"])
def test_editing_twice_is_editing_once(name):
    """normalize∘normalize = normalize, pii∘pii = pii."""
    call = stage_of(name)
    once = call(docs_of(TEXTS))

    twice = call(once.select(*DOCUMENT, *VERDICT))

    assert twice["text"].equals(once["text"], null_equal=True)


ODD = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "的一是不了人我在有他这为之来以個們著後乾於髮裡，。！？；：“”（）《》 \n\t"
        ),
        st.sampled_from("0123456789０１２３abcＡＢＣ@.-:,!?()<>\u200b\u3000\ufeff\u00a0⼀㎡①…—·é"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=120,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(ODD, min_size=1, max_size=5))
def test_laws_hold_for_any_text(name, texts):
    """Purity, conservation and idempotence on texts nobody thought of."""
    call = stage_of(name)
    docs = batch(name, texts)

    out = call(docs)

    assert out["id"].to_list() == docs["id"].to_list()
    assert in_batches(call, docs, 1).equals(out, null_equal=True)
    if name in ("normalize", "pii"):
        again = call(out.select(*DOCUMENT, *VERDICT))
        assert again["text"].equals(out["text"], null_equal=True)


_STAGES = {}


def stage_of(name):
    if name not in _STAGES:
        _STAGES[name] = stage(name, **OPTIONS.get(name, {}))
    return _STAGES[name]
