"""The kinds of stages: what a class must have, and what the engine makes of those that see all."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from engine_runs import digests, frame, job
from engine_stages import Alike, Crowded, Endings, Losses, Measure
from frames import docs_of

from corpus_pipeline import stages
from corpus_pipeline.engine.run import run
from corpus_pipeline.engine.shuffle.corpus import by_key
from corpus_pipeline.model import (
    AggregateStage,
    CountStage,
    Options,
    PairStage,
    Stage,
    document_id,
    on_kept,
)
from corpus_pipeline.stages import STAGES, StageInfo
from corpus_pipeline.tasks.local import LocalEngine

ROOT = Path(__file__).parents[2]
PROCESS = {"process": lambda _self, docs: docs}
PAIR = dict.fromkeys(("sketch", "match", "settle"), lambda _self, *_: None)
WHOLE = {"name": "toy", "version": 1, "columns": {"toy_n": pl.UInt32()}}


@pytest.mark.parametrize(
    ("base", "parts", "missing"),
    [
        (Stage, {**WHOLE, **PROCESS, "name": None}, "name"),
        (Stage, WHOLE, "process"),
        (Stage, PROCESS, "name, version, columns"),
        (Stage, {**WHOLE, **PROCESS, "columns": {"n": pl.UInt32()}}, "toy_…"),
        (Stage, {**WHOLE, **PROCESS, "columns": {"toy_n": pl.UInt32}}, r"pl\.UInt32\(\)"),
        (PairStage, {**WHOLE, "sketch": PAIR["sketch"]}, "match, settle"),
        (PairStage, {**WHOLE, **PAIR, "OptionsModel": Options}, "AlarmOptions"),
        (CountStage, {**WHOLE, **PAIR}, "apply"),
        (AggregateStage, {**WHOLE, "sketch": PAIR["sketch"]}, "settle"),
    ],
)
def test_what_a_class_lacks_shows_where_it_is_defined(base, parts, missing):
    """A class without a part of its protocol is a `TypeError` that names class and part."""
    parts = {name: part for name, part in parts.items() if part is not None}
    with pytest.raises(TypeError, match=rf"Toy: .*{missing}"):
        type("Toy", (base,), {"__qualname__": "Toy", **parts})


def test_a_pair_stage_has_its_cluster_by_being_one():
    """The cluster's columns come first and of themselves; a lone document is its own cluster."""
    toy = type("Toy", (PairStage,), {**WHOLE, **PAIR})
    assert list(toy.columns) == ["toy_cluster", "toy_cluster_size", "toy_n"]
    assert not toy.verifies
    assert type("Toy", (PairStage,), {**WHOLE, **PAIR, "verify": None}).verifies
    alone = docs_of(["甲"]).select(**toy(toy.OptionsModel(), {}).untouched())
    assert alone.rows() == [(document_id("test", "test.jsonl@0"), 1)]


@pytest.mark.parametrize("info", STAGES.values(), ids=lambda info: info.name)
def test_the_list_says_what_the_class_is(info):
    """Name and kind in `STAGES` are those of the class."""
    assert info.load().name == info.name


def test_a_wrong_kind_is_refused():
    """A stage listed under another kind or name is a `TypeError` when it is loaded."""
    target = f"{stages.__name__}.pii:Pii"
    with pytest.raises(TypeError, match="no PairStage, but its kind is 'pair'"):
        StageInfo("pii", target, "pair", "").load()
    with pytest.raises(TypeError, match="calls itself pii, the list says pi"):
        StageInfo("pi", target, "local", "").load()


def test_work_on_kept_rows_must_keep_them():
    """Rows that come back fewer, or others, are an error that names the stage."""
    docs = docs_of(["甲", "乙"])
    with pytest.raises(ValueError, match="toy changed 2 rows into 1"):
        on_kept(docs, "toy", {}, lambda kept, _: kept.head(1))
    with pytest.raises(ValueError, match="toy changed the rows"):
        on_kept(docs, "toy", {}, lambda kept, _: kept.reverse())


@pytest.fixture
def source(tmp_path):
    """Three sources: of `bad` six of ten are dropped by `measure`, `big` has twelve, `ok` eight."""
    texts = {"bad": ["坏事"] * 6 + ["好事"] * 4, "big": ["大事"] * 12, "ok": ["小事"] * 8}
    rows = [
        (name, f"{chr(0x4E00 + i)}{text}")
        for name, some in texts.items()
        for i, text in enumerate(some)
    ]
    docs = docs_of([text for _, text in rows], source=[name for name, _ in rows])
    docs.write_parquet(tmp_path / "in.parquet", row_group_size=4)
    return tmp_path / "in.parquet"


