"""What the package of a site may hold, and whether a file of one holds anything else.

Enters: a file of a package.  Leaves: what is in it that may not leave a site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.io.fs import local_copy

#: All that a package may hold, by folder: columns and their types.  No word of an input is among
#: them; `id` is 32 hexadecimal digits, `source` the name of the site.
COLUMNS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "facts": {
        "doc": pl.UInt64(),
        "id": pl.String(),
        "source": pl.String(),
        "length": pl.UInt32(),
        "quality": pl.Float32(),
    },
    "sketch": {
        "key": pl.UInt64(),
        "high": pl.UInt64(),
        "merit": pl.UInt64(),
        "doc": pl.UInt64(),
    },
    "signatures": {"size": pl.UInt32(), "merit": pl.UInt64(), "signature": pl.Binary()},
    "pairs": {
        "a": pl.UInt64(),
        "b": pl.UInt64(),
        "jaccard": pl.Float32(),
        "containment": pl.Float32(),
        "larger": pl.UInt64(),
        "raw": pl.Boolean(),
    },
}


def problems(path: Path, name: str, site: str, values: int) -> Iterator[str]:
    """What is in a file of a package that may not be there."""
    kind = name.partition("/")[0]
    allowed = COLUMNS.get(kind)
    if allowed is None:
        yield "a package has no such folder"
        return
    path = local_copy(path)
    schema = pl.read_parquet_schema(path)
    for column, dtype in schema.items():
        if allowed.get(column) != dtype:
            yield f"a column {column} of type {dtype}"
            return
    if pq.read_metadata(path).metadata and set(pq.read_metadata(path).metadata) - {b"ARROW:schema"}:
        yield "metadata beside the schema"
    if kind == "facts":
        rows = pl.read_parquet(path, columns=["id", "source"])
        if not rows.get_column("id").str.contains("^[0-9a-f]{32}$").fill_null(value=False).all():
            yield "an id that is none"
        if (rows.get_column("source") != site).any():
            yield "a source that is not the site's name"
    if kind == "signatures":
        sizes = pl.read_parquet(path, columns=["signature"]).get_column("signature").bin.size()
        if (sizes != values).any():
            yield f"a signature that has not {values} bytes"
