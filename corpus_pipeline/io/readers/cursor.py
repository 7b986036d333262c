"""A reading position in a stream of blocks and faults.

Enters: events of `io.compression`.  Leaves: bytes on demand, with their offset in the plain stream.
Reading stops before a fault until the reader has called `acknowledge`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from corpus_pipeline.io.charsets import Coding
from corpus_pipeline.io.compression import Event, Fault


class Cursor:
    """Bytes ahead of a position; `fault` is set where the stream broke."""

    def __init__(self, events: Iterator[Event]) -> None:
        """At the beginning."""
        self.events = events
        self.buffer = bytearray()
        self.position = 0  # of the first byte of the buffer
        self.fault: Fault | None = None
        self.member = -1  # offset at which the newest member began
        self.members: list[int] = []  # offsets ahead at which members begin
        self.ended = False

    def more(self) -> bool:
        """Read one block; false at the end and before a fault."""
        if self.fault is not None or self.ended:
            return False
        event = next(self.events, None)
        if event is None:
            self.ended = True
            return False
        if isinstance(event, Fault):
            self.fault = event
            return False
        if event.fresh:
            self.member = self.position + len(self.buffer)
            self.members.append(self.member)
        self.buffer += event.data
        return True

    def need(self, size: int) -> bool:
        """Whether `size` bytes lie ahead."""
        while len(self.buffer) < size:
            if not self.more():
                return False
        return True

    def take(self, size: int) -> bytes:
        """Up to `size` bytes that lie ahead, and step over them."""
        data = bytes(self.buffer[:size])
        self.drop(size)
        return data

    def drop(self, size: int) -> None:
        """Step over bytes that lie ahead."""
        size = min(size, len(self.buffer))
        del self.buffer[:size]
        self.position += size
        while self.members and self.members[0] < self.position:
            del self.members[0]

    def find(self, needle: bytes, start: int = 0, limit: int = 1 << 62) -> int:
        """Where `needle` stands ahead, reading on up to `limit` bytes; -1 if it does not."""
        while True:
            place = self.buffer.find(needle, start, limit)
            if place >= 0 or len(self.buffer) >= limit:
                return place
            start = max(start, len(self.buffer) - len(needle) + 1)
            if not self.more():
                return -1

    def acknowledge(self) -> Fault | None:
        """The fault that the stream stands before, taken away so that reading goes on."""
        fault, self.fault = self.fault, None
        return fault


class RecodedCursor(Cursor):
    """A cursor over another charset: UTF-8 lies ahead; positions and what is taken are the file's.

    A byte without a character goes through as a lone surrogate, and so comes back as it was.
    """

    def __init__(self, events: Iterator[Event], coding: Coding) -> None:
        """At the beginning."""
        super().__init__(events)
        self.codec = coding.codec
        self.errors = {1: "surrogateescape", 2: "surrogatepass"}.get(coding.unit, "replace")
        self.decoder = codecs.getincrementaldecoder(self.codec)(self.errors)

    def more(self) -> bool:
        """Read one block; false at the end and before a fault."""
        end = len(self.buffer)
        if not super().more():
            return False
        text = self.decoder.decode(bytes(self.buffer[end:]))
        self.buffer[end:] = text.encode("utf-8", self.errors)
        return True

    def take(self, size: int) -> bytes:
        """What the next `size` bytes of UTF-8 are in the file, and step over them."""
        data = self._raw(size)
        del self.buffer[:size]
        self.position += len(data)
        return data

    def drop(self, size: int) -> None:
        """Step over bytes of UTF-8 that lie ahead."""
        self.take(size)

    def _raw(self, size: int) -> bytes:
        text = self.buffer[:size].decode("utf-8", self.errors)
        return text.encode(self.codec, self.errors)
