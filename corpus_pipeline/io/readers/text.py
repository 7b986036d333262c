"""Plain text in, documents out: a file, a line or a paragraph each.

Enters: a text file in any charset.  Leaves: text where it is UTF-8, payload bytes where `decode`
has to find the charset.  Refuses: to load more of a file than one document may have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from corpus_pipeline.io.charsets import Coding
from corpus_pipeline.io.compression import Fault
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    IngestOptions,
    Row,
    too_large,
)
from corpus_pipeline.io.readers.lines import Line, lines
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The documents of a text file, as `text_mode` says."""
    if options.text_mode == "file":
        return read_whole(piece, options, "text/plain")
    return _read_parts(piece, options)


def read_whole(piece: Piece, options: IngestOptions, media_type: str) -> Iterator[Chunk]:
    """A file that is one document; where its compression is damaged, what could be read of it."""
    build = ChunkBuilder(piece, options)
    limit, size, digest = options.max_document_bytes, 0, hashlib.sha256()
    kept: list[bytes] = []
    faults: list[Broken] = []
    for event in events_of(piece, options.limits):
        if isinstance(event, Fault):
            fault = Broken(size, size, event.reason, event.detail, beyond=event.lost)
            faults.append(fault)
            continue
        size += len(event.data)
        digest.update(event.data)
        if size > limit:
            kept.clear()
        else:
            kept.append(event.data)
    for fault in faults:
        build.quarantine(fault)
    if size > limit:
        detail = too_large(size, limit)
        build.quarantine(Broken(0, size, "document_too_large", detail, digest.hexdigest()))
    elif size:
        payload = b"".join(kept)
        row = Row(build.at(0), license=piece.license, media_type=media_type, payload=payload)
        build.add(row, size)
    if build.any:
        yield build.take(size)


def _read_parts(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    build, coding = ChunkBuilder(piece, options), options.coding(piece.coding)
    position = piece.start
    physical = lines(piece, options, options.max_document_bytes)
    parts = physical
    if options.text_mode == "paragraphs":
        parts = _paragraphs(physical, options.max_document_bytes, coding)
    for part in parts:
        if isinstance(part, Broken):
            build.quarantine(part)
            position = part.end or position
        else:
            _add(build, part, coding)
            position = part.offset + len(part.data) + coding.unit
        if build.full:
            yield build.take(position)
    if build.any:
        yield build.take(position if piece.end is None else max(position, piece.end))


def _add(build: ChunkBuilder, line: Line, coding: Coding) -> None:
    """One part; what is no UTF-8 keeps its bytes, and says in which charset the file is."""
    if line.torn or _is_blank(line.data, coding):
        return  # the end of a torn line is accounted for by the damage's own record
    locator, license_ = build.at(line.offset), build.piece.license
    codec = coding.codec if coding.unit > 1 else "utf-8"
    try:
        text = line.data.decode(codec).removesuffix("\r")
        row = Row(locator, text if line.offset else text.removeprefix("\ufeff"), license=license_)
    except UnicodeDecodeError:
        declared = None if coding.charset == "utf-8" else coding.charset
        data = line.data.removesuffix(b"\r") if coding.unit == 1 else line.data
        row = Row(
            locator,
            license=license_,
            media_type="text/plain",
            payload=data,
            declared_charset=declared,
        )
    build.add(row, len(line.data))


def _is_blank(data: bytes, coding: Coding) -> bool:
    if coding.unit > 1:
        text = data.decode(coding.codec, "replace").strip("\ufeff \t\r\n")
        return not text
    return not data or data.isspace()


def _paragraphs(
    physical: Iterator[Line | Broken], limit: int, coding: Coding
) -> Iterator[Line | Broken]:
    """Lines between blank lines, joined; a paragraph that is too long is one broken record."""
    parts: list[bytes] = []
    start = size = 0
    newline, unit = "\n".encode(coding.codec), coding.unit
    for item in physical:
        blank = isinstance(item, Line) and _is_blank(item.data, coding)
        if isinstance(item, Broken) or blank or item.torn:
            if parts:
                yield _joined(start, newline.join(parts), size - unit, limit)
            parts, size = [], 0
            if isinstance(item, Broken):
                yield item
            continue
        if not parts:
            start = item.offset
        size += len(item.data) + unit
        parts.append(item.data)
        if size > limit + unit:
            parts = [hashlib.sha256(newline.join(parts)).digest()]
    if parts:
        yield _joined(start, newline.join(parts), size - unit, limit)


def _joined(start: int, data: bytes, size: int, limit: int) -> Line | Broken:
    if size > limit:
        detail = too_large(size, limit)
        return Broken(start, start + size, "document_too_large", detail, digest_of(data))
    return Line(start, data)
