"""The last pass: decisions of the global stages become verdicts, and parts become final.

Enters: a split's parts from the local pass and the decisions.  Leaves: the final `kept/`,
`dropped/` and `quarantine/` parts with the global stages' columns, and the split's manifest.
Refuses: to decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine import tallies as counts
from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import row_groups
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.steps import decided
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import ShardWriter
from corpus_pipeline.model import CountStage, GlobalStage, ShuffledStage


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
    source = task.root / "work" / "local"
    writers = {
        kind: ShardWriter(
            task.root / kind / task.part, measure="locator" if kind == "quarantine" else "text"
        )
        for kind in ("kept", "dropped", "quarantine")
    }
    tallies = [counts.nothing()]
    stages = built([job.spec for job in task.jobs])
    said = [decided(job, task.index) for job in task.jobs]
    try:
        nothing = next(row_groups(source / "quarantine" / task.part)).clear()
        row = 0
        for docs in row_groups(source / "kept" / task.part):
            judged = docs
            for stage, rows in zip(stages, said, strict=True):
                here = rows.filter(pl.col("row").is_between(row, row + docs.height - 1))
                here = here.with_columns((pl.col("row") - row).cast(pl.UInt32))
                judge = _edit if isinstance(stage, CountStage) else _judge
                judged = judge(judged, stage, here)
            row += docs.height
            gone = pl.col("dropped_by").is_not_null()
            writers["kept"].append(judged.filter(~gone))
            writers["dropped"].append(judged.filter(gone))
            tallies.append(counts.count(judged, nothing, 0))
        for docs in row_groups(source / "dropped" / task.part):
            padded = docs
            for stage in stages:
                padded = _padded(padded, stage)
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


def _judge(docs: pl.DataFrame, stage: GlobalStage, decisions: pl.DataFrame) -> pl.DataFrame:
    """Add the stage's columns and, for documents still kept, its verdicts."""
    alive = pl.col("dropped_by").is_null()
    docs = docs.drop([name for name in stage.columns if name in docs.columns])
    decisions = decisions.rename(
        {"row": "__row", "drop_rule": "__rule", "drop_evidence": "__evidence"}
    )
    joined = docs.with_columns(__row=pl.int_range(pl.len(), dtype=pl.UInt32)).join(
        decisions, on="__row", how="left", maintain_order="left"
    )
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
    ).drop("__row", "__rule", "__evidence")


def _edit(docs: pl.DataFrame, stage: CountStage, found: pl.DataFrame) -> pl.DataFrame:
    """Let the stage edit the documents still kept; a dropped one stays as it is."""
    docs = docs.drop([name for name in stage.columns if name in docs.columns])
    order = [*docs.columns, *stage.columns]
    numbered = docs.with_row_index("__row")
    alive = numbered.filter(pl.col("dropped_by").is_null())
    parts = [_padded(numbered.filter(pl.col("dropped_by").is_not_null()), stage)]
    if alive.height:
        place = alive.select(row="__row", place=pl.int_range(pl.len(), dtype=pl.UInt32))
        mine = found.join(place, on="row").with_columns(row="place").drop("place")
        edited = stage.apply(alive.drop("__row"), mine.sort("row", "key"))
        if edited.height != alive.height or not edited["id"].equals(alive["id"]):
            raise AssertionError(f"{stage.name} changed the rows")
        cast = [pl.col(name).cast(dtype) for name, dtype in stage.columns.items()]
        parts.append(edited.with_columns(*cast, alive.get_column("__row")))
    together = pl.concat([part.select([*order, "__row"]) for part in parts])
    return together.sort("__row").select(order)


def _padded(docs: pl.DataFrame, stage: ShuffledStage) -> pl.DataFrame:
    """The stage's columns for documents it never saw."""
    return docs.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in stage.columns.items()
    )
