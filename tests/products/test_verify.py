"""Verification finds whatever was changed, names the file, and never crashes on damage."""

import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus_pipeline.cli import app
from corpus_pipeline.io import manifest
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.shards import ExportOptions, export
from corpus_pipeline.products.verify.chain import Finding, verify


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def flip(path: Path, at: int, mask: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    path.write_bytes(bytes(data))


def test_clean(full_run):
    """An untouched run with its dataset has no findings; leftovers of killed attempts are none."""
    assert verify(full_run) == []
    (full_run / "kept" / ".tmp-12-ab-part-00000.parquet").write_bytes(b"half")
    assert verify(full_run) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_one_flipped_byte(full_run, data):
    """One byte flipped anywhere in any file is found, and that file is named."""
    path = data.draw(st.sampled_from(files(full_run)))
    at = data.draw(st.integers(0, path.stat().st_size - 1))
    mask = data.draw(st.integers(1, 255))
    flip(path, at, mask)
    try:
        found = verify(full_run)
    finally:
        flip(path, at, mask)
    name = path.relative_to(full_run).as_posix()
    assert name in {finding.path for finding in found}
    assert len({finding.path for finding in found}) <= 2


def test_every_file_is_covered(full_run):
    """No file is left out: a flip in the middle of each one is found under its name."""
    names = set()
    for path in files(full_run):
        at = path.stat().st_size // 2
        flip(path, at, 1)
        names |= {finding.path for finding in verify(full_run)}
        flip(path, at, 1)
        assert path.relative_to(full_run).as_posix() in names
    kinds = {"run.json", "metrics.json", "manifest.json", "dataset/README.md"}
    assert kinds | {"dataset/croissant.json", "quarantine/part-00001.parquet"} <= names


def test_missing_and_unlisted(full_run):
    """A file that went or that came is named, in the run and in the dataset."""
    shutil.move(full_run / "dropped/part-00001.parquet", full_run / "dataset/data/extra.parquet")
    (full_run / "notes.txt").write_text("笔记")
    assert set(verify(full_run)) == {
        Finding("dropped/part-00001.parquet", "missing"),
        Finding("dataset/data/extra.parquet", "not listed in any manifest"),
        Finding("notes.txt", "not listed in any manifest"),
    }


def test_unfinished_work(run):
    """Intermediate files that a killed run has left are one finding, not a thousand."""
    for n in range(3):
        (run / "work" / "local").mkdir(parents=True, exist_ok=True)
        (run / "work" / "local" / f"{n}.parquet").write_bytes(b"x")
    assert [finding.path for finding in verify(run)] == ["work"]


def test_an_export_without_manifest(full_run):
    """A dataset whose export did not finish is found."""
    (full_run / "dataset/manifest.json").unlink()
    assert verify(full_run) == [Finding("dataset/manifest.json", "missing")]


@pytest.mark.parametrize("junk", [b"", b"PAR1", b"\xff\xfe{", b"[]", b"null", b'{"format": 1}'])
def test_damage_never_crashes(full_run, junk):
    """Whatever stands in a file's place, verification ends with a finding that names it."""
    for path in files(full_run):
        whole = path.read_bytes()
        path.write_bytes(junk)
        found = {finding.path for finding in verify(full_run)}
        path.write_bytes(whole)
        assert path.relative_to(full_run).as_posix() in found


def test_random_truncation(full_run):
    """A file cut off anywhere is found."""
    chance = random.Random(7)
    for path in files(full_run):
        whole = path.read_bytes()
        path.write_bytes(whole[: chance.randrange(len(whole))])
        assert path.relative_to(full_run).as_posix() in {f.path for f in verify(full_run)}
        path.write_bytes(whole)


def edit_part(root: Path, name: str, change) -> None:
    """Rewrite a part and every manifest above it, as a careful forger would."""
    path = root / name
    rows = write_shard(path, [change(pl.read_parquet(path))])
    entry = file_entry(root, path, rows)
    split = root / f"manifests/split-{name[-13:-8]}.json"
    content = manifest.read(split)
    content["files"] = [entry if e["path"] == name else e for e in content["files"]]
    manifest.write(split, content)
    edit_run(root, entry, file_entry(root, split))


def edit_run(root: Path, *entries) -> None:
    content = manifest.read(root / "manifest.json")
    for key in ("files", "splits"):
        changed = {e["path"]: e for e in entries}
        content[key] = [changed.get(e["path"], e) for e in content[key]]
    manifest.write(root / "manifest.json", content)


FORGERIES = {
    "a kept document disappears": (
        "kept/part-00000.parquet",
        lambda df: df.slice(1),
        "kept is 8, it should be 7",
    ),
    "a kept document carries a verdict": (
        "kept/part-00000.parquet",
        lambda df: df.with_columns(dropped_by=pl.lit("langid")),
        "8 documents are kept and carry a verdict",
    ),
    "a dropped document has lost its verdict": (
        "dropped/part-00001.parquet",
        lambda df: df.with_columns(drop_rule=pl.lit(None, dtype=pl.String)),
        "2 documents are dropped without a verdict",
    ),
    "an id stands twice": (
        "kept/part-00001.parquet",
        lambda df: df.with_columns(id=pl.lit(df["id"][0])),
        "stands in more than one document",
    ),
    "an id is none": (
        "kept/part-00001.parquet",
        lambda df: df.with_columns(id=pl.col("id").str.slice(0, 20)),
        "8 documents without a valid id",
    ),
    "another rule": (
        "dropped/part-00000.parquet",
        lambda df: df.with_columns(drop_rule=pl.lit("too_short")),
        "by_rule langid not_chinese",
    ),
    "another source": (
        "kept/part-00000.parquet",
        lambda df: df.with_columns(source=pl.lit("forum")),
        "by_source news kept is 6, it should be 0",
    ),
    "a text was changed": (
        "kept/part-00000.parquet",
        lambda df: df.with_columns(text=pl.col("text") + "。"),
        "text_bytes_kept",
    ),
    "another reason": (
        "quarantine/part-00000.parquet",
        lambda df: df.with_columns(reason=pl.lit("bad_utf8")),
        "by_quarantine ingest/bad_json is 1, it should be 0",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries(run, name):
    """Counts are made again from the data, so recomputing digests and seals hides nothing."""
    part, change, said = FORGERIES[name]
    edit_part(run, part, change)
    problems = "\n".join(map(str, verify(run)))
    assert said.replace("by_rule langid not", "by_rule langid/not") in problems


def test_counts_must_add_up(run, reseal):
    """A run whose totals are not the sum of its splits, or not conserved, is found."""
    reseal(run / "manifest.json", lambda m: m["counts"].update(read=24))
    problems = [str(finding) for finding in verify(run)]
    said = "manifest.json: counts: read is 24, it should be 21 (added over the splits)"
    assert said in problems
    assert any("not conserved: 24 read" in problem for problem in problems)


def test_dataset_of_another_run(full_run, builder):
    """A dataset that was put into the folder of another run is found by the parent's seal."""
    builder.content["name"] = "另一个"
    other = builder.write()
    shutil.copytree(full_run / "dataset", other / "dataset")
    assert verify(other) == [
        Finding("dataset/manifest.json", "made from another run: the parent's seal differs")
    ]


def test_forged_shard(full_run, reseal):
    """A shard whose documents are not the kept ones is found, though every digest fits."""
    dataset = full_run / "dataset"
    path = min((dataset / "data").iterdir())
    frame = pl.read_parquet(path)
    write_shard(path, [frame.with_columns(text=pl.lit("换了"))])
    entry = file_entry(dataset, path, frame.height)

    def change(content):
        content["files"] = [entry if e["path"] == entry["path"] else e for e in content["files"]]

    reseal(dataset / "manifest.json", change)
    name = f"dataset/data/{path.name}"
    assert verify(full_run) == [
        Finding(name, "its documents are not the kept documents it was made of")
    ]


def test_rows_left_out(full_run, reseal):
    """A dataset that leaves a kept document out says so in its ranges, and is found."""

    def change(content):
        content["shards"].pop()

    reseal(full_run / "dataset/manifest.json", change)
    problems = {finding.problem for finding in verify(full_run)}
    assert "counts: rows differ from the sum of the shards" in problems
    assert any("rows of kept/part-00001.parquet are taken" in problem for problem in problems)


def test_dataset_alone(run, tmp_path):
    """A dataset elsewhere is verified by itself and walks to its run while that is there."""
    out = tmp_path / "copy"
    export(run, out, ExportOptions())
    assert verify(out) == verify(out / "dataset") == []
    flip(run / "kept/part-00000.parquet", 30, 255)
    assert [finding.path for finding in verify(out)] == ["../../RUN/kept/part-00000.parquet"]
    shutil.rmtree(run)
    assert verify(out) == []
    flip(out / "dataset" / "README.md", 5, 1)
    assert [finding.path for finding in verify(out)] == ["README.md"]


def test_a_dataset_that_is_gone_is_told(full_run, reseal, capsys):
    """A run that exports is verified without its dataset, and the verdict says so."""

    def verdict():
        assert app(["verify", str(full_run)], standalone_mode=False) == 0
        return capsys.readouterr().out.strip()

    assert verdict() == f"verified: {full_run}"
    shutil.rmtree(full_run / "dataset")
    reseal(full_run / "manifest.json", lambda content: content["config"].update(export={}))
    assert "no dataset/ is in it" in verdict()


def test_parents(run, tmp_path, builder):
    """A run made from another run walks to it, and notices that it was replaced."""
    seal = manifest.read(run / "manifest.json")["seal"]
    child = type(builder)(tmp_path / "CHILD")
    child.content["parents"] = [{"manifest": "../RUN/manifest.json", "seal": seal}]
    root = child.write()
    assert verify(root) == []
    flip(run / "metrics.json", 10, 4)
    assert [finding.path for finding in verify(root)] == ["../RUN/metrics.json"]
    builder.content["name"] = "再跑一次"
    builder.write()
    assert [finding.path for finding in verify(root)] == ["../RUN/manifest.json"]


def test_inputs(builder, tmp_path):
    """With the inputs at hand their digests are compared too."""
    data = tmp_path / "in"
    (data / "news").mkdir(parents=True)
    for n in range(2):
        (data / f"news/{n}.jsonl").write_text("{}\n")
    entries = [file_entry(data, path) for path in files(data)]
    more = {"source": "news", "format": "jsonl"}
    builder.content["inputs"] = [{**entry, **more, "locator": entry["path"]} for entry in entries]
    root = builder.write()
    assert verify(root, inputs=data) == []
    assert verify(root, inputs=data / "news") == []
    (data / "news/0.jsonl").write_text("[]\n")
    (data / "news/1.jsonl").unlink()
    assert [str(finding) for finding in verify(root, inputs=[data])] == [
        "news/0.jsonl: the input was changed since the run",
        "news/1.jsonl: input not found",
    ]


def test_paths_stay_inside(run, reseal):
    """A manifest that names a file outside its folder is a finding, and nothing is read there."""

    def change(content):
        content["files"][0]["path"] = "../../etc/passwd"

    reseal(run / "manifest.json", change)
    problems = {finding.problem for finding in verify(run)}
    assert "the manifest names a path outside its folder" in problems


def test_not_a_run(tmp_path):
    """A folder without a manifest is no run: one clear line."""
    with pytest.raises(PipelineError, match=r"has no manifest\.json"):
        verify(tmp_path)
    with pytest.raises(PipelineError, match="not a folder"):
        verify(tmp_path / "none")
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "x"}))
    assert verify(tmp_path) == [Finding("manifest.json", "not a manifest")]
