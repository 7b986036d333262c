"""Load the traces of texts that were erased.

Enters: a pinned file that an index holds.  Leaves: its rows (`text.dedup.traces.SCHEMA`).
Errors: `PipelineError` for a file of another shape.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.dedup.traces import SCHEMA, VALUES


def load_traces(asset: Asset) -> pl.DataFrame:
    """The traces of one index."""
    return once(asset, _read)


def _read(path: Path) -> pl.DataFrame:
    rows = pl.read_parquet(path)
    sizes = rows.get_column("signature").bin.size() if "signature" in rows.columns else None
    if rows.schema != pl.Schema(SCHEMA) or sizes is None or not (sizes == VALUES).all():
        raise PipelineError(f"{path.name} holds no traces of erased texts")
    return rows
