"""Where the rows of a run are cut into shards of even size.

Enters: a finished run and the size of a shard in MB (10⁶ bytes of UTF-8 text).  Leaves:
`ShardPlan`s that take each kept row once, in the order of the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import numpy as np

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.facts import ExportOptions
from corpus_pipeline.products.runs import KEPT, group_sizes, open_run, text_sizes

#: A range of rows: part (relative to the run), first row, number of rows.
Range = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Which rows go into one shard."""

    name: str
    ranges: tuple[Range, ...]

    @property
    def rows(self) -> int:
        """The number of documents."""
        return sum(rows for _, _, rows in self.ranges)


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


def plan_export(root: Path, options: ExportOptions) -> list[ShardPlan]:
    """Cut the kept rows, in the order of the parts, into shards of even size.

    Sizes come from the footers; of texts only those of a row group in which a cut falls are read.
    Raises `PipelineError` where the run has no kept part.
    """
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
