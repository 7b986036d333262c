"""The header of a WARC or ARC record, and how to find the next one.

Enters: bytes ahead of a cursor.  Leaves: a `Head`, or the place where the next record begins.
Refuses: a record whose header gives no length.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from corpus_pipeline.io.readers.cursor import Cursor
from corpus_pipeline.io.readers.http_message import headers_of

#: Headers of real crawls have about 1 KiB; a URL may have 64.
MAX_HEAD: Final = 1 << 18
_END: Final = re.compile(rb"\r?\n\r?\n")
_ARC: Final = re.compile(
    rb"([a-z][a-z0-9+.-]{1,20}:[^\n]{0,65536}?) ([0-9a-fA-F.:]{2,45}) (\d{14}) "
    rb"(?:([^\n ]*) (?:[^\n]{0,2000} )?)?(\d{1,15})\r?\n"
)
NEXT: Final = re.compile(
    rb"(?<=\n)WARC/[01]\.\d{1,2}\r?\n|(?<=\n)(?:https?|ftp|dns|filedesc):[^\n]{1,4096}? "
    rb"[0-9a-fA-F.:]{2,45} \d{14} (?:[^\n ]* (?:[^\n]{0,200} )?)?\d{1,15}\r?\n"
)
#: What stands between records: separators, padding, the byte order mark of a file that was joined.
BLANK: Final = re.compile(rb"(?:[\r\n\0 ]|\xef\xbb\xbf)+")
#: Bytes of blank that are held while a record is looked for behind them.
MOST_BLANK: Final = 1 << 20
#: The longest tail in which a marker may be cut in two.
MARKER: Final = 4096 + 256


class Head(NamedTuple):
    """What a record says of itself."""

    kind: str  # response, resource, conversion, … ; for ARC: arc, or filedesc
    headers: dict[str, str]
    size: int  # of the header
    length: int  # of the content


def head_of(cursor: Cursor) -> Head | None:
    """The header ahead, not yet stepped over; none if there is no valid one."""
    cursor.need(5)
    if cursor.buffer.startswith(b"WARC/"):
        return _warc_head(cursor)
    cursor.find(b"\n", 0, MAX_HEAD)
    arc = _ARC.match(cursor.buffer)
    if arc is None:
        return None
    url, _, date, mime, length = arc.groups()
    headers = {
        "warc-target-uri": url.decode("utf-8", "replace"),
        "warc-date": _iso(date.decode()),
        "content-type": (mime or b"").decode("latin-1"),
    }
    kind = "filedesc" if url.startswith(b"filedesc:") else "arc"
    return Head(kind, headers, arc.end(), int(length))


def _warc_head(cursor: Cursor) -> Head | None:
    while True:
        # No header holds the first line of another: a file full of them is looked through once.
        another = cursor.buffer.find(b"\nWARC/", 5, MAX_HEAD)
        end = _END.search(cursor.buffer, 0, MAX_HEAD if another < 0 else another + 1)
        if end is not None:
            break
        if another >= 0 or len(cursor.buffer) >= MAX_HEAD or not cursor.more():
            return None
    head = bytes(cursor.buffer[: end.start()])
    headers = headers_of(head.partition(b"\n")[2])
    if "warc-target-uri" in headers:
        headers["warc-target-uri"] = headers["warc-target-uri"].strip("<>")  # as wget wrote it
    length = headers.get("content-length", "")
    if not re.fullmatch(r"\d{1,15}", length, re.ASCII):
        return None
    return Head(headers.get("warc-type", "").lower(), headers, end.end(), int(length))


def _iso(date: str) -> str:
    y, mo, d, h, mi, s = date[:4], date[4:6], date[6:8], date[8:10], date[10:12], date[12:14]
    return f"{y}-{mo}-{d}T{h}:{mi}:{s}Z"


def begins_record(cursor: Cursor, at: int) -> bool:
    """Whether blank bytes and then a record, the end or a fault follow `at` bytes ahead."""
    most = at + MOST_BLANK
    while cursor.need(at + 1) and (blank := BLANK.match(cursor.buffer, at)) is not None:
        at = blank.end()
        if at > most:
            return True  # a hole in the file, and no sign of a wrong length
    if not cursor.need(at + 1):
        return True
    cursor.need(at + 5)
    cursor.find(b"\n", at, at + MAX_HEAD)
    return starts_record(cursor, at)


def starts_record(cursor: Cursor, at: int) -> bool:
    """Whether the first line of a record stands `at` bytes ahead, as far as they are read."""
    return cursor.buffer.startswith(b"WARC/", at) or _ARC.match(cursor.buffer, at) is not None


def is_closed(cursor: Cursor, at: int) -> bool:
    """Whether the separator that ends a record stands `at` bytes ahead."""
    cursor.need(at + 4)
    return cursor.buffer.startswith((b"\r\n\r\n", b"\n"), at)


def member_within(cursor: Cursor, start: int, end: int) -> int:
    """Where a compressed member that is a record begins between two places ahead; -1 = nowhere."""
    for member in cursor.members:
        at = member - cursor.position
        if start <= at < end and starts_record(cursor, at):
            return at
    return -1


def next_record(cursor: Cursor, start: int, end: int) -> int:
    """Where another record begins between two places ahead; -1 if none does."""
    member = member_within(cursor, start, end)
    if member >= 0:
        return member
    match = NEXT.search(cursor.buffer, start, min(end + MARKER, len(cursor.buffer)))
    return match.start() if match and match.start() < end else -1
