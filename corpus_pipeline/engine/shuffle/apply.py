"""The last pass: decisions of the global stages become verdicts, and parts become final.

Enters: a split's parts from the local pass and the decisions.  Leaves: the final `kept/`,
`dropped/` and `quarantine/` parts with the global stages' columns, and the split's manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine import tallies as counts
from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import row_groups
from corpus_pipeline.engine.shuffle.decisions import judged, passed_by
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.io.shards import ShardWriter


@dataclass(frozen=True, slots=True)
class ApplyTask:
    """One split, the global stages in order, and what the local pass said of the split."""

    index: int
    jobs: tuple[Shuffle, ...]
    root: Path  # RUN
    local: dict[str, Any]  # the local pass's manifest of this split

    @property
    def part(self) -> str:
        """The name of this split's files."""
        return f"part-{self.index:05d}.parquet"


def run_apply(task: ApplyTask) -> dict[str, Any]:
    """Write the final parts of one split; the content of its manifest."""
    writers = {
        kind: ShardWriter(
            task.root / kind / task.part, size_by="locator" if kind == "quarantine" else "text"
        )
        for kind in ("kept", "dropped", "quarantine")
    }
    try:
        total = counts.add(_written(task, writers))
        files = [writer.commit_entry(task.root) for writer in writers.values()]
    finally:
        for writer in writers.values():
            writer.abort()
    total |= {name: task.local["counts"][name] for name in ("input_bytes", "bytes_by_source")}
    if total["read"] != task.local["counts"]["read"]:
        raise AssertionError(f"split {task.index}: the last pass lost documents")
    return {
        "kind": "split",
        "split": task.index,
        "pieces": task.local["pieces"],
        "counts": total,
        "files": files,
    }


def _written(task: ApplyTask, writers: Mapping[str, ShardWriter]) -> Iterator[counts.Counts]:
    """Hand every row of the split to its writer; the tally of each batch."""
    source = task.root / "work" / "local"
    nothing = next(row_groups(source / "quarantine" / task.part)).clear()
    for _, docs in judged(task.jobs, source / "kept" / task.part, task.index):
        is_dropped = pl.col("dropped_by").is_not_null()
        writers["kept"].append(docs.filter(~is_dropped))
        writers["dropped"].append(docs.filter(is_dropped))
        yield counts.count(docs, nothing, 0)
    stages = built([job.spec for job in task.jobs])
    for rows in row_groups(source / "dropped" / task.part):
        docs = passed_by(rows, stages)
        writers["dropped"].append(docs)
        yield counts.count(docs, nothing, 0)
    for lost in row_groups(source / "quarantine" / task.part):
        writers["quarantine"].append(lost)
        yield counts.count(docs.clear(), lost, 0)
