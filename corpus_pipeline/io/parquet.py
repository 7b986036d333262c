"""Parquet files opened for reading, on this machine or on a store.

Enters: a path.  Leaves: the file, its schema.  Of an object only those ranges are fetched that
somebody asks for: the footer, and the columns of the row groups that are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpus_pipeline.io.fs import StorePath


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The file, open as long as the context lasts."""
    if isinstance(path, StorePath):
        # Chunks of columns are fetched whole; without `pre_buffer` each page would be a request.
        with path.open("rb") as raw, pq.ParquetFile(raw, pre_buffer=True) as file:
            yield file
        return
    with pq.ParquetFile(path) as file:
        yield file


def schema_of(path: Path) -> pa.Schema:
    """The columns of a file and their types, from its footer."""
    with opened(path) as file:
        return file.schema_arrow
