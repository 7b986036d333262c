"""Rows that a task puts aside until it asks for them: the first in memory, the others in a file.

Enters: frames.  Leaves: the same frames by number (`Spool`), all rows in a range of numbers
(`Ranges`), or any rows (`Picked`).
Memory: as many bytes as a spool may hold, and what is asked for; of the file nothing stays.
"""

from __future__ import annotations

import mmap
import os
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_pipeline.io.storage import begin, disk_errors
from corpus_pipeline.text.arrays import Integers, as_arrow


class Spool:
    """Frames by number, in the order in which they came.  Its file goes with the `with` block."""

    def __init__(self, path: Path, most: int) -> None:
        """`most`: bytes in memory; the file has a temporary name beside `path`."""
        self._path, self._room, self._end = path, most, 0
        self._held: list[pa.Table | tuple[int, int]] = []
        self._temporary: Path | None = None

    def __enter__(self) -> Self:
        """The spool."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Remove the file."""
        if self._temporary is not None:
            os.close(self._file)
            self._temporary.unlink(missing_ok=True)

    def put(self, frame: pl.DataFrame) -> int:
        """Put a frame aside; its number."""
        table = frame.rechunk().to_arrow()
        if table.nbytes <= self._room:
            self._room -= table.nbytes
            self._held.append(table)
        else:
            self._held.append(self._written(table))
        return len(self._held) - 1

    def get(self, number: int) -> pl.DataFrame:
        """The frame of this number."""
        place = self._held[number]
        if isinstance(place, tuple):
            first, size = place
            place = _table(pa.py_buffer(os.pread(self._file, size, first)))
        return _frame(place)

    def mapped(self) -> tuple[list[pa.Table], mmap.mmap | None]:
        """All frames, and the map in which those of the file lie."""
        if self._temporary is None:
            return [place for place in self._held if isinstance(place, pa.Table)], None
        pages = mmap.mmap(self._file, self._end, access=mmap.ACCESS_READ)
        whole = pa.py_buffer(pages)
        return [
            _table(whole.slice(*place)) if isinstance(place, tuple) else place
            for place in self._held
        ], pages

    def _written(self, table: pa.Table) -> tuple[int, int]:
        """Where in the file the table lies: its first byte, and how many bytes."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        data, first = memoryview(sink.getvalue()), self._end
        with disk_errors(self._path):
            if self._temporary is None:
                self._temporary = begin(self._path)
                self._file = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            while self._end < first + len(data):
                self._end += os.pwrite(self._file, data[self._end - first :], self._end)
        return first, len(data)


class Ranges:
    """Rows that have a number each, from 0 to `size` - 1: by ranges of `width` numbers."""

    def __init__(self, spool: Spool, size: int, width: int) -> None:
        """All rows go into `spool`."""
        self._spool, self.width = spool, width
        self._parts: list[list[int]] = [[] for _ in range(0, max(size, 1), width)]
        self._empty: pl.DataFrame | None = None

    def __len__(self) -> int:
        """How many ranges."""
        return len(self._parts)

    def put(self, frame: pl.DataFrame, numbers: Integers) -> None:
        """Add rows with these numbers."""
        self._empty = frame.clear()
        of = numbers // self.width
        order = np.argsort(of, kind="stable")
        frame, ends = frame[order], np.searchsorted(of[order], np.arange(len(self._parts) + 1))
        for part, first, end in zip(self._parts, ends[:-1], ends[1:], strict=True):
            if first < end:
                part.append(self._spool.put(frame[first:end]))

    def get(self, number: int) -> pl.DataFrame:
        """The rows of a range, in the order in which they came."""
        assert self._empty is not None
        frames = [self._spool.get(part) for part in self._parts[number]]
        return pl.concat([self._empty, *frames])


class Picked:
    """Any rows of the frames of a spool."""

    def __init__(self, spool: Spool) -> None:
        """All frames are in `spool` already."""
        self._tables, self._pages = spool.mapped()
        heights = [table.num_rows for table in self._tables]
        self._starts = np.concatenate([[0], np.cumsum(heights, dtype=np.int64)])

    def rows(self, numbers: Integers) -> pl.DataFrame:
        """These rows (ascending)."""
        cuts = np.searchsorted(numbers, self._starts)
        found = [self._tables[0].slice(0, 0)]
        for table, start, (first, end) in zip(
            self._tables, self._starts[:-1], pairwise(cuts), strict=True
        ):
            if first < end:
                found.append(table.take(as_arrow(numbers[first:end] - start)))
                if self._pages is not None:
                    # Pages that were read, and those around them, are this process's no longer.
                    self._pages.madvise(mmap.MADV_DONTNEED)
        return _frame(pa.concat_tables(found))


def _table(stream: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(stream).read_all()


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
