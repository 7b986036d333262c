"""What a file is: by its content first, by its name second.

Enters: an open file and its name.  Leaves: a `Kind` (format, compression), or the reason why the
file is no input.  What is no binary file is a text, whatever its name.
Refuses: to read more than the beginning.
"""

from __future__ import annotations

from typing import BinaryIO, Final, NamedTuple

from corpus_pipeline.io.charsets import charset_of, costs, is_text
from corpus_pipeline.io.compression import Block, Limits, events
from corpus_pipeline.io.decoders import MAGIC
from corpus_pipeline.io.formats import PEEK, TEXT, by_content, by_suffix
from corpus_pipeline.io.signatures import kind_of
from corpus_pipeline.text.charset.decode import UNREADABLE, decode
from corpus_pipeline.text.charset.detect import detect

PACKED: Final = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bz2",
    ".xz": "xz",
    ".lz4": "lz4",
}
#: One suffix that means two.
_TAR_PACKED: Final = {
    ".tgz": ".gz",
    ".tbz": ".bz2",
    ".tbz2": ".bz2",
    ".txz": ".xz",
    ".tzst": ".zst",
}


#: Share of NULs above which what is no UTF-16 is no text: of 1,500 files of a Python installation
#: two of 591 compiled ones were taken for text without it.
MOST_NULS: Final = 0.002


class Kind(NamedTuple):
    """What a reader is chosen by."""

    format: str
    compression: str


def sniff(raw: BinaryIO, name: str) -> Kind | str:
    """The kind of a file, or why it is none."""
    head = raw.read(PEEK)
    stem, packed = _unpacked_name(name.lower())
    begins = by_content(head)
    compression = _compression(head) or packed
    if compression == packed != "none" and not _compression(head) and _is_plain(head):
        compression = "none"
    plain = head
    if compression != "none":
        raw.seek(0)
        plain = _beginning(raw, compression)
    known = kind_of(plain, stem)
    if known:
        return known
    readable, by_name = _readable(plain), by_suffix(stem)
    by_bytes = begins if readable is head else by_content(readable)
    if by_name is not None and plain and by_bytes is None and by_name.suffix_alone:
        return by_name.suffix_alone
    if by_bytes is not None and by_name is not None and by_bytes.name in by_name.looks_like:
        by_bytes = by_name
    chosen = by_bytes or by_name or (TEXT if _is_text(plain) else None)
    if chosen is None:
        return "binary, and of no known kind"
    return Kind(chosen.name, compression)


def _is_plain(head: bytes) -> bool:
    """Whether a file without the mark of a compression is not packed, whatever its name says."""
    return bool(head) and (by_content(head) is not None or _is_text(head))


def _readable(head: bytes) -> bytes:
    """The beginning in UTF-8, where it may be of a format that is read as characters."""
    begins = head.lstrip()[:1] in (b"{", b"[", b"<")
    if not (begins or b"\0" in head[:4096]) or (head.isascii() and b"\0" not in head):
        return head
    charset = charset_of(head)
    if charset == "utf-8" or not is_text(head, charset):
        return head
    return decode(head, charset)[0].encode("utf-8", "replace")


def _is_text(head: bytes) -> bool:
    """Whether a file that nothing else is known of is a text, in whatever charset."""
    head = head.rstrip(b"\0")  # a crash leaves them at the end of a file
    if head.isascii() and b"\0" not in head:
        return is_text(head, "utf-8")
    found = detect(head, None, costs()).name
    if head.count(0) > MOST_NULS * len(head) and not found.startswith(("utf-16", "utf-32")):
        return False
    return found in UNREADABLE or is_text(head, found)  # `decode` says why it drops the unreadable


def _unpacked_name(name: str) -> tuple[str, str]:
    end = name[name.rfind(".") :]
    if end in _TAR_PACKED:
        return name.removesuffix(end) + ".tar", PACKED[_TAR_PACKED[end]]
    return (name.removesuffix(end), PACKED[end]) if end in PACKED else (name, "none")


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
