"""The command line: exit codes, one clear line for what a user did, stages alone, formats."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline.stages import STAGES

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "corpus_pipeline" / "assets" / "sample" / "raw"


def call(*arguments, cwd=ROOT, **changes):
    environment = {**os.environ, "COLUMNS": "200"}
    environment.pop("CORPUS_PIPELINE_DEBUG", None)
    command = [sys.executable, "-m", "corpus_pipeline.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env=environment, **changes
    )


def refused(done, *words):
    """One line on standard error, exit code 2, no traceback."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert [word for word in words if word not in lines[0]] == []
    assert done.stdout == ""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """5,000 lines of JSONL with one bad byte."""
    path = tmp_path_factory.mktemp("raw") / "lines.jsonl"
    text = "今天的新闻说，城市治理要靠数据，也要靠常识。第{}号街道的路灯修好了。"
    lines = [json.dumps({"id": i, "text": text.format(i)}, ensure_ascii=False) for i in range(5000)]
    data = [line.encode() for line in lines]
    data[2500] = data[2500].replace("新".encode(), b"\xe6\x96", 1)
    path.write_bytes(b"\n".join(data) + b"\n")
    return path


def test_one_bad_byte_costs_one_line(raw, tmp_path):
    """5,000 lines with one bad byte are 4,999 documents and one quarantined line."""
    done = call("ingest", raw, "--output", tmp_path / "out", "--json")

    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert (counts["kept"], counts["quarantined"]) == (4999, 1)
    assert counts["by_quarantine"] == {"ingest/bad_utf8": 1}


def test_missing_input(tmp_path):
    """A path that does not exist is named."""
    refused(call("langid", tmp_path / "no.jsonl", "-o", tmp_path / "out"), "no.jsonl")


def test_missing_config(tmp_path):
    """A config that does not exist is named."""
    done = call("run", tmp_path / "no.yaml", "--input", SAMPLE, "--output", tmp_path / "out")

    refused(done, "no.yaml")


def test_a_wrong_setting_is_one_line(tmp_path, raw):
    """`--set` without a value, or of an unknown key, is refused."""
    refused(call("langid", raw, "-o", tmp_path / "out", "--set", "keep"), "key=value")
    refused(call("langid", raw, "-o", tmp_path / "out", "--set", "kep=[ja]"), "kep", "keep")


def test_against_needs_a_stage_that_compares(tmp_path):
    """`--against` beside stages that compare nothing is refused, and no stage of them offers it."""
    config = tmp_path / "config.yaml"
    config.write_text("stages: [langid]")
    arguments = ["--input", SAMPLE, "--output", tmp_path / "out", "--against", tmp_path / "index"]

    refused(call("run", config, *arguments), "--against", "compares")
    refused(call("langid", SAMPLE, *arguments[2:]), "--against")
    assert not (tmp_path / "out").exists()


def test_a_wrong_config_is_one_line(tmp_path):
    """What is wrong with a config is said before anything is written."""
    (tmp_path / "config.yaml").write_text("langidd: {}")

    done = call("run", tmp_path / "config.yaml", "--input", SAMPLE, "--output", tmp_path / "out")

    refused(done, "langidd", "langid")
    assert not (tmp_path / "out").exists()


