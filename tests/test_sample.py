"""The embedded sample: the same bytes every time, and each planted fault met where it must be."""

import bz2
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
import zstandard

import corpus_pipeline

ROOT = Path(__file__).parents[1]
SAMPLE = Path(corpus_pipeline.__file__).parent / "assets" / "sample"
TRUTH = [json.loads(line) for line in (SAMPLE / "truth.jsonl").read_text("utf-8").splitlines()]

#: Cut off at a byte of the compressed form: another zlib may cut elsewhere.
CUT = ("raw/cut.jsonl.gz", "raw/broken.warc.gz")


class Outcome(NamedTuple):
    """A finished run of the demo."""

    kept: pl.DataFrame
    dropped: pl.DataFrame
    quarantine: pl.DataFrame
    manifest: dict[str, Any]


def files_below(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def content(name: str, data: bytes) -> object:
    """What a file says, whichever version of a compressor wrote it."""
    if name.endswith(".parquet"):
        return pl.read_parquet(data).to_dicts()
    if name.endswith(".bz2"):
        return bz2.decompress(data)
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return gzip.decompress(data) if name.endswith(".gz") else data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two outputs of the generator, under different hash seeds."""
    folders = []
    for seed in ("1", "2"):
        folder = tmp_path_factory.mktemp("sample")
        command = [sys.executable, str(ROOT / "scripts" / "make_sample.py"), str(folder)]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=env, capture_output=True)
        folders.append(folder)
    return folders


def test_the_generator_writes_the_same_bytes_every_time(made: list[Path]) -> None:
    """Two runs of the generator agree in every byte of every file."""
    assert files_below(made[0]) == files_below(made[1])


def test_the_committed_sample_is_what_the_generator_writes(made: list[Path]) -> None:
    """The sample in the package is the generator's output, up to versions of compressors."""
    fresh, committed = files_below(made[0]), files_below(SAMPLE)
    assert fresh.keys() == committed.keys()
    for name, data in fresh.items():
        if data != committed[name] and name not in CUT:
            assert content(name, data) == content(name, committed[name]), name


def test_the_sample_is_small() -> None:
    """The sample ships in the wheel and stays under 600 KB."""
    assert sum(map(len, files_below(SAMPLE).values())) < 600_000


@pytest.fixture(scope="module")
def outcome(clone: Any) -> Outcome:
    """The whole pipeline, run on the sample as a user would: `make demo`."""
    output = clone.root / "demo"
    manifest = json.loads((output / "manifest.json").read_text("utf-8"))
    return Outcome(*(folder(output / name) for name in ("kept", "dropped", "quarantine")), manifest)


def folder(path: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(part) for part in sorted(path.glob("*.parquet"))])


def found(frame: pl.DataFrame, line: dict[str, Any]) -> pl.DataFrame:
    """The documents of a frame that a line of truth speaks of."""
    path = pl.col("locator").str.split("@").list.first().str.split("#").list.first()
    here = frame.filter(path.str.ends_with(line["file"]))
    find = line["find"]
    if "twins" in find:
        return here.filter(pl.col(find["by"]).is_in(find["twins"]))
    if "marker" in find:
        return here.filter(pl.col("text").str.contains(find["marker"], literal=True))
    if "offset" in find:
        return here.filter(pl.col("locator").str.ends_with(f"@{find['offset']}"))
    for column in ("url", "source_id", "title"):
        if column in find:
            return here.filter(pl.col(column) == find[column])
    return here


def expected_verdict(line: dict[str, Any], dropped: pl.DataFrame) -> None:
    """Each of these dropped documents fell to the stage and the rule that the truth names."""
    for row in dropped.iter_rows(named=True):
        verdict = f"{row['dropped_by']}/{row['drop_rule']}: {row['drop_evidence']}"
        assert row["dropped_by"] == line.get("stage", row["dropped_by"]), verdict
        assert row["drop_rule"].startswith(line.get("rule", "")), verdict


def check(line: dict[str, Any], run: Outcome) -> None:
    """One line of truth against a run."""
    kept, dropped = found(run.kept, line), found(run.dropped, line)
    if line["expect"] == "quarantined":
        bad = found(run.quarantine, line)
        assert bad["reason"].str.starts_with(line["rule"]).any(), bad.to_dicts()
        assert kept.is_empty() or "offset" not in line["find"]
        return
    if line["expect"] == "absent":
        assert kept.is_empty()
        return
    if line["expect"] == "one_kept":
        assert (len(kept), len(kept) + len(dropped)) == (1, len(line["find"]["twins"]))
        expected_verdict(line, dropped)
        return
    if line["expect"] == "dropped":
        assert (len(kept), len(dropped)) == (0, 1)
        expected_verdict(line, dropped)
        documents = dropped
    else:
        why = dropped.select("dropped_by", "drop_rule", "drop_evidence").to_dicts()
        assert (len(kept), len(dropped)) == (1, 0), why
        documents = kept
    document = documents.row(0, named=True)
    for piece in line.get("contains", ()):
        assert piece in document["text"]
    for piece in line.get("lacks", ()):
        assert piece not in document["text"]
    for column, value in line.get("columns", {}).items():
        assert document[column] == value, column


def test_the_truth_covers_good_documents_and_faults() -> None:
    """There are at least 60 planted faults, of at least 40 kinds, and 100 good documents."""
    good = [line for line in TRUTH if line["fault"].startswith("good_")]
    faults = {line["fault"] for line in TRUTH} - {line["fault"] for line in good}
    assert len(good) >= 100
    assert len(TRUTH) - len(good) >= 60
    assert len(faults) >= 40


def case(line: dict[str, Any]) -> Any:
    gap = line.get("known_gap")
    marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
    return pytest.param(line, id=line["label"], marks=marks)


@pytest.mark.parametrize("line", [case(line) for line in TRUTH])
def test_the_pipeline_does_what_the_truth_says(line: dict[str, Any], outcome: Outcome) -> None:
    """Each document of the sample meets the fate that is written down for it."""
    check(line, outcome)


def test_nothing_disappears(outcome: Outcome) -> None:
    """What was read is kept, dropped or quarantined, and no document is two of these."""
    ids = pl.concat([outcome.kept["id"], outcome.dropped["id"]])
    assert ids.n_unique() == len(ids)
    counts = outcome.manifest["counts"]
    held = {"kept": len(outcome.kept), "dropped": len(outcome.dropped)}
    held["quarantined"] = len(outcome.quarantine)
    assert {name: counts[name] for name in held} == held
    assert counts["read"] == sum(held.values())


def test_no_planted_personal_data_is_left_anywhere(outcome: Outcome) -> None:
    """Masking holds for dropped documents as for kept ones; amounts are no personal data."""
    values = [v for line in TRUTH if line["fault"].startswith("pii_") for v in line["lacks"]]
    amounts = [v for line in TRUTH if line["fault"].startswith("no_pii") for v in line["contains"]]
    texts = pl.concat([outcome.kept["text"], outcome.dropped["text"]])
    texts = texts.str.replace_many(amounts, [""] * len(amounts))
    assert [v for v in values if texts.str.contains(v, literal=True).any()] == []
