"""Read the documents that a model is trained on: JSON lines in, a frame with known columns out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from corpus_pipeline.model import PipelineError


def read_documents(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """All rows of a JSON-lines file, compressed or not; it must have `columns`, as strings.

    Raises `PipelineError` naming the file where it cannot be read or lacks a column.
    """
    try:
        docs = pl.read_ndjson(path, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PipelineError(f"cannot read {path}: {str(error).splitlines()[0]}") from None
    if missing := [name for name in columns if docs.schema.get(name) != pl.String()]:
        raise PipelineError(f"{path} has no text column {' or '.join(missing)}")
    return docs
