"""What the shuffled stages decided, brought back to the documents of one split.

Enters: the decisions on disk and the parts that the local pass kept.  Leaves: those documents with
the stages' columns and verdicts, a row group at a time, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import ROW, between, mapped, no_rows, row_groups
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import numbered
from corpus_pipeline.model import (
    AggregateStage,
    CountStage,
    PairStage,
    ShuffledStage,
    drop,
    on_kept,
)
from corpus_pipeline.text.arrays import U8

#: What a decision holds beside a stage's own columns.
VERDICT = ("drop_rule", "drop_evidence")


def decided(job: Shuffle, part: int) -> pl.DataFrame:
    """What the stage says of one split's documents, by `row` (u64 index into its kept part).

    Of a pair or aggregate stage: its columns and `VERDICT`, a row a document at most; of a count
    stage: what `match` found, sorted by `row` and `key`.
    """
    kind = job.spec.cls
    if issubclass(kind, AggregateStage):
        groups = pl.read_parquet(local_copy(job.home / "decisions" / "part-00000.parquet"))
        rows = pl.read_parquet(local_copy(job.home / "members" / f"part-{part:05d}.parquet"))
        return rows.join(groups, on="key", maintain_order="left").drop("key", "source")
    count = issubclass(kind, CountStage)
    files = numbered(job.home / ("found" if count else "decisions"))
    if not files:
        names = {**kind.columns, **dict.fromkeys(VERDICT, pl.String())}
        return pl.DataFrame(schema={"row": pl.UInt64, **names})
    first = part << 32
    rows = between(files, "doc", first, first + ROW)
    rows = rows.with_columns(row=pl.col("doc") - pl.lit(first, dtype=pl.UInt64)).drop("doc")
    return rows.sort(["row", "key"] if count else ["row"])


def chosen(stage: str, decisions: pl.DataFrame, wanted: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The wanted columns of what a stage's `settle` returned; `TypeError` where one is missing."""
    lacking = [name for name in wanted if name not in decisions.columns]
    if lacking:
        raise TypeError(f"{stage}: settle returned no column {', '.join(lacking)}")
    return decisions.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())


def own_mask(job: Shuffle, before: Path | None) -> U8:
    """A writable drop mask (u8) of the run's own documents: a copy of `before`, or zeros."""
    if before is not None:
        return np.array(mapped(before), dtype=np.uint8)
    return np.zeros(int(job.corpus.starts()[job.corpus.splits]), dtype=np.uint8)


def judged(
    jobs: Sequence[Shuffle], kept: Path, part: int, columns: list[str] | None = None
) -> Iterator[tuple[int, pl.DataFrame]]:
    """The documents in `kept` after these stages: the number of the first row, and the rows.

    `columns`: those that are read; None: all of them.  With columns, the edits of count stages must
    have been made (`edits.edit`).
    """
    stages = built([job.spec for job in jobs])
    made = [edits_of(job, part, columns) for job in jobs]
    decisions = [
        decided(job, part) if rows is None else rows for job, rows in zip(jobs, made, strict=True)
    ]
    first = 0
    for docs in row_groups(kept, columns):
        after = docs
        for stage, rows, edits in zip(stages, decisions, made, strict=True):
            batch_rows = of_batch(rows, first, docs.height)
            if edits is not None:
                after = _restored(after, stage, batch_rows)
            elif isinstance(stage, CountStage):
                after = edited(after, stage, batch_rows)
            else:
                after = _marked(after, stage, batch_rows)
        yield first, after
        first += docs.height


def columns_read(stage: AggregateStage | CountStage, path: Path) -> list[str] | None:
    """The columns of a part that the stage needs, with those that mark and name documents."""
    if stage.needs is None:
        return None
    edits = stage.edits if isinstance(stage, CountStage) else ()
    wanted = {"id", "source", "dropped_by", *VERDICT, *stage.needs, *edits}
    return [name for name in no_rows(path).columns if name in wanted]


def of_batch(rows: pl.DataFrame, first: int, height: int) -> pl.DataFrame:
    """The decisions about the documents of a batch that begins at `first`, by `row` (u32) in it."""
    inside = rows.filter(pl.col("row").is_between(first, first + height - 1))
    return inside.with_columns((pl.col("row") - first).cast(pl.UInt32))


def edits_path(job: Shuffle, part: int) -> Path:
    """Where the edits of a count stage in a split lie, if they were made ahead of the last pass."""
    return job.home / "edits" / f"part-{part:05d}.parquet"


def edits_of(job: Shuffle, part: int, columns: list[str] | None) -> pl.DataFrame | None:
    """The edits of a count stage, by `row` (u64), sorted; None where they were not made ahead.

    The stage's columns, `VERDICT`, and of each column that it edits `__is_…` (Boolean: changed) and
    `__new_…`; of `columns` only, if these are given.
    """
    path, kind = edits_path(job, part), job.spec.cls
    if not issubclass(kind, CountStage) or not path.exists():
        return None
    texts = [name for name in kind.edits if columns is None or name in columns]
    changed = [f"{mark}{name}" for name in texts for mark in ("__is_", "__new_")]
    return pl.read_parquet(local_copy(path), columns=["row", *kind.columns, *VERDICT, *changed])


def passed_by(docs: pl.DataFrame, stages: Sequence[ShuffledStage]) -> pl.DataFrame:
    """Documents that were dropped before the stages: their columns, null."""
    for stage in stages:
        docs = on_kept(docs, stage.name, stage.columns, lambda kept, _places: kept)
    return docs


def _marked(
    docs: pl.DataFrame, stage: PairStage | AggregateStage, decisions: pl.DataFrame
) -> pl.DataFrame:
    """Add the stage's columns and, for documents still kept, its verdicts."""
    other = stage.untouched() if isinstance(stage, PairStage) else {}
    columns = [pl.coalesce(name, value).alias(name) for name, value in other.items()]
    return _joined(docs, stage, decisions, columns)


def _restored(docs: pl.DataFrame, stage: CountStage, edits: pl.DataFrame) -> pl.DataFrame:
    """Make the edits that `edits_of` gives, in those columns that were read."""
    columns = [
        pl.when(f"__is_{name}").then(f"__new_{name}").otherwise(name).alias(name)
        for name in stage.edits
        if f"__is_{name}" in edits.columns
    ]
    return _joined(docs, stage, edits, columns)


def _joined(
    docs: pl.DataFrame, stage: ShuffledStage, decisions: pl.DataFrame, columns: list[pl.Expr]
) -> pl.DataFrame:
    """The documents still kept, with what was decided of them, and `columns` made of both."""
    renamed = decisions.rename({"row": "__row", "drop_rule": "__rule", "drop_evidence": "__proof"})

    def work(kept: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
        joined = kept.with_columns(places.alias("__row")).join(
            renamed, on="__row", how="left", maintain_order="left"
        )
        verdict = (pl.col("__rule"), pl.col("__proof"))
        return drop(joined.with_columns(columns), stage.name, *verdict)

    return on_kept(docs, stage.name, stage.columns, work)


def edited(docs: pl.DataFrame, stage: CountStage, counted: pl.DataFrame) -> pl.DataFrame:
    """Let the stage edit the documents still kept."""

    def work(kept: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
        place = pl.DataFrame({"row": places}).with_row_index("place")
        batch_counts = counted.join(place, on="row").with_columns(row="place").drop("place")
        return stage.apply(kept, batch_counts.sort("row", "key"))

    return on_kept(docs, stage.name, stage.columns, work)
