"""Reading files in tests as the pipeline reads them."""

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any, NamedTuple

import lz4.frame
import orjson
import polars as pl
import zstandard

from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers import IngestOptions, read
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan
from corpus_pipeline.model import DOCUMENT, PAYLOAD, QUARANTINE, VERDICT, empty

PACK = {
    "none": (lambda data: data, ""),
    "gzip": (lambda data: gzip.compress(data, 6, mtime=0), ".gz"),
    "zstd": (lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data), ".zst"),
    "bz2": (bz2.compress, ".bz2"),
    "xz": (lzma.compress, ".xz"),
    "lz4": (lambda data: lz4.frame.compress(data, content_checksum=True), ".lz4"),
}


class Found(NamedTuple):
    docs: pl.DataFrame
    bad: pl.DataFrame
    chunks: list[Any]

    @property
    def texts(self) -> list[str]:
        return self.docs.get_column("text").to_list()

    @property
    def reasons(self) -> list[str]:
        return self.bad.get_column("reason").to_list()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return self.docs.select("id", "text").rows()


def read_all(*paths: Path | str, split_bytes: int = 1 << 40, **options: Any) -> Found:
    """Discover, scan, plan and read; the chunks' schemas are checked on the way."""
    chosen = IngestOptions(**options)
    scanned = [scan(one, chosen.limits, chosen.text_mode) for one in discover(list(paths))]
    chunks = [
        chunk
        for split in plan(scanned, split_bytes, chosen.text_mode)
        for piece in split.pieces
        for chunk in read(piece, chosen)
    ]
    for chunk in chunks:
        assert chunk.quarantine.schema == dict(QUARANTINE)
    docs = [chunk.docs for chunk in chunks] or [empty({**DOCUMENT, **VERDICT, **PAYLOAD})]
    bad = [chunk.quarantine for chunk in chunks] or [empty(QUARANTINE)]
    return Found(pl.concat(docs), pl.concat(bad), chunks)


def jsonl(rows: int, start: int = 0) -> list[bytes]:
    """Lines of a JSONL with texts of different lengths."""
    return [
        orjson.dumps({"id": i, "text": f"第{i}篇。" + "春眠不觉晓，处处闻啼鸟。" * (i % 7)}) + b"\n"
        for i in range(start, start + rows)
    ]


def warc_record(number: int, body: bytes = b"", **changes: Any) -> bytes:
    """One response record, number and all."""
    page = body or f"<html><body>第{number}页 {'正文' * (number % 50)}</body></html>".encode()
    head = changes.get("http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")
    content = head + page
    length = changes.get("length", len(content))
    kind = changes.get("kind", "response")
    of = changes.get("content_type", "application/http; msgtype=response")
    warc = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
        f"WARC-Target-URI: http://example.com/{number}\r\nWARC-Date: 2024-05-01T00:00:00Z\r\n"
        f"Content-Type: {of}\r\nContent-Length: {length}\r\n\r\n"
    )
    return warc.encode() + content + b"\r\n\r\n"
