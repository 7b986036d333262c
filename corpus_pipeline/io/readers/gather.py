"""Small chunks joined to batches, so that a thousand small files cost what one large one does.

Enters: the chunks of consecutive pieces.  Leaves: chunks of about `batch_bytes`, the same rows in
the same order.  A chunk that is a batch by itself is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, cast

import polars as pl

from corpus_pipeline.io.readers.base import ROW_BYTES, Rows
from corpus_pipeline.model import DOCUMENT, PAYLOAD, VERDICT, Chunk

#: The columns of rows, whatever they are.
ROWS: Final = pl.Schema({**DOCUMENT, **VERDICT, **PAYLOAD})


def _weight(chunk: Chunk) -> int:
    """Bytes that a chunk adds to a batch: of input where the reader counts them, else of text."""
    size = chunk.input_bytes
    if not size and isinstance(chunk, Rows):
        size = chunk.text_bytes
    elif not size and chunk.height:
        size = int(chunk.docs.get_column("text").str.len_bytes().sum() or 0)
        if "payload" in chunk.docs.columns:
            size += int(chunk.docs.get_column("payload").bin.size().sum() or 0)
    return size + ROW_BYTES * (chunk.height + chunk.lost)


class Gatherer:
    """Chunks that wait for the batch to be full."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes of a batch."""
        self.limit = limit
        self._clear()

    def _clear(self) -> None:
        self._chunks: list[Chunk] = []
        self.rows = 0  # of the documents that wait
        self._weight = 0
        self._sources: dict[str, int] = {}
        self._schema: pl.Schema | None = None  # of the first that has documents

    def fits(self, chunk: Chunk) -> bool:
        """Whether the chunk may join those that wait: the batch stays small, the columns equal."""
        if not self._chunks:
            return True
        if self._weight + _weight(chunk) > self.limit:
            return False
        if not chunk.height or not self.rows:
            return True
        schema = _schema(chunk)
        return schema is self._schema or schema == self._schema

    def add(self, chunk: Chunk, source: str = "") -> None:
        """Let the chunk, of an input of this source, wait with the others."""
        self._chunks.append(chunk)
        size = chunk.input_bytes + chunk.beyond
        self._sources[source] = self._sources.get(source, 0) + size
        if chunk.height and not self.rows:
            self._schema = _schema(chunk)
        self.rows += chunk.height
        self._weight += _weight(chunk)

    @property
    def full(self) -> bool:
        """Whether the chunks that wait are a batch."""
        return self._weight >= self.limit

    @property
    def waiting(self) -> bool:
        """Whether any chunk waits."""
        return bool(self._chunks)

    def take(self) -> Chunk:
        """All that wait, as one chunk (there must be one)."""
        chunks, sources = self._chunks, self._sources
        self._clear()
        taken = _joined(chunks)
        taken.sources = sources
        return taken


def _joined(chunks: list[Chunk]) -> Chunk:
    """Chunks as one that has frames."""
    if len(chunks) == 1:
        return Chunk(chunks[0].docs, chunks[0].quarantine, chunks[0].input_bytes)
    # A damaged file gives no rows, and columns that may not be those of its neighbours.
    docs = list(_frames([chunk for chunk in chunks if chunk.height] or chunks[:1]))
    lost = [chunk.quarantine for chunk in chunks if chunk.lost]
    return Chunk(
        pl.concat(docs, rechunk=True),
        pl.concat(lost) if lost else chunks[0].quarantine,
        sum(chunk.input_bytes for chunk in chunks),
    )


def _schema(chunk: Chunk) -> pl.Schema:
    return ROWS if isinstance(chunk, Rows) else chunk.docs.schema


def _frames(chunks: Sequence[Chunk]) -> Iterator[pl.DataFrame]:
    """The frames of chunks; rows that follow on each other are one."""
    for are_rows, group in groupby(chunks, lambda chunk: isinstance(chunk, Rows)):
        if are_rows:
            parts = [part for chunk in group for part in cast(Rows, chunk).parts]
            yield Rows(parts, chunks[0].quarantine, 0).docs
        else:
            yield from (chunk.docs for chunk in group)
