"""Exact duplicates: what counts as the same text, and who stays."""

import json
from pathlib import Path

import polars as pl
import pytest
import xxhash
from clock import linear
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st
from shuffled import decisions_of, settled

from corpus_pipeline.text.dedup.signed_key import signed_key_text

EXACT = stage("exact_dedup")


def test_spelling_is_no_difference():
    """Simplified, traditional, full-width and re-punctuated copies are one cluster."""
    copies = ["臺灣的歷史，第１章。", "台湾的历史 第1章", "「台灣的歷史」第1章！"]
    out = settled(EXACT, docs_of([*copies, "台湾的历史第2章"]))
    alike = out.filter(pl.col("text").is_in(copies))
    assert alike["exact_dedup_cluster"].n_unique() == 1
    assert alike["exact_dedup_cluster_size"].to_list() == [3, 3, 3]
    assert out["drop_rule"].drop_nulls().to_list() == ["exact_duplicate"] * 2
    survivor = alike["exact_dedup_cluster"][0]
    assert set(out["drop_evidence"].drop_nulls()) == {f"of={survivor}"}


def test_a_date_is_a_difference():
    """Statutes that differ only in a date both stay."""
    out = settled(EXACT, docs_of(["本法自2019年1月1日起施行。", "本法自2021年1月1日起施行。"]))
    assert out["drop_rule"].to_list() == [None, None]


CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "exact_dedup.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_signs_are_a_difference_and_decoration_is_none(case):
    """Texts of one case are one cluster, or each its own, as the file says."""
    out = settled(EXACT, docs_of(case["texts"]))
    assert out["drop_rule"].null_count() == case["expect"]


def test_empty_keys_are_nobodys_duplicate():
    """Empty texts and texts of punctuation alone never form a cluster."""
    out = settled(EXACT, docs_of(["", "", None, "……", "……", " "]))
    assert out["drop_rule"].null_count() == 6
    assert out["exact_dedup_cluster"].to_list() == out["id"].to_list()
    assert set(out["exact_dedup_cluster_size"]) == {1}


def test_quality_then_length_then_id():
    """The survivor is the best scored, then the longest, then the one with the smallest id."""
    texts = ["春眠不觉晓", "春眠不觉晓。", "春眠不觉晓。。", "春眠不觉晓？？"]
    scored = settled(EXACT, docs_of(texts, quality_score=[0.3, 0.9, 0.9, None]))
    longest = scored.filter(pl.col("quality") > 0.8).sort("length")["id"][-1]
    assert set(scored["exact_dedup_cluster"]) == {longest}
    plain = settled(EXACT, docs_of(texts))
    smallest = plain.filter(pl.col("length") == 7)["id"].min()
    assert set(plain["exact_dedup_cluster"]) == {smallest}


def test_hash_is_as_documented():
    """Anybody can recompute key and high from the key text."""
    rows = EXACT.sketch(docs_of(["", "Ａ縣，二〇二三", "乙"]))
    expected = [
        xxhash.xxh3_128_intdigest(signed_key_text(text, EXACT.table).encode("utf-32-le"))
        for text in ("Ａ縣，二〇二三", "乙")
    ]
    assert rows["row"].to_list() == [1, 2]
    assert rows["key"].to_list() == [number & (2**64 - 1) for number in expected]
    assert rows["high"].to_list() == [number >> 64 for number in expected]


def test_equality_is_on_128_bits():
    """Two texts that agree in the first 64 bits only are no pair."""
    keys = {"key": [5, 5, 5], "high": [1, 2, 1], "doc": [7, 8, 9]}
    pairs = EXACT.match(pl.DataFrame(keys, schema=dict.fromkeys(keys, pl.UInt64)))
    assert pairs.rows() == [(7, 9)]


def test_a_large_group_makes_few_pairs():
    """A group of 100,000 gives as many pairs as it has duplicates."""
    keys = pl.DataFrame({"doc": pl.int_range(100_000, dtype=pl.UInt64, eager=True)}).with_columns(
        key=pl.lit(1, dtype=pl.UInt64), high=pl.lit(1, dtype=pl.UInt64)
    )
    assert EXACT.match(keys).height == 99_999


@given(
    st.lists(st.sampled_from(["甲", "甲。", "乙", "乙乙", "", "丙1"]), max_size=14),
    st.randoms(),
    st.integers(1, 5),
    st.integers(4, 14),
)
@settings(max_examples=12, deadline=None)
def test_order_and_partitions_do_not_show(texts, rng, parts, batch):
    """Row order, batch size and the number of partitions change nothing."""
    docs = docs_of(texts)
    order = list(range(len(texts)))
    rng.shuffle(order)
    one = settled(EXACT, docs)
    other = settled(EXACT, docs[order] if order else docs, parts, batch)
    assert decisions_of(one, EXACT).equals(decisions_of(other, EXACT))


def test_settling_by_group_is_the_same():
    """Components may be settled apart or together."""
    pairs = pl.DataFrame({"a": [0, 2], "b": [1, 3]}, schema={"a": pl.UInt64, "b": pl.UInt64})
    facts = pl.DataFrame(
        {
            "doc": [0, 1, 2, 3],
            "id": list("dcba"),
            "length": [1, 2, 3, 3],
            "quality": [None] * 4,
            "old": [False] * 4,
        },
        schema_overrides={"doc": pl.UInt64, "quality": pl.Float32},
    )
    whole = EXACT.settle(pairs, facts).sort("doc")
    halves = pl.concat([EXACT.settle(pairs[i : i + 1], facts[2 * i : 2 * i + 2]) for i in (0, 1)])
    assert whole.equals(halves.sort("doc"))


def test_hashes_are_pinned():
    """The hashes of two known texts never change."""
    preface = "永和九年，岁在癸丑，暮春之初，会于会稽山阴之兰亭，修禊事也。"
    texts = ["臺灣的電腦，第１２條：ＡＢＣ", preface]
    sketch = EXACT.sketch(docs_of(texts))
    assert sketch["key"].to_list() == [0x4B626C9438CA2299, 0x474C9D6E6F7BD863]
    assert sketch["high"].to_list() == [0x16405CAD69E22F27, 0xB69EA3F177E6C63D]


@pytest.mark.parametrize("piece", ["+", "- ", "1.", "1 ", "a*", "²", ")(", "，1", "½"])
def test_a_long_run_of_signs_is_linear(piece):
    """A text of one sign over and over takes time in proportion to its length."""
    linear(EXACT.sketch, lambda n: docs_of(["甲" + piece * n]), 200_000, most=2)
