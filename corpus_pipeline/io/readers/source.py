"""The bytes of a piece, as blocks and faults, compared with what the scan read.

Enters: a piece.  Leaves: events of its plain bytes.  Raises `InputChangedError` where the input is
no longer the scanned one; a piece without a fingerprint is read as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from corpus_pipeline.io.archives.member import Budget
from corpus_pipeline.io.checked import open_checked
from corpus_pipeline.io.compression import BEGINNING, Block, Entry, Event, Fault, Limits, events
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Reason


def open_piece(piece: Piece) -> BinaryIO:
    """The file of a piece, or what it is as a member of an archive."""
    if piece.member is not None:
        return piece.member.file
    return open_checked(piece.path, piece.locator, piece.fingerprint)


def events_of(piece: Piece, limits: Limits, entry: Entry = BEGINNING) -> Iterator[Event]:
    """The blocks and faults of a piece's file from `entry` on."""
    try:
        with open_piece(piece) as raw:
            for event in events(raw, piece.compression, limits, entry):
                if piece.member is not None and piece.compression != "none":
                    _charge(piece.member.budget, event)
                yield event
    except OSError as error:  # while opening: a running stream reports its own
        reason: Reason = getattr(error, "reason", "unreadable")
        yield Fault(reason, error.strerror or str(error), 0)


def _charge(budget: Budget, event: Event) -> None:
    """What a compressed member gives counts as what the archive gives."""
    if isinstance(event, Block):
        budget.charge(len(event.data))


def size_of(piece: Piece) -> int:
    """The bytes of the file of a piece, as it lies on disk."""
    if piece.member is not None:
        return 0  # nobody knows before it is read
    return piece.fingerprint.size if piece.fingerprint else place(piece.path).stat().st_size


class Plain:
    """The plain bytes of a piece as a stream, up to the first fault."""

    def __init__(self, events: Iterator[Event]) -> None:
        """At the beginning."""
        self._events = events
        self.fault: Fault | None = None
        self.given = 0  # bytes
        self._rest = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """At most `size` further bytes."""
        while not self._rest:
            event = None if self.fault is not None else next(self._events, None)
            if isinstance(event, Fault):
                self.fault = event
            if not isinstance(event, Block):
                return b""
            self._rest = memoryview(event.data)
            self.given += len(event.data)
        data, self._rest = self._rest[:size], self._rest[size:]
        return bytes(data)
