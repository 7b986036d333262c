"""An aggregate stage over a run: sum each split by group, settle all groups, mark the documents.

Enters: the parts of the local pass and the decisions of the stages before this one.  Leaves: a
decision for each group, the group of each document, and the drop mask (u8, one byte a document).

    members: per split, the documents as the stages before left them → group and sums
      → settle: one task over the sums of all groups → drop mask
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import row_groups, write_array
from corpus_pipeline.engine.shuffle.decisions import (
    VERDICT,
    chosen,
    columns_read,
    judged,
    own_mask,
    passed_by,
)
from corpus_pipeline.engine.shuffle.job import Part, Shuffle
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import AggregateStage, PipelineError
from corpus_pipeline.tasks.base import Result, Task

#: The group of each kept document.
_MEMBERS = pl.Schema({"row": pl.UInt64(), "key": pl.String(), "source": pl.String()})

RunTasks = Callable[[Sequence[Task]], list[Result]]


def aggregate(
    job: Shuffle, before: tuple[Shuffle, ...], dropped: Path | None, run_tasks: RunTasks
) -> Result:
    """Run the stage over all splits: its `groups`, `dropped` documents, `lost` ones by source.

    With the stage's `report` of the groups.

    `dropped`: a byte for each of the run's own documents, 1 where an earlier stage dropped it.
    """
    splits = job.corpus.splits
    parts = [Part(job, before, number) for number in range(splits)]
    run_tasks([job.task("members", part.number, members, part) for part in parts])
    (groups,) = run_tasks([job.task("settle", 0, settle, job)])
    (masked,) = run_tasks([job.task("mask", 0, mask, (job, dropped))])
    told = {key: groups[key] for key in ("groups", "report")}
    return {**told, "dropped": masked["dropped"], "lost": masked["lost"]}


def members(part: Part) -> Result:
    """The group of each document of a split, and the sums of the split's groups."""
    job, stage = part.job, part.job.stage
    assert isinstance(stage, AggregateStage)
    groups, sums = [_MEMBERS.to_frame()], []
    for places, docs in _documents(part, stage):
        rows = _checked(stage, docs.height, stage.sketch(docs))
        sums.append(rows.drop("row"))
        if places is not None:
            indices = rows.get_column("row")
            grouped = docs.select("source", "dropped_by")[indices].with_columns(
                places.gather(indices).alias("row"), rows.get_column("key")
            )
            alive = grouped.filter(pl.col("dropped_by").is_null())
            groups.append(alive.select(_MEMBERS.names()))
    name = f"part-{part.number:05d}.parquet"
    write_shard(job.home / "members" / name, groups, level=0, size_by="")
    write_shard(job.home / "sums" / name, [summed(sums)], level=0, size_by="")
    return {"kind": "members", "documents": sum(frame.height for frame in groups)}


def _documents(
    part: Part, stage: AggregateStage
) -> Iterator[tuple[pl.Series | None, pl.DataFrame]]:
    """The batches of a split and each row's place in the kept part; None: of the dropped part."""
    kept = part.kept
    dropped = kept.parents[1] / "dropped" / kept.name
    for first, docs in judged(part.before, kept, part.number, columns_read(stage, kept)):
        places = pl.int_range(first, first + docs.height, dtype=pl.UInt64, eager=True)
        alive = docs.get_column("dropped_by").is_null()
        if stage.sees_dropped or alive.all():
            yield places, docs
        else:
            yield places.filter(alive), docs.filter(alive)
    if stage.sees_dropped:
        stages = built([job.spec for job in part.before])
        for docs in row_groups(dropped, columns_read(stage, dropped)):
            yield None, passed_by(docs, stages)


