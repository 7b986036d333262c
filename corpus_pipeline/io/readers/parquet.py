"""Parquet in, documents out: somebody else's files, and the outputs of our own stages.

Enters: some row groups of a file.  Leaves: for foreign files the mapped columns; for a stage's
output every column as it is, ids unchanged.  A row group that cannot be read is one quarantine
record, and so is a file without a text column (its detail names the columns).
Raises `InputChangedError`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus_pipeline.io.archives.member import TornError, spooled
from corpus_pipeline.io.checked import InputChangedError
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.readers.base import ROW_BYTES, IngestOptions, too_large
from corpus_pipeline.io.readers.columns import Mapped, resolve, texts_of, values_of
from corpus_pipeline.io.readers.fields import shown
from corpus_pipeline.io.readers.source import Plain, events_of, open_piece, size_of
from corpus_pipeline.io.shards import empty_table
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import (
    DOCUMENT,
    PAYLOAD,
    QUARANTINE,
    VERDICT,
    Chunk,
    Reason,
    document_id,
    empty,
)

OURS: Final = frozenset({"id", "source", "locator", "dropped_by"})


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The row groups of the piece."""
    try:
        raw = open_piece(piece) if piece.compression == "none" else _unpacked(piece, options)
        file = pq.ParquetFile(raw, page_checksum_verification=True)
        names = set(file.schema_arrow.names)
        ours = names >= OURS and piece.member is None  # an archive's members have no one schema
        mapped = None if ours else resolve(file.schema_arrow, options.fields)
    except InputChangedError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged footer raises whatever it likes
        reason: Reason = getattr(error, "reason", "corrupt_parquet")
        yield _lost(piece, f"{piece.locator}#0", reason, _why(error), size_of(piece))
        return
    with raw, file:
        if mapped is not None and not mapped.text:
            detail = f"no text column; the file has {shown(sorted(names))}"
            yield _lost(piece, f"{piece.locator}#0", "no_text", detail, size_of(piece))
            return
        first = 0
        for number in range(file.num_row_groups):
            if piece.row_groups is None or number in piece.row_groups:
                yield from _row_group(file, number, first, _Job(piece, options, mapped))
            first += file.metadata.row_group(number).num_rows
        if mapped is None and not file.metadata.num_rows:
            # A stage's output without documents still says which columns there are.
            docs = pl.DataFrame(pl.from_arrow(empty_table(file.schema_arrow)))
            yield Chunk(_with_basics(docs), empty(QUARANTINE), 0)


def _unpacked(piece: Piece, options: IngestOptions) -> BinaryIO:
    """A file that is compressed as a whole, in a temporary file."""
    stream = Plain(events_of(piece, options.limits))
    file = spooled(b"", stream)
    if stream.fault is not None:
        file.close()
        raise TornError(stream.fault.reason, stream.fault.detail)
    return file


class _Job(NamedTuple):
    piece: Piece
    options: IngestOptions
    mapped: Mapped | None  # None = the output of one of our stages


def _row_group(file: pq.ParquetFile, number: int, first: int, job: _Job) -> Iterator[Chunk]:
    """One row group; `first` is the number of its first row in the file."""
    piece, options, mapped = job
    meta = file.metadata.row_group(number)
    each = meta.total_byte_size / max(meta.num_rows, 1)
    rows = int(min(max(options.batch_bytes / max(each, 1), 1), 65536))
    rows_read = 0
    columns = None if mapped is None else mapped.columns
    try:
        for batch in file.iter_batches(rows, row_groups=[number], columns=columns):
            docs = (
                _own(batch)
                if mapped is None
                else _foreign(batch, first + rows_read, piece, options, mapped)
            )
            yield from _bounded(*docs, batch.nbytes, options.batch_bytes)
            rows_read += batch.num_rows
    except InputChangedError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged page raises whatever it likes
        detail = f"row group {number}, {rows_read} of {meta.num_rows} rows read: {_why(error)}"
        size = int(each * (meta.num_rows - rows_read))
        yield _lost(
            piece, f"{piece.locator}#{first + rows_read}", "corrupt_row_group", detail, size
        )


def _why(error: Exception) -> str:
    """The message of Arrow or the system; of other errors the type, as Polars may quote a value."""
    return str(error) if isinstance(error, pa.ArrowException | OSError) else type(error).__name__


