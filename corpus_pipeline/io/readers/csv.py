"""CSV and TSV in, one document a row out.

Enters: a whole table, in any charset; its header row (or `csv_columns`) names the fields.
Leaves: a document for each row; a row that is ragged, undecodable or opens a quote that nobody
closes is one quarantine record, and reading goes on at the next line.
A stray quote costs its own row: the lines that it would join are read again, each for itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from corpus_pipeline.io.charsets import Coding
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    Fields,
    IngestOptions,
    too_large,
)
from corpus_pipeline.io.readers.fields import OTHERS, Picker
from corpus_pipeline.io.readers.lines import Line, cut
from corpus_pipeline.io.readers.paths import roots
from corpus_pipeline.io.readers.source import events_of, size_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk, Reason

DELIMITERS: Final = (",", "\t", ";", "|")
#: Excel's own first line, which names the delimiter and is no row.
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The rows of a table."""
    csv.field_size_limit(2**31 - 1)  # our own limit is on the row, and costs no exception
    build, picker = ChunkBuilder(piece, options), Picker(options.fields)
    coding = options.coding(piece.coding)
    lines = cut(events_of(piece, options.limits), options.max_document_bytes + (1 << 20), coding)
    table = _Table(lines, coding, build)
    columns = _columns(table, piece.format, options)
    if not any(path.within(columns) for path in picker.text_paths):
        if len(columns) != 1 and (columns or table.peek()):
            # The first row of a table without a header is a document: it is never quoted here.
            known = ", ".join(name for name in columns if name in _names(options.fields)) or "none"
            detail = f"no text column among {len(columns)} (known: {known}); name it in "
            detail += "ingest.fields.text, or all of them in ingest.csv_columns"
            build.quarantine(Broken(0, None, "no_text", detail, beyond=size_of(piece)))
            yield build.take(0)
            return
        columns = [options.fields.texts[0]]  # a single column is the text, whatever its name
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
    named = table.separator()
    usual = "\t" if format_ == "tsv" else _delimiter(table.peek())
    table.delimiter = options.csv_delimiter or named or usual
    spelling = {name.lower(): name for name in _names(options.fields)}
    names = list(options.csv_columns) or table.header()
    return [spelling.get(name.strip().lower(), name) for name in names]


def _names(fields: Fields) -> tuple[str, ...]:
    """All names that the mapping knows."""
    return (*roots(fields.texts), *chain(*(getattr(fields, name) for name in OTHERS)))


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


class _Table:
    """Physical lines → rows; lines that a stray quote joined are read again, one by one."""

    def __init__(self, lines: Iterator[Line | Broken], coding: Coding, build: ChunkBuilder) -> None:
        self.lines, self.coding, self.build = lines, coding, build
        # UTF-16 decodes whatever comes, so no byte has to be carried through as a surrogate.
        self.codec, self.wide = coding.codec, coding.unit > 1
        self.errors = "surrogateescape" if coding.unit == 1 else "replace"
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
                return item
        return None

    def peek(self) -> str:
        """The first line, left where it is."""
        first = self.line()
        if first is None:
            return ""
        self.again.append(first)
        return self._text(first)

    def separator(self) -> str | None:
        """The delimiter that Excel's first line names, if it does; that line is stepped over."""
        match = _SEPARATOR.fullmatch(self.peek())
        if match is not None:
            self.again.pop()
        return match[1] if match else None

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
            if not data.strip() or (self.wide and not self._text(first).strip()):
                continue
            used = [first]
            values, why = self._parsed(used)
            if why or (width and len(values) != width):
                other = self._other_reading(used, values, why)
                if other is None:
                    continue
                values, why = other
            whole = self.coding.newline.join(line.data for line in used) if used[1:] else data
            if why:
                # Because of the lines that follow: this is not remembered of the line.
                detail = "a quote opens here and nothing closes it"
                end, digest = offset + len(whole), digest_of(whole)
                build.quarantine(Broken(offset, end, "unclosed_quote", detail, digest))
            elif width and len(values) != width:
                build.refuse(
                    offset, whole, "ragged_row", f"{len(values)} fields instead of {width}"
                )
            elif not "".join(values).isascii() and _is_torn("".join(values)):
                reason: Reason = "bad_utf8" if self.coding.charset == "utf-8" else "bad_encoding"
                build.refuse(offset, whole, reason, f"bytes that are not {self.coding.charset}")
            else:
                yield Line(offset, whole), values
                continue
            yield Line(offset, whole), None

    def _other_reading(
        self, used: list[Line], values: list[str], why: str
    ) -> tuple[list[str], str] | None:
        """What else lines that are no row may be; None: rows that are read again, each for itself.

        Lines that a stray quote joined to the first are taken off `used`, and read again.
        """
        rest = used[1:]
        if parts := self._ended_by_cr(used[0]):
            self.again.extend(reversed([*parts, *rest]))
            return None
        self.again.extend(reversed(rest))
        del used[1:]
        if rest or why == "unclosed_quote":
            return values, "unclosed_quote"  # only the first line is to blame
        return self._alone(used[0]), ""

    def _parsed(self, used: list[Line]) -> tuple[list[str], str]:
        """One row from `used[0]` on and, or "", why it is none; its further lines join `used`."""
        text = self._text(used[0])
        if '"' not in text and "\r" not in text:  # four times as fast as the parser
            return text.split(self.delimiter), ""
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

    def _ended_by_cr(self, line: Line) -> list[Line]:
        """The rows of a line that is none, where CR alone stands between them."""
        if self.wide or b"\r" not in line.data.strip(b"\r"):
            return []
        return [
            Line(line.offset + match.start(), match[0])
            for match in re.finditer(rb"[^\r]+", line.data)
        ]

    def _text(self, line: Line) -> str:
        text = line.data.decode(self.codec, self.errors).removesuffix("\r")
        return text if line.offset else text.removeprefix("\ufeff")


def _is_torn(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
