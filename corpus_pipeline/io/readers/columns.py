"""The mapped columns of a foreign Arrow schema, whatever types they have.

Enters: record batches.  Leaves: Polars series of strings.
Refuses: numbers, lists and structures as the text of a document.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import pyarrow as pa

from corpus_pipeline.io.readers.base import Fields
from corpus_pipeline.io.readers.fields import OTHERS


class Mapped(NamedTuple):
    """The paths that a schema has, by what they mean."""

    text: list[str]
    others: dict[str, list[str]]  # by the document's column
    columns: list[str]


def resolve(schema: pa.Schema, fields: Fields) -> Mapped:
    """Which of the candidates a file has, in the order of the mapping."""
    text = [path for path in fields.text if _is_text(_type_of(schema, path))]
    others = {
        "source_id" if name == "id" else name: [
            path for path in getattr(fields, name) if _is_plain(_type_of(schema, path))
        ]
        for name in OTHERS
    }
    wanted = dict.fromkeys([*text, *(path for paths in others.values() for path in paths)])
    return Mapped(text, others, list(wanted))


def _type_of(schema: pa.Schema, path: str) -> pa.DataType | None:
    if path in schema.names:
        found: pa.DataType = schema.field(path).type
        return found
    name, *rest = path.split(".")
    if name not in schema.names:
        return None
    kind = schema.field(name).type
    for part in rest:
        if not pa.types.is_struct(kind) or kind.get_field_index(part) < 0:
            return None
        kind = kind.field(part).type
    return kind


def _is_text(kind: pa.DataType | None) -> bool:
    if kind is None:
        return False
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return _is_string(kind) or _is_binary(kind)


def _is_string(kind: pa.DataType) -> bool:
    of = pa.types
    return bool(of.is_string(kind) or of.is_large_string(kind) or of.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    of = pa.types
    return bool(of.is_binary(kind) or of.is_large_binary(kind) or of.is_binary_view(kind))


def _is_plain(kind: pa.DataType | None) -> bool:
    if kind is None:
        return False
    of = pa.types
    return _is_text(kind) or bool(
        of.is_integer(kind) or of.is_floating(kind) or of.is_timestamp(kind) or of.is_date(kind)
    )


def _column(batch: pa.RecordBatch, path: str) -> pa.Array:
    """A column by its path; dictionaries are written out, a null structure has null fields."""
    if path in batch.schema.names:
        array = batch.column(path)
    else:
        name, *rest = path.split(".")
        array = batch.column(name)
        for part in rest:
            array = pa.compute.struct_field(array, part)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return array


def texts_of(batch: pa.RecordBatch, mapped: Mapped) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Text, payload (bytes whose charset is to be found), and where a string is no UTF-8."""
    nothing = pl.Series([None] * batch.num_rows, dtype=pl.String())
    text, payload = nothing, nothing.cast(pl.Binary())
    torn = pl.Series([False] * batch.num_rows, dtype=pl.Boolean())
    for path in mapped.text:
        array = _column(batch, path)
        declared = _is_string(array.type)
        good, raw = _decoded(array)
        free = text.is_null() & payload.is_null() & ~torn
        text = text.zip_with(~free, good)
        if declared:
            torn |= free & raw.is_not_null()
        else:
            payload = payload.zip_with(~free, raw)
    return text, payload, torn


def _decoded(array: pa.Array) -> tuple[pl.Series, pl.Series]:
    """What is UTF-8 as text, what is not as bytes."""
    data = pl.Series(pl.from_arrow(array.cast(pa.large_binary())))
    none = pl.Series([None] * len(data), dtype=pl.Binary())
    try:
        return data.cast(pl.String()), none
    except pl.exceptions.PolarsError:
        texts = [_text(value) for value in data]
        good = pl.Series(texts, dtype=pl.String())
        return good, data.zip_with(good.is_null() & data.is_not_null(), none)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def values_of(batch: pa.RecordBatch, paths: list[str]) -> pl.Series:
    """The first value that is not null, as text; times in ISO 8601."""
    column = pl.Series([None] * batch.num_rows, dtype=pl.String())
    for path in paths:
        array = _column(batch, path)
        if _is_text(array.type):
            values = _decoded(array)[0]
        else:
            values = _as_text(pl.Series(pl.from_arrow(array)))
        column = column.zip_with(column.is_not_null(), values)
    return column


def _as_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime):
        zone = "Z" if values.dtype.time_zone == "UTC" else ""
        return values.dt.strftime(f"%Y-%m-%dT%H:%M:%S{zone}")
    return values.cast(pl.String())
