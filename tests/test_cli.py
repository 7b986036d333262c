"""The command line: exit codes, one clear line for what a user did, stages alone, formats."""

import io
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest

import corpus_pipeline
from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import run_stage
from corpus_pipeline.app.how import How
from corpus_pipeline.cli import main
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


def inside(*arguments, cwd=ROOT):
    """As `call`, in this process: a refusal comes before any work, and a start takes a second."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as changed, redirect_stdout(out), redirect_stderr(err):
        changed.setattr(sys, "argv", ["corpus-pipeline", *map(str, arguments)])
        changed.setenv("COLUMNS", "200")
        changed.delenv("CORPUS_PIPELINE_DEBUG", raising=False)
        changed.chdir(cwd)
        with pytest.raises(SystemExit) as leaving:
            main()
    return subprocess.CompletedProcess(
        arguments, leaving.value.code, out.getvalue(), err.getvalue()
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
    refused(inside("langid", tmp_path / "no.jsonl", "-o", tmp_path / "out"), "no.jsonl")


def test_missing_config(tmp_path):
    """A config that does not exist is named."""
    done = inside("run", tmp_path / "no.yaml", "--input", SAMPLE, "--output", tmp_path / "out")

    refused(done, "no.yaml")


def test_a_wrong_setting_is_one_line(tmp_path, raw):
    """`--set` without a value, or of an unknown key, is refused."""
    refused(inside("langid", raw, "-o", tmp_path / "out", "--set", "keep"), "key=value")
    refused(inside("langid", raw, "-o", tmp_path / "out", "--set", "kep=[ja]"), "kep", "keep")


def test_against_needs_a_stage_that_compares(tmp_path):
    """`--against` beside stages that compare nothing is refused, and no stage of them offers it."""
    config = tmp_path / "config.yaml"
    config.write_text("stages: [langid]")
    arguments = ["--input", SAMPLE, "--output", tmp_path / "out", "--against", tmp_path / "index"]

    refused(inside("run", config, *arguments), "--against", "compares")
    refused(inside("langid", SAMPLE, *arguments[2:]), "--against")
    assert not (tmp_path / "out").exists()


def test_a_wrong_config_is_one_line(tmp_path):
    """What is wrong with a config is said before anything is written."""
    (tmp_path / "config.yaml").write_text("langidd: {}")

    done = inside("run", tmp_path / "config.yaml", "--input", SAMPLE, "--output", tmp_path / "out")

    refused(done, "langidd", "langid")
    assert not (tmp_path / "out").exists()


def test_usage_errors_are_one_line(tmp_path, raw):
    """A missing option, an unknown command and an unknown engine exit with 2."""
    assert call("run").returncode == 2
    assert call("fly").returncode == 2
    done = inside("langid", raw, "-o", tmp_path / "out", "--engine", "spark")

    refused(done, "spark", "ray or local")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(tmp_path):
    """A file without read permission is named."""
    path = tmp_path / "secret.jsonl"
    path.write_text("{}")
    path.chmod(0)

    refused(inside("ingest", path, "-o", tmp_path / "out"), "secret.jsonl")


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

    refused(inside("ingest", raw, "-o", tmp_path / "out"), "is a file")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_place_that_is_no_path_is_refused_by_its_scheme(raw, tmp_path):
    """Outputs, inputs, configs, indexes and runs at a foreign URL: one line, nothing written."""
    place, words = "ftp://host/x", ("ftp:// is not supported", "local path")
    out = tmp_path / "out"

    refused(inside("pii", raw, "-o", place, cwd=tmp_path), *words)
    refused(inside("pii", place, "-o", out, cwd=tmp_path), *words)
    refused(inside("near-dedup", raw, "-o", out, "--against", place, cwd=tmp_path), *words)
    refused(inside("run", place, "--input", raw, "-o", out, cwd=tmp_path), *words)
    refused(inside("verify", place, cwd=tmp_path), *words)
    assert list(tmp_path.iterdir()) == []


def test_an_address_means_ray(raw, tmp_path):
    """A stage command with an address goes to that cluster; `--engine local` contradicts it."""
    out = ["-o", tmp_path / "out", "--address", "127.0.0.1:1"]

    refused(inside("ingest", raw, *out), "no Ray cluster", "127.0.0.1:1")
    refused(inside("ingest", raw, *out, "--engine", "local"), "an address needs the engine ray")


def test_settings_of_ingest_need_no_prefix(tmp_path):
    """`ingest --set text_mode=lines` is `ingest.text_mode=lines`."""
    (tmp_path / "a.txt").write_text("第一行\n第二行\n")

    done = call("ingest", tmp_path / "a.txt", "-o", tmp_path / "out", "--set", "text_mode=lines")

    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["counts"]["kept"] == 2


def test_several_faults_are_several_lines(tmp_path):
    """Every fault of a config has a line of its own."""
    (tmp_path / "c.yaml").write_text("nam: x\npii: {polcy: {}}\n")

    done = call("config", tmp_path / "c.yaml")

    assert done.returncode == 2
    keys = [line.split("'")[1] for line in done.stderr.splitlines()]
    assert sorted(keys) == ["nam", "pii.polcy"]


def test_a_run_that_keeps_nothing_says_so(raw, tmp_path):
    """The rule that dropped most is named; the exit code stays 0, and the audit fails."""
    done = call("langid", raw, "-o", tmp_path / "out", "--set", "keep=[ja]")

    assert done.returncode == 0, done.stderr
    assert "nothing was kept: 4,999 of 5,000 records were dropped, 4,999 of them" in done.stderr
    assert "langid/not_chinese" in done.stderr
    audit = call("audit", tmp_path / "out")
    assert audit.returncode == 1
    assert "FAIL  documents" in audit.stdout


def test_a_finished_run_says_that_nothing_was_done(raw, tmp_path):
    """The same command again is quick and says why."""
    arguments = ("ingest", raw, "-o", tmp_path / "out")
    assert "nothing was done" not in call(*arguments).stderr

    done = call(*arguments)

    assert done.returncode == 0
    assert "finished before by the very same run: nothing was done" in done.stderr


def test_an_output_in_use_is_refused(raw, tmp_path):
    """Two runs on one folder: the second is told who writes there."""
    code = "import sys, pathlib\nfrom corpus_pipeline.engine.folder import lock\n"
    code += "with lock(pathlib.Path(sys.argv[1])): print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        done = call("ingest", raw, "-o", tmp_path / "out")
        writer.stdin.close()

    refused(done, "another run is writing to", f"process {writer.pid} ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_read_only_output(tmp_path, raw):
    """An output that cannot be written is one line."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=100k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        done = call("langid", raw, "-o", disk / "out")
    finally:
        subprocess.run(["umount", str(disk)], check=True)

    refused(done, "read-only file system", str(disk / "out"))


