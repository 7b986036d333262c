"""The tables of `make faults`: a part of each with every test, the whole on demand.

`CORPUS_FAULTS=1` runs every reader against every damage (some minutes).
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "faults.json"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def judged(home, **which):
    """Our rows of some cases, read in this process."""
    from scripts.faults.readers import cases, judged, verdict
    from scripts.faults.runners import ours

    rows = []
    for case in cases(home, **which):
        found = ours.read(case.folder, case.described())
        texts = found.pop("texts", [])
        row = {"kind": case.kind.name, "compression": case.compression, "damage": case.damage}
        row |= judged(case, found, texts)
        rows.append(row | {"verdict": verdict(row)})
    return rows


def test_every_format_is_in_the_table():
    """A new format or compression joins the table, or this fails."""
    from corpus_pipeline.io.decoders import MAGIC
    from corpus_pipeline.io.formats import FORMATS
    from scripts.faults.layouts import KINDS, PACK

    assert {kind.format for kind in KINDS.values()} == set(FORMATS)
    assert set(PACK) == {"none", *MAGIC}


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "warc", "tar"])
def test_what_lies_outside_a_damage_survives(tmp_path, kind):
    """Of a plain file and of a gzip: all documents that the damage did not touch."""
    damages = ("garbage", "cut")
    rows = judged(tmp_path, kinds=[kind], compressions=["none", "gzip"], damages=damages)

    assert len(rows) == 4
    assert [row["verdict"] for row in rows] == ["result"] * 4
    assert min(row["must"] for row in rows) > 12


@pytest.mark.skipif(
    "CORPUS_FAULTS" not in os.environ, reason="minutes: CORPUS_FAULTS=1 asks for it"
)
def test_every_reader_survives_every_damage(tmp_path):
    """The whole table."""
    rows = judged(tmp_path)
    wrong = [row for row in rows if row["verdict"] not in ("result", "refusal")]

    assert len(rows) > 1900
    assert wrong == []


def test_the_truth_is_what_the_damage_left():
    """Of a cut file the documents before the cut; of a Parquet file without its footer none."""
    from scripts.faults.documents import texts
    from scripts.faults.layouts import KINDS, made, pieces_of
    from scripts.faults.truth import Edit, survivors

    rows = texts(0, 24)
    kind = KINDS["jsonl"]
    plain = made(kind, pieces_of(kind, rows), "none")
    third = plain.documents[3][1]
    assert survivors(kind, plain, "none", Edit(third, len(plain.data), b"")) == {0, 1, 2, 3}
    packed = made(kind, pieces_of(kind, rows), "gzip")
    start, stop = packed.members[1].span
    hit = survivors(kind, packed, "gzip", Edit(start + 20, stop - 20, b""))
    assert set(range(6)) | set(range(12, 24)) <= hit < set(range(24))
    kind = KINDS["parquet"]
    whole = made(kind, pieces_of(kind, rows), "none")
    assert survivors(kind, whole, "none", Edit(len(whole.data) - 5, len(whole.data), b"")) == set()


def test_a_reader_that_loses_documents_is_told_so(tmp_path):
    """Losses, altered texts and silence are seen: a runner that keeps half is no result."""
    from scripts.faults.readers import cases, judged, verdict

    (case,) = cases(tmp_path, kinds=["jsonl"], compressions=["none"], damages=["none"])
    every = list(case.must.values())
    rows = [
        judged(case, {"how": "result"}, texts)
        for texts in (every, every[::2], [text[:-9] for text in every])
    ]

    assert [verdict(row | {"damage": "none", "kind": "jsonl"}) for row in rows] == [
        "result",
        "lost",
        "lost",
    ]
    assert rows[2]["altered"] == len(every)


def command(tmp_path):
    """A small run of the command line."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "春眠不觉晓，处处闻啼鸟。"}\n' * 3, "utf-8")
    output = ["--output", str(tmp_path / "out"), "--engine", "local"]
    return [sys.executable, "-m", "corpus_pipeline.cli", "ingest", str(source), *output]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_who_cannot_be_told_does_not_end_a_run(tmp_path):
    """Standard error on a full disk: the run is done, and its output is there."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(tmp_path), stdout=full, stderr=full, check=False)

    assert done.returncode == 0
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_a_terminal_that_hangs_up_interrupts():
    """SIGHUP ends as Ctrl-C does; under `nohup` it is ignored as before."""
    code = """
import os, signal, sys
from corpus_pipeline import cli
hangup = lambda **_: os.kill(os.getpid(), signal.SIGHUP)
cli.app = hangup
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    kept = subprocess.run([sys.executable, "-c", ignored + code], capture_output=True, check=False)

    assert (done.returncode, kept.returncode) == (130, 0)
    assert done.stderr.count("interrupted; the same command continues") == 1


def test_a_file_that_the_system_limits_is_one_line(tmp_path):
    """`ulimit -f`: exit code 2 and what to do, no traceback."""
    resource = pytest.importorskip("resource")
    lines = command(tmp_path)
    rng = random.Random(1)
    text = "".join(chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(30_000))
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": text}), "utf-8")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(lines, capture_output=True, text=True, check=False, preexec_fn=limit)

    assert done.returncode == 2, done.stderr
    assert done.stderr.count("corpus-pipeline: ") == 1
    assert "ulimit -f" in done.stderr


@pytest.mark.skipif(not FIGURES.exists(), reason="the figures are not made yet")
def test_the_published_figures_have_nothing_wrong():
    """Every cell of ours in `docs/faults.json` is a result or a refusal, and the page shows it."""
    from scripts.faults.__main__ import wrong
    from scripts.faults.report import page

    figures = json.loads(FIGURES.read_text("utf-8"))

    assert wrong(figures) == []
    assert page(figures) == FIGURES.with_suffix(".md").read_text("utf-8")