def by_source(root):
    counts = json.loads((root / "manifest.json").read_text())["counts"]["by_source"]
    return {name: (states["kept"], states["dropped"]) for name, states in counts.items()}


def test_a_source_over_a_limit_goes(source, tmp_path):
    """A group over the limit is dropped with its number; others carry their own."""
    run(job(source, tmp_path / "out", Measure, Crowded, split_bytes=1), LocalEngine())

    assert by_source(tmp_path / "out") == {"bad": (4, 6), "big": (0, 12), "ok": (8, 0)}
    gone = frame(tmp_path / "out", "dropped").filter(pl.col("dropped_by") == "crowded")
    assert set(gone["drop_evidence"]) == {"documents=12 > 8"}
    kept = frame(tmp_path / "out", "kept").select("source", "crowded_documents", "crowded_chars")
    assert set(kept.rows()) == {("bad", 4, 12), ("ok", 8, 24)}
    assert frame(tmp_path / "out", "dropped").filter(source="bad")["crowded_documents"][0] is None


def test_a_group_may_be_weighed_with_what_it_lost(source, tmp_path):
    """With `sees_dropped` the losses to all stages before count, those of pair stages too."""
    run(job(source, tmp_path / "a", Measure, Losses, split_bytes=1), LocalEngine())
    assert by_source(tmp_path / "a") == {"bad": (0, 10), "big": (12, 0), "ok": (8, 0)}

    run(job(source, tmp_path / "b", Measure, Alike, Losses, split_bytes=1), LocalEngine())
    gone = frame(tmp_path / "b", "dropped")
    assert set(gone["dropped_by"]) == {"measure", "alike", "losses"}
    for name, (kept, dropped) in by_source(tmp_path / "b").items():
        early = gone.filter(pl.col("dropped_by") != "losses", pl.col("source") == name).height
        late = gone.filter(dropped_by="losses", source=name)
        assert (late.height > 0, kept == 0) == (early > (kept + dropped) / 2,) * 2
        evidence = f"share={round(early / (kept + dropped), 2)} > 0.5"
        assert set(late["drop_evidence"]) <= {evidence}


def test_splits_and_resume_do_not_show(source, tmp_path):
    """Splits change no document, and an interrupted run goes on to the same bytes."""
    chain = (Measure, Losses, Alike, Crowded)
    run(job(source, tmp_path / "whole", *chain), LocalEngine())
    run(job(source, tmp_path / "parts", *chain, split_bytes=1), LocalEngine())
    for kind in ("kept", "dropped"):
        one, other = (frame(tmp_path / root, kind) for root in ("whole", "parts"))
        assert one.sort("id").equals(other.sort("id"))

    class Interrupted(LocalEngine):
        left = 20

        def attempt(self, tasks):
            for outcome in super().attempt(tasks):
                yield outcome
                Interrupted.left -= 1
                if not Interrupted.left:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job(source, tmp_path / "again", *chain, split_bytes=1), Interrupted())
    assert list((tmp_path / "again" / "work" / "losses").iterdir())
    run(job(source, tmp_path / "again", *chain, split_bytes=1), LocalEngine())
    assert digests(tmp_path / "again") == digests(tmp_path / "parts")


def test_a_dropped_group_is_nobodys_survivor(source, tmp_path):
    """A pair stage after an aggregate stage compares only what that left."""
    run(job(source, tmp_path / "out", Measure, Crowded, Alike, split_bytes=1), LocalEngine())

    kept = frame(tmp_path / "out", "kept")
    gone = frame(tmp_path / "out", "dropped").filter(dropped_by="alike")
    assert gone.height > 0
    assert set(gone["drop_evidence"].str.strip_prefix("of=")) <= set(kept["id"])


@pytest.fixture
def endings(tmp_path):
    """Five texts that end alike, of which two are left with one character; two that do not."""
    texts = ["天地甲", "玄黄甲", "宇甲", "宙甲", "坏甲", "洪荒乙", "日月丙", "盈昃甲"]
    docs_of(texts).write_parquet(tmp_path / "endings.parquet", row_group_size=3)
    return tmp_path / "endings.parquet"


