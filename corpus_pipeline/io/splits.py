"""Inputs in, splits out: the units of work, cut by size only.

Enters: scanned inputs.  Leaves: `Split`s of about equal size, the same for any number of workers.
Line formats are cut at any byte (a reader takes the lines that start in its window) and Parquet
between row groups; HTML, WARC, wiki dumps and CSV, with its quoted newlines, are read whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import Any, Final

from corpus_pipeline.io.archives.member import Member
from corpus_pipeline.io.charsets import UTF8, Coding
from corpus_pipeline.io.checked import Fingerprint
from corpus_pipeline.io.compression import BEGINNING, Entry
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.inputs import Input
from corpus_pipeline.io.scan import Scanned

#: Most windows of a file that has to be inflated from its start for each of them: n windows inflate
#: it (n + 1) / 2 times, where no process holds it (`readers/held.py`).  Inflating costs, of what
#: the stages cost: zstd 0.5 %, gzip 1.5 %, xz 6 %, bz2 12 % a time; these bounds keep the
#: repetitions at a tenth of the work (docs/decisions/002-windows-of-compressed-files.md).
MAX_WINDOWS: Final = {"zstd": 16, "gzip": 16, "lz4": 16, "xz": 4, "bz2": 3}


#: A run has this many splits before they are as large as asked for, so that workers end together.
#: From here on tasks that read of every split are larger for it: of 3 million short documents in
#: 225 splits in place of 113 a run took a fifteenth more core time (docs/scale.md).
MANY: Final = 64
#: Bytes below which a split is not cut for that: one batch.  A run over 187 MB takes 53.2 core
#: seconds in splits of 16 MiB and 53.0 in splits of 8 (docs/bench.md).
LEAST: Final = 8 << 20

#: Most pieces of a split.  A file costs 0.15 ms however small it is, the processor time of 0.6 kB
#: of text: splits of smaller files would be cut by what is not their cost.
MOST_PIECES: Final = 1 << 14


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
    entry: Entry = BEGINNING  # where in a compressed file a reader may begin
    fingerprint: Fingerprint | None = None  # of the file at the scan; None = not scanned
    coding: Coding = UTF8  # formats of characters: charset and line ends
    member: Member | None = None  # of an archive that is being read: what is read instead of `path`
    generated: dict[str, str] = field(default_factory=dict)  # columns `aigc…` of the registry

    def described(self) -> dict[str, Any]:
        """The piece as a manifest records it: without its path and what the scan saw of it."""
        groups = None if self.row_groups is None else list(self.row_groups)
        names = ("locator", "format", "compression", "source", "license", "start", "end")
        stated = {name: getattr(self, name) for name in names}
        return {**stated, "row_groups": groups, **self.generated}


@dataclass(frozen=True, slots=True)
class Split:
    """What one task reads."""

    index: int
    pieces: tuple[Piece, ...]


def even_size(split_bytes: int, total: int) -> int:
    """The bytes of a split: those asked for, fewer where `total` bytes of inputs are few.

    >>> [even_size(32 << 20, total << 20) >> 20 for total in (1, 700, 1_000_000)]
    [8, 10, 32]
    >>> even_size(100, 1 << 30)
    100
    """
    return min(split_bytes, max(total // MANY, LEAST))


def plan(scanned: Iterable[Scanned], split_bytes: int, text_mode: str = "file") -> list[Split]:
    """All splits of `cut`."""
    return list(cut(scanned, split_bytes, text_mode))


def cut(scanned: Iterable[Scanned], split_bytes: int, text_mode: str = "file") -> Iterator[Split]:
    """Cut inputs larger than `split_bytes` (plain bytes), put smaller ones together, in order.

    `text_mode`: of `IngestOptions`; it says whether text files are lines.
    """
    group: list[Piece] = []
    size = number = 0
    for item in scanned:
        for piece, weight in _pieces(item, max(split_bytes, 1), text_mode):
            if group and (size + weight > split_bytes or len(group) == MOST_PIECES):
                yield Split(number, tuple(group))
                group, size, number = [], 0, number + 1
            group.append(piece)
            size += weight
    if group:
        yield Split(number, tuple(group))


def whole(item: Input, fingerprint: Fingerprint | None = None, coding: Coding = UTF8) -> Piece:
    """The piece that is all of an input, with what the scan saw of it."""
    return Piece(
        item.path,
        item.locator,
        item.format,
        item.compression,
        item.source,
        item.license,
        fingerprint=fingerprint,
        coding=coding,
        generated=item.generated,
    )


def _pieces(scanned: Scanned, split_bytes: int, text_mode: str) -> Iterator[tuple[Piece, int]]:
    seen = scanned.fingerprint if scanned.sha256 else None  # None: only its size was asked for
    piece = whole(scanned.input, seen, scanned.coding)
    form = FORMATS[piece.format]
    if form.splittable == "row_groups" and sum(scanned.row_groups) > split_bytes:
        yield from _row_groups(piece, scanned.row_groups, split_bytes)
    elif (
        form.cut_at_lines(text_mode)
        and scanned.coding.unit == 1  # a newline of UTF-16 is two bytes, which a window may halve
        and scanned.decompressed > split_bytes
    ):
        yield from _windows(piece, scanned, split_bytes)
    else:
        yield piece, max(scanned.decompressed, sum(scanned.row_groups))


def _windows(piece: Piece, scanned: Scanned, split_bytes: int) -> Iterator[tuple[Piece, int]]:
    size = scanned.decompressed
    count = ceil(size / split_bytes)
    entries = [BEGINNING, *scanned.entries]
    starts = [entry.plain for entry in entries]
    if piece.compression != "none":
        widest = max(end - start for start, end in pairwise([*starts, size]))
        if widest > split_bytes:  # windows without an entry of their own inflate what lies before
            count = min(count, MAX_WINDOWS[piece.compression])
    edges = [size * i // count for i in range(count)]
    for start, end in zip(edges, [*edges[1:], None], strict=True):
        # The byte before the window says whether a line starts with it.
        entry = entries[max(bisect_right(starts, start - 1) - 1, 0)]
        weight = (size if end is None else end) - start
        yield replace(piece, start=start, end=end, entry=entry), weight


def _row_groups(
    piece: Piece, sizes: tuple[int, ...], split_bytes: int
) -> Iterator[tuple[Piece, int]]:
    group: list[int] = []
    total = 0
    for number, size in enumerate(sizes):
        if group and total + size > split_bytes:
            yield replace(piece, row_groups=tuple(group)), total
            group, total = [], 0
        group.append(number)
        total += size
    yield replace(piece, row_groups=tuple(group)), total
