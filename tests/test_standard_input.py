"""Standard input as an input: of a run, of a single stage, of a plan."""

import io
import subprocess
import sys
import zipfile

import polars as pl
import pytest

from corpus_pipeline.io.standard_input import received
from corpus_pipeline.model import PipelineError

LINE = '{"text": "春天来了，河边的柳树发芽了，孩子们在草地上放风筝。"}\n'


def cli(*arguments, data=b""):
    return subprocess.run(
        [sys.executable, "-m", "corpus_pipeline.cli", *map(str, arguments)],
        input=data,
        capture_output=True,
        check=False,
    )


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.jsonl", LINE)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "locator"),
    [
        (LINE.encode(), "stdin@0"),
        ("只有文字。".encode("big5", "ignore"), "stdin@0"),
        (archive(), "stdin#a.jsonl@0"),
    ],
)
def test_a_stage_reads_what_is_piped(tmp_path, data, locator):
    """The content says what it is, and the run is verified as any other."""
    done = cli("decode", "-", "--output", tmp_path / "out", data=data)
    assert done.returncode == 0, done.stderr
    kept = pl.read_parquet(tmp_path / "out" / "kept" / "*.parquet")
    assert kept["locator"].to_list() == [locator]
    assert cli("verify", tmp_path / "out").returncode == 0


def test_what_was_piped_is_known_again(tmp_path):
    """The same bytes are the same input, others are another one."""
    data = LINE.encode()
    assert cli("decode", "-", "--output", tmp_path / "out", data=data).returncode == 0
    again = cli("decode", "-", "--output", tmp_path / "out", data=data)
    assert b"nothing was done" in again.stderr
    other = cli("decode", "-", "--output", tmp_path / "out", data=data + data)
    assert (other.returncode, b"inputs" in other.stderr) == (2, True)


def test_a_run_and_a_plan_read_what_is_piped(tmp_path):
    """`run` and `plan` take `-` as an input, beside others."""
    config = tmp_path / "c.yaml"
    config.write_text("stages: [langid]\n")
    (tmp_path / "b.jsonl").write_text(LINE, "utf-8")
    given = ("--input", "-", "--input", tmp_path / "b.jsonl")
    data = LINE.encode()
    planned = cli("plan", config, *given, "--json", data=data)
    assert b'"inputs": 2' in planned.stdout
    done = cli("run", config, *given, "--output", tmp_path / "r", "--engine", "local", data=data)
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_read_from_it_is_one_line(tmp_path, monkeypatch):
    """Twice, a terminal, a binary file, a cluster: one line each; nothing is left behind."""
    with pytest.raises(PipelineError, match="given twice"), received(["-", "-"]):
        pass

    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(PipelineError, match="is a terminal"), received(["-"]):
        pass
    with received(["a"]) as given:
        assert given == ["a"]
    image = cli("ingest", "-", "--output", tmp_path / "o", data=b"\x89PNG" + bytes(9))
    assert (image.returncode, b"stdin: an image" in image.stderr) == (2, True)
    far = cli("ingest", "-", "--output", tmp_path / "o", "--address", "h:1", data=b"x")
    assert (far.returncode, b"give the cluster a file" in far.stderr) == (2, True)
    empty = cli("ingest", "-", "--output", tmp_path / "e")
    assert (empty.returncode, b"0 documents in 1 input" in empty.stderr) == (0, True)
