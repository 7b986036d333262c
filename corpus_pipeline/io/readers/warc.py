"""A WARC, WET or ARC file in, pages out.

Enters: a whole archive, compressed per record or not.  Leaves: one document for each response,
resource or conversion that is text; one quarantine record for each that is not, and for each
place where the archive is damaged; reading goes on at the next record.
Refuses: requests, revisits, metadata and DNS answers, which are no documents and are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from corpus_pipeline.io.concealed import RecordDigest, digest_of
from corpus_pipeline.io.readers.base import (
    Broken,
    ChunkBuilder,
    IngestOptions,
    Row,
    too_large,
)
from corpus_pipeline.io.readers.cursor import Cursor
from corpus_pipeline.io.readers.http_message import Page, Refused, page_of_body, page_of_response
from corpus_pipeline.io.readers.source import events_of
from corpus_pipeline.io.readers.warc_record import (
    BLANK,
    MARKER,
    Head,
    begins_record,
    head_of,
    is_closed,
    member_within,
    next_record,
    starts_record,
)
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk, Reason

DOCUMENTS: Final = frozenset({"response", "resource", "conversion", "arc"})
#: A response is a document and its HTTP header.
HTTP_HEAD: Final = 1 << 20


def read(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The pages of an archive."""
    build = ChunkBuilder(piece, options)
    cursor = Cursor(events_of(piece, options.limits))
    reader = _Reader(cursor, build, options)
    while reader.step():
        if build.full:
            yield build.take(cursor.position)
    if build.any:
        yield build.take(cursor.position)


