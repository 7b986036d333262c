"""CSV and TSV in, one document a row out.

Enters: a whole table; its header row (or `csv_columns`) names the fields.  Leaves: a document for
each row; a row that is ragged, undecodable or opens a quote that nobody closes is one quarantine
record, and reading goes on at the next line.
A stray quote costs its own row: the lines that it would join are read again, each for itself.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from itertools import chain
from typing import Final

from corpus_pipeline.io.compression import Block, Event
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    Fields,
    IngestOptions,
    sha256,
    too_large,
)
from corpus_pipeline.io.readers.fields import Picker
from corpus_pipeline.io.readers.lines import Line, cut
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk

DELIMITERS: Final = (",", "\t", ";", "|")
UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SAMPLE: Final = 1 << 20


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The rows of a table."""
    csv.field_size_limit(2**31 - 1)  # our own limit is on the row, and costs no exception
    build, picker = ChunkBuilder(piece, options), Picker(options.fields)
    events, encoding = _events(piece, options)
    table = _Table(cut(events, options.max_document_bytes + (1 << 20)), encoding, build)
    columns = _columns(table, piece.format, options)
    if not any(name in columns for name in options.fields.text):
        if len(columns) != 1 and (columns or table.peek()):
            # The first row of a table without a header is a document: it is never quoted here.
            known = ", ".join(name for name in columns if name in _names(options.fields)) or "none"
            detail = f"no text column among {len(columns)} (known: {known}); name it in "
            detail += "ingest.fields.text, or all of them in ingest.csv_columns"
            build.quarantine(Broken(0, None, "no_text", detail))
            yield build.take(0)
            return
        columns = [options.fields.text[0]]  # a single column is the text, whatever its name
    position = 0
    for line, values in table.rows(len(columns)):
        position = line.offset + len(line.data)
        if values is not None:
            _add(build, line, dict(zip(columns, values, strict=True)), picker, options)
        if build.full:
            yield build.take(position)
    if build.any:
        yield build.take(position)


def _add(
    build: ChunkBuilder, line: Line, row: dict[str, str], picker: Picker, options: IngestOptions
) -> None:
    text = picker.text(row) or ""
    size = len(text.encode())
    if size > options.max_document_bytes:
        detail = too_large(size, options.max_document_bytes)
        build.refuse(line.offset, line.data, "document_too_large", detail)
    else:
        document = picker.row(row, text, build.at(line.offset), build.piece.license)
        build.add(document, len(line.data))


def _columns(table: _Table, format_: str, options: IngestOptions) -> list[str]:
    """The names of the columns, spelt as the mapping spells them."""
    first = table.peek()
    table.delimiter = options.csv_delimiter or ("\t" if format_ == "tsv" else _delimiter(first))
    spelling = {name.lower(): name for name in _names(options.fields)}
    names = list(options.csv_columns) or table.header()
    return [spelling.get(name.strip().lower(), name) for name in names]


def _names(fields: Fields) -> tuple[str, ...]:
    """All names that the mapping knows."""
    others = (fields.id, fields.url, fields.title, fields.license, fields.fetched_at)
    return (*fields.text, *chain(*others))


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


