"""Export: the same kept documents, in shards that depend on nothing but the run."""

import hashlib
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import How, export_run
from corpus_pipeline.io import manifest, shards
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export import croissant
from corpus_pipeline.products.export import shards as export
from corpus_pipeline.products.export.shards import ExportOptions
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine

SMALL = ExportOptions(shard_mb=0.001, published="2026-11-21")


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kept(root: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(root / part) for part in open_run(root).parts("kept")])


def test_reads_back(run):
    """What is exported is what was kept, row for row, in order."""
    out = run / "dataset"
    content = export.export(run, run, SMALL)
    names = [shard["path"] for shard in content["shards"]]
    assert len(names) > 2
    assert names[0] == f"data/train-00000-of-{len(names):05d}.parquet"
    back = pl.concat([pl.read_parquet(out / name) for name in names])
    assert back.equals(kept(run).select(back.columns))
    assert back.columns[:3] == ["id", "text", "title"]
    assert "near_dedup_cluster_size" in back.columns
    assert "pii_spans" not in back.columns


def test_order_of_work_does_not_show(run):
    """Any engine, any order of tasks: the same bytes in every file."""

    class Backwards(LocalEngine):
        def attempt(self, tasks):
            sent = [pickle.loads(pickle.dumps(task)) for task in tasks]
            yield from super().attempt(sent[::-1])

    export.export(run, run, SMALL)
    first = digests(run / "dataset")
    export.export(run, run, SMALL, Backwards())
    assert digests(run / "dataset") == first


@pytest.mark.parametrize("shard_mb", [0.0001, 0.0005, 0.002, 0.01, 256])
def test_plan_covers_every_row_once(run, shard_mb):
    """A plan takes each kept row exactly once, in the order of the parts, in even shards."""
    plans = export.plan_export(run, ExportOptions(shard_mb=shard_mb))
    rows = [
        (part, row)
        for plan in plans
        for part, first, count in plan.ranges
        for row in range(first, first + count)
    ]
    wanted = [
        (part, row)
        for part in open_run(run).parts("kept")
        for row in range(pl.read_parquet(run / part).height)
    ]
    assert rows == wanted
    sizes = kept(run)["text"].str.len_bytes().to_list()
    total, target = sum(sizes), shard_mb * 1e6
    filled = []
    for plan in plans:
        inside, sizes = sizes[: plan.rows], sizes[plan.rows :]
        # The last row fills the shard; without it no shard is above the target.
        assert sum(inside[:-1]) < target
        filled.append(sum(inside))
    # Even: all but the last hold at least their share, footers counting a few bytes a row more.
    needed = len(plans)
    assert needed <= 1 + 1.5 * total / target
    assert [size for size in filled[:-1] if size < 0.8 * min(target, total / needed)] == []


@pytest.mark.parametrize("group_rows", [1, 3])
def test_many_row_groups(builder, monkeypatch, group_rows):
    """Cuts inside, at and across row groups lose no row, and shards stay near their size."""
    monkeypatch.setattr(shards, "GROUP_ROWS", group_rows)
    root = builder.write()
    monkeypatch.undo()
    for shard_mb in (0.0002, 0.0006, 0.0015):
        content = export.export(root, root, ExportOptions(shard_mb=shard_mb))
        paths = [root / "dataset" / shard["path"] for shard in content["shards"]]
        back = pl.concat([pl.read_parquet(path) for path in paths])
        assert back.equals(kept(root).select(back.columns))
        assert verify(root) == []
        sizes = [pl.read_parquet(path)["text"].str.len_bytes().sum() for path in paths]
        assert max(sizes) < shard_mb * 1e6 + 400


def test_older_shards_go(run):
    """Shards of another plan do not survive a new export, nor does a half-written file."""
    out = run / "dataset"
    export.export(run, run, SMALL)
    (out / "data" / ".tmp-1-abc-train-00000-of-00009.parquet").write_bytes(b"half")
    export.export(run, run, ExportOptions(split="all"))
    assert [path.name for path in (out / "data").iterdir()] == ["all-00000-of-00001.parquet"]


def test_nothing_kept(builder):
    """A run that kept nothing still gives one valid shard without rows."""
    verdict = {"dropped_by": "langid", "drop_rule": "not_chinese", "drop_evidence": "x"}
    for rows in builder.splits:
        for row in rows:
            row.update(verdict)
    root = builder.write()
    content = export.export(root, root, SMALL)
    assert [shard["rows"] for shard in content["shards"]] == [0]
    shard = pl.read_parquet(root / "dataset/data/train-00000-of-00001.parquet")
    assert shard.height == 0
    assert shard.schema["text"] == pl.String


def test_columns_are_a_choice(run):
    """Named columns are published after id and text; an unknown one is an error of one line."""
    options = ExportOptions(columns=("quality_score", "pii_spans", "text"))
    content = export.export(run, run, options)
    names = [name for name, _ in content["columns"]]
    assert names == ["id", "text", "quality_score", "pii_spans"]
    with pytest.raises(PipelineError, match="no column 'lenght'"):
        export.export(run, run, ExportOptions(columns=("lenght",)))