def _checked(stage: AggregateStage, height: int, rows: pl.DataFrame) -> pl.DataFrame:
    """A sketch with `row` (u32), `key`, `documents` and its measures as i64, sorted by `row`."""
    where = f"{stage.name}: sketch gave"
    lacking = {"row", "key"} - set(rows.columns)
    if lacking:
        raise TypeError(f"{where} no column {' and '.join(sorted(lacking))}")
    measures = [name for name in rows.columns if name not in ("row", "key")]
    inexact = [
        name
        for name in measures
        if not (dtype := rows.schema[name]).is_integer() and dtype != pl.Boolean
    ]
    if inexact or "documents" in measures:
        raise TypeError(f"{where} {inexact or 'documents'}; measures are integers or booleans")
    rows = rows.cast({"row": pl.UInt32, "key": pl.String, **dict.fromkeys(measures, pl.Int64)})
    rows = rows.filter(pl.col("key").is_not_null()).sort("row")
    if rows.get_column("row").is_duplicated().any() or (rows["row"] >= height).any():
        raise ValueError(f"{where} two rows for a document, or one for none")
    return rows.with_columns(documents=pl.lit(1, dtype=pl.Int64))


def summed(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sums of each group, sorted by `key`: `key`, `documents`, and the measures."""
    front = ["key", "documents"]
    groups = pl.concat(parts).group_by("key").sum().sort("key")
    return groups.select(*front, pl.exclude(front))


def settle(job: Shuffle) -> Result:
    """The decision about each group."""
    stage = job.stage
    assert isinstance(stage, AggregateStage)
    files = numbered(job.home / "sums")
    groups = summed([pl.read_parquet(local_copy(path)) for path in files])
    decisions = settled(stage, groups) if job.brought is None else None
    if decisions is None:
        groups, decisions = _taken(job, groups)
    write_shard(job.home / "decisions" / "part-00000.parquet", [decisions], level=0, size_by="")
    report = stage.report(groups) if stage.reports is not None else []
    return {"kind": "settle", "groups": groups.height, "report": report}


def settled(stage: AggregateStage, groups: pl.DataFrame) -> pl.DataFrame:
    """The decision about each of all groups."""
    wanted = {"key": pl.String(), **stage.columns, **dict.fromkeys(VERDICT, pl.String())}
    decisions = chosen(stage.name, stage.settle(groups), wanted).sort("key")
    if decisions.get_column("key").is_duplicated().any():
        raise ValueError(f"{stage.name}: settle decided twice about a group")
    return decisions


def _taken(job: Shuffle, groups: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sums of these groups over all sites, if they are reported, and what was decided."""
    brought, name = job.brought, job.spec.name
    assert brought is not None
    (across,) = built([brought.spec])
    blind = across.blind(groups, brought.secret).get_column("key").alias("blind")
    came = pl.read_parquet(local_copy(brought.folder / name / "part-00000.parquet"))
    came = came.rename({"key": "blind"})
    named = groups.select("key", blind).join(came, on="blind", how="inner", maintain_order="left")
    if named.height != groups.height:
        raise PipelineError(
            f"the totals of {name} are about other groups than this site has: "
            "they were made from other sums"
        )
    sums = [column for column in groups.columns if column in named.columns]
    return named.select(sums), named.select("key", *across.columns, *VERDICT)


def mask(argument: tuple[Shuffle, Path | None]) -> Result:
    """A byte for each of the run's own documents: 1 where this stage or one before dropped it."""
    job, before = argument
    starts = job.corpus.starts()
    dropped = own_mask(job, before)
    groups = pl.read_parquet(local_copy(job.home / "decisions" / "part-00000.parquet"))
    dropped_groups = groups.filter(pl.col("drop_rule").is_not_null()).select("key")
    lost: Counter[str] = Counter()
    for number in range(job.corpus.splits):
        rows = pl.read_parquet(local_copy(job.home / "members" / f"part-{number:05d}.parquet"))
        rows = rows.join(dropped_groups, on="key", how="semi")
        dropped[int(starts[number]) + rows.get_column("row").to_numpy().astype(np.int64)] = 1
        lost.update(rows.get_column("source").fill_null("").to_list())
    write_array(job.dropped, dropped)
    return {"kind": "mask", "dropped": sum(lost.values()), "lost": dict(sorted(lost.items()))}