@pytest.mark.parametrize("needs", [None, ("text",), ("text", "endings_documents", "no_such")])
def test_an_aggregate_stage_sees_what_count_stages_left(endings, tmp_path, monkeypatch, needs):
    """It sees cut texts and no dropped document, in the columns it needs; the run is the same."""
    seen = []

    class Watched(Crowded):
        def sketch(self, docs):
            seen.append(docs)
            return Crowded.sketch(self, docs)

    monkeypatch.setattr(Crowded, "needs", needs)
    monkeypatch.setattr("engine_stages.Crowded", Watched)
    plain, both = (Measure, Endings), (Measure, Endings, Crowded)
    run(job(endings, tmp_path / "plain", *plain, split_bytes=1), LocalEngine())
    run(job(endings, tmp_path / "both", *both, split_bytes=1), LocalEngine())

    given = pl.concat([docs.select("text", "endings_documents") for docs in seen])
    expected = frame(tmp_path / "plain", "kept")
    assert sorted(given.rows()) == sorted(expected.select(given.columns).rows())
    assert sorted(given["text"]) == ["天地", "日月丙", "洪荒乙", "玄黄", "盈昃"]
    assert {"title" in docs.columns for docs in seen} == {needs is None}
    for kind in ("kept", "dropped"):
        one, other = (frame(tmp_path / root, kind) for root in ("plain", "both"))
        assert other.select(one.columns).equals(one)


def test_edits_that_are_not_declared_are_refused(endings, tmp_path, monkeypatch):
    """A count stage that changes a column beyond its `edits` is an error that names it."""
    monkeypatch.setattr(Endings, "edits", ())
    with pytest.raises(ValueError, match="endings changed columns that are not in its `edits`"):
        run(job(endings, tmp_path / "out", Endings, Crowded), LocalEngine())


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (lambda docs: docs.select(key="source"), "no column row"),
        (lambda docs: docs.with_row_index("row").select("row", key="source", x=0.5), "integers"),
        (lambda docs: docs.select(row=pl.lit(0), key="source"), "two rows"),
    ],
)
def test_a_sketch_that_cannot_be_summed_is_refused(source, tmp_path, monkeypatch, rows, problem):
    """A sketch without its columns, with fractions or with two groups a document is refused."""
    monkeypatch.setattr(Crowded, "sketch", lambda _self, docs: rows(docs))
    with pytest.raises((TypeError, ValueError), match=f"crowded: sketch gave .*{problem}"):
        run(job(source, tmp_path / "out", Crowded), LocalEngine())


def test_a_decision_without_its_columns_is_refused(source, tmp_path, monkeypatch):
    """What `settle` forgot is named, with the stage."""
    settle = Alike.settle
    short = lambda self, pairs, facts: settle(self, pairs, facts).drop("alike_cluster_size")  # noqa: E731 - one line
    monkeypatch.setattr(Alike, "settle", short)
    with pytest.raises(TypeError, match="alike: settle returned no column alike_cluster_size"):
        run(job(source, tmp_path / "out", Alike), LocalEngine())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own start-up warns
def test_ray_writes_the_same_bytes(source, tmp_path, ray_engine):
    """Aggregate stages give the same bytes in process and on Ray."""
    run(job(source, tmp_path / "local", Measure, Losses, Crowded, split_bytes=1), LocalEngine())
    run(job(source, tmp_path / "ray", Measure, Losses, Crowded, split_bytes=1), ray_engine)
    assert digests(tmp_path / "ray") == digests(tmp_path / "local")


def call(*arguments):
    command = [sys.executable, "-m", "corpus_pipeline.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("config", ["web"])
def test_a_whole_run_against_an_index(config, tmp_path):
    """`run CONFIG --against INDEX` drops what an earlier run kept, counting stages and all."""
    raw = ROOT / "corpus_pipeline/assets/sample/raw/forum.jsonl"
    engine = ("--engine", "local", "--set", "limits.quarantine_share=1")
    path = ROOT / "configs" / f"{config}.yaml"
    steps = [
        ("run", path, "--input", raw, "--output", tmp_path / "first", *engine),
        ("index", tmp_path / "first", "--config", path, "--output", tmp_path / "index"),
        (
            *("run", path, "--input", raw, "--output", tmp_path / "later", *engine, "--json"),
            *("--against", tmp_path / "index"),
        ),
        ("verify", tmp_path / "later"),
    ]
    for step in steps:
        done = call(*step)
        assert done.returncode == 0, done.stderr
    later = json.loads((tmp_path / "later" / "manifest.json").read_text())
    first = json.loads((tmp_path / "first" / "manifest.json").read_text())
    assert "line_dedup" in [stage["name"] for stage in later["stages"]]
    assert first["counts"]["kept"] > 0
    assert later["counts"]["kept"] == 0


@pytest.mark.parametrize("docs", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
def test_a_count_stage_may_go_without_keys_of_one_row(docs):
    """What is left is in the order of before, however the documents came."""
    rows = pl.DataFrame({"key": [7, 3, 7, 9, 3, 1], "doc": docs, "size": [*range(6)]})
    rows = rows.cast({"key": pl.UInt64, "doc": pl.UInt64})
    assert by_key(rows, lone=False).equals(by_key(rows).filter(pl.len().over("key") > 1))
    assert by_key(rows.clear(), lone=False).is_empty()