def _own(batch: pa.RecordBatch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A stage's output, with every column that it has."""
    batch.validate(full=True)
    return _with_basics(pl.DataFrame(pl.from_arrow(batch))), empty(QUARANTINE)


def _with_basics(docs: pl.DataFrame) -> pl.DataFrame:
    """The columns that every batch has, first and of their types; then all others."""
    basic = {**DOCUMENT, **VERDICT}
    docs = docs.with_columns(
        pl.col(name).cast(dtype) if name in docs.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in basic.items()
    )
    others = [name for name in docs.columns if name not in basic]
    return docs.select([*basic, *others])


def _foreign(
    batch: pa.RecordBatch, first: int, piece: Piece, options: IngestOptions, mapped: Mapped
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The mapped columns of somebody else's file."""
    rows = batch.num_rows
    text, payload, bad_utf8 = texts_of(batch, mapped)
    locators = [f"{piece.locator}#{row}" for row in range(first, first + rows)]
    columns: dict[str, Any] = {
        "id": [document_id(piece.source, locator) for locator in locators],
        "source": [piece.source] * rows,
        "locator": locators,
        "text": text,
        "payload": payload,
        **{name: values_of(batch, paths) for name, paths in mapped.others.items()},
    }
    schema = {**DOCUMENT, **VERDICT, **PAYLOAD}
    docs = pl.DataFrame(
        [
            columns[name].alias(name)
            if isinstance(columns.get(name), pl.Series)
            else pl.Series(name, columns.get(name, [None] * rows), dtype)
            for name, dtype in schema.items()
        ]
    ).with_columns(
        pl.col("license").fill_null(pl.lit(piece.license, pl.String())),
        *(pl.col(name).fill_null(stated) for name, stated in piece.generated.items()),
        media_type=pl.when(pl.col("payload").is_not_null()).then(pl.lit("text/plain")),
    )
    size = pl.coalesce(pl.col("text").str.len_bytes(), pl.col("payload").bin.size())
    docs, limit = docs.with_columns(_bad=bad_utf8, _size=size), options.max_document_bytes
    reason = (
        pl.when("_bad")
        .then(pl.lit("bad_utf8"))
        .when(pl.col("_size").is_null())
        .then(pl.lit("no_text"))
        .when(pl.col("_size") > limit)
        .then(pl.lit("document_too_large"))
    )
    docs = docs.with_columns(reason.alias("_reason"))
    good = docs.filter(pl.col("_reason").is_null()).drop("_bad", "_size", "_reason")
    return good, _refused(docs, piece, limit)


def _refused(docs: pl.DataFrame, piece: Piece, limit: int) -> pl.DataFrame:
    """The rows that have a `_reason`, as rows of QUARANTINE."""
    characters = pl.col("text").str.len_chars().alias("_characters")
    rows = docs.filter(pl.col("_reason").is_not_null())
    bad = [
        (piece.source, locator, "ingest", why, _detail(why, size, limit), *_NO_PLACE, size, length)
        for locator, why, size, length in rows.select(
            "locator", "_reason", "_size", characters
        ).iter_rows()
    ]
    return pl.DataFrame(bad, schema=dict(QUARANTINE), orient="row")


#: Beginning, end and digest of a record that is no stretch of bytes.
_NO_PLACE: Final = (None, None, None)


def _detail(reason: str, size: int | None, limit: int) -> str:
    if reason == "document_too_large":
        return too_large(size or 0, limit)
    return "the text is null" if reason == "no_text" else "the text column is not UTF-8 here"


def _bounded(docs: pl.DataFrame, bad: pl.DataFrame, used: int, limit: int) -> Iterator[Chunk]:
    """One chunk, or several where the batch has more than `limit` bytes of text and payload."""
    payload = pl.col("payload").bin.size() if "payload" in docs.columns else pl.lit(0)
    weights = docs.select(
        (
            pl.col("text").str.len_bytes().fill_null(0).cast(pl.Int64())
            + payload.fill_null(0).cast(pl.Int64())
            + ROW_BYTES
        ).alias("weight")
    ).get_column("weight")
    start = weight = 0
    for row, size in enumerate(weights):
        weight += size
        if weight >= limit and row + 1 < docs.height:
            yield Chunk(docs[start : row + 1], empty(QUARANTINE), 0)
            start, weight = row + 1, 0
    yield Chunk(docs[start:], bad, used)


def _lost(piece: Piece, locator: str, reason: Reason, detail: object, size: int) -> Chunk:
    shown, schema = concealed(str(detail)[:500]), {**DOCUMENT, **VERDICT, **PAYLOAD}
    row = (piece.source, locator, "ingest", reason, shown, *_NO_PLACE, size or None, None)
    return Chunk(empty(schema), pl.DataFrame([row], dict(QUARANTINE), orient="row"), 0, size)
