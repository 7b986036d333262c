"""An input that is not what the scan saw: refused in one line, nothing of it committed."""

import errno
import io
import json
import os
import sys
import tarfile
import zipfile

import polars as pl
import pytest
from engine_runs import job
from engine_stages import Measure
from reading import PACK, jsonl

from corpus_pipeline.cli import main
from corpus_pipeline.engine.run import run
from corpus_pipeline.io import checked
from corpus_pipeline.io.checked import BLOCK, CheckedFile, InputChangedError
from corpus_pipeline.io.compression import Fault, Limits
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers import IngestOptions, read
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan, whole
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.tasks.local import LocalEngine


def append(path):
    with path.open("ab") as file:
        file.write(b'{"text": "new"}\n')


def truncate(path):
    os.truncate(path, path.stat().st_size // 3)


def rewrite(path):
    """Other bytes, the same size, the same time of modification."""
    times, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def delete(path):
    path.unlink()


CHANGES = [append, truncate, rewrite, delete]


def planned(path, split_bytes=1 << 30):
    return [p for s in plan([scan(i) for i in discover([path])], split_bytes) for p in s.pieces]


def sources(folder):
    """One file of each way of reading."""
    data = b"".join(jsonl(500))
    (folder / "a.jsonl").write_bytes(data)
    (folder / "b.jsonl.gz").write_bytes(PACK["gzip"][0](data))
    (folder / "c.txt").write_text("床前明月光，疑是地上霜。" * 200, "utf-8")
    (folder / "d.csv").write_text("text\n" + "春眠不觉晓\n" * 500, "utf-8")
    (folder / "e.json").write_bytes(b"[" + data.replace(b"\n", b",\n") + b"{}]")
    pl.DataFrame({"text": ["处处闻啼鸟"] * 500}).write_parquet(folder / "f.parquet")
    (folder / "g.warc").write_bytes(b"WARC/1.0\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n" * 50)
    (folder / "h.xml").write_bytes(b"<mediawiki>" + b"<page><text>x</text></page>" * 99)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_reader_refuses_a_changed_input(tmp_path, change):
    """Whatever the format: one line that names the input, and sizes where they differ."""
    for path in sources(tmp_path):
        (piece,) = planned(path)
        change(path)
        with pytest.raises(InputChangedError, match=f"input {path.name} (changed|vanished)") as got:
            list(read(piece))
        assert "\n" not in str(got.value)
        assert "bytes" in str(got.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_window_refuses_its_own_change(tmp_path, suffix):
    """A byte that changes in one window of a large file stops the windows that read its block."""
    path = tmp_path / f"a.jsonl{suffix}"
    lines = [json.dumps({"text": os.urandom(500).hex()}).encode() + b"\n" for _ in range(6000)]
    path.write_bytes(PACK["gzip" if suffix else "none"][0](b"".join(lines)))
    pieces = planned(path, 1 << 20)
    assert len(pieces) > 4
    rewrite(path)
    refused = []
    for piece in pieces:
        try:
            rows = sum(chunk.docs.height for chunk in read(piece))
            assert rows > 0
            refused.append(False)
        except InputChangedError:
            refused.append(True)
    middle = len(pieces) // 2
    assert refused[middle]
    assert not refused[0]
    assert not (refused[-1] and not suffix)  # a gzip is read from its start


def test_a_checked_file_reads_like_any_other(tmp_path):
    """Any place, any length, over the ends of blocks: the bytes of the file."""
    data = os.urandom(2 * BLOCK + 12_345)
    path = tmp_path / "a.bin.jsonl"
    path.write_bytes(data)
    seen = scan(discover([path])[0]).fingerprint
    with CheckedFile(str(path), "a", seen) as file:
        for start, size in [(0, 10), (BLOCK - 5, 10), (5, 2 * BLOCK), (len(data) - 3, 100), (9, 0)]:
            file.seek(start)
            assert file.read(size) == data[start : start + size]
            assert file.tell() == min(start + size, len(data))
        file.seek(-4, os.SEEK_END)
        assert file.read() == data[-4:]
        assert file.read() == b""


def test_a_file_that_grows_under_the_reader_is_refused(tmp_path):
    """The change comes after the first chunk: the next block, or the end, shows it."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(jsonl(2000)))
    (piece,) = planned(path)
    chunks = read(piece, IngestOptions(batch_bytes=1000))
    next(chunks)
    append(path)
    with pytest.raises(InputChangedError, match="bytes at the scan"):
        list(chunks)


def test_a_piece_that_nobody_scanned_is_read_as_it_is(tmp_path):
    """A file that is gone is a fault then, and no exception."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(jsonl(3)))
    piece = whole(discover([path])[0])
    path.unlink()
    assert [type(event) for event in events_of(piece, Limits())] == [Fault]


class ChangesInBetween(LocalEngine):
    """Changes the input when the scan is done and before the first split is read."""

    def __init__(self, act):
        self.act = act

    def run(self, tasks, *arguments):
        if tasks and tasks[0].name.startswith("local/"):
            self.act()
        return super().run(tasks, *arguments)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_run_commits_nothing_of_a_changed_input(tmp_path, change):
    """No part, no marker of the split, no manifest, no temporary file."""
    source = tmp_path / "a.jsonl"
    source.write_bytes(b"".join(jsonl(300)))
    engine = ChangesInBetween(lambda: change(source))
    with pytest.raises(InputChangedError):
        run(job(source, tmp_path / "out", Measure, split_bytes=1 << 30), engine)
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".parquet"]
    assert not [path for path in left if path.name.startswith(("manifest", "split-", ".tmp-"))]


def call(monkeypatch, *arguments):
    """The exit code of the command line, in this process."""
    monkeypatch.setattr(sys, "argv", ["corpus-pipeline", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


@pytest.mark.parametrize("change", [append, truncate, delete], ids=lambda change: change.__name__)
def test_the_command_line_says_it_in_one_line(tmp_path, change, monkeypatch, capsys):
    """Exit code 2, no traceback, no manifest; the same command with --overwrite goes through."""
    source = tmp_path / "in" / "a.jsonl"
    source.parent.mkdir()
    source.write_bytes(b"".join(jsonl(300)))
    (source.parent / "b.jsonl").write_bytes(b"".join(jsonl(10)))
    attempt = LocalEngine.attempt

    def changing(self, tasks):
        if tasks and tasks[0].name.startswith("local/"):
            change(source)
        return attempt(self, tasks)

    out = tmp_path / "out"
    command = ["ingest", source.parent, "--output", out, "--engine", "local"]
    monkeypatch.setattr(LocalEngine, "attempt", changing)
    assert call(monkeypatch, *command) == 2
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert sum("while the run was reading" in line for line in errors.splitlines()) == 1
    assert not (out / "manifest.json").exists()
    monkeypatch.setattr(LocalEngine, "attempt", attempt)
    assert call(monkeypatch, *command, "--overwrite") == 0
    assert call(monkeypatch, "verify", out, "--inputs", source.parent) == 0


def packed(folder):
    """Archives and dumps of more than a block, so that a reader is in the middle of them."""
    noise = [json.dumps({"text": os.urandom(500).hex()}).encode() + b"\n" for _ in range(4000)]
    data = b"".join(noise)
    page = b"<page><ns>0</ns><title>t</title><text>" + b"x" * 4000 + b"</text></page>"
    record = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 4000\r\n\r\n" + b"y" * 4000
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for number in range(8):
            archive.writestr(f"{number}.jsonl", data[: 500 << 10])
    with tarfile.open(folder / "b.tar", "w") as archive:
        for number in range(8):
            entry = tarfile.TarInfo(f"{number}.jsonl")
            entry.size = 500 << 10
            archive.addfile(entry, io.BytesIO(data))
    (folder / "c.jsonl").write_bytes(data)
    (folder / "d.jsonl.gz").write_bytes(PACK["gzip"][0](data))
    (folder / "e.xml").write_bytes(b"<mediawiki>" + page * 900)
    (folder / "f.warc").write_bytes((record + b"\r\n\r\n") * 900)
    (folder / "g.csv").write_bytes(b"text\n" + b"z" * 4000 + b"\n" + (b"z" * 4000 + b"\n") * 900)
    (folder / "h.json").write_bytes(b"[" + data.replace(b"\n", b",\n") + b"{}]")
    table = pl.DataFrame({"text": [line.decode() for line in noise]})
    table.write_parquet(folder / "i.parquet", row_group_size=200)
    return sorted(folder.iterdir())


def last_byte(path):
    """Other bytes at the end, the same size."""
    with path.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(b"?" * 4)


@pytest.mark.parametrize("change", [append, truncate, last_byte], ids=lambda one: one.__name__)
def test_a_change_behind_the_reader_is_refused(tmp_path, change):
    """The first chunk is read, then the file changes: what follows is refused, in every format."""
    options = IngestOptions(batch_bytes=100_000)
    for path in packed(tmp_path):
        (piece,) = planned(path)
        chunks = read(piece, options)
        next(chunks)
        change(path)
        with pytest.raises(InputChangedError, match=f"input {path.name} changed"):
            list(chunks)


def test_a_file_that_cannot_be_read_any_more_is_no_damage(tmp_path, monkeypatch):
    """The scan read it: an error of the disk or the net stops the run, and quarantines nothing."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(jsonl(300)))
    (piece,) = planned(path)

    def gone(_path):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(checked, "opened", gone)
    with pytest.raises(InputChangedError, match="could be read at the scan and cannot be now"):
        list(read(piece))


class ChangesWhileReading(LocalEngine):
    """Lets a writer go on while splits are read: the input grows with every split."""

    def __init__(self, path):
        self.path = path

    def attempt(self, tasks):
        for task in tasks:
            if task.name.startswith("local/"):
                append(self.path)
            yield from super().attempt([task])


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_a_log_that_is_still_written_is_refused(tmp_path, folder):
    """It grows all the time of the run: no split of it is committed, a retry does not help."""
    source = tmp_path / "in" / "a.jsonl"
    source.parent.mkdir()
    source.write_bytes(b"".join(jsonl(3000)))
    (source.parent / "b.jsonl").write_bytes(b"".join(jsonl(10)))
    root, given = tmp_path / "out", source.parent if folder else source
    for _ in range(2):
        with pytest.raises(PipelineError, match=r"changed while|holds another run"):
            run(job(given, root, Measure), ChangesWhileReading(source))
        assert not (root / "manifest.json").exists()


def test_files_that_come_into_a_folder_are_no_part_of_the_run(tmp_path):
    """A run is of what was there at the listing, and its manifest says what that was."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.jsonl").write_bytes(b"".join(jsonl(30)))
    engine = ChangesInBetween(lambda: (source / "b.jsonl").write_bytes(b"".join(jsonl(3))))
    content = run(job(source, tmp_path / "out", Measure), engine)
    assert [entry["locator"] for entry in content["inputs"]] == ["a.jsonl"]
    assert content["counts"]["read"] == 30
    assert verify(tmp_path / "out", inputs=source) == []