def test_an_output_below_a_file(tmp_path, raw):
    """A folder of the output's path that is a file is named."""
    (tmp_path / "file").write_text("mine")

    refused(inside("ingest", raw, "-o", tmp_path / "file" / "out"), "file", "no folder")


def test_control_characters_reach_no_terminal(tmp_path):
    """Whatever a file's name or a document brings, it is written out, not obeyed."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a\x1b[31m.jsonl").write_text('{"text": "路灯修好了。", "url": "http://x/\\u009b2J"}')
    (folder / "b\x1b[0m.bin").write_bytes(b"\0\1\2")
    out = tmp_path / "out"

    ingest = call("ingest", folder, "-o", out, "--set", "name=\x1b[31mred")
    found = pl.read_parquet(out / "kept/*.parquet")["id"].item()
    explain = call("explain", out, found, "--text")
    missing = call("explain", out, "\x1b[31mnobody")

    assert ingest.returncode == explain.returncode == 0, ingest.stderr
    assert "a\\x1b[31m.jsonl" in explain.stdout
    assert "http://x/\\x9b2J" in explain.stdout
    assert "left out" in ingest.stderr
    assert "\\x1b[31mred" in ingest.stderr
    assert "\\x1b[31mnobody" in missing.stderr
    for done in (ingest, explain, missing):
        assert set("\x1b\x9b") & set(done.stdout + done.stderr) == set()


def test_the_version_is_printed():
    """`--version`, `-V` and `-h` answer, as does `python -m corpus_pipeline`."""
    for option in ("--version", "-V"):
        assert call(option).stdout == f"corpus-pipeline {corpus_pipeline.__version__}\n"
    for module in ("corpus_pipeline", "corpus_pipeline.cli"):
        command = [sys.executable, "-m", module, "-h"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert "near-dedup" in done.stdout


def test_the_schema_is_printed():
    """`config --schema` prints a JSON Schema that knows every stage."""
    done = call("config", "--schema")

    assert done.returncode == 0, done.stderr
    assert set(STAGES) <= set(json.loads(done.stdout)["properties"])


def test_empty_inputs_are_an_empty_result(tmp_path):
    """No documents is a result, and said: exit code 0, empty parts with all columns."""
    (tmp_path / "empty.jsonl").write_text("")

    done = call("langid", tmp_path / "empty.jsonl", "-o", tmp_path / "out")

    assert done.returncode == 0, done.stderr
    assert "0 documents in 1 input" in done.stderr
    assert pl.read_parquet(tmp_path / "out/kept/*.parquet").height == 0


def test_too_much_quarantine_is_exit_code_3(tmp_path):
    """A run that lost more than the config allows finishes and says so."""
    (tmp_path / "bad.jsonl").write_text('{"text": "一行好的中文。"}\nnot json\n')

    done = call("ingest", tmp_path / "bad.jsonl", "-o", tmp_path / "out")

    assert done.returncode == 3
    assert "50.0% of the records could not be read" in done.stderr
    assert "most for bad_json" in done.stderr
    assert call("verify", tmp_path / "out").returncode == 0


def test_help_takes_a_third_of_a_second():
    """The best of three processes needs less than 0.3 s of a core for `--help`."""
    spent = []
    for _ in range(3):
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        call("--help")
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)

    assert min(spent) < 0.3, spent


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


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The output of a stage, for others to go on with."""
    out = tmp_path_factory.mktemp("stage") / "before"
    limits = ["--set", "limits.quarantine_share=1"]
    assert call("ingest", SAMPLE / "forum.jsonl", "--output", out, *limits).returncode == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", STAGES)
