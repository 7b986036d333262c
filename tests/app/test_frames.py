"""`cp.stage`: every stage on anybody's frame."""

import datetime as dt

import engine_stages
import polars as pl
import pytest
from frames import docs_of, stage

import corpus_pipeline as cp
from corpus_pipeline.app.frames import FrameStage
from corpus_pipeline.model import VERDICT
from corpus_pipeline.stages import STAGES

TEXTS = [
    "今天的新闻说，城市治理要靠数据，也要靠常识。第一号街道的路灯修好了，居民很高兴。",
    "联系邮箱zhangsan@example.cn，或者打电话。今天的会议改到下午三点，请大家准时参加。",
    "今天的新闻说，城市治理要靠数据，也要靠常识。第二号街道的路灯修好了，居民很高兴。",
    "This document is English, and it says nothing at all about the lamps of the street.",
    "",
    None,
    "<html><body><p>春天来了，公园里的花都开了，孩子们在草地上跑来跑去。</p></body></html>",
]
#: Columns that no stage knows, of types that no document has.
MINE = {
    "number": range(len(TEXTS)),
    "day": [dt.date(2026, 11, day + 1) for day in range(len(TEXTS))],
    "tags": [["路灯", "街道"]] * len(TEXTS),
}


def frame(**columns):
    return pl.DataFrame({**MINE, "text": TEXTS, "title": "标题", **columns})


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_works_on_a_frame(name):
    """The same rows in order: one's own columns untouched, then the stage's, then the verdict."""
    given = frame()
    call = cp.stage(name)

    out = call(given)

    edits = getattr(STAGES[name].load(), "edits", ())
    kept = [column for column in given.columns if column not in edits]
    assert out.columns == [*given.columns, *call.columns, *VERDICT]
    assert out.select(kept).equals(given.select(kept), null_equal=True)
    assert {column: out.schema[column] for column in call.columns} == call.columns
    assert set(out["dropped_by"]) <= {None, name}


@pytest.mark.parametrize("name", [n for n, info in STAGES.items() if info.kind == "local"])
def test_a_local_stage_says_what_it_says_in_a_run(name):
    """Columns, texts and verdicts are those of the stage on a document batch."""
    call = cp.stage(name)

    out = call(frame().drop("title"))

    wanted = stage(name)(docs_of(TEXTS)).select("text", *call.columns, *VERDICT)
    assert out.select(wanted.columns).equals(wanted, null_equal=True)


def test_payload_is_decoded():
    """`decode` takes bytes from `payload` and adds the text."""
    given = pl.DataFrame({"payload": ["路灯修好了，居民很高兴。".encode("gb18030")]})

    out = cp.stage("decode")(given)

    assert out.columns[:2] == ["payload", "text"]
    assert out["text"].to_list() == ["路灯修好了，居民很高兴。"]
    assert out["payload"].equals(given["payload"])


@pytest.mark.parametrize("ids", [None, [f"doc-{number}" for number in range(len(TEXTS))]])
def test_a_duplicate_names_its_survivor(ids):
    """By one's own id where there is one, else by the number of its row."""
    given = frame() if ids is None else frame(id=ids)

    out = cp.stage("near-dedup", threshold=0.6)(given)

    gone = out.filter(pl.col("dropped_by").is_not_null())
    assert gone["number"].to_list() == [2]
    assert gone["drop_rule"].to_list() == ["near_duplicate"]
    assert gone["near_dedup_cluster"].to_list() == ["0" if ids is None else "doc-0"]


def test_what_is_dropped_stays_dropped():
    """A row with a verdict is passed over, whether a stage sees one document or all."""
    gone = [None, None, "me", None, None, None, None]
    given = frame(dropped_by=gone, drop_rule=gone, drop_evidence=gone)

    for name in ("langid", "near_dedup"):
        out = cp.stage(name)(given)
        assert out.row(2, named=True)["dropped_by"] == "me"
        assert out.row(2, named=True)["drop_evidence"] == "me"
    assert out["dropped_by"].null_count() == len(TEXTS) - 1


def test_stages_follow_each_other():
    """The result of one stage is a frame for the next; a repeated stage replaces its columns."""
    once = cp.stage("quality")(cp.stage("langid")(frame()))
    again = cp.stage("langid")(once)

    assert again.columns == once.columns
    assert again.filter(pl.col("dropped_by") == "langid")["number"].to_list() == [3, 4, 5]


def test_lazy_and_empty_frames():
    """A lazy frame is collected; a frame without rows gives one without rows."""
    assert cp.stage("pii")(frame().lazy()).equals(cp.stage("pii")(frame()))
    for name in ("pii", "near_dedup", "line_dedup"):
        call = cp.stage(name)
        assert call(frame().clear()).columns == [*frame().columns, *call.columns, *VERDICT]


def test_a_document_that_breaks_the_stage_costs_only_itself():
    """Its row is dropped as `stage_error` with the kind of the error; the others are done."""
    call = FrameStage(engine_stages.spec(engine_stages.Explode))

    out = call(pl.DataFrame({"text": ["好", "炸", "好的"]}))

    assert out["text"].to_list() == ["好", "炸", "好的"]
    assert out["explode_seen"].to_list() == [True, None, True]
    verdict = ("explode", "stage_error", "ZeroDivisionError")
    assert out.select(VERDICT.keys()).rows() == [(None, None, None), verdict, (None, None, None)]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: cp.stage("pi"), "unknown stage 'pi'; did you mean 'pii'"),
        (lambda: cp.stage("pii", polcy={}), "pii.polcy'; did you mean 'policy'"),
        (lambda: cp.stage("langid", keep=3), "langid.keep: should be a list, not a number"),
        (lambda: cp.stage("pii")(pl.DataFrame({"body": ["x"]})), "no column 'text' (it has body"),
        (lambda: cp.stage("pii")(pl.DataFrame({"text": [1]})), "'text' is Int64"),
        (lambda: cp.stage("pii")({"text": ["x"]}), "not a builtins dict"),
        (
            lambda: cp.stage("exact_dedup")(pl.DataFrame({"id": ["a", "a"], "text": ["x", "y"]})),
            "id holds a value twice",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(act, words):
    """An unknown stage or option, and a frame that holds no text, are refused by name."""
    with pytest.raises(cp.PipelineError) as caught:
        act()

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
