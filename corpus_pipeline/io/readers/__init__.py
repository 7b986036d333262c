"""Readers, one file a format; `read` picks the one that a piece names.

Enters: a piece of an input.  Leaves: chunks of documents and quarantine records.
Refuses: to raise on bad data.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk

READERS: Final = {
    "jsonl": "jsonl",
    "json": "json_array",
    "parquet": "parquet",
    "text": "text",
    "html": "html",
    "warc": "warc",
    "csv": "csv",
    "tsv": "csv",
    "wikixml": "wikixml",
}


def read(piece: Piece, options: IngestOptions | None = None) -> Iterator[Chunk]:
    """The documents of a piece, in bounded chunks."""
    chunks: Iterator[Chunk] = _module(piece.format).read(piece, options or IngestOptions())
    return chunks


@cache
def _module(format_: str) -> Any:
    return importlib.import_module(f"{__name__}.{READERS[format_]}")
