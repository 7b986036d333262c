"""The lines of a piece, whatever it is compressed with, wherever it is cut and what ends a line.

Enters: a piece with a byte range.  Leaves: a `Line` for each line that starts in the range, and a
`Broken` for a line that is too long or that the damage of the stream tore.  A line belongs to the
one range in which it starts; of a line over the limit only the digest is kept.  Lines are bytes of
the file, in its own charset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from corpus_pipeline.io.charsets import UTF8, Coding
from corpus_pipeline.io.compression import Entry, Event, Fault
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.io.readers.base import Broken, IngestOptions, too_large
from corpus_pipeline.io.readers.held import window
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece


class Line(NamedTuple):
    """A line without its newline; `torn` says that the stream broke just before it."""

    offset: int
    data: bytes
    torn: bool = False


def lines(piece: Piece, options: IngestOptions, limit: int) -> Iterator[Line | Broken]:
    """The lines that start in the piece, in order."""
    cutter = _Cutter(piece.start, piece.end, limit, options.coding(piece.coding))
    if piece.compression == "none":
        # One byte more than the range: only the newline before it says whether a line starts there.
        at = max(piece.start - 1, 0)
        yield from cutter.run(events_of(piece, options.limits, Entry(at, at)), at)
    elif piece.start == 0 and piece.end is None:
        yield from cutter.run(events_of(piece, options.limits), 0)
    else:
        events, begin = window(piece, options.limits)
        with closing(events):
            yield from cutter.run(events, begin)


def cut(events: Iterable[Event], limit: int, coding: Coding = UTF8) -> Iterator[Line | Broken]:
    """All lines of a stream."""
    return _Cutter(0, None, limit, coding).run(events, 0)


class _Cutter:
    def __init__(self, start: int, end: int | None, limit: int, coding: Coding) -> None:
        self.start, self.limit, self.coding, self.unit = start, limit, coding, coding.unit
        self.odd = b""  # of a code unit that a block has halved
        self.end = float("inf") if end is None else end
        self.skipping = start > 0
        self.torn = False
        self._new_line(0)

    def _new_line(self, offset: int) -> None:
        self.offset = offset
        self.parts: list[bytes] = []
        self.size = 0
        self.digest: Any = None  # of a line too long to be held

    def run(self, events: Iterable[Event], position: int) -> Iterator[Line | Broken]:
        """Events from `position` on → lines."""
        self._new_line(position)
        for event in events:
            if isinstance(event, Fault):
                yield from self._broken(event, position)
                self._new_line(position)
                self.odd = b""
                self.skipping, self.torn = position < self.start, True
            else:
                data = self._skipped(self._aligned(event.data), position)
                position += len(event.data)
                if data:
                    yield from self._cut(data)
            if not self.skipping and self.offset >= self.end:
                return
        if (self.size or self.odd) and not self.skipping:
            yield self._line(self.odd)

    def _aligned(self, data: bytes) -> bytes:
        """A block with the mark that ends a line as LF, and of whole code units."""
        if self.unit == 1:
            return data if self.coding.ends == "lf" else data.replace(b"\r", b"\n")
        data = self.odd + data
        whole = len(data) - len(data) % self.unit
        self.odd = data[whole:]
        return data[:whole]

    def _parts(self, data: bytes) -> list[bytes]:
        """What lies between the marks that end a line; a wide mark counts where a unit begins."""
        if self.unit == 1:
            return data.split(b"\n")
        mark = self.coding.newline
        dtype = np.dtype(f"u{self.unit}")
        ends = np.flatnonzero(np.frombuffer(data, dtype) == np.frombuffer(mark, dtype)[0])
        starts = [0, *((ends + 1) * self.unit).tolist()]
        stops = [*(ends * self.unit).tolist(), len(data)]
        return [data[a:b] for a, b in zip(starts, stops, strict=True)]

    def _skipped(self, data: bytes, position: int) -> bytes:
        """What of a block belongs to lines that start in the range."""
        if not self.skipping:
            return data
        newline = data.find(b"\n", max(self.start - 1 - position, 0))
        if newline < 0 or position + len(data) < self.start:
            return b""
        self.skipping, self.torn = False, False
        self._new_line(position + newline + 1)
        return data[newline + 1 :]

    def _cut(self, data: bytes) -> Iterator[Line | Broken]:
        if self.offset >= self.end:
            return
        first, *rest = self._parts(data)
        if not rest:
            self._hold(first)
            return
        yield self._line(first)
        last = rest.pop()
        offset = self.offset
        for part in rest:
            if offset >= self.end:
                break
            size = len(part)
            if size > self.limit:
                yield self._too_long(offset, size, hashlib.sha256(part).hexdigest())
            else:
                yield Line(offset, part)
            offset += size + self.unit
        self._new_line(offset)
        self._hold(last)

    def _hold(self, data: bytes) -> None:
        self.size += len(data)
        if self.digest is None and self.size > self.limit:
            self.digest = hashlib.sha256(b"".join(self.parts))
            self.parts = []
        if self.digest is not None:
            self.digest.update(data)
        elif data:
            self.parts.append(data)

    def _line(self, tail: bytes) -> Line | Broken:
        """The line that ends with `tail`; the next one starts after its newline."""
        self._hold(tail)
        offset, size, torn = self.offset, self.size, self.torn
        whole = b"".join(self.parts)
        digest = self.digest.hexdigest() if self.digest is not None else ""
        self.torn = False
        self._new_line(offset + size + self.unit)
        return self._too_long(offset, size, digest) if digest else Line(offset, whole, torn)

    def _too_long(self, offset: int, size: int, digest: str) -> Broken:
        detail = too_large(size, self.limit)
        return Broken(offset, offset + size, "document_too_large", detail, digest)

    def _broken(self, fault: Fault, position: int) -> Iterator[Broken]:
        """The fault, if the line that it tore starts in the range."""
        if self.skipping or self.offset >= self.end:
            return
        digest = None
        if self.size:
            torn = self.digest
            digest = torn.hexdigest() if torn else digest_of(b"".join(self.parts))
        yield Broken(self.offset, position, fault.reason, fault.detail, digest, fault.lost)
