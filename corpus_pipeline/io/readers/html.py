"""HTML files in, one page each out.

Enters: an HTML file.  Leaves: its bytes as payload; `decode` finds the charset, `extract` the text.
The bytes are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.readers.text import read_whole
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The page."""
    return read_whole(piece, options, "text/html")
