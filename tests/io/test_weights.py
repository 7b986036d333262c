"""What was not read is weighed: one long record may be most of a source."""

import io
import json
import sys
import zipfile

import polars as pl
import pytest
from reading import PACK

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import How, run_stage
from corpus_pipeline.cli import main
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers import IngestOptions, read
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan
from corpus_pipeline.products.audit.run import audit
from corpus_pipeline.products.verify.chain import verify

LINE = '{"text": "春眠不觉晓"}\n'.encode()
SMALL = IngestOptions(max_document_bytes=1000)


def lost(path, options=SMALL):
    """Reason, bytes and characters of each quarantined record, and the bytes of the input."""
    (split,) = plan([scan(discover([path])[0])], 1 << 30)
    chunks = [chunk for piece in split.pieces for chunk in read(piece, options)]
    frame = pl.concat([chunk.quarantine for chunk in chunks])
    size = sum(chunk.input_bytes + chunk.beyond for chunk in chunks)
    return frame.select("reason", "bytes", "characters").rows(), size


def test_a_long_record_weighs_what_it_is(tmp_path):
    """A text over the limit: its bytes in every format, its characters where they were read."""
    long = "长" * 400  # 1,200 bytes
    whole = tmp_path / "a.txt"
    whole.write_text(long, "utf-8")
    assert lost(whole) == ([("document_too_large", 1200, None)], 1200)
    line = json.dumps({"text": long}, ensure_ascii=False).encode()
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(line + b"\n" + LINE)
    assert lost(lines)[0] == [("document_too_large", len(line), 400)]
    table = tmp_path / "a.parquet"
    pl.DataFrame({"text": [long, "短"]}).write_parquet(table)
    assert lost(table)[0] == [("document_too_large", 1200, 400)]


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_an_archive_in_which_no_entry_is_found_weighs_all(tmp_path, name):
    """An archive of a megabyte of noise is a megabyte that was not read."""
    magic = {"a.zip": b"PK\x03\x04", "a.tar": b"x.txt".ljust(257, b"\0") + b"ustar\x0000"}[name]
    (tmp_path / name).write_bytes(magic + b"\xa5" * 1_000_000)
    rows, size = lost(tmp_path / name)

    assert sum(weight or 0 for _, weight, _ in rows) == pytest.approx(1_000_000, rel=0.1)
    assert size == pytest.approx(1_000_000, rel=0.1)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2", "xz", "lz4"])
def test_what_a_damaged_stream_keeps_back_is_weighed(tmp_path, compression):
    """Behind the last whole member nothing can be inflated: so many bytes on disk were not read."""
    pack, end = PACK[compression]
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(pack(LINE * 50) + b"\xff" * 5000)
    rows, size = lost(path)
    assert sum(weight or 0 for _, weight, _ in rows) == pytest.approx(5000, abs=64)
    assert size == pytest.approx(50 * len(LINE) + 5000, abs=64)


def test_files_and_members_that_nobody_can_open_are_weighed(tmp_path):
    """A table without a text, a Parquet without its end, an archive that was cut."""
    table = tmp_path / "a.csv"
    table.write_bytes(b"a,b\n" + b"1,2\n" * 100)
    assert lost(table) == ([("no_text", 404, None)], 404)
    data = io.BytesIO()
    pl.DataFrame({"text": ["甲"] * 100}).write_parquet(data)
    cut = tmp_path / "a.parquet"
    cut.write_bytes(data.getvalue()[:-20])
    size = cut.stat().st_size
    assert lost(cut) == ([("corrupt_parquet", size, None)], size)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.jsonl", LINE * 50)
    raw = bytearray(archive.read_bytes())
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(signature) + at] |= 1  # says that it is encrypted
    archive.write_bytes(raw)
    assert lost(archive) == ([("encrypted", 50 * len(LINE), None)], 50 * len(LINE))


def folder(tmp_path):
    """Two sources: of `long` 41 kB of some 50 are one record."""
    source = tmp_path / "in"
    for name in ("long", "fine"):
        (source / name).mkdir(parents=True)
        (source / name / "a.jsonl").write_bytes(LINE * 250)
    (source / "long" / "b.txt").write_text("长" * 14_000, "utf-8")
    return source


CONFIG = {
    "sources": [{"name": name, "match": [f"{name}/*"]} for name in ("long", "fine")],
    "ingest": {"max_document_bytes": 10_000},
}


def test_a_source_that_was_not_read_raises_an_alarm(tmp_path):
    """One record of 502, most of the bytes: counts, alarm, summary, audit and `verify` say so."""
    config = load(CONFIG, only="ingest")
    out = tmp_path / "out"
    run = run_stage(config, [str(folder(tmp_path))], out, How(), stage="ingest")
    assert run.counts["quarantined"] == 1
    assert run.damaged_share < 0.01
    size = 250 * len(LINE)
    assert run.counts["quarantined_bytes"] == 42_000
    assert run.counts["bytes_by_quarantine"] == {"ingest/document_too_large": 42_000}
    assert run.counts["unread_by_source"] == {"long": 42_000}
    assert run.counts["bytes_by_source"] == {"fine": size, "long": 42_000 + size}
    (alarm,) = run.manifest["alarms"]
    assert (alarm["alarm"], alarm["limit"]) == ("unread", 0.1)
    assert alarm["value"] == pytest.approx(42_000 / (42_000 + size), abs=1e-3)
    assert alarm["subject"].endswith("MB of long were not read")
    assert verify(out) == []
    result = next(one for one in audit(out, "house").clauses if one.clause.id == "quarantine")
    assert "of the bytes were not read" in str(result.measured)


def test_a_run_that_read_too_little_ends_with_code_3(tmp_path, monkeypatch, capsys):
    """`limits.unread_share` counts bytes as `quarantine_share` counts records."""
    source = folder(tmp_path)

    def call(*arguments):
        shown = ["corpus-pipeline", "ingest", str(source), *arguments]
        monkeypatch.setattr(sys, "argv", [*shown, "--set", "max_document_bytes=10000"])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, capsys.readouterr().err

    code, said = call("--output", str(tmp_path / "a"))
    assert code == 3
    assert "of the bytes were not read (limits.unread_share=0.1)" in said
    assert "0.0 of 0.1 MB of default were not read" in said
    code, _ = call("--output", str(tmp_path / "b"), "--set", "limits.unread_share=1")
    assert code == 0