class _Reader:
    def __init__(self, cursor: Cursor, build: ChunkBuilder, options: IngestOptions) -> None:
        self.cursor, self.build, self.limit = cursor, build, options.max_document_bytes

    def step(self) -> bool:
        """One record, or one place where there should be one; false at the end."""
        cursor = self.cursor
        while cursor.need(1) and (blank := BLANK.match(cursor.buffer)) is not None:
            cursor.drop(blank.end())
        if not cursor.buffer:
            return self._fault()
        head = head_of(cursor)
        if head is None:
            self._lost("bad_record", "no record header with a length", 1)
        elif head.length > self.limit + HTTP_HEAD:
            self._long(head)
        elif cursor.need(head.size + head.length):
            self._complete(head)
        else:
            self._cut(head)
        return True

    def _fault(self) -> bool:
        fault = self.cursor.acknowledge()
        if fault is not None:
            at = self.cursor.position
            self.build.quarantine(Broken(at, at, fault.reason, fault.detail, beyond=fault.lost))
        return fault is not None

    def _complete(self, head: Head) -> None:
        """A record that is there in full length, if the length is right."""
        cursor, start = self.cursor, self.cursor.position
        end = head.size + head.length
        inner = member_within(cursor, head.size, end)
        sound = inner < 0 and begins_record(cursor, end)
        if not sound:
            inner = inner if inner >= 0 else next_record(cursor, head.size, end)
            # What follows is damaged, but this record ends as it should: it is kept.
            sound = inner < 0 and is_closed(cursor, end)
        fault = cursor.fault
        if sound and fault and fault.inside and start <= cursor.member < start + end:
            # The member is this record, and its checksum says that its bytes are wrong.
            cursor.acknowledge()
            data = cursor.take(end)
            self._bad(Broken(start, start + end, fault.reason, fault.detail, digest_of(data)))
        elif sound:
            cursor.drop(head.size)
            self._record(head, start, cursor.take(head.length))
        elif inner >= 0:
            self._swallowed(head, inner)
        else:
            self._lost("bad_record", f"no record follows its {head.length} bytes", end)

    def _swallowed(self, head: Head, inner: int) -> None:
        start, data = self.cursor.position, self.cursor.take(inner)
        detail = f"its length of {head.length} reaches beyond the next record"
        self._bad(Broken(start, start + inner, "bad_record", detail, digest_of(data)))

    def _cut(self, head: Head) -> None:
        """A record that the end of the file or a fault cut short."""
        cursor, start = self.cursor, self.cursor.position
        inner = next_record(cursor, head.size, len(cursor.buffer))
        if inner >= 0:
            self._swallowed(head, inner)
            return
        fault = cursor.acknowledge()
        data = cursor.take(len(cursor.buffer))
        reason = fault.reason if fault else "truncated_warc"
        present = len(data) - head.size
        detail = fault.detail if fault else f"{present} of {head.length} bytes are there"
        beyond = fault.lost if fault else 0
        self._bad(Broken(start, cursor.position, reason, detail, digest_of(data), beyond))

    def _long(self, head: Head) -> None:
        """A record too long to be held: stepped over, unless another one begins inside."""
        cursor, start = self.cursor, self.cursor.position
        end = start + head.size + head.length
        digest = RecordDigest()
        whole = True
        cursor.need(head.size + 1)
        digest.update(cursor.take(head.size))
        while cursor.position < end:
            if not cursor.need(min(MARKER, end - cursor.position)) and not cursor.buffer:
                whole = False
                break
            inner = next_record(cursor, 0, min(len(cursor.buffer), end - cursor.position))
            if inner >= 0:
                digest.update(cursor.take(inner))
                whole = False
                break
            # Keep a tail in which a marker may begin, unless nothing more comes.
            more = cursor.position + len(cursor.buffer) < end and cursor.more()
            keep = MARKER if more else 0
            step = min(max(len(cursor.buffer) - keep, 0), end - cursor.position)
            digest.update(cursor.take(step))
        if whole and head.kind not in DOCUMENTS:
            return
        fault = None if whole else cursor.acknowledge()
        reason = fault.reason if fault else "document_too_large" if whole else "truncated_warc"
        detail = fault.detail if fault else too_large(head.length, self.limit)
        beyond = fault.lost if fault else 0
        self._bad(Broken(start, cursor.position, reason, detail, digest.value, beyond))

    def _lost(self, reason: Reason, detail: str, skip: int) -> None:
        """No record where one should be: quarantine all bytes up to the next record."""
        cursor, start, beyond = self.cursor, self.cursor.position, 0
        digest = RecordDigest(cursor.take(skip))
        while True:
            place = next_record(cursor, 0, len(cursor.buffer))
            if place >= 0:
                digest.update(cursor.take(place))
                break
            if cursor.more():
                digest.update(cursor.take(max(len(cursor.buffer) - (1 << 20) - MARKER, 0)))
                continue
            digest.update(cursor.take(len(cursor.buffer)))
            fault = cursor.acknowledge()
            if fault is None:
                break
            reason, detail, beyond = fault.reason, fault.detail, beyond + fault.lost
            if cursor.need(5) and starts_record(cursor, 0):
                break
        self._bad(Broken(start, cursor.position, reason, detail, digest.value, beyond))

    def _bad(self, broken: Broken) -> None:
        self.build.quarantine(broken)

    def _record(self, head: Head, start: int, content: bytes) -> None:
        """A sound record: a document, a refusal, or nothing that is counted."""
        headers = head.headers
        url = headers.get("warc-target-uri")
        kind = headers.get("content-type", "").lower()
        if head.kind not in DOCUMENTS or kind.startswith("text/dns") or _is_dns(url):
            return
        page = self._page(head.kind, headers, content)
        if isinstance(page, Refused):
            end = self.cursor.position
            self._bad(Broken(start, end, page.reason, page.detail, digest_of(content)))
            return
        row = Row(
            self.build.at(start),
            source_id=headers.get("warc-record-id", "").strip("<>") or None,
            url=url,
            license=self.build.piece.license,
            fetched_at=headers.get("warc-date"),
            media_type=page.media_type,
            payload=page.payload,
            declared_charset=page.charset,
            response_headers=page.headers,
        )
        self.build.add(_native(row) if head.kind == "conversion" else row, len(page.payload))

    def _page(self, kind: str, headers: dict[str, str], content: bytes) -> Page | Refused:
        declared = headers.get("content-type", "")
        if kind == "conversion":
            return page_of_body(content, {"content-type": declared or "text/plain"}, self.limit)
        if kind == "resource" and not declared.startswith("application/http"):
            return page_of_body(content, {"content-type": declared}, self.limit)
        fallback = "" if declared.startswith("application/http") else declared
        return page_of_response(content, self.limit, fallback)


def _is_dns(url: str | None) -> bool:
    return url is not None and url.startswith(("dns:", "whois:"))


def _native(row: Row) -> Row:
    """WET text is UTF-8 by definition: `payload` becomes `text`, unless it is not UTF-8."""
    try:
        text = (row.payload or b"").decode()
    except UnicodeDecodeError:
        return row
    return row._replace(text=text, payload=None, declared_charset=None, response_headers=None)
