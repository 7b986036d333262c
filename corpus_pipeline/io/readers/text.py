"""Plain text in, documents out: a file, a line or a paragraph each.

Enters: a text file in any charset.  Leaves: text where it is UTF-8, payload bytes where `decode`
has to find the charset.  Refuses: to load more of a file than one document may have.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator

from corpus_pipeline.io.compression import Block, Fault
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    IngestOptions,
    Row,
    sha256,
    too_large,
)
from corpus_pipeline.io.readers.lines import Line, lines
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
            faults.append(Broken(size, size, event.reason, event.detail))
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
    build = ChunkBuilder(piece, options)
    position = piece.start
    physical = lines(piece, options, options.max_document_bytes)
    if _begins_as_utf16(piece, options):
        if piece.start == 0:
            detail = "UTF-16 has no lines in bytes: read it as a file, or convert it to UTF-8"
            build.quarantine(Broken(0, None, "bad_encoding", detail))
            yield build.take(position)
        return
    parts = physical if options.text_mode == "lines" else _paragraphs(physical, options)
    for part in parts:
        if isinstance(part, Broken):
            build.quarantine(part)
            position = part.end or position
        else:
            _add(build, part)
            position = part.offset + len(part.data) + 1
        if build.full:
            yield build.take(position)
    if build.any:
        yield build.take(position if piece.end is None else max(position, piece.end))


def _begins_as_utf16(piece: Piece, options: IngestOptions) -> bool:
    blocks = (event for event in events_of(piece, options.limits) if isinstance(event, Block))
    first = next(blocks, None)
    return first is not None and first.data.startswith(UTF16)


def _add(build: ChunkBuilder, line: Line) -> None:
    data = line.data.removesuffix(b"\r")
    if line.offset == 0:
        data = data.removeprefix(codecs.BOM_UTF8)
    if line.torn or not data or data.isspace():
        return  # the end of a torn line is accounted for by the damage's own record
    locator, license_ = build.at(line.offset), build.piece.license
    try:
        row = Row(locator, data.decode(), license=license_)
    except UnicodeDecodeError:
        row = Row(locator, license=license_, media_type="text/plain", payload=data)
    build.add(row, len(data))


def _paragraphs(
    physical: Iterator[Line | Broken], options: IngestOptions
) -> Iterator[Line | Broken]:
    """Lines between blank lines, joined; a paragraph that is too long is one broken record."""
    parts: list[bytes] = []
    start = size = 0
    for item in physical:
        blank = isinstance(item, Line) and (not item.data or item.data.isspace())
        if isinstance(item, Broken) or blank or item.torn:
            if parts:
                yield _joined(start, parts, size, options.max_document_bytes)
            parts, size = [], 0
            if isinstance(item, Broken):
                yield item
            continue
        if not parts:
            start = item.offset
        size += len(item.data) + 1
        parts.append(item.data)
        if size > options.max_document_bytes + 1:
            parts = [sha256(b"\n".join(parts)).encode()]
    if parts:
        yield _joined(start, parts, size, options.max_document_bytes)


def _joined(start: int, parts: list[bytes], size: int, limit: int) -> Line | Broken:
    if size > limit + 1:
        digest = sha256(b"\n".join(parts))
        return Broken(start, start + size, "document_too_large", too_large(size, limit), digest)
    return Line(start, b"\n".join(parts))
