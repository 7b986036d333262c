"""Which candidate pairs are decided together: components by a streaming union-find.

Enters: the candidate pairs of each key range, and the forest (as few edges as join the same) that
the range's task made of them.  Leaves: `groups.npy`, the number of the group of each document, and
the pairs routed by group.
Memory: 8 bytes a document, 4 for its parent and 4 for its group (beyond `SPILL` bytes these are
files mapped into memory); never the pairs or signatures of the whole corpus.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.engine.shuffle.corpus import dense, mapped, write_array
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.io.storage import begin
from corpus_pipeline.tasks.base import Result
from corpus_pipeline.text.arrays import Integers
from corpus_pipeline.text.dedup.union_find import UnionFind, number_type, portions
from corpus_pipeline.text.dedup.union_find_kernel import ALONE

#: Bytes of one array of the union-find that stay in memory; 10⁹ documents are 4 GB.
SPILL = 4 << 30


def group(argument: tuple[Shuffle, int, int]) -> Result:
    """Number the groups: whole components, put together up to about `most` documents each."""
    job, ranges, most = argument
    starts = job.corpus.starts()
    size = int(starts[-1])
    scratch: list[Path] = []
    try:
        union = UnionFind(size, _array(job, size, number_type(size), scratch))
        pairs = 0
        for number in range(ranges):
            edges = pl.read_parquet(local_copy(job.home / "forest" / f"part-{number:05d}.parquet"))
            a, b = (dense(edges.get_column(end).to_numpy(), starts) for end in ("a", "b"))
            union.union(a, b)
            pairs += edges.height
        groups = _array(job, size, np.uint32, scratch)
        count, components, largest = portions(union.roots(), most, groups)
        write_array(job.home / "groups.npy", groups)
    finally:
        for path in scratch:
            path.unlink(missing_ok=True)
    return {
        "kind": "group",
        "edges": pairs,
        "groups": count,
        "components": components,
        "largest_component": largest,
    }


def _array(job: Shuffle, size: int, kind: Any, scratch: list[Path]) -> Integers:
    """Memory for one number a document, or a file where it would be too much."""
    if size * np.dtype(kind).itemsize <= SPILL:
        return np.empty(size, dtype=kind)
    scratch.append(begin(job.home / f"spill-{len(scratch)}"))
    return np.memmap(scratch[-1], dtype=kind, mode="w+", shape=(size,))


def route(argument: tuple[Shuffle, int, int, int]) -> Result:
    """The pairs of some key ranges, each once, sorted by group."""
    job, index, first, end = argument
    files = [job.home / "pairs" / f"part-{number:05d}.parquet" for number in range(first, end)]
    pairs = pl.concat([pl.read_parquet(local_copy(path)) for path in files])
    numbers = dense(pairs.get_column("a").to_numpy(), job.corpus.starts())
    groups = mapped(job.home / "groups.npy")[numbers]
    assert not (groups == ALONE).any()
    pairs = pairs.with_columns(group=pl.Series(groups, dtype=pl.UInt32))
    # Three sorts by one column take a third of the time of one sort by three.
    for name in ("b", "a", "group"):
        pairs = pairs.sort(name, maintain_order=True)
    same = (pl.col("a") == pl.col("a").shift(1)) & (pl.col("b") == pl.col("b").shift(1))
    pairs = pairs.filter(~same.fill_null(value=False))
    write_shard(job.home / "routed" / f"part-{index:05d}.parquet", [pairs], level=0, size_by="")
    return {"kind": "route", "pairs": pairs.height}