def test_every_stage_runs_alone(name, raw, before, tmp_path):
    """On raw JSONL and on another stage's output, with parents in the manifest."""
    first = run_stage(load(None, only=name), [str(raw)], tmp_path / "raw", How(), stage=name)
    assert first.counts["read"] == 5000

    run = run_stage(load(None, only=name), [str(before)], tmp_path / "out", How(), stage=name)

    parent = json.loads((before / "manifest.json").read_text())
    assert run.manifest["parents"] == [{"manifest": "before/manifest.json", "seal": parent["seal"]}]
    assert run.counts["read"] == parent["counts"]["kept"]
    old = pl.read_parquet(before / "kept/*.parquet")["id"]
    new = [frame.select("id").collect() for frame in (run.kept(), run.dropped())]
    assert set(pl.concat(new)["id"]) == set(old)
    assert run.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pii", "near-dedup"])
def test_a_stage_command_is_the_stage(name, before, tmp_path):
    """The command of a stage leaves what the application leaves, and can be verified."""
    stage = name.replace("-", "_")
    mine = run_stage(load(None, only=stage), [str(before)], tmp_path / "a", How(), stage=stage)

    done = call(name, before, "--output", tmp_path / "b", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seal"] == mine.manifest["seal"]
    assert call("verify", tmp_path / "b").returncode == 0


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

    refused(inside("langid", tmp_path / "a", raw, "-o", tmp_path / "b"), "columns")


def test_interrupted_run_says_how_to_go_on(raw, tmp_path):
    """An interrupt is exit code 130 and one line; the same command finishes the work."""
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(raw)]
    command += ["-o", str(tmp_path / "out"), "--set", "ingest.split_mb=0.05"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "out/run.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.terminate()
    said = child.communicate()[1]

    assert child.returncode == 130, said
    assert "continues" in said
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