def test_usage_errors_are_one_line(tmp_path, raw):
    """A missing option, an unknown command and an unknown engine exit with 2."""
    assert call("run").returncode == 2
    assert call("fly").returncode == 2
    done = call("langid", raw, "-o", tmp_path / "out", "--engine", "spark")
    refused(done, "spark", "ray or local")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(tmp_path):
    """A file without read permission is named."""
    path = tmp_path / "secret.jsonl"
    path.write_text("{}")
    path.chmod(0)

    refused(call("ingest", path, "-o", tmp_path / "out"), "secret.jsonl")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_no_space_left(tmp_path, raw, engine):
    """A full disk is one line that names the file; nothing half-written is left behind."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        done = call("langid", raw, "-o", disk / "out", "--engine", engine, "--workers", "1")
        left = [p for p in (disk / "out").rglob("*.parquet") if p.is_file()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)

    assert done.returncode == 2, done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert left == []


def test_output_that_is_a_file(tmp_path, raw):
    """An output path that is a file is refused."""
    (tmp_path / "out").write_text("mine")

    refused(call("ingest", raw, "-o", tmp_path / "out"), "is a file")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_input_is_an_empty_result(tmp_path):
    """No documents is a result: exit code 0, empty parts with all columns."""
    (tmp_path / "empty.jsonl").write_text("")

    done = call("langid", tmp_path / "empty.jsonl", "-o", tmp_path / "out")

    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "out/kept/*.parquet").height == 0


def test_too_much_quarantine_is_exit_code_3(tmp_path):
    """A run that lost more than the config allows finishes and says so."""
    (tmp_path / "bad.jsonl").write_text('{"text": "一行好的中文。"}\nnot json\n')

    done = call("ingest", tmp_path / "bad.jsonl", "-o", tmp_path / "out")

    assert done.returncode == 3
    assert "damaged" in done.stderr
    assert call("verify", tmp_path / "out").returncode == 0


def test_help_starts_quickly():
    """`--help` needs no heavy import."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "corpus_pipeline.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"polars", "pyarrow", "numpy", "ray", "pydantic", "fasttext"}

    assert "run" in done.stdout
    assert [
        line for line in done.stderr.splitlines() if line.rsplit("|")[-1].strip() in heavy
    ] == []


NAMES = [name.replace("_", "-") for name in STAGES]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The output of a stage, for others to go on with."""
    out = tmp_path_factory.mktemp("stage") / "before"
    limits = ["--set", "limits.quarantine_share=1"]
    assert call("ingest", SAMPLE / "forum.jsonl", "--output", out, *limits).returncode == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_stage_runs_alone(name, raw, before, tmp_path):
    """On raw JSONL and on another stage's output, with parents in the manifest."""
    first = call(name, raw, "--output", tmp_path / "raw", "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["counts"]["read"] == 5000

    done = call(name, before, "--output", tmp_path / "out", "--json")

    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    parent = json.loads((before / "manifest.json").read_text())
    assert manifest["parents"] == [{"manifest": "before/manifest.json", "seal": parent["seal"]}]
    assert manifest["counts"]["read"] == parent["counts"]["kept"]
    old = set(pl.read_parquet(before / "kept/*.parquet")["id"])
    new = pl.concat(
        pl.read_parquet(tmp_path / f"out/{kind}/*.parquet").select("id")
        for kind in ("kept", "dropped")
    )
    assert set(new["id"]) == old
    assert call("verify", tmp_path / "out").returncode == 0


def test_raw_pages_are_decoded_for_any_stage(tmp_path):
    """A stage that is given WARC reads, decodes and extracts first."""
    done = call("langid", SAMPLE / "web.warc.gz", "-o", tmp_path / "out", "--json")

    assert done.returncode in (0, 3), done.stderr
    kept = pl.read_parquet(tmp_path / "out/kept/*.parquet")
    assert "payload" not in kept.columns
    assert not kept["text"].str.contains("<html").any()


def test_mixed_inputs_are_refused(raw, tmp_path):
    """Raw files and stage outputs do not share one schema."""
    assert call("ingest", raw, "-o", tmp_path / "a").returncode == 0

    refused(call("langid", tmp_path / "a", raw, "-o", tmp_path / "b"), "columns")


def test_interrupted_run_says_how_to_go_on(raw, tmp_path):
    """An interrupt is exit code 130 and one line; the same command finishes the work."""
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(raw)]
    command += ["-o", str(tmp_path / "out"), "--set", "ingest.split_mb=0.01"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "out/run.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.terminate()
    said = child.communicate()[1]

    assert child.returncode == 130, said
    assert "continues" in said
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
