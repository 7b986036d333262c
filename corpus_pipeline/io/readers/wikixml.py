"""A MediaWiki dump in, articles out.

Enters: a `pages-articles` XML dump.  Leaves: the articles of namespace 0 as plain text,
with the number of gaps in it.
Redirects and pages of other namespaces are passed by: they are no documents, and are not counted.
Refuses: pages that declare a document type or an entity.  Each page is parsed by itself, so that a
broken one is one quarantine record and the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from urllib.parse import quote
from xml.parsers import expat

from corpus_pipeline.io.assets import PACKAGE, resolve
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    IngestOptions,
    Row,
    too_large,
)
from corpus_pipeline.io.readers.cursor import Cursor
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk
from corpus_pipeline.rules.wiki import WIKI_RULES, load_templates
from corpus_pipeline.text.wiki.templates import Templates
from corpus_pipeline.text.wiki.wikitext import Prose, plain

OPEN: Final = b"<page>"
CLOSE: Final = b"</page>"
SITE: Final = re.compile(rb"<base>([^<]{1,2000})</base>")
WANTED: Final = frozenset({"title", "ns", "id", "timestamp", "text"})


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The articles of a dump."""
    build = ChunkBuilder(piece, options)
    # Markup in XML escapes (&lt; is four bytes), and the elements around the text.
    limit = 2 * options.max_document_bytes + (1 << 20)
    cursor = Cursor(events_of(piece, options.limits))
    base = ""
    while True:
        page = _next_page(cursor, build)
        if not base:
            match = SITE.search(cursor.buffer, 0, max(page, 0))
            base = match[1].decode("utf-8", "replace").rpartition("/")[0] + "/" if match else "-"
        if page < 0:
            break
        cursor.drop(page)
        _page(cursor, build, limit, "" if base == "-" else base, options)
        if build.full:
            yield build.take(cursor.position)
    if build.any:
        yield build.take(cursor.position)


@cache
def _templates() -> Templates:
    """What the packaged rules know of templates."""
    return load_templates(resolve(WIKI_RULES, PACKAGE))


def _next_page(cursor: Cursor, build: ChunkBuilder) -> int:
    """Where the next page opens, over faults between pages; -1 at the end."""
    searched = 0
    while True:
        place = cursor.buffer.find(OPEN, searched)
        if place >= 0:
            return place
        if len(cursor.buffer) > 1 << 22:
            cursor.drop(len(cursor.buffer) - len(OPEN))
        searched = max(len(cursor.buffer) - len(OPEN), 0)
        if cursor.more():
            continue
        fault = cursor.acknowledge()
        if fault is None:
            return -1
        at = cursor.position + len(cursor.buffer)
        build.quarantine(Broken(at, at, fault.reason, fault.detail, beyond=fault.lost))
        cursor.drop(len(cursor.buffer))
        searched = 0


def _page(
    cursor: Cursor, build: ChunkBuilder, limit: int, base: str, options: IngestOptions
) -> None:
    """One page, from its opening tag on."""
    start = cursor.position
    close, reopened = _page_end(cursor, limit)
    if close < 0:
        _broken_page(cursor, build, reopened, limit)
        return
    data = cursor.take(close + len(CLOSE))
    try:
        page = _parsed(data)
    except (expat.ExpatError, ValueError) as error:
        detail = f"{error} (page at byte {start})"
        build.quarantine(Broken(start, cursor.position, "bad_xml", detail, digest_of(data)))
        return
    if page.get("ns", "0").strip() != "0" or "redirect" in page:
        return
    prose = plain(page.get("text", ""), _templates(), page.get("title", ""))
    size = len(prose.text.encode())
    if size > options.max_document_bytes:
        detail = too_large(size, options.max_document_bytes)
        end, digest, length = cursor.position, digest_of(data), len(prose.text)
        broken = Broken(start, end, "document_too_large", detail, digest, characters=length)
        build.quarantine(broken)
        return
    build.add(_row(page, prose, build, start, base), len(data))


def _page_end(cursor: Cursor, limit: int) -> tuple[int, int]:
    """Where the page closes (-1: not before the next one opens), and where the next one opens."""
    start = len(OPEN)
    while True:
        size = len(cursor.buffer)
        reopened = cursor.buffer.find(OPEN, start)
        close = cursor.buffer.find(CLOSE, start, min(limit, reopened if reopened >= 0 else size))
        if close >= 0 or reopened >= 0 or size >= limit or not cursor.more():
            return close, reopened
        start = max(size - len(CLOSE) + 1, start)


def _row(page: dict[str, str], prose: Prose, build: ChunkBuilder, start: int, base: str) -> Row:
    title = page.get("title")
    url = base + quote(title.replace(" ", "_"), safe="/:(),") if base and title else None
    return Row(
        build.at(start),
        prose.text,
        source_id=page.get("id"),
        url=url,
        title=title,
        license=build.piece.license,
        fetched_at=page.get("timestamp"),
        text_gaps=prose.lost,
    )


def _broken_page(cursor: Cursor, build: ChunkBuilder, reopened: int, limit: int) -> None:
    """A page without its end: torn by a fault, cut off, swallowed by the next, or too long."""
    start = cursor.position
    if reopened >= 0:
        data = cursor.take(reopened)
        detail = "the page has no end before the next one begins"
        build.quarantine(Broken(start, cursor.position, "bad_xml", detail, digest_of(data)))
        return
    if len(cursor.buffer) >= limit:
        while cursor.find(CLOSE, 0, limit) < 0 and len(cursor.buffer) >= limit:
            cursor.drop(len(cursor.buffer) - len(CLOSE))
        close = cursor.buffer.find(CLOSE)
        cursor.drop(close + len(CLOSE) if close >= 0 else len(cursor.buffer))
        detail = too_large(cursor.position - start, limit)
        build.quarantine(Broken(start, cursor.position, "document_too_large", detail))
        return
    fault = cursor.acknowledge()
    data = cursor.take(len(cursor.buffer))
    reason = fault.reason if fault else "truncated_xml"
    detail = fault.detail if fault else "the file ends within a page"
    beyond = fault.lost if fault else 0
    build.quarantine(Broken(start, cursor.position, reason, detail, digest_of(data), beyond))


def _parsed(data: bytes) -> dict[str, str]:
    """The elements of a page that matter: the first of each name, its own id before others'."""
    fields: dict[str, str] = {}
    parts: list[str] = []
    state: dict[str, Any] = {"name": ""}

    def opened(name: str, _attributes: dict[str, str]) -> None:
        parts.clear()
        state["name"] = name if name in WANTED and name not in fields else ""
        if name == "redirect":
            fields["redirect"] = ""

    def closed(name: str) -> None:
        if state["name"] == name:
            fields[name] = "".join(parts)
        state["name"] = ""

    def data_of(text: str) -> None:
        if state["name"]:
            parts.append(text)

    def refused(*_: Any) -> None:
        raise ValueError("a page must not declare a document type or an entity")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = data_of
    parser.StartDoctypeDeclHandler = refused
    parser.EntityDeclHandler = refused
    parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    return fields
