"""The life of one document, told from what lies on disk."""

import json

import pytest

from corpus_pipeline.model import PipelineError, document_id
from corpus_pipeline.products.explain.story import explain, render

FIRST = document_id("news", "news/0.jsonl@0")
TWIN = document_id("news", "news/0.jsonl@950")


def said(story, stage):
    return next(step.said for step in story.steps if step.stage == stage)


def test_kept(full_run):
    """A kept document: input with digest, source with licence, every stage, its shard."""
    story = explain(full_run, FIRST)
    assert story.state == "kept"
    assert story.place == "kept/part-00000.parquet row 0"
    assert story.shard == "dataset/data/train-00000-of-00003.parquet row 0"
    assert [step.stage for step in story.steps] == [
        "input", "source", "decode", "langid", "normalize", "heuristics", "pii", "compliance",
        "quality", "exact_dedup", "near_dedup",
    ]  # fmt: skip
    assert f"sha256 {'ab' * 32}" in said(story, "input")
    assert said(story, "source") == "news (open), CC-BY-4.0, open licence"
    assert said(story, "decode") == "charset=gb18030, confidence=0.9"
    assert said(story, "heuristics").startswith("han_ratio=0.88")
    assert "keep=yes" in said(story, "langid")
    assert story.text is None


def test_spans_are_types_only(full_run):
    """Masked personal data shows as type and offsets; there is no value anywhere."""
    story = explain(full_run, document_id("news", "news/0.jsonl@100"))
    assert said(story, "pii") == "spans=[mobile 3–14 tier=1]"


def test_dropped(full_run):
    """A dropped document names rule and evidence; stages it did not reach are not listed."""
    story = explain(full_run, document_id("news", "news/0.jsonl@900"))
    assert story.state == "dropped"
    assert said(story, "langid").startswith("DROPPED by not_chinese: label=ja score=0.98; label=ja")
    assert [step.stage for step in story.steps][-2:] == ["langid", "pii"]
    assert story.shard is None


def test_near_duplicate(full_run):
    """A near-duplicate names its survivor, where that lies, the similarity and the cluster."""
    story = explain(full_run, TWIN, text=True)
    assert story.survivor is not None
    assert story.survivor.id == FIRST
    assert story.survivor.place == "kept/part-00000.parquet row 0"
    assert story.survivor.jaccard == pytest.approx(0.87)
    assert story.survivor.cluster_size == 2
    lines = render(story).splitlines()
    assert f"  survivor  {FIRST} (kept, kept/part-00000.parquet row 0" in render(story)
    assert lines[-2].strip().startswith("text      第0批第0篇")
    assert lines[-1].strip().startswith("survivor  第0批第0篇")


def test_quarantined(full_run):
    """A quarantined record is found by its locator, and by the id it would have had."""
    locator = "news/0.jsonl@980"
    story = explain(full_run, locator)
    assert story == explain(full_run, document_id("news", locator))
    assert said(story, "ingest") == "QUARANTINED because of bad_json (bytes 120 to 140)"


@pytest.mark.parametrize(
    "key", [FIRST[:6], FIRST.upper(), "news/0.jsonl@0", f"https://example.org/{FIRST[:8]}"]
)
def test_keys(full_run, key):
    """The beginning of an id, a locator and a url lead to the same document."""
    assert explain(full_run, key).id == FIRST


def test_unclear_keys(builder, make_doc):
    """No match, too short a beginning, several documents: one line each, nothing is guessed."""
    twice = [make_doc("news", f"news/0.jsonl@{n}", "同址。", url="http://a.cn/x") for n in (7, 8)]
    for n, row in enumerate(twice):
        row["id"] = "abcdef" + f"{n:026x}"
    twice[1]["source_id"] = "n-8"
    builder.splits[0] += twice
    root = builder.write()
    with pytest.raises(PipelineError, match="no document ffffffffffff"):
        explain(root, "ffffffffffff")
    with pytest.raises(PipelineError, match="too short"):
        explain(root, "abc")
    with pytest.raises(PipelineError, match="beginning of several ids"):
        explain(root, "abcdef")
    with pytest.raises(PipelineError, match=r"2 documents have http://a\.cn/x"):
        explain(root, "http://a.cn/x")
    for key in ("abcdef" + f"{1:026x}", "n-8"):  # the input's own id leads there too
        assert explain(root, key).locator == "news/0.jsonl@8"


def test_unmasked_text_is_withheld(builder):
    """Where no pii stage ran, no text is shown, whatever is asked for."""
    builder.content["stages"] = [s for s in builder.content["stages"] if s["name"] != "pii"]
    story = explain(builder.write(), TWIN, text=True)
    assert story.text is None
    assert story.survivor is not None
    assert story.survivor.text is None
    assert "not shown" in said(story, "text")


def test_json(full_run):
    """A story is plain values."""
    story = explain(full_run, TWIN, text=True)
    assert json.loads(json.dumps(story.to_dict()))["survivor"]["id"] == FIRST


def test_terminal_is_safe(builder, make_doc):
    """A control character in a text never reaches the terminal."""
    builder.splits[0].append(make_doc("news", "news/0.jsonl@77", "正文\x1b[31m红\u202e"))
    shown = render(explain(builder.write(), "news/0.jsonl@77", text=True))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
