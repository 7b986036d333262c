"""Near-duplicates: found, verified, and never at the cost of a text that is not one."""

import json
import random
import re
import time

import numpy as np
import polars as pl
import pytest
import zstandard
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from shuffled import decisions_of, settled

from corpus_pipeline.text.dedup.key import fold, key_text
from corpus_pipeline.text.dedup.ngrams import distinct, shingles

NEAR = stage("near_dedup")
HAN = [chr(code) for code in range(0x4E00, 0x9000)]
#: The keys of two texts; docs/dedup.md recomputes them in plain Python.
PINNED_KEYS = (
    "35b3248ef3e17cef a25016616d8507d7 67f07e07d8bbb1e6 c0288c03562f75bc "
    "4a6f23a660334d69 61d35c01f7978e66 bfde7fa96da50433 c60dd263d284fff6 "
    "3fc658549b95ba66 ff447b6a0a9131fd 03069e2210d72dfb b1b9652ba0f88811 "
    "02b806e6fd359b6d 0b179c3f64e43712 4471e818cf2cd213 5d93c14784fca3ad "
    "6783c0db0772baab 64d772c62cefb2a8 b18379ce85554b02 0db7eb3290f7f015 "
    "716200b98e9e5b26 7b0feaba32eab2ff e4293518e669631b e4cae6e366dddfc7 "
    "e5fbcd26a79a941a 4f1302cfc01a2e29 dc0eda35c3a8f357 d88563fb6e13782b "
    "b77a5915630504a5 1fddd57018d02a24 89d6328a335e955c c2db8bd442569297 "
    "8fbc0a28e5d9af77 cbe9710220003f36 4c9a2570167fe7c6 bf18df726d849a23 "
    "8f2c61dd6469995c c3983577ddfb6d0a aed25ba422ce89bd f78237234273bada "
    "76a11bbd319582ef 180f7e6f9aaf8e01 091d474eaba495d4 0c8917cee7a38279 "
    "d50fe0cca3616e13 d437a157c93de012 9d75b8f15b9d7292 2584b9c1e363d092"
)


def prose(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(HAN, k=size))


def edited(rng: random.Random, text: str, share: float) -> str:
    return "".join(rng.choice(HAN) if rng.random() < share else char for char in text)


def jaccard(one: str, other: str) -> float:
    a, b = (
        {key[i : i + 5] for i in range(len(key) - 4)}
        for key in (key_text(text, NEAR.table) for text in (one, other))
    )
    return len(a & b) / len(a | b)


def test_edits_and_scripts_are_found():
    """Copies with 1 % edits, other script or other punctuation go; the longest of them stays."""
    rng = random.Random(1)
    base = "國家統計局發佈的數據顯示，" + prose(rng, 600)
    docs = docs_of(
        [base, edited(rng, base, 0.01), base.replace("國家", "国家") + "完。", prose(rng, 600)]
    )
    out = settled(NEAR, docs)
    assert out["drop_rule"].drop_nulls().to_list() == ["near_duplicate"] * 2
    (survivor,) = out.filter(pl.col("near_dedup_cluster_size") == 3)["near_dedup_cluster"].unique()
    assert survivor == docs["id"][2]
    text = docs["text"][2]
    for row in out.filter(pl.col("drop_rule").is_not_null()).iter_rows(named=True):
        assert row["near_dedup_jaccard"] == pytest.approx(jaccard(row["text"], text), abs=1e-6)
        shown = round(row["near_dedup_jaccard"], 2)
        assert row["drop_evidence"] == f"of={survivor} jaccard={shown}"


def test_a_chain_is_no_cluster():
    """A is like B and B like C, A and C are not: with A best, only B goes."""
    rng = random.Random(2)
    head, body, tail = prose(rng, 140), prose(rng, 900), prose(rng, 100)
    a, b, c = head + body, body, body[:780] + tail
    assert jaccard(a, b) >= 0.7
    assert jaccard(b, c) >= 0.7
    assert jaccard(a, c) < 0.7
    out = settled(stage("near_dedup", bands=64, rows=2), docs_of([a, b, c])).sort("length")
    kept = out.filter(pl.col("drop_rule").is_null())["text"].to_list()
    assert set(kept) == {a, c}


