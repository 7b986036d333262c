"""Where the rows of a run are cut into shards of even size.

Enters: a finished run and the size of a shard in MB (10⁶ bytes of UTF-8 text).  Leaves:
`ShardPlan`s that take each kept row once, in the order of the parts; of a mixture each chosen row
as often as it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.facts import ExportOptions
from corpus_pipeline.products.export.mix import HELD_OUT, TRAIN, Mixture
from corpus_pipeline.products.runs import KEPT, group_sizes, open_run, text_sizes

#: A range of rows: part (relative to the run), first row, number of rows.
Range = tuple[str, int, int]
#: The same of a mixture: of these rows, those with more copies than the last number.
Turn = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Which rows go into one shard.

    With a mixture: `split` (its name, and its number in the mixture), turns for ranges, and `taken`
    documents.
    """

    name: str
    ranges: tuple[Range, ...] | tuple[Turn, ...]
    split: tuple[str, int] | None = None
    taken: int | None = None

    @property
    def rows(self) -> int:
        """The number of documents."""
        return sum(entry[2] for entry in self.ranges) if self.taken is None else self.taken


@dataclass(slots=True)
class _Cutter:
    """Collects ranges until they hold as much text as a shard should."""

    target: int  # bytes of text in a shard
    shards: list[tuple[Range, ...]] = field(default_factory=list)  # those that are full
    ranges: list[Range] = field(default_factory=list)  # of the shard that is being filled
    size: int = 0  # bytes of text in `ranges`

    def add(self, part: str, first: int, rows: int, size: int) -> None:
        if self.ranges:
            last, start, count = self.ranges[-1]
            if last == part and start + count == first:
                self.ranges[-1] = (part, start, count + rows)
                self.size += size
                return
        self.ranges.append((part, first, rows))
        self.size += size

    def close(self) -> None:
        self.shards.append(tuple(self.ranges))
        self.ranges, self.size = [], 0


def plan_export(
    root: Path, options: ExportOptions, mixture: Mixture | None = None
) -> list[ShardPlan]:
    """Cut the kept rows, in the order of the parts, into shards of even size.

    With a mixture: each split apart, first copies first, so that the copies of a document lie far
    from each other.
    Sizes come from the footers; of texts only those of a row group in which a cut falls are read.
    Raises `PipelineError` where the run has no kept part.
    """
    if mixture is not None:
        names = mixture.facts["splits"]
        numbers = zip(names, (TRAIN, HELD_OUT), strict=False)
        return [plan for split in numbers for plan in _mixed(mixture, split, options)]
    run = open_run(root)
    parts = run.parts(KEPT)
    if not parts:
        raise PipelineError(f"nothing to export: {root} has no kept/ part")
    groups = [(part, *group) for part in parts for group in group_sizes(root / part, "text")]
    total = sum(size for *_, size in groups)
    # Shards of one size, none above the target: a small last shard would leave a loader idle.
    wanted = max(1, ceil(total / (options.shard_mb * 1_000_000)))
    cutter = _Cutter(max(1, ceil(total / wanted)))
    for part, first, rows, size in groups:
        _cut(cutter, root, (part, first, rows), size)
    if cutter.ranges or not cutter.shards:
        cutter.close()
    shards = len(cutter.shards)
    return [
        ShardPlan(f"{options.split}-{index:05d}-of-{shards:05d}.parquet", ranges)
        for index, ranges in enumerate(cutter.shards)
    ]


def _cut(cutter: _Cutter, root: Path, group: Range, size: int) -> None:
    """Give a row group of `size` bytes of text to the cutter, cut where a shard is full."""
    part, first, rows = group
    if not rows:
        return
    if cutter.size + size < cutter.target:
        cutter.add(part, first, rows, size)
        return
    ends = np.cumsum(text_sizes(root / part, first, rows))
    taken = 0
    while taken < rows:
        before = int(ends[taken - 1]) if taken else 0
        # The row that fills the shard closes it.
        fill = int(np.searchsorted(ends, before + cutter.target - cutter.size)) + 1
        take = min(fill, rows) - taken
        cutter.add(part, first + taken, take, int(ends[taken + take - 1]) - before)
        taken += take
        if cutter.size >= cutter.target:
            cutter.close()


def _mixed(mixture: Mixture, split: tuple[str, int], options: ExportOptions) -> Iterator[ShardPlan]:
    """The shards of one split; none where it has no document."""
    parts = {part: rows.filter(pl.col("split") == split[1]) for part, rows in _placed(mixture)}
    copied = pl.col("bytes").cast(pl.Int64) * pl.col("copies")
    total = sum(int(rows.select(copied.sum()).item()) for rows in parts.values())
    most = max(int(rows["copies"].to_numpy().max(initial=0)) for rows in parts.values())
    wanted = max(1, ceil(total / (options.shard_mb * 1_000_000)))
    target, shards = max(1, ceil(total / wanted)), _Turns()
    for turn in range(most):
        for part, rows in parts.items():
            chosen = rows.filter(pl.col("copies") > turn)
            shards.add(part, turn, chosen, target)
    shards.close()
    for index, (ranges, taken) in enumerate(shards.done):
        name = f"{split[0]}-{index:05d}-of-{len(shards.done):05d}.parquet"
        yield ShardPlan(name, tuple(ranges), split, taken)


def _placed(mixture: Mixture) -> Iterator[tuple[str, pl.DataFrame]]:
    for part, rows in mixture.parts.items():
        yield part, rows.with_row_index("row")


@dataclass(slots=True)
class _Turns:
    """Collects ranges of turns until they hold as much text as a shard should."""

    done: list[tuple[list[Turn], int]] = field(default_factory=list)
    ranges: list[Turn] = field(default_factory=list)
    taken: int = 0
    size: int = 0

    def add(self, part: str, turn: int, chosen: pl.DataFrame, target: int) -> None:
        """The chosen rows of a part, cut where a shard is full; what lies between goes along."""
        rows = chosen.get_column("row").to_numpy()
        ends = np.cumsum(chosen.get_column("bytes").to_numpy().astype(np.int64))
        taken = 0
        while taken < rows.size:
            before = int(ends[taken - 1]) if taken else 0
            # The row that fills the shard closes it.
            fill = int(np.searchsorted(ends, before + target - self.size)) + 1
            take = min(fill, rows.size) - taken
            first, last = int(rows[taken]), int(rows[taken + take - 1])
            self.ranges.append((part, first, last - first + 1, turn))
            self.taken += take
            self.size += int(ends[taken + take - 1]) - before
            taken += take
            if self.size >= target:
                self.close()

    def close(self) -> None:
        """End the shard, if it has rows."""
        if self.ranges:
            self.done.append((self.ranges, self.taken))
        self.ranges, self.taken, self.size = [], 0, 0
