"""The last pass: decisions of the global stages become verdicts, and parts become final.

Enters: a split's parts from the local pass and the decisions.  Leaves: the final `kept/`,
`dropped/` and `quarantine/` parts with the global stages' columns, and the split's manifest.
Refuses: to decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.engine import counts
from corpus_pipeline.engine.chain import built
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import ShardWriter
from corpus_pipeline.model import GlobalStage, StageSpec


@dataclass(frozen=True, slots=True)
class ApplyTask:
    """One split, the global stages in order, and what the local pass said of the split."""

    index: int
    specs: tuple[StageSpec, ...]
    root: Path  # RUN
    local: dict[str, Any]  # the local pass's manifest of this split

    @property
    def part(self) -> str:
        """The name of this split's files."""
        return f"part-{self.index:05d}.parquet"


def row_groups(path: Path) -> Iterator[pl.DataFrame]:
    """The row groups of a file, one at a time; an empty file gives one empty frame."""
    with pq.ParquetFile(path) as file:
        for number in range(file.metadata.num_row_groups):
            frame = pl.from_arrow(file.read_row_group(number))
            assert isinstance(frame, pl.DataFrame)
            yield frame
        if not file.metadata.num_row_groups:
            empty = pl.from_arrow(file.schema_arrow.empty_table())
            assert isinstance(empty, pl.DataFrame)
            yield empty


def run_apply(task: ApplyTask) -> dict[str, Any]:
    """Write the final parts of one split; the content of its manifest."""
    source = task.root / "work" / "local"
    writers = {
        kind: ShardWriter(
            task.root / kind / task.part, measure="locator" if kind == "quarantine" else "text"
        )
        for kind in ("kept", "dropped", "quarantine")
    }
    tallies = [counts.nothing()]
    stages = [stage for stage in built(task.specs) if isinstance(stage, GlobalStage)]
    decided = [_decisions(task, stage) for stage in stages]
    try:
        nothing = next(row_groups(source / "quarantine" / task.part)).clear()
        row = 0
        for docs in row_groups(source / "kept" / task.part):
            judged = docs.with_columns(
                pl.int_range(row, row + docs.height, dtype=pl.UInt64).alias("__row")
            )
            for stage, decisions in zip(stages, decided, strict=True):
                judged = _judge(judged, stage, decisions)
            row += docs.height
            judged = judged.drop("__row")
            gone = pl.col("dropped_by").is_not_null()
            writers["kept"].append(judged.filter(~gone))
            writers["dropped"].append(judged.filter(gone))
            tallies.append(counts.count(judged, nothing, 0))
        for docs in row_groups(source / "dropped" / task.part):
            padded = docs.with_columns(
                pl.lit(None, dtype=dtype).alias(name)
                for stage in stages
                for name, dtype in stage.columns.items()
            )
            writers["dropped"].append(padded)
            tallies.append(counts.count(padded, nothing, 0))
        for lost in row_groups(source / "quarantine" / task.part):
            writers["quarantine"].append(lost)
            tallies.append(counts.count(docs.clear(), lost, 0))
        files = [file_entry(task.root, writer.path, writer.commit()) for writer in writers.values()]
    finally:
        for writer in writers.values():
            writer.abort()
    total = counts.add(tallies) | {"input_bytes": task.local["counts"]["input_bytes"]}
    if total["read"] != task.local["counts"]["read"]:
        raise AssertionError(f"split {task.index}: the last pass lost documents")
    return {
        "kind": "split",
        "split": task.index,
        "pieces": task.local["pieces"],
        "counts": total,
        "files": files,
    }


def _decisions(task: ApplyTask, stage: GlobalStage) -> pl.DataFrame:
    """The stage's decisions about this split, by row."""
    first = task.index << 32
    inside = pl.col("doc").is_between(
        pl.lit(first, dtype=pl.UInt64), pl.lit(first + 2**32 - 1, dtype=pl.UInt64)
    )
    path = task.root / "work" / stage.name / "decisions.parquet"
    mine = pl.scan_parquet(path).filter(inside).collect()
    renamed = {"drop_rule": "__rule", "drop_evidence": "__evidence"}
    return (
        mine.with_columns(__row=pl.col("doc") - pl.lit(first, dtype=pl.UInt64))
        .drop("doc")
        .rename(renamed)
    )


def _judge(docs: pl.DataFrame, stage: GlobalStage, decisions: pl.DataFrame) -> pl.DataFrame:
    """Add the stage's columns and, for documents still kept, its verdicts."""
    alive = pl.col("dropped_by").is_null()
    docs = docs.drop([name for name in stage.columns if name in docs.columns])
    joined = docs.join(decisions, on="__row", how="left", maintain_order="left")
    untouched = stage.untouched()
    joined = joined.with_columns(
        pl.when(alive)
        .then(pl.coalesce(pl.col(name), untouched[name]))
        .otherwise(None)
        .cast(dtype)
        .alias(name)
        for name, dtype in stage.columns.items()
    )
    drop = alive & pl.col("__rule").is_not_null()
    return joined.with_columns(
        dropped_by=pl.when(drop).then(pl.lit(stage.name)).otherwise("dropped_by"),
        drop_rule=pl.when(drop).then("__rule").otherwise("drop_rule"),
        drop_evidence=pl.when(drop).then("__evidence").otherwise("drop_evidence"),
    ).drop("__rule", "__evidence")
