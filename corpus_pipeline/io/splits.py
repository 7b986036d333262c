"""Inputs in, splits out: the units of work, cut by size only.

Enters: scanned inputs.  Leaves: `Split`s of about equal size, the same for any number of workers.
Refuses: to look at content, and to cut where a record cannot be found again (HTML, WARC, CSV with
its quoted newlines, wiki dumps are read whole).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any, Final

from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.inputs import Input, Scanned

#: A compressed file is inflated from its start for each window: 16 windows inflate it 8.5 times
#: in all, and inflating is 10–50 times faster than the stages that follow.
MAX_WINDOWS: Final = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an input: a byte range of its plain bytes, some row groups, or all of it."""

    path: str
    locator: str
    format: str
    compression: str
    source: str
    license: str | None = None
    start: int = 0
    end: int | None = None  # None = to the end, whatever it turns out to be
    row_groups: tuple[int, ...] | None = None  # None = all

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        groups = None if self.row_groups is None else list(self.row_groups)
        return {**asdict(self), "row_groups": groups}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Piece:
        """The inverse of `to_dict`."""
        groups = data["row_groups"]
        return cls(**{**data, "row_groups": None if groups is None else tuple(groups)})


@dataclass(frozen=True, slots=True)
class Split:
    """What one task reads."""

    index: int
    pieces: tuple[Piece, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {"index": self.index, "pieces": [piece.to_dict() for piece in self.pieces]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Split:
        """The inverse of `to_dict`."""
        return cls(data["index"], tuple(Piece.from_dict(piece) for piece in data["pieces"]))


def plan(scanned: Sequence[Scanned], split_bytes: int, text_mode: str = "file") -> list[Split]:
    """Cut big inputs, group small ones; `text_mode` says whether text files are lines."""
    splits: list[Split] = []
    group: list[Piece] = []
    size = 0
    for one in scanned:
        for piece, weight in _pieces(one, max(split_bytes, 1), text_mode):
            if group and size + weight > split_bytes:
                splits.append(Split(len(splits), tuple(group)))
                group, size = [], 0
            group.append(piece)
            size += weight
    if group:
        splits.append(Split(len(splits), tuple(group)))
    return splits


def whole(one: Input) -> Piece:
    """The piece that is all of an input."""
    return Piece(one.path, one.locator, one.format, one.compression, one.source, one.license)


def _pieces(one: Scanned, split_bytes: int, text_mode: str) -> Iterator[tuple[Piece, int]]:
    made = whole(one.input)
    form = FORMATS[made.format]
    if form.splittable == "row_groups" and sum(one.row_groups) > split_bytes:
        yield from _row_groups(made, one.row_groups, split_bytes)
    elif form.cut_at_lines(text_mode) and one.decompressed > split_bytes:
        yield from _windows(made, one.decompressed, split_bytes)
    else:
        yield made, max(one.decompressed, sum(one.row_groups))


def _windows(made: Piece, size: int, split_bytes: int) -> Iterator[tuple[Piece, int]]:
    count = ceil(size / split_bytes)
    if made.compression != "none":
        count = min(count, MAX_WINDOWS)
    edges = [size * i // count for i in range(count)]
    for start, end in zip(edges, [*edges[1:], None], strict=True):
        yield replace(made, start=start, end=end), (size if end is None else end) - start


def _row_groups(
    made: Piece, sizes: tuple[int, ...], split_bytes: int
) -> Iterator[tuple[Piece, int]]:
    group: list[int] = []
    total = 0
    for number, size in enumerate(sizes):
        if group and total + size > split_bytes:
            yield replace(made, row_groups=tuple(group)), total
            group, total = [], 0
        group.append(number)
        total += size
    yield replace(made, row_groups=tuple(group)), total
