"""Readers, one file a format; `read` calls the one that the piece's format names.

Enters: a piece of an input.  Leaves: chunks of documents and quarantine records.  Bad data raises
nothing; `InputChangedError` says that the file is not the scanned one.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk


def read(piece: Piece, options: IngestOptions | None = None) -> Iterator[Chunk]:
    """The documents of a piece, in bounded chunks."""
    return FORMATS[piece.format].read(piece, options or IngestOptions())
