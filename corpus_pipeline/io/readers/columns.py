"""The mapped columns of a foreign Arrow schema, whatever types they have.

Enters: record batches.  Leaves: Polars series of strings.
Refuses: numbers, structures and lists of them as the text of a document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from corpus_pipeline.io.readers.base import Fields
from corpus_pipeline.io.readers.fields import OTHERS
from corpus_pipeline.io.readers.paths import Step, TextPath


class Mapped(NamedTuple):
    """The paths that a schema has, by what they mean."""

    text: list[TextPath]
    others: dict[str, list[str]]  # by the document's column
    columns: list[str]


def resolve(schema: pa.Schema, fields: Fields) -> Mapped:
    """Which of the candidates a file has, in the order of the mapping."""
    paths = [TextPath(path, fields.joiner) for path in fields.texts]
    text = [path for path in paths if _has(schema, path)]
    others = {
        "source_id" if name == "id" else name: [
            path for path in getattr(fields, name) if _is_plain(_type_of(schema, path))
        ]
        for name in OTHERS
    }
    columns = [name for path in text for name in _columns(schema, path)]
    wanted = dict.fromkeys([*columns, *(path for paths in others.values() for path in paths)])
    return Mapped(text, others, list(wanted))


def _has(schema: pa.Schema, path: TextPath) -> bool:
    """Whether a file has this text: a column of strings or bytes, or lists and objects of them."""
    if _is_text(_type_of(schema, path.path)):
        return True
    return all(root in schema.names for root in path.roots) and all(
        _is_text(_leaf(schema.field(steps[0][0][0]).type, steps[1:])) for steps in path.parts
    )


def _leaf(kind: pa.DataType, steps: Sequence[Step]) -> pa.DataType | None:
    """The type at the end of a path, that of the items where it is a list."""
    while _is_list(kind):
        kind = kind.value_type
    if not steps:
        return kind
    (names, _), *rest = steps
    if not pa.types.is_struct(kind) or kind.get_field_index(names[0]) < 0:
        return None
    return _leaf(kind.field(names[0]).type, rest)


def _is_list(kind: pa.DataType) -> bool:
    of = pa.types
    return bool(of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind))


def _columns(schema: pa.Schema, path: TextPath) -> list[str]:
    """What has to be read for a path: itself where it ends at strings, else all of its columns."""
    return [path.path] if _is_text(_type_of(schema, path.path)) else list(path.roots)


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
        if not _is_text(_type_of(batch.schema, path.path)):
            free = text.is_null() & payload.is_null() & ~torn
            text = text.zip_with(~free, _joined(batch, path))
            continue
        array = _column(batch, path.path)
        declared = _is_string(array.type)
        good, raw = _decoded(array)
        free = text.is_null() & payload.is_null() & ~torn
        text = text.zip_with(~free, good)
        if declared:
            torn |= free & raw.is_not_null()
        else:
            payload = payload.zip_with(~free, raw)
    return text, payload, torn


def _joined(batch: pa.RecordBatch, path: TextPath) -> pl.Series:
    """The texts of a path through lists, or of joined columns; null where there is none."""
    names = list(dict.fromkeys(path.roots))
    rows = batch.select(names).to_pylist()
    values = [path.of(row) for row in rows]
    texts = [value if isinstance(value, str) else None for value in values]
    return pl.Series(texts, dtype=pl.String())


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
