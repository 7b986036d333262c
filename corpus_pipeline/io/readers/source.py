"""The bytes of a piece, as blocks and faults, compared with what the scan read.

Enters: a piece.  Leaves: events of its plain bytes.  Raises `InputChangedError` where the input is
no longer the scanned one; a piece without a fingerprint is read as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from corpus_pipeline.io.checked import open_checked
from corpus_pipeline.io.compression import BEGINNING, Entry, Event, Fault, Limits, events
from corpus_pipeline.io.splits import Piece


def open_piece(piece: Piece) -> BinaryIO:
    """The file of a piece."""
    return open_checked(piece.path, piece.locator, piece.fingerprint)


def events_of(piece: Piece, limits: Limits, entry: Entry = BEGINNING) -> Iterator[Event]:
    """The blocks and faults of a piece's file from `entry` on."""
    try:
        with open_piece(piece) as raw:
            yield from events(raw, piece.compression, limits, entry)
    except OSError as error:  # while opening: a running stream reports its own
        yield Fault("unreadable", error.strerror or str(error), 0)
