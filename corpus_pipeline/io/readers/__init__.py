"""Readers, one file a format; `read` calls the one that the piece's format names.

Enters: a piece of an input.  Leaves: chunks of documents and quarantine records.  Bad data raises
nothing; `InputChangedError` says that the file is not the scanned one.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.readers.base import Broken, ChunkBuilder, IngestOptions
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk


def read(piece: Piece, options: IngestOptions | None = None) -> Iterator[Chunk]:
    """The documents of a piece, in bounded chunks; of a file that has none, a record that says so.

    Of a file that is cut into pieces no piece can know that the others have none.
    """
    options = options or IngestOptions()
    silent = piece.start == 0 and piece.end is None and piece.row_groups is None
    for chunk in FORMATS[piece.format].read(piece, options):
        silent = False
        yield chunk
    size = piece.fingerprint.size if piece.fingerprint else int(piece.member is not None)
    if silent and size:
        build = ChunkBuilder(piece, options)
        detail = f"a file of the format {piece.format}, and no document in it"
        build.quarantine(Broken(0, None, "no_documents", detail), piece.locator)
        yield build.take(0)
