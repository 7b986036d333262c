"""JSON lines in, documents out; a bad line is one quarantine record.

Enters: a byte range of a JSONL file.  Leaves: one document or one quarantine record for each line
that is not blank.  A line that is no JSON object is not repaired.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

import orjson

from corpus_pipeline.io.readers.base import Broken, ChunkBuilder, IngestOptions, too_large
from corpus_pipeline.io.readers.fields import Picker, shown
from corpus_pipeline.io.readers.lines import Line, lines
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk


class BadRecordError(Exception):
    """Why a line is no document: the reason id and a detail without text."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both."""
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The lines that start in the piece."""
    build, picker = ChunkBuilder(piece, options), Picker(options.fields)
    position = piece.start
    # A text of 32 MiB may be escaped as \uXXXX: twice the bytes of UTF-8, and its row around it.
    for number, item in enumerate(
        lines(piece, options, 2 * options.max_document_bytes + (1 << 20))
    ):
        if number == 0:  # what lies before belongs to a line of the piece before
            build.taken = (item.start if isinstance(item, Broken) else item.offset) or build.taken
        if isinstance(item, Broken):
            build.quarantine(item)
            position = item.end or position
        else:
            _add(build, item, picker, options)
            position = item.offset + len(item.data) + 1
        if build.full:
            yield build.take(position)
    if build.any:
        yield build.take(position if piece.end is None else max(position, piece.end))


def _add(build: ChunkBuilder, line: Line, picker: Picker, options: IngestOptions) -> None:
    offset, data, torn = line
    if not data or data.isspace() or (not torn and build.refuse_again(offset, data)):
        return
    try:
        row = parsed(data, options.encoding)
        text = text_of(row, picker, options.max_document_bytes)
    except BadRecordError as bad:
        # The rest of a line that the damage tore is accounted for by the damage's own record.
        if not torn:
            build.refuse(offset, data, bad.reason, bad.detail)
        return
    build.add(picker.row(row, text, build.at(offset), build.piece.license), len(data))


def parsed(data: bytes, encoding: str = "utf-8") -> dict[str, Any]:
    """The JSON object that these bytes are, read strictly first and leniently second.

    Raises `BadRecordError` where they are none.
    """
    try:
        row = orjson.loads(data if encoding == "utf-8" else data.decode(encoding))
    except ValueError:
        row = _lenient(data.removeprefix(codecs.BOM_UTF8), encoding)
    if not isinstance(row, dict):
        raise BadRecordError("not_an_object", f"a JSON {type(row).__name__}")
    return row


def text_of(row: dict[str, Any], picker: Picker, limit: int) -> str:
    """The text of a row; `BadRecordError` where there is none, or more than `limit` bytes."""
    text = picker.text(row)
    if not isinstance(text, str):
        problem = "no text field" if text is None else f"the text is a {type(text).__name__}"
        raise BadRecordError("no_text", f"{problem}; fields: {shown(row)}")
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise BadRecordError("document_too_large", too_large(size, limit))
    return text


def _lenient(data: bytes, encoding: str) -> Any:
    """The value of a line that orjson refuses: NaN, raw control characters, lone surrogates.

    Raises `BadRecordError` where Python's own parser refuses it, too.
    """
    try:
        decoded = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadRecordError(
            "bad_utf8" if encoding == "utf-8" else "bad_encoding",
            f"{error.reason} at byte {error.start} of the line",
        ) from None
    try:
        return _whole(json.loads(decoded, strict=False))
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at character {error.pos} of the line"
        raise BadRecordError("bad_json", detail) from None
    except (RecursionError, ValueError) as error:
        raise BadRecordError("bad_json", type(error).__name__) from None


def _whole(value: Any) -> Any:
    """Surrogates joined where they are pairs, U+FFFD where they are alone."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
