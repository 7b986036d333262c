"""JSON lines in, documents out; a bad line is one quarantine record.

Enters: a byte range of a JSONL file, in any charset.  Leaves: one document or one quarantine record
for each line that is not blank.  A line that is no JSON object is not repaired.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from corpus_pipeline.io.readers.base import Broken, ChunkBuilder, IngestOptions, too_large
from corpus_pipeline.io.readers.fields import Picker, shown
from corpus_pipeline.io.readers.lines import Line, lines
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk, Reason
from corpus_pipeline.text.charset.decode import decode


class BadRecordError(Exception):
    """Why a line is no document: the reason id and a detail without text."""

    def __init__(self, reason: Reason, detail: str, characters: int | None = None) -> None:
        """Keep both, and the characters of a text that is refused."""
        super().__init__(reason, detail)
        self.reason, self.detail, self.characters = reason, detail, characters


class BlankError(BadRecordError):
    """A line of a charset of its own in which there is nothing: it is passed by."""


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The lines that start in the piece."""
    build, adder = ChunkBuilder(piece, options), _Adder(piece, options)
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
            adder.add(build, item)
            position = item.offset + len(item.data) + adder.unit
        if build.full:
            yield build.take(position)
    if build.any:
        yield build.take(position if piece.end is None else max(position, piece.end))


class _Adder:
    """Lines of one file → documents and quarantine records."""

    def __init__(self, piece: Piece, options: IngestOptions) -> None:
        self.picker = Picker(options.fields)
        coding = options.coding(piece.coding)
        self.charset, self.unit = coding.charset, coding.unit
        self.limit, self.license = options.max_document_bytes, piece.license

    def add(self, build: ChunkBuilder, line: Line) -> None:
        """One line, or the lines that a CR ends within it."""
        offset, data, torn = line
        if not data or data.isspace() or (not torn and build.refuse_again(offset, data)):
            return
        try:
            row = parsed(data, self.charset)
            text = text_of(row, self.picker, self.limit)
        except BadRecordError as bad:
            if self.unit == 1 and len(parts := _ended_by_cr(line)) > 1:
                for part in parts:
                    self.add(build, part)
                return
            # The rest of a line that the damage tore is accounted for by the damage's own record.
            if not torn and not isinstance(bad, BlankError):
                build.refuse(offset, data, bad.reason, bad.detail, bad.characters)
            return
        build.add(self.picker.row(row, text, build.at(offset), self.license), len(data))


def _ended_by_cr(line: Line) -> list[Line]:
    """The objects of a line some of which end in CR alone; only the first can be torn."""
    if line.data.count(b"\r{") == 0:
        return []
    return [
        Line(line.offset + match.start(), match[0], line.torn and not match.start())
        for match in re.finditer(rb"[^\r]+", line.data)
    ]


def parsed(data: bytes, charset: str = "utf-8") -> dict[str, Any]:
    """The JSON object that these bytes are, read strictly first and leniently second.

    Raises `BadRecordError` where they are none.
    """
    try:
        text = data if charset == "utf-8" else decoded(data, charset)
        row = orjson.loads(text)
    except ValueError:
        row = _lenient(text)
    if not isinstance(row, dict):
        raise BadRecordError("not_an_object", f"a JSON {type(row).__name__}")
    return row


def decoded(data: bytes, charset: str) -> str:
    """A record in another charset than UTF-8 as text.

    Raises `BadRecordError` where a byte has no character, and for a blank line.
    """
    if charset.startswith(("utf-16", "utf-32")):
        try:
            text = data.decode(charset, "surrogatepass").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise BadRecordError("bad_encoding", f"{error.reason} in {charset}") from None
    else:
        text, lost = decode(data, charset)
        if lost:
            raise BadRecordError("bad_encoding", f"{lost} bytes that are not {charset}")
    if not text or text.isspace():
        raise BlankError("no_text", "a blank line")
    return text


def _kind(value: object) -> str:
    """What a value of JSON is, for people."""
    names = {dict: "an object", list: "a list", bool: "a truth value", bytes: "bytes"}
    return names.get(type(value), "a number")


def text_of(row: dict[str, Any], picker: Picker, limit: int) -> str:
    """The text of a row; `BadRecordError` where there is none, or more than `limit` bytes."""
    text = picker.text(row)
    if not isinstance(text, str):
        problem = "no text field" if text is None else f"the text is {_kind(text)}"
        raise BadRecordError("no_text", f"{problem}; fields: {shown(row)}")
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise BadRecordError("document_too_large", too_large(size, limit), len(text))
    return text


def _lenient(data: bytes | str) -> Any:
    """The value of a line that orjson refuses: NaN, raw control characters, lone surrogates.

    Raises `BadRecordError` where Python's own parser refuses it, too.
    """
    try:
        text = data if isinstance(data, str) else data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        detail = f"{error.reason} at byte {error.start} of the line"
        raise BadRecordError("bad_utf8", detail) from None
    try:
        return _whole(json.loads(text, strict=False))
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