class _Table:
    """Physical lines → rows; lines that a stray quote joined are read again, one by one."""

    def __init__(self, lines: Iterator[Line | Broken], encoding: str, build: ChunkBuilder) -> None:
        self.lines, self.encoding, self.build = lines, encoding, build
        self.limit = 2 * build.limit
        self.again: list[Line] = []  # lines to be read once more, the next one last
        self.delimiter = ","

    def line(self) -> Line | None:
        """The next line that is there and not torn."""
        if self.again:
            return self.again.pop()
        for item in self.lines:
            if isinstance(item, Broken):
                self.build.quarantine(item)
            elif not item.torn:
                return item if item.offset else Line(0, item.data.removeprefix(codecs.BOM_UTF8))
        return None

    def peek(self) -> str:
        """The first line, left where it is."""
        first = self.line()
        if first is None:
            return ""
        self.again.append(first)
        return self._text(first)

    def header(self) -> list[str]:
        """The first row, whatever its width."""
        names = next((values for _, values in self.rows(0) if values is not None), [])
        self.build.refused.clear()  # without a width no row is ragged: the same line may be, below
        return names

    def rows(self, width: int) -> Iterator[tuple[Line, list[str] | None]]:
        """Rows of this width (0 = any); of one that goes to quarantine, None."""
        build = self.build
        while (first := self.line()) is not None:
            offset, data, _ = first
            if build.refuse_again(offset, data):
                yield first, None
                continue
            if not data.strip():
                continue
            used = [first]
            values, why = self._parsed(used)
            if why or (width and len(values) != width):
                if len(used) > 1:
                    why = "unclosed_quote"  # a stray one joined lines: only the first is to blame
                    self.again.extend(reversed(used[1:]))
                    del used[1:]
                elif why != "unclosed_quote":
                    values, why = self._alone(first), ""
            whole = b"\n".join(line.data for line in used) if len(used) > 1 else data
            if why:
                # Because of the lines that follow: this is not remembered of the line.
                detail = "a quote opens here and nothing closes it"
                build.quarantine(Broken(offset, offset + len(whole), why, detail, sha256(whole)))
            elif width and len(values) != width:
                build.refuse(
                    offset, whole, "ragged_row", f"{len(values)} fields instead of {width}"
                )
            elif not "".join(values).isascii() and _is_torn("".join(values)):
                reason = "bad_utf8" if self.encoding == "utf-8" else "bad_encoding"
                build.refuse(offset, whole, reason, f"bytes that are not {self.encoding}")
            else:
                yield Line(offset, whole), values
                continue
            yield Line(offset, whole), None

    def _parsed(self, used: list[Line]) -> tuple[list[str], str]:
        """One row from `used[0]` on and, or "", why it is none; its further lines join `used`."""
        data = used[0].data.removesuffix(b"\r")
        if b'"' not in data and b"\r" not in data:  # four times as fast as the parser
            return data.decode(self.encoding, "surrogateescape").split(self.delimiter), ""
        try:
            return next(csv.reader(self._feed(used), delimiter=self.delimiter, strict=True)), ""
        except csv.Error as error:
            return [], "unclosed_quote" if "end of data" in str(error) else str(error)

    def _alone(self, line: Line) -> list[str]:
        """A line by itself, its quotes taken as they come."""
        try:
            return next(csv.reader([self._text(line)], delimiter=self.delimiter), [])
        except csv.Error:
            return []

    def _feed(self, used: list[Line]) -> Iterator[str]:
        yield self._text(used[0]) + "\n"
        size = len(used[0].data)
        while size <= self.limit and (line := self.line()) is not None:
            used.append(line)
            size += len(line.data)
            yield self._text(line) + "\n"

    def _text(self, line: Line) -> str:
        return line.data.removesuffix(b"\r").decode(self.encoding, "surrogateescape")


def _is_torn(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _events(piece: Piece, options: IngestOptions) -> tuple[Iterator[Event], str]:
    """The stream, UTF-16 turned into UTF-8, and its encoding by a sample of it."""
    events = events_of(piece, options.limits)
    pending: list[Event] = []
    sample = b""
    for event in events:
        pending.append(event)
        sample += event.data if isinstance(event, Block) else b""
        if len(sample) >= SAMPLE:
            break
    stream = chain(pending, events)
    if sample[:2] in UTF16:
        return _transcoded(stream, UTF16[sample[:2]]), "utf-8"
    if options.encoding != "utf-8":
        return stream, options.encoding
    return stream, "utf-8" if _is_utf8(sample) else "gb18030"


def _is_utf8(sample: bytes) -> bool:
    """Most lines decide: one bad byte makes no GB18030, though UTF-8 often decodes as such."""
    lines = [line for line in sample.split(b"\n")[:10_000] if not line.isascii()]
    good = 0
    for line in lines:
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            pass
    return good * 2 >= len(lines)


def _transcoded(events: Iterator[Event], encoding: str) -> Iterator[Event]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for event in events:
        if isinstance(event, Block):
            text = decoder.decode(event.data)
            yield Block(text.removeprefix("\ufeff" if first else "").encode(), event.fresh)
            first = False
        else:
            decoder.reset()
            yield event
