"""Indexes become one: the same documents are dropped, what was erased stays known."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from engine_runs import digests

from corpus_pipeline import PipelineError, index, run, verify
from corpus_pipeline.app.erase import Asked, erase
from corpus_pipeline.engine.shuffle import merge
from corpus_pipeline.engine.shuffle.index import open_index
from corpus_pipeline.io import manifest

RAW = Path(__file__).parents[2] / "corpus_pipeline" / "assets" / "sample" / "raw"
CONFIG = {
    "stages": ["decode", "exact_dedup", "near_dedup"],
    "sources": [{"name": "web", "match": ["*"]}],
    "ingest": {"split_mb": 0.05},
}


def indexed(home: Path, name: str, *inputs: Path) -> Path:
    """The index of a run over some files of the demo."""
    run(CONFIG, inputs=list(inputs), output=home / f"RUN-{name}", engine="local")
    index([home / f"RUN-{name}"], output=home / name, config=CONFIG)
    return home / name


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two indexes of the demo's documents, of the first of which one was taken back; merged."""
    home = tmp_path_factory.mktemp("merged")
    indexed(home, "A", RAW / "forum.jsonl")
    indexed(home, "B", RAW / "notes.jsonl.zst")
    first = pl.read_parquet(home / "RUN-A" / "kept" / "*.parquet").row(3, named=True)
    request = Asked("R-1", "2026-11-29", ids=(first["id"],), near=False)
    erase([home / "RUN-A"], home / "TAKEN", request, indexes=[home / "A"], agreed=lambda _: True)
    index([home / "TAKEN" / "A", home / "B"], output=home / "C")
    return home


def parts(root: Path) -> int:
    return len(list((root / "texts").glob("*.parquet")))


def against(output: Path, *indexes: Path) -> dict[str, str]:
    """Digests of what a run over all of the demo's lines leaves."""
    run(
        CONFIG,
        inputs=[RAW / "forum.jsonl", RAW / "notes.jsonl.zst", RAW / "columns.parquet"],
        output=output,
        engine="local",
        against=list(indexes),
        export=False,
    )
    kinds = ("kept", "dropped", "quarantine")
    return {name: value for name, value in digests(output).items() if name.startswith(kinds)}


def test_a_merged_index_drops_what_its_parts_drop(home, tmp_path):
    """Not a byte of a run against it differs from the run against both, erased texts included."""
    both = against(tmp_path / "both", home / "TAKEN" / "A", home / "B")
    assert against(tmp_path / "one", home / "C") == both
    dropped = pl.read_parquet(tmp_path / "one" / "dropped" / "*.parquet")
    rules = set(dropped["drop_rule"])
    assert {"exact_duplicate", "erased_before"} <= rules
    assert parts(home / "C") < parts(home / "A") + parts(home / "B")


def test_a_merged_index_is_sealed_like_any(home, tmp_path):
    """It verifies, names its parents, and a flip or a false sum is found."""
    assert verify(home / "C") == []
    content = manifest.read(home / "C" / "manifest.json")
    seals = [manifest.read(home / n / "manifest.json")["seal"] for n in ("TAKEN/A", "B")]
    assert [parent["seal"] for parent in content["parents"]] == seals
    assert [home.joinpath("C", p["manifest"]).resolve() for p in content["parents"]] == [
        (home / name / "manifest.json").resolve() for name in ("TAKEN/A", "B")
    ]
    shutil.copytree(home / "C", tmp_path / "C")
    content["merged"][0]["documents"] += 1
    manifest.write(tmp_path / "C" / "manifest.json", content)
    assert "do not add up" in str(verify(tmp_path / "C")[0])


def test_one_index_is_compacted(home, tmp_path, monkeypatch):
    """One index alone becomes one of fewer parts, the same whatever the size of what is read."""
    index(home / "A", output=tmp_path / "A1")
    assert parts(tmp_path / "A1") == 1 < parts(home / "A")
    monkeypatch.setattr(merge, "ROWS", 500)
    index(home / "A", output=tmp_path / "A2")
    assert digests(tmp_path / "A1") == digests(tmp_path / "A2")
    documents = [
        pl.read_parquet(root / "facts" / "*.parquet") for root in (home / "A", tmp_path / "A1")
    ]
    assert documents[0].drop("doc").equals(documents[1].drop("doc"))
    assert documents[1]["doc"].to_list() == list(range(documents[1].height))


def test_indexes_that_differ_are_not_merged(home, tmp_path):
    """Options, an index given twice, a run among indexes, the wrong place: one line names each."""
    other = CONFIG | {"near_dedup": {"ngram": 6}}
    index(home / "RUN-B", output=tmp_path / "N6", config=other)
    with pytest.raises(PipelineError, match=r"near_dedup: it was built with ngram=6, .* has 5"):
        index([home / "A", tmp_path / "N6"], output=tmp_path / "out")
    alone = CONFIG | {"stages": ["decode", "exact_dedup"]}
    index(home / "RUN-B", output=tmp_path / "exact", config=alone)
    for pair in ([home / "A", tmp_path / "exact"], [tmp_path / "exact", home / "A"]):
        with pytest.raises(PipelineError, match=r"cannot be merged .*near_dedup"):
            index(pair, output=tmp_path / "out")
    with pytest.raises(PipelineError, match="is the same index as"):
        index([home / "A", home / "A"], output=tmp_path / "out")
    with pytest.raises(PipelineError, match="RUN-B is no index and others are"):
        index([home / "A", home / "RUN-B"], output=tmp_path / "out")
    with pytest.raises(PipelineError, match="which is only read"):
        index([home / "A", home / "B"], output=home / "A" / "new")
    with pytest.raises(PipelineError, match=r"cannot serve near_dedup: .*ngram=5, this run has 6"):
        index([home / "A", home / "B"], output=tmp_path / "out", config=other)
    assert not (tmp_path / "out").exists()


def test_a_damaged_index_is_not_merged(home, tmp_path):
    """A flipped byte in what is to be merged ends the merge with the file's name."""
    shutil.copytree(home / "B", tmp_path / "B")
    path = tmp_path / "B" / "texts" / "part-00000.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:90] + bytes([data[90] ^ 1]) + data[91:])
    with pytest.raises(PipelineError, match=r"damaged index.*texts/part-00000.parquet"):
        index([home / "A", tmp_path / "B"], output=tmp_path / "out")


KILLED = """
import os, signal, sys
from corpus_pipeline import index
from corpus_pipeline.engine.shuffle import merge
real, merge.PART_DOCUMENTS = merge.merge_part, 40
def dying(task):
    if task.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(task)
merge.merge_part = dying
index(sys.argv[1:3], output=sys.argv[3])
"""


def test_a_killed_merge_goes_on(home, tmp_path, monkeypatch):
    """After a kill there is no manifest; the same command ends the work, with the same bytes."""
    both = [home / "A", home / "B"]
    made = [sys.executable, "-c", KILLED, *map(str, both), str(tmp_path / "D")]
    assert subprocess.run(made, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "D" / "manifest.json").exists()
    first = tmp_path / "D" / "texts" / "part-00000.parquet"
    before = first.stat().st_ino
    monkeypatch.setattr(merge, "PART_DOCUMENTS", 40)
    index(both, output=tmp_path / "D")
    index(both, output=tmp_path / "E")
    assert first.stat().st_ino == before
    assert parts(tmp_path / "D") > 1
    assert digests(tmp_path / "D") == digests(tmp_path / "E")
    assert open_index(tmp_path / "D", ()).parts == parts(tmp_path / "D")