def test_refusals(run, tmp_path):
    """No run, an unfinished run, a stranger's folder, the run itself: one line each."""
    with pytest.raises(PipelineError, match="no such run"):
        export.plan_export(tmp_path / "none", SMALL)
    (run / "dataset").mkdir()
    (run / "dataset" / "letter.txt").write_text("书信")
    with pytest.raises(PipelineError, match=r"something else \(letter.txt\)"):
        export.export(run, run, SMALL)
    with pytest.raises(PipelineError, match=r"letter\.txt is not a folder"):
        export.export(run, run / "dataset" / "letter.txt", SMALL)
    (run / "manifest.json").unlink()
    with pytest.raises(PipelineError, match="did not finish"):
        export.plan_export(run, SMALL)


def test_paths_are_absolute(run, monkeypatch):
    """A task means the same in a worker that stands in another folder."""
    monkeypatch.chdir(run.parent)
    relative = Path(run.name)
    plans = export.plan_export(relative, SMALL)
    arguments = export.arguments(relative, relative / "dataset", SMALL, plans)
    assert {argument["run"] for argument in arguments} == {str(run)}


def test_outside_the_run(run, tmp_path):
    """A dataset may lie elsewhere; its manifest still finds the run."""
    content = export.export(run, tmp_path / "elsewhere", SMALL)
    out = tmp_path / "elsewhere" / "dataset"
    parent = content["parents"][0]
    assert (out / parent["manifest"]).resolve() == (run / "manifest.json").resolve()
    assert parent["seal"] == manifest.read(run / "manifest.json")["seal"]
    assert str(tmp_path) not in (out / "manifest.json").read_text()


def test_the_dataset_of_another_run_stays(run, make_builder, tmp_path):
    """A dataset is replaced by that of another run only when told so."""
    options, local = load(None, ()), How(engine="local")
    export_run(options, run, tmp_path / "out", local)
    other = make_builder(tmp_path / "other" / "RUN")
    other.content["name"] = "other"
    other = other.write()
    before = (tmp_path / "out" / "dataset" / "manifest.json").read_bytes()
    with pytest.raises(PipelineError, match="the dataset of another run"):
        export_run(options, other, tmp_path / "out", local)
    assert (tmp_path / "out" / "dataset" / "manifest.json").read_bytes() == before
    export_run(options, other, tmp_path / "out", How(engine="local", overwrite=True))
    assert (tmp_path / "out" / "dataset" / "manifest.json").read_bytes() != before


def test_a_remembered_result_whose_shard_is_gone(run):
    """A shard that an engine says is done, but that is not there, is written again."""

    def stop(_phase, done, total, _result):
        if done == total:
            raise InterruptedError

    with pytest.raises(InterruptedError):  # every shard is done, and remembered
        export.export(run, run, SMALL, on_done=stop)
    (run / "dataset/data/train-00001-of-00003.parquet").unlink()
    export.export(run, run, SMALL)
    first = digests(run / "dataset")
    export.export(run, run, SMALL)
    assert len([name for name in first if name.endswith(".parquet")]) == 3
    assert digests(run / "dataset") == first
    assert not (run / "work").exists()


def test_date_from_yaml():
    """A date that YAML has parsed is as good as one in quotes; nonsense is refused."""
    import datetime as dt

    day = dt.date(2026, 11, 21)
    assert ExportOptions(published=day).published == "2026-11-21"
    with pytest.raises(ValueError, match="published"):
        ExportOptions(published="yesterday")


@pytest.mark.slow
# rdflib and pandas, which the validator uses, warn of their own future, not of our file.
@pytest.mark.filterwarnings("ignore")
def test_croissant_is_valid(full_run):
    """The validator finds no error, every required property is there, each shard has its sha256."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    import json

    import mlcroissant

    path = full_run / "dataset" / "croissant.json"
    content = json.loads(path.read_text())
    assert croissant.missing_properties(content) == []
    assert content["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    listed = manifest.read(full_run / "dataset" / "manifest.json")["shards"]
    files = {f["contentUrl"]: f for f in content["distribution"] if f["@type"] == "cr:FileObject"}
    assert list(files) == [shard["path"] for shard in listed]
    for name, entry in files.items():
        data = (full_run / "dataset" / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert {entity["name"] for entity in content["prov:wasDerivedFrom"]} == {"news", "forum"}
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert not dataset.metadata.ctx.issues.errors
    records = list(dataset.records("documents"))
    assert len(records) == 16
    assert "documents/text" in records[0]


LOAD = """
import sys, datasets
datasets.disable_progress_bars()
data = datasets.load_dataset(sys.argv[1], split="train", cache_dir=sys.argv[2])
print(data.num_rows, data.column_names[:2], data[0]["text"][:4])
"""


@pytest.mark.slow
def test_loads_in_datasets(full_run, tmp_path):
    """`datasets.load_dataset(folder)` reads the shards by the card's front matter, offline."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(full_run / "dataset"), str(tmp_path / "cache")],
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "16 ['id', 'text'] 第0批第"


def test_loads_in_duckdb(full_run):
    """DuckDB counts documents by source straight from the shards."""
    import duckdb

    glob = full_run / "dataset/data/train-*.parquet"
    rows = duckdb.sql(f"SELECT source, count(*) FROM '{glob}' GROUP BY source ORDER BY source")
    assert rows.fetchall() == [("forum", 4), ("news", 12)]
