"""JSON that is no JSON lines: an array of objects, or objects over several lines.

Enters: a whole file, in any charset.  Leaves: one document or one quarantine record for each object
at the top.
Refuses: to hold more than one object, and to be split (use JSON lines for large files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from corpus_pipeline.io.charsets import Coding
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    IngestOptions,
    too_large,
)
from corpus_pipeline.io.readers.cursor import Cursor, RecodedCursor
from corpus_pipeline.io.readers.fields import Picker
from corpus_pipeline.io.readers.jsonl import BadRecordError, parsed, text_of
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk

#: A string cannot hold a newline: a lost quote costs a line, not the rest of the file.
#: Possessive, and it matches whatever ends the string: no byte is looked at twice.
_TOKEN: Final = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+("|\n|\\?\Z|\\\n)|[{}]')
#: An object without strings and objects in it.
_FLAT: Final = re.compile(rb'\{[^{}"]*+\}')
#: What may stand between objects, a byte order mark included.
_PUNCTUATION: Final = b" \t\r\n,[]\0\xef\xbb\xbf"
#: Bytes before an object in which its line begins, if it is the first on it.
MOST_INDENT: Final = 256
_BRACE: Final = re.compile(rb"[{}]")


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The objects of a file."""
    build, picker = ChunkBuilder(piece, options), Picker(options.fields)
    coding, events = options.coding(piece.coding), events_of(piece, options.limits)
    cursor = Cursor(events) if coding.charset == "utf-8" else RecodedCursor(events, coding)
    biggest = options.max_document_bytes
    limit = 2 * biggest + (1 << 20)
    between, siblings = _Between(cursor, build), _Siblings(cursor, limit)
    while between.to_object(siblings):
        start, size = cursor.position, _object_size(cursor, limit, siblings.next())
        if not size and cursor.fault is None and siblings.begin(between.indent):
            size = _object_size(cursor, limit, siblings.next())
        taken = size or len(cursor.buffer)
        data = cursor.take(taken)
        siblings.step(taken)
        if size and build.refuse_again(start, data):
            if build.full:
                yield build.take(cursor.position)
            continue
        try:
            text = text_of(row := _row(data, cursor, limit, size, coding), picker, biggest)
        except BadRecordError as bad:
            build.refuse(start, data, bad.reason, bad.detail, bad.characters)
        else:
            build.add(picker.row(row, text, build.at(start), piece.license), len(data))
        if build.full:
            yield build.take(cursor.position)
    if build.any:
        yield build.take(cursor.position)


def _row(data: bytes, cursor: Cursor, limit: int, size: int, coding: Coding) -> dict[str, Any]:
    """The object of these bytes, or why there is none."""
    fault = None if size else cursor.acknowledge()
    if fault is not None:
        raise BadRecordError(fault.reason, fault.detail)
    if len(data) >= limit:
        raise BadRecordError("document_too_large", too_large(len(data), limit))
    return parsed(data, coding.charset)


class _Between:
    """What stands between objects: stepped over, and told of where it is more than punctuation."""

    def __init__(self, cursor: Cursor, build: ChunkBuilder) -> None:
        self.cursor, self.build = cursor, build
        self.indent: bytes | None = None  # blanks before the object, if it is the first on its line

    def to_object(self, siblings: _Siblings) -> bool:
        """Go to the next opening brace; false at the end."""
        cursor, last, stray, first, torn = self.cursor, b"", 0, 0, False
        if cursor.buffer.startswith(b",{"):  # what stands between most objects
            self.indent = None
            cursor.drop(1)
            siblings.step(1)
            return True
        while True:
            place = cursor.buffer.find(b"{")
            gap = bytes(cursor.buffer[: place if place >= 0 else len(cursor.buffer)])
            if not torn and (rest := len(gap.translate(None, _PUNCTUATION))):
                first, stray = (cursor.position if not stray else first), stray + rest
            last = (last + gap)[-MOST_INDENT:]
            cursor.drop(len(gap))
            siblings.step(len(gap))
            if place >= 0 or not cursor.more():
                fault = None if place >= 0 else cursor.acknowledge()
                if fault is None:
                    self._tell(first, stray)
                    line = last[last.rfind(b"\n") + 1 :].lstrip(b"[")
                    self.indent = line if not line.strip(b" \t") else None
                    return place >= 0
                torn = True  # the rest of a torn object is told of by the fault
                at = cursor.position
                self.build.quarantine(Broken(at, at, fault.reason, fault.detail, beyond=fault.lost))

    def _tell(self, first: int, stray: int) -> None:
        if stray:
            detail = f"{stray} bytes that belong to no object"
            self.build.quarantine(Broken(first, self.cursor.position, "bad_json", detail))


class _Siblings:
    """The lines ahead that begin as the line of an object did that nothing closes.

    From such an object on, one ends at the latest where the next of these lines begins.  No byte is
    looked at twice.
    """

    def __init__(self, cursor: Cursor, limit: int) -> None:
        self.cursor, self.limit = cursor, limit
        self.pattern: re.Pattern[bytes] | None = None
        self.ahead, self.looked = 0, 0  # bytes to the next of them (0: not known), bytes looked at

    def begin(self, indent: bytes | None) -> bool:
        """Look for lines that begin so, from now on; whether that is something new."""
        if self.pattern is not None or indent is None:
            return False
        self.pattern = re.compile(rb"\n" + indent + rb"(?=\{)")
        return True

    def step(self, size: int) -> None:
        """The cursor goes on by so many bytes."""
        if self.looked:
            self.ahead, self.looked = max(self.ahead - size, 0), max(self.looked - size, 0)

    def next(self) -> int | None:
        """How far ahead the next one begins."""
        if self.pattern is None:
            return None
        while not self.ahead:
            match = self.pattern.search(self.cursor.buffer, self.looked)
            if match is not None:
                self.ahead = self.looked = match.start() + 1
                break
            self.looked = max(len(self.cursor.buffer) - MOST_INDENT, self.looked)
            if len(self.cursor.buffer) >= self.limit or not self.cursor.more():
                return None
        return self.ahead


def _object_size(cursor: Cursor, limit: int, stop: int | None) -> int:
    """The bytes up to the brace that closes the object ahead; 0 if none does.

    Where it is open `stop` bytes ahead, that.
    """
    if flat := _FLAT.match(cursor.buffer):
        return flat.end()
    depth, at = 0, 0
    while True:
        for token in _TOKEN.finditer(cursor.buffer, at, stop or len(cursor.buffer)):
            end = token[1]
            if end == b'"':
                at = token.end()
                continue
            if end is not None and not end.endswith(b"\n"):
                break  # the string goes on in the next block
            # A brace, or the rest of a line after a quote that nothing closes: its braces count.
            for brace in _BRACE.finditer(cursor.buffer, token.start(), token.end()):
                depth += 1 if brace[0] == b"{" else -1
                if not depth:
                    return brace.end()
            at = token.end()
        if stop:
            return stop
        if len(cursor.buffer) >= limit or not cursor.more():
            return 0
