"""What the package of a site may hold, and whether a file of one holds anything else.

Enters: a file of a package.  Leaves: what is in it that may not leave a site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.rules.source_admission import FINDINGS

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
    "sketch/exact_dedup": {"key": pl.UInt64(), "high": pl.UInt64(), "doc": pl.UInt64()},
    "sketch/near_dedup": {"key": pl.UInt64(), "merit": pl.UInt64(), "doc": pl.UInt64()},
    "sketch/line_dedup": {
        "key": pl.UInt64(),
        "doc": pl.UInt64(),
        "size": pl.UInt8(),
        "host": pl.UInt64(),
        "before": pl.UInt32(),
        "after": pl.UInt32(),
    },
    "sketch/spam_names": {
        "key": pl.UInt64(),
        "doc": pl.UInt64(),
        "host": pl.UInt64(),
        "topic": pl.UInt64(),
        "framed": pl.Boolean(),
    },
    "signatures": {"size": pl.UInt32(), "merit": pl.UInt64(), "signature": pl.Binary()},
    "pairs/near_dedup": {
        "a": pl.UInt64(),
        "b": pl.UInt64(),
        "jaccard": pl.Float32(),
        "containment": pl.Float32(),
        "larger": pl.UInt64(),
        "raw": pl.Boolean(),
    },
    "sums/source_admission": {
        "key": pl.String(),
        "documents": pl.Int64(),
        "left": pl.Int64(),
        **{
            f"{finding}_{measure}": pl.Int64()
            for finding in FINDINGS
            for measure in ("of", "bad", "of_left", "bad_left")
        },
    },
    "sums/quality_rank": {
        "key": pl.String(),
        "documents": pl.Int64(),
        "source_admission": pl.String(),
    },
}
#: What a name of a group looks like: a digest under the key, and behind it the steps of a score.
_GROUPS: Final[Mapping[str, str]] = {
    "sums/source_admission": "^[0-9a-f]{32}$",
    "sums/quality_rank": "^[0-9a-f]{32}[0-9]{5}$",
}


def problems(path: Path, name: str, site: str, values: int) -> Iterator[str]:
    """What is in a file of a package that may not be there."""
    kind = str(PurePosixPath(name).parent)
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
    yield from _values(path, kind, site, values)


def _values(path: Path, kind: str, site: str, values: int) -> Iterator[str]:
    """Values that are none of those which a column of the right name and type has."""
    if kind == "facts":
        rows = pl.read_parquet(path, columns=["id", "source"])
        if not rows.get_column("id").str.contains("^[0-9a-f]{32}$").fill_null(value=False).all():
            yield "an id that is none"
        if (rows.get_column("source") != site).any():
            yield "a source that is not the site's name"
    if kind in _GROUPS:
        groups = pl.read_parquet(path).select(pl.col(pl.String))
        shapes = {"key": _GROUPS[kind], "source_admission": _GROUPS["sums/source_admission"]}
        for series in groups.iter_columns():
            # Null: the document is of no group.
            if not series.str.contains(shapes[series.name]).fill_null(series.name != "key").all():
                yield f"a name of a group in {series.name} that is no digest"
    if kind == "signatures":
        sizes = pl.read_parquet(path, columns=["signature"]).get_column("signature").bin.size()
        if (sizes != values).any():
            yield f"a signature that has not {values} bytes"
