"""Small chunks joined to batches, so that a thousand small files cost what one large one does.

Enters: the chunks of consecutive pieces.  Leaves: chunks of about `batch_bytes`, the same rows in
the same order.  A chunk that is a batch by itself is passed on as it is.
"""

from __future__ import annotations

import polars as pl

from corpus_pipeline.io.readers.base import ROW_BYTES
from corpus_pipeline.model import Chunk


def _weight(chunk: Chunk) -> int:
    """Bytes that a chunk adds to a batch: of input where the reader counts them, else of text."""
    docs = chunk.docs
    size = chunk.input_bytes
    if not size and docs.height:
        size = int(docs.get_column("text").str.len_bytes().sum() or 0)
        if "payload" in docs.columns:
            size += int(docs.get_column("payload").bin.size().sum() or 0)
    return size + ROW_BYTES * (docs.height + chunk.quarantine.height)


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
        self._schema = pl.Schema()  # of the first that has documents

    def fits(self, chunk: Chunk) -> bool:
        """Whether the chunk may join those that wait: the batch stays small, the columns equal."""
        if not self._chunks:
            return True
        if self._weight + _weight(chunk) > self.limit:
            return False
        return not chunk.docs.height or not self.rows or chunk.docs.schema == self._schema

    def add(self, chunk: Chunk) -> None:
        """Let the chunk wait with the others."""
        self._chunks.append(chunk)
        if chunk.docs.height and not self.rows:
            self._schema = chunk.docs.schema
        self.rows += chunk.docs.height
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
        chunks = self._chunks
        self._clear()
        if len(chunks) == 1:
            return chunks[0]
        # A damaged file gives no rows, and columns that may not be those of its neighbours.
        docs = [chunk.docs for chunk in chunks if chunk.docs.height] or [chunks[0].docs]
        lost = [chunk.quarantine for chunk in chunks if chunk.quarantine.height]
        return Chunk(
            pl.concat(docs, rechunk=True),
            pl.concat(lost) if lost else chunks[0].quarantine,
            sum(chunk.input_bytes for chunk in chunks),
        )