def test_a_contained_text_goes_and_says_so():
    """A text that a much longer one holds is dropped, with both numbers in the evidence."""
    rng = random.Random(3)
    part = prose(rng, 600)
    docs = docs_of([part, part + prose(rng, 400)])
    sure = {"bands": 64, "rows": 2}
    out = settled(stage("near_dedup", **sure), docs)
    (evidence,) = out["drop_evidence"].drop_nulls().to_list()
    assert evidence == f"of={docs['id'][1]} jaccard=0.6 containment=1.0"
    off = settled(stage("near_dedup", containment=None, **sure), docs)
    assert off["drop_rule"].null_count() == 2


def test_a_longer_text_never_goes_for_its_part():
    """Even when the contained text scores better, the one that holds more stays."""
    rng = random.Random(3)
    part = prose(rng, 600)
    docs = docs_of([part, part + prose(rng, 400)], quality_score=[0.9, 0.1])
    out = settled(stage("near_dedup", bands=64, rows=2), docs)
    assert out["drop_rule"].null_count() == 2


def test_the_best_scored_survives():
    """Quality decides before length."""
    rng = random.Random(4)
    base = prose(rng, 500)
    docs = docs_of([base + "多一句话", base], quality_score=[0.2, 0.8])
    assert set(settled(NEAR, docs)["near_dedup_cluster"]) == {docs["id"][1]}


@pytest.mark.parametrize(
    "texts", [["好", "好吧", "是的"], ["", "", None], ["四个汉字", "四个汉字"]]
)
def test_short_texts_are_let_alone(texts):
    """Texts shorter than one n-gram have no sketch and are nobody's near-duplicate."""
    out = settled(NEAR, docs_of(texts))
    assert NEAR.sketch(docs_of(texts)).is_empty()
    assert out["drop_rule"].null_count() == len(texts)
    assert out["near_dedup_cluster"].to_list() == out["id"].to_list()
    assert set(out["near_dedup_jaccard"]) == {1.0}


def test_statute_pairs_that_differ_stay():
    """Short texts of one form with different names have too little in common."""
    texts = [f"兹任命{name}同志为办公室主任。" for name in ("张三丰", "李四光", "王五常", "赵六安")]
    assert settled(NEAR, docs_of(texts))["drop_rule"].null_count() == 4


