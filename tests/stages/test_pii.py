"""`pii` masks what is personal, leaves what only looks like it, and says where it was."""

import json
import re
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError, empty
from corpus_pipeline.stages.pii import SPAN

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "pii.jsonl").read_text("utf-8").splitlines()
]
PII = stage("pii")


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_case_is_masked_as_the_file_says(case):
    """Each case of the file leaves the stage as its `expect`."""
    out = PII(docs_of([case["text"]]))
    assert out["text"].to_list() == [case["expect"]]


def test_all_cases_in_one_batch_give_what_each_gives_alone():
    """A document's neighbours in the batch do not change its text or its spans."""
    texts = [case["text"] for case in CASES]
    together = PII(docs_of(texts))
    alone = pl.concat([PII(docs_of([text])) for text in texts])
    assert together["text"].to_list() == alone["text"].to_list()
    assert together["pii_spans"].to_list() == alone["pii_spans"].to_list()


def test_vectors_of_the_specification_hold(data_dir):
    """Every vector of the reference is found, or left, as it says."""
    path = data_dir.parent / "reference" / "pii_vectors.jsonl"
    if not path.exists():
        pytest.skip(f"reference vectors are absent: {path}")
    detector = PII._detector
    spec = {rule.id: rule.spec for rule in detector.rules}
    for line in path.read_text("utf-8").splitlines():
        vector = json.loads(line)
        kind = vector["kind"]
        found = [
            f for f in detector.find(vector["text"]) if kind == "OBF_DIGITS" or spec[f.rule] == kind
        ]
        assert len(found) == len(vector["expect"]), vector


def test_spans_are_code_points_of_the_text_before_masking():
    """A span cuts exactly the value out of the text that came in."""
    text = "𠮷先生电话13800000000，邮箱a@example.com"
    out = PII(docs_of([text]))
    spans = out["pii_spans"].to_list()[0]
    assert out.schema["pii_spans"] == pl.List(SPAN)
    assert [text[s["start"] : s["end"]] for s in spans] == ["13800000000", "a@example.com"]
    assert [(s["type"], s["tier"]) for s in spans] == [("mobile", 1), ("email", 1)]


def test_titles_are_masked_and_have_no_spans():
    """A title is masked like a text; the spans speak of the text only."""
    out = PII(docs_of(["正文", None], title=["联系13800000000", None]))
    assert out["title"].to_list() == ["联系<手机号>", None]
    assert out["pii_spans"].to_list() == [[], []]


def test_dropped_documents_are_masked_too_and_nothing_is_dropped():
    """A dropped document keeps its verdict and loses its telephone number."""
    docs = docs_of(["电话13800000000"] * 2, dropped_by=[None, "heuristics"])
    out = PII(docs)
    assert out["text"].to_list() == ["电话<手机号>"] * 2
    assert out["dropped_by"].to_list() == [None, "heuristics"]


def test_pack_examples_are_found_through_the_vectorised_test():
    """What a rule finds in Python, the Polars pre-test lets through to it."""
    hits = [hit for rule in PII._detector.rules for hit in rule.hits]
    found = {row: anchors for row, _, anchors in PII._candidates(pl.Series(hits))}
    for row, hit in enumerate(hits):
        whole = PII._detector.find(hit)
        assert PII._detector.find(hit, found.get(row, {})) == whole, hit


def test_first_characters_of_anchors_hide_nothing():
    """The look-ahead that makes an anchor fast in Python leaves every match where it was."""
    detector = PII._detector
    examples = [text for rule in detector.rules for text in (*rule.hits, *rule.misses)]
    for name, pattern in detector.anchors.items():
        if detector.pack.anchors[name].first:
            plain, led = re.compile(pattern), detector._regexes[pattern]
            for text in examples:
                assert plain.findall(text) == led.findall(text), (name, text)


def test_policy_of_a_type_can_be_changed():
    """`keep` leaves a type alone, `redact` masks one that the pack keeps, `review` only records."""
    text = "统一社会信用代码：91110000MA00000077，a@example.com，电话13800000000"
    changed = stage("pii", policy={"org_id": "redact", "email": "keep", "mobile": "review"})
    out = changed(docs_of([text]))
    assert out["text"][0] == "统一社会信用代码：<机构代码>，a@example.com，电话13800000000"
    assert [s["type"] for s in out["pii_spans"].to_list()[0]] == ["org_id", "mobile"]
    with pytest.raises(PipelineError, match="unknown type 'phone'"):
        stage("pii", policy={"phone": "keep"})


def test_empty_batch_and_empty_texts_pass():
    """No rows, no text and a null text are no error."""
    assert PII(docs_of([])).height == 0
    assert PII(docs_of(["", None]))["pii_spans"].to_list() == [[], []]
    assert empty(PII.columns).schema["pii_spans"] == pl.List(SPAN)


PIECES = [
    *("电话", "手机", "卡号", "身份证", "护照", "微信号:", "QQ", "，", " ", "-", "/", "元"),
    *("13800000000", "138 0000 0000", "１３８００００００００", "幺三八零零零零零零零零"),
    *("110101190001010014", "6222000000000000004", "E00000001", "abc_000000", "100000000"),
    *("a@example.com", "沪A12345", "010-62000000", "203.0.113.7", "8.8.4.9", "<手机号>"),
    *("\u200b", "0", "1", "x", "这是一段没有号码的文字"),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_masking_twice_changes_nothing(text):
    """Masking is idempotent: placeholders are never matched and bring no cue nearer."""
    once = PII(docs_of([text]))["text"]
    assert PII(docs_of(once.to_list()))["text"].to_list() == once.to_list()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_spans_lie_in_the_text_and_do_not_overlap(text):
    """Spans are in order, inside the text, and apart from each other."""
    spans = PII(docs_of([text]))["pii_spans"].to_list()[0]
    bounds = [(s["start"], s["end"]) for s in spans]
    assert all(0 <= start < end <= len(text) for start, end in bounds)
    assert all(a[1] <= b[0] for a, b in pairwise(bounds))


@pytest.mark.parametrize("piece", ["1-", "@", "7", "零一", "1 ", "1\ufe0f\u20e3", "微信", "a@"])
def test_a_long_run_of_one_piece_is_linear(piece):
    """A megabyte of digits, signs or cues in a row takes under 1 s of CPU, two under three."""
    size = 100_000
    linear(PII, lambda n: docs_of([piece * n]), size, most=size * len(piece.encode()) / 1e6)


@pytest.mark.parametrize(
    "piece",
    [
        "80000000、",
        "0571-80000000/",
        "電話2000 0000,",
        "13800000000年",
        "2000-0000 ",
        "(02)0",
        "86 (0)",
    ],
)
def test_lists_of_numbers_and_amounts_are_linear(piece):
    """4,000 local numbers or amounts in a list take under 1 s, twice as many twice that."""
    linear(PII, lambda n: docs_of(["电话：" + piece * n]), 4_000, most=1)
