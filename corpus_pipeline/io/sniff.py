"""What a file is: by its content first, by its name second.

Enters: an open file and its name.  Leaves: a `Kind` (format, compression), or the reason why the
file is no input.  Refuses: to read more than the beginning.
"""

from __future__ import annotations

from typing import BinaryIO, Final, NamedTuple

from corpus_pipeline.io.compression import Block, Limits, events
from corpus_pipeline.io.decoders import MAGIC
from corpus_pipeline.io.formats import EMPTY, PEEK, by_content, by_suffix

PACKED: Final = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bz2",
    ".xz": "xz",
    ".lz4": "lz4",
}
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
    compression = _compression(head) or ("none" if by_content(head) else packed)
    plain = head
    if compression != "none":
        raw.seek(0)
        plain = _beginning(raw, compression)
    if plain[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    for magic, description in _NO_INPUT:
        if plain.startswith(magic):
            return description
    by_bytes, by_name = by_content(plain), by_suffix(stem)
    if by_name is not None and plain and by_bytes is None and by_name.suffix_alone:
        return by_name.suffix_alone
    if by_bytes is not None and by_name is not None and by_bytes.name in by_name.looks_like:
        by_bytes = by_name
    chosen = by_bytes or by_name or (None if plain else EMPTY)
    if chosen is None:
        return "neither its content nor its name says what it is"
    return Kind(chosen.name, compression)


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
