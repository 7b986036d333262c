"""A stage that sees all documents, over one frame: a real run in a temporary folder."""

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
from engine_runs import frame, job

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine.run import run
from corpus_pipeline.engine.shuffle import steps
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.tasks.local import LocalEngine

#: A run flushes some 100 files to the disk: a shared disk takes ten times as long as memory.
MEMORY = Path("/dev/shm")


def after(stage: Any, docs: pl.DataFrame, *, ranges: int = 1, batch: int = 0) -> pl.DataFrame:
    """The documents as the stage leaves them, in their order.

    `batch` documents a split (0: one split for all), matched in about so many key ranges.
    """
    rows = max(stage.sketch(docs).height, 1) if ranges > 1 else steps.MATCH_ROWS
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(steps, "MATCH_ROWS", -(-rows // ranges)),
    ):
        folder = Path(name)
        docs.write_parquet(folder / "in.parquet", row_group_size=batch or max(docs.height, 1))
        given = job(
            folder / "in.parquet",
            folder / "out",
            specs=(spec(stage.name, stage.options, Path.cwd()),),
            split_bytes=1 if batch else 1 << 30,
            ingest=IngestOptions(),
        )
        run(given, LocalEngine())
        parts = [frame(folder / "out", kind) for kind in ("kept", "dropped")]
    return (
        docs.select("id")
        .join(pl.concat(parts), on="id", maintain_order="left")
        .select(parts[0].columns)
    )


def settled(stage: Any, docs: pl.DataFrame, parts: int = 1, batch: int = 0) -> pl.DataFrame:
    """The documents after a pair stage, by id, with what it ranks them by."""
    out = after(stage, docs, ranges=parts, batch=batch)
    quality = "quality_score" if "quality_score" in docs.columns else pl.lit(None)
    return out.with_columns(length=pl.col("text").str.len_chars(), quality=quality).sort("id")


def decisions_of(docs: pl.DataFrame, stage: Any) -> pl.DataFrame:
    """What of it must not depend on order, batches or partitions."""
    return docs.select("id", *stage.columns, "drop_rule", "drop_evidence")