def written(rng: random.Random, size: int) -> str:
    """Prose with a mark after each nine characters."""
    return "".join(prose(rng, 9) + rng.choice("，。") for _ in range(size // 10))


def raw_jaccard(one: str, other: str) -> float:
    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (one, other))
    return len(a & b) / len(a | b)


def test_edits_that_cost_the_key_too_much():
    """A copy that is near enough as it stands goes, and the evidence says what was compared."""
    rng = random.Random(9)
    base = written(rng, 800)
    copy = "".join(
        rng.choice(HAN) if i % 24 == 5 and char not in "，。" else char
        for i, char in enumerate(base)
    )
    assert jaccard(base, copy) < 0.7 < raw_jaccard(base, copy)
    out = settled(NEAR, docs_of([base, copy]))
    (evidence,) = out["drop_evidence"].drop_nulls().to_list()
    assert evidence.endswith(f" jaccard={raw_jaccard(base, copy):.2} raw")


@pytest.mark.parametrize(
    ("name", "other"), [("某某函数", "甲乙算式"), ("2020年1月5日", "1998年11月23日")]
)
def test_one_template_is_no_copy(name, other):
    """Pages that differ in a name or a date throughout stay, though their marks are the same."""
    rng = random.Random(10)
    lines = [f"- **{{}}**：{prose(rng, 13)}。\n" for _ in range(30)]
    texts = ["".join(line.format(one) for line in lines) for one in (name, other)]
    assert jaccard(*texts) < raw_jaccard(*texts)
    # As alike as it takes, were marks to count alone.
    near = stage("near_dedup", threshold=raw_jaccard(*texts) - 0.01, bands=64, rows=2)
    assert jaccard(*texts) < near.options.threshold
    assert settled(near, docs_of(texts))["drop_rule"].null_count() == 2


def test_a_short_sentence_is_held_by_many():
    """What a longer text says beside more is no copy of it when it is one short sentence."""
    texts = ["他们用手吃饭也很香。", "他们用手吃饭也很香？我从来没有这样说过，也不这样想。"]
    assert (
        settled(stage("near_dedup", bands=64, rows=1), docs_of(texts))["drop_rule"].null_count()
        == 2
    )


def replaced(rng, text, share):
    return "".join(rng.choice(text) if rng.random() < share else char for char in text)


def sentences(text):
    return re.findall(r"[^。！？\n]*[。！？\n]?", text)


#: What happens to a text that is copied: a share of its characters is replaced, of its sentences
#: cut, or a part is put below it.
EDITS = (
    *((lambda rng, text, share=share: replaced(rng, text, share)) for share in (0.01, 0.02, 0.03)),
    lambda rng, text: replaced(rng, text, 0.035),
    lambda rng, text: "".join(one for one in sentences(text) if rng.random() > 0.15),
    lambda rng, text: text + "\n" + prose(rng, len(text) // 5),
    lambda _, text: text[: len(text) * 4 // 5],
)


def test_planted_copies(sample):
    """Of real texts and edited copies with a raw Jaccard of .7, 98.8 % of copies meet theirs."""
    rng = random.Random(11)
    rows = [row for row in sample if 120 <= len(row["text"]) <= 4000]
    texts = list(dict.fromkeys(row["text"] for row in rng.sample(rows, min(len(rows), 900))))
    made = [(text, EDITS[i % len(EDITS)](rng, text)) for i, text in enumerate(texts[:700])]
    pairs = [pair for pair in made if raw_jaccard(*pair) >= 0.7]
    assert len(pairs) > 400
    docs = docs_of([*texts, *(copy for _, copy in pairs)])
    star = dict(settled(NEAR, docs).select("id", "near_dedup_cluster").iter_rows())
    ids = docs["id"].to_list()
    of = dict(zip(texts, ids, strict=False))
    own = [(of[text], copy) for (text, _), copy in zip(pairs, ids[len(texts) :], strict=True)]
    met = sum(star[text] == star[copy] for text, copy in own)
    assert met / len(own) >= 0.988
    # Nothing else goes: what goes for another text than its own is at most one in five hundred.
    origin = dict.fromkeys(ids) | {copy: text for text, copy in own}
    strange = [one for one in ids if (origin[one] or one) != (origin[star[one]] or star[one])]
    assert len(strange) <= len(ids) / 500


def family(size: int) -> pl.DataFrame:
    """Pages of one template: 400 characters in common, 40 of their own."""
    rng = random.Random(6)
    frame = prose(rng, 400)
    return docs_of([frame + prose(rng, 40) for _ in range(size)])


@given(st.integers(0, 99), st.integers(1, 6), st.integers(9, 80))
@settings(max_examples=8, deadline=None)
def test_order_and_partitions_do_not_show(seed, parts, batch):
    """Row order, batch size and the number of partitions change nothing."""
    rng = random.Random(7)
    bases = [prose(rng, 150) for _ in range(4)]
    texts = [edited(rng, rng.choice(bases), rng.choice([0, 0.01, 0.03, 0.05])) for _ in range(40)]
    docs = pl.concat([docs_of([*texts, "短"]), family(30).with_columns(pl.col("id").str.reverse())])
    other = docs.sample(fraction=1, shuffle=True, seed=seed)
    one, two = settled(NEAR, docs), settled(NEAR, other, parts, batch)
    assert decisions_of(one, NEAR).equals(decisions_of(two, NEAR))


def test_a_family_leaves_one():
    """Of 300 pages of one template one stays, though a bucket never compares all with all."""
    out = settled(NEAR, family(300))
    assert out["drop_rule"].null_count() == 1


def test_candidates_of_a_family_are_linear():
    """20,000 documents in the same 16 buckets give 6 pairs a document, quickly."""
    doc = np.tile(np.arange(20_000, dtype=np.uint64), 16)
    keys = pl.DataFrame(
        {"doc": doc, "key": np.repeat(np.arange(16, dtype=np.uint64), 20_000), "merit": doc * 3}
    ).with_columns(old=False)
    started = time.process_time()
    assert NEAR.match(keys).height <= 6 * 20_000
    assert time.process_time() - started < 10


def test_other_thresholds_have_their_own_bands():
    """Bands and rows follow the threshold unless they are given."""
    assert (NEAR.bands, NEAR.rows) == (24, 4)
    strict = stage("near_dedup", threshold=0.9)
    assert strict.rows > 8
    assert strict.bands * strict.rows <= 128


def test_long_document_beside_short_ones(monkeypatch):
    """Portions of the verification never change its numbers."""
    rng = random.Random(8)
    long = prose(rng, 30_000)
    docs = docs_of(
        [long, edited(rng, long, 0.01), *[edited(rng, long[:300], 0.01) for _ in range(9)]]
    )
    whole = settled(NEAR, docs)
    monkeypatch.setattr("corpus_pipeline.engine.shuffle.verification.PORTION", 3000)
    assert decisions_of(settled(NEAR, docs), NEAR).equals(decisions_of(whole, NEAR))


def statutes(data_dir):
    with zstandard.open(data_dir / "text" / "bulk.jsonl.zst", "rt", encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines if '"LawRefBook/Laws"' in line)
        texts = [row["text"] for row in rows if row["source"] == "LawRefBook/Laws"]
    return [text for text in texts if len(text) < 9000]


def brute_force(texts, floor):
    """All pairs with at least this Jaccard, by counting; nothing is estimated."""
    flat, starts = [], [0]
    for keys in fold(texts, NEAR.table):
        sets, ends = distinct(*shingles(keys.codes, keys.offsets, 5))
        flat.append(sets)
        starts += (ends[1:] + starts[-1]).tolist()
    ids = np.unique(np.concatenate(flat), return_inverse=True)[1]
    holds = csr_array((np.ones(len(ids), dtype=np.int32), ids, starts))
    both = (holds @ holds.T).tocoo()
    sizes = np.diff(starts)
    a, b = both.coords
    alike = both.data / (sizes[a] + sizes[b] - both.data)
    near = np.flatnonzero((a < b) & (alike >= floor))
    pairs = zip(a[near].tolist(), b[near].tolist(), alike[near].tolist(), strict=True)
    return {frozenset((i, j)): value for i, j, value in pairs}


@pytest.mark.slow
def test_recall_on_statutes(data_dir):
    """Of 2,000 statutes every pair with Jaccard ≥ .8 loses one; none goes without reason."""
    texts = statutes(data_dir)
    docs = docs_of(texts)
    assert len(texts) >= 2000
    true = brute_force(texts, 0.7)
    out = settled(NEAR, docs)
    row = {name: i for i, name in enumerate(docs["id"].to_list())}
    gone = {row[name] for name in out.filter(pl.col("drop_rule").is_not_null())["id"]}
    high = [pair for pair, value in true.items() if value >= 0.8]
    met = [pair for pair in high if pair & gone]
    assert len(high) > 20
    assert len(met) / len(high) >= 0.99
    for one in out.filter(pl.col("drop_rule").is_not_null()).iter_rows(named=True):
        pair = frozenset((row[one["id"]], row[one["near_dedup_cluster"]]))
        if "containment" not in one["drop_evidence"]:
            assert one["near_dedup_jaccard"] == pytest.approx(true[pair], abs=1e-6)


def test_band_keys_are_pinned():
    """Band keys are data that runs share: those of two known texts never change."""
    preface = "永和九年，岁在癸丑，暮春之初，会于会稽山阴之兰亭，修禊事也。"
    texts = ["臺灣的電腦，第１２條：ＡＢＣ", preface]
    sketch = stage("near_dedup").sketch(docs_of(texts))
    assert sketch["row"].to_list() == [0] * 24 + [1] * 24
    assert [f"{key:016x}" for key in sketch["key"]] == PINNED_KEYS.split()
