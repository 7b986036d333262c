"""A compressed file that was inflated up to the end of a window, held for the next one.

Enters: a window of a file that is one long member.  Leaves: its events from some place before the
window on, and that place.  Without it each window would inflate the file from its beginning; with
it a process inflates a file once, whichever windows it gets, as long as they come in order.
One file is held at a time, open, with its decoder and the last mebibytes of plain bytes.  A file
whose stream broke is not held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Hashable
from typing import Final

from corpus_pipeline.io.compression import Block, Event, Limits
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece

#: Plain bytes behind the reading position that are held at least: a window ends behind the line
#: that its last byte is in, and the next one begins with that byte.
_BEHIND: Final = 2 << 20

_held: dict[Hashable, _Stream] = {}


class _Stream:
    """The events of a file, the last ones at hand once more."""

    def __init__(self, piece: Piece, limits: Limits) -> None:
        self.events = events_of(piece, limits, piece.entry)
        self.last: deque[tuple[int, Block]] = deque()  # and where each begins
        self.position = piece.entry.plain  # of the next event
        self.behind = 0

    def serves(self, piece: Piece) -> bool:
        """Whether the piece can be read on from here, and no member begins nearer to it."""
        begins = self.last[0][0] if self.last else self.position
        return begins < piece.start and piece.entry.plain <= self.position

    def take(self, event: Block) -> None:
        """Note an event that was read."""
        self.last.append((self.position, event))
        self.position += len(event.data)
        self.behind += len(event.data)
        while self.behind - len(self.last[0][1].data) >= _BEHIND:
            self.behind -= len(self.last.popleft()[1].data)


def window(piece: Piece, limits: Limits) -> tuple[Generator[Event, None, None], int]:
    """The events of a window's file, and the place in the plain bytes at which they begin.

    Close the iterator where the window ends: the file is held from then on.
    """
    key = (piece.path, piece.compression, piece.fingerprint, limits)
    stream = _held.pop(key, None)
    if stream is None or not stream.serves(piece):
        stream = _Stream(piece, limits)
    before = list(stream.last)
    while len(before) > 1 and before[1][0] < piece.start:
        del before[0]
    begin = before[0][0] if before else stream.position
    return _run(key, stream, [event for _, event in before]), begin


def _run(key: Hashable, stream: _Stream, before: list[Block]) -> Generator[Event, None, None]:
    sound = True
    try:
        yield from before
        while (event := next(stream.events, None)) is not None:
            if sound and isinstance(event, Block):
                stream.take(event)
            else:
                sound = False
            yield event
    except GeneratorExit:
        if sound:
            _held.clear()
            _held[key] = stream


def let_go() -> None:
    """Close the file that is held."""
    _held.clear()
