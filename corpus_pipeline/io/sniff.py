"""What a file is: by its content first, by its name second.

Enters: an open file and its name.  Leaves: a `Kind` (format, compression), or the reason why the
file is no input.  Refuses: to read more than the beginning.
"""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, Final, NamedTuple

import orjson

from corpus_pipeline.io.compression import Block, Limits, events
from corpus_pipeline.io.decoders import MAGIC

PEEK: Final = 1 << 16
FORMATS: Final = ("jsonl", "json", "parquet", "text", "html", "warc", "csv", "tsv", "wikixml")
SUFFIXES: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".shtml": "html",
    ".warc": "warc",
    ".wet": "warc",
    ".arc": "warc",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xml": "wikixml",
}
PACKED: Final = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bz2",
    ".xz": "xz",
    ".lz4": "lz4",
}
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta)[\s>]", re.IGNORECASE)
_FIRST: Final = ((b"PAR1", "parquet"), (b"WARC/", "warc"), (b"filedesc://", "warc"))
_NO_INPUT: Final = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
)


class Kind(NamedTuple):
    """What a reader is chosen by."""

    format: str
    compression: str


def sniff(raw: BinaryIO, name: str) -> Kind | str:
    """The kind of a file, or why it is none."""
    head = raw.read(PEEK)
    stem, packed = _unpacked_name(name.lower())
    compression = _compression(head) or (packed if not _format(head) else "none")
    plain = head
    if compression != "none":
        raw.seek(0)
        plain = _beginning(raw, compression)
    if plain[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    for magic, what in _NO_INPUT:
        if plain.startswith(magic):
            return what
    by_name = next((SUFFIXES[end] for end in SUFFIXES if stem.endswith(end)), "")
    if by_name == "wikixml" and plain and not _format(plain):
        return "an XML file, but no MediaWiki dump"
    chosen = _format(plain) or by_name
    if chosen == "jsonl" and stem.endswith(".json") and not _is_json_line(plain.lstrip()):
        chosen = "json"  # one object over several lines
    if chosen == "html" and by_name in {"csv", "tsv"}:
        chosen = by_name  # a table of pages may well have one in its first cell
    if chosen:
        return Kind(chosen, compression)
    if not plain:
        return Kind("text", compression)
    return "neither its content nor its name says what it is"


def _unpacked_name(name: str) -> tuple[str, str]:
    for end, compression in PACKED.items():
        if name.endswith(end):
            return name.removesuffix(end), compression
    return name, "none"


def _compression(head: bytes) -> str:
    for name, magic in MAGIC.items():
        if head.startswith(magic):
            return name
    # A zstd file may begin with a skippable frame (the dictionary of a .warc.zst).
    return "zstd" if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50 else ""


def _beginning(raw: BinaryIO, compression: str) -> bytes:
    plain = b""
    for event in events(raw, compression, Limits()):
        if isinstance(event, Block):
            plain += event.data
        if len(plain) >= PEEK:
            break
    return plain[:PEEK]


def _format(head: bytes) -> str:
    """The format that the first bytes show, or nothing."""
    for magic, name in _FIRST:
        if head.startswith(magic):
            return name
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head[: len(head) & ~1].decode("utf-16", "replace").encode("utf-8", "replace")
    body = head.removeprefix(codecs.BOM_UTF8).lstrip()
    start = body[:4096].lower()
    if start.startswith((b"<mediawiki", b"<?xml")) and b"<mediawiki" in start:
        return "wikixml"
    if start.startswith(b"<") and _HTML.search(start):
        return "html"
    if body.startswith(b"{") and _is_json_line(body):
        return "jsonl"
    return "json" if re.match(rb"\[\s*\{\s*\"", body) else ""


def _is_json_line(body: bytes) -> bool:
    line, newline, _ = body.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    if not newline and len(body) >= PEEK - 4:
        return re.match(rb"\{\s*\"", line) is not None
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
