"""Long lists of small records, held packed: a million files take some 20 MB and not a gigabyte.

Enters: tuples of plain values.  Leaves: a sequence that unpacks a block at a time as it is walked;
one in order, sorted in bounded memory; numbers that come twice.
"""

from __future__ import annotations

import heapq
import pickle
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar, overload

import numpy as np
import zstandard

T = TypeVar("T")
#: Records of one block: 100 kB of names of files, which zstd makes 5 to 20 kB.
BLOCK: Final = 1024
#: Records that are sorted at once, where they do not come in order.
RUN: Final = 32 * BLOCK


class Records(Sequence[T]):
    """A sequence of what `make` gives for the values of a row, packed but for the last block."""

    def __init__(
        self, make: Callable[[Iterable[Any]], T], rows: Iterable[tuple[Any, ...]] = ()
    ) -> None:
        """`rows`: tuples of one length."""
        self._make = make
        self._blocks: list[bytes] = []
        self._open: list[tuple[Any, ...]] = []
        self._number, self._shown = -1, list[T]()  # the block that an index was last in
        self.extend(rows)

    def extend(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Append rows."""
        stream = iter(rows)
        while more := list(islice(stream, BLOCK - len(self._open))):
            self._open += more
            if len(self._open) == BLOCK:
                columns = list(zip(*self._open, strict=True))
                packed = zstandard.compress(pickle.dumps(columns), 1)
                self._blocks.append(bytes(memoryview(packed)))  # without the room it was made in
                self._open = []

    def seen_as(self, make: Callable[[Iterable[Any]], Any]) -> Records[Any]:
        """The same rows as something else."""
        other = Records(make, self._open)
        other._blocks = self._blocks.copy()
        return other

    def _block(self, number: int) -> list[T]:
        if number == len(self._blocks):
            return list(map(self._make, self._open))
        columns = pickle.loads(zstandard.decompress(self._blocks[number]))  # noqa: S301 - our own
        return list(map(self._make, zip(*columns, strict=True)))

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._open)

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._blocks) + 1):
            yield from self._block(number)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        number, place = divmod(range(len(self))[at], BLOCK)
        if number == len(self._blocks):
            return self._make(self._open[place])
        if number != self._number:
            self._number, self._shown = number, self._block(number)
        return self._shown[place]


#: A record that is a tuple itself, as a `NamedTuple` is.
R = TypeVar("R", bound=tuple[Any, ...])


def in_order(
    make: Callable[[Iterable[Any]], R], rows: Iterable[R], key: Callable[[R], Any]
) -> Records[R]:
    """The records sorted; those that come so are written once, others twice.

    >>> list(in_order(tuple, [(3, "c"), (1, "a"), (2, "b")], lambda row: row[0]))
    [(1, 'a'), (2, 'b'), (3, 'c')]
    """
    runs: list[Records[R]] = []
    last: Any = None
    stream = iter(rows)
    while part := list(islice(stream, RUN)):
        part.sort(key=key)
        if not runs or key(part[0]) < last:
            runs.append(Records(make))
        runs[-1].extend(part)
        last = key(part[-1])
    if len(runs) < 2:
        return runs[0] if runs else Records(make)
    merged: Iterator[R] = heapq.merge(*runs, key=key)
    return Records(make, merged)


def repeated(hashes: array[int]) -> frozenset[int]:
    """The numbers that come more than once.

    >>> repeated(array("Q", [7, 5, 7]))
    frozenset({7})
    """
    ordered = np.sort(np.array(hashes, dtype=np.uint64))
    return frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
