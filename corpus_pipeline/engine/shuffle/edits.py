"""The edits of a count stage, made ahead of the last pass for the aggregate stages behind it.

Enters: the documents of a split that the local pass kept, and what the count stage matched.
Leaves: a part file with the stage's columns and verdicts, and those texts that it changed.

An aggregate stage has to know what a count stage dropped.  Without this file it would make all
edits again, as would the next one and the last pass, from whole documents.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from corpus_pipeline.engine.shuffle.decisions import (
    VERDICT,
    columns_read,
    decided,
    edited,
    edits_path,
    judged,
    of_batch,
)
from corpus_pipeline.engine.shuffle.job import Part
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import DOCUMENT, CountStage
from corpus_pipeline.tasks.base import Result


def edit(part: Part) -> Result:
    """Make the stage's edits in one split."""
    stage = part.job.stage
    assert isinstance(stage, CountStage)
    names = {**stage.columns, **dict.fromkeys(VERDICT, pl.String())}
    for name in stage.edits:
        names |= {f"__is_{name}": pl.Boolean(), f"__new_{name}": DOCUMENT[name]}
    empty = pl.DataFrame(schema={"row": pl.UInt64, **names})
    frames = [empty, *(frame.cast(empty.schema) for frame in _edits(part, stage))]
    write_shard(edits_path(part.job, part.number), frames, level=0, size_by="")
    return {"kind": "edit", "documents": sum(frame.height for frame in frames)}


def _edits(part: Part, stage: CountStage) -> Iterator[pl.DataFrame]:
    """A frame for each batch, as `edits_of` gives it."""
    found = decided(part.job, part.number)
    columns = columns_read(stage, part.kept)
    for first, docs in judged(part.before, part.kept, part.number, columns):
        alive = docs.get_column("dropped_by").is_null()
        after = edited(docs, stage, of_batch(found, first, docs.height)).filter(alive)
        old = docs.filter(alive)
        may = {*stage.edits, *stage.columns, "dropped_by", *VERDICT}
        same = [name for name in docs.columns if name not in may]
        if not after.select(same).equals(old.select(same)):
            raise ValueError(f"{stage.name} changed columns that are not in its `edits`")
        places = pl.int_range(first, first + docs.height, dtype=pl.UInt64, eager=True)
        changed = []
        for name in stage.edits:
            new, is_new = after.get_column(name), after.get_column(name).ne_missing(old[name])
            changed.append(is_new.alias(f"__is_{name}"))
            changed.append(new.set(~is_new, None).alias(f"__new_{name}"))
        rows = after.select(*stage.columns, *VERDICT)
        yield pl.DataFrame([places.filter(alive).alias("row"), *rows.get_columns(), *changed])
