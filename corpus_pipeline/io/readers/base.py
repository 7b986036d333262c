"""What all readers share: their options, and the builder of bounded chunks.

Enters: rows and broken records, one by one.  Leaves: `Chunk`s of about `batch_bytes`: documents
with exactly the columns DOCUMENT + VERDICT + PAYLOAD, and broken records with those of QUARANTINE.
At most a batch and one document are held.  A quarantine row holds no text of the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple

import polars as pl
from pydantic import BeforeValidator, Field

from corpus_pipeline.io.charsets import Coding
from corpus_pipeline.io.compression import Limits
from corpus_pipeline.io.concealed import concealed, digest_of
from corpus_pipeline.io.readers.mappings import ALL, MAPPINGS, Mapping
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import (
    DOCUMENT,
    PAYLOAD,
    QUARANTINE,
    VERDICT,
    Chunk,
    Options,
    Reason,
    document_id,
    empty,
)

#: What a row weighs besides its text, so that a million empty lines fill a batch too.
ROW_BYTES = 256

#: Bytes of the longest refused record that is remembered, and how many are: a file of two-byte
#: records has half a million a megabyte, but few that differ.
SHORT: Final = 16
MOST_REFUSED: Final = 4096

#: Null columns of fewer rows are made once and used again.
FEW: Final = 16
_NO_RECORDS: Final = empty(QUARANTINE)

Candidates = Annotated[
    tuple[str, ...],
    BeforeValidator(
        lambda value: (value,) if isinstance(value, str) else value,
        json_schema_input_type=str | tuple[str, ...],
    ),
]


class Fields(Options):
    """Which field means what: dotted paths, the first one present counts."""

    text: Candidates = ALL
    """The text of the document, the first that is text.  A path may go through lists
    (`段落[].内容`), and several fields may be joined (`question+answer`)."""

    mapping: Mapping | None = None
    """A ready mapping for the text, in place of `text`: `mnbvc`, `sharegpt` and `openai` (chats),
    `alpaca` (instructions), `qa` (questions and answers); null: all are tried after plain names."""

    joiner: str = "\n"
    """What stands between the pieces of a list, and between joined fields."""

    id: Candidates = ("id", "_id", "doc_id", "docid", "uuid", "uniqueKey", "meta.id")
    """The input's own id, kept as `source_id`."""

    url: Candidates = (
        "url",
        "source_url",
        "link",
        "uri",
        "WARC-Target-URI",
        "meta.url",
        "metadata.url",
    )
    """Where the document was found."""

    title: Candidates = ("title", "标题", "meta.title", "metadata.title")
    """Its title."""

    license: Candidates = ("license", "licence", "meta.license", "metadata.license")
    """Its licence; wins over that of the source."""

    fetched_at: Candidates = (
        "fetched_at",
        "crawl_date",
        "date_download",
        "timestamp",
        "warc_date",
        "meta.timestamp",
        "metadata.date",
    )
    """When it was fetched, as the input says it."""

    aigc: Candidates = (
        "aigc_label",
        "AIGC.Label",
        "aigc.Label",
        "meta.AIGC.Label",
        "metadata.AIGC.Label",
        "aigc",
    )
    """Its label of generated text (GB 45438-2025)."""

    aigc_model: Candidates = (
        "aigc_model",
        "generated_by",
        "meta.aigc_model",
        "metadata.aigc_model",
    )
    """The model or service, with its version, that generated it."""

    aigc_at: Candidates = ("aigc_at", "generated_at", "meta.aigc_at", "metadata.aigc_at")
    """When the generated text was obtained."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The candidates for the text that hold."""
        return MAPPINGS[self.mapping] if self.mapping else self.text


class IngestOptions(Options):
    """How bytes become documents."""

    fields: Fields = Fields()
    """Which field of JSONL, CSV and Parquet means what."""

    batch_bytes: int = Field(default=8 << 20, ge=1)
    """Input of a batch: 8 MiB are large enough for vectorised stages, small enough for workers of
    2 GB."""

    max_document_bytes: int = Field(default=32 << 20, ge=1)
    """A larger document is quarantined.  32 MiB: the longest book in use has 10 MB; above lie logs,
    dumps and broken files."""

    max_decompressed_bytes: int = Field(default=Limits().max_decompressed_bytes, ge=1)
    """Where inflating one input stops."""

    max_ratio: float = Field(default=Limits().max_ratio, gt=1)
    """Inflated over compressed bytes at which an input is taken for a bomb."""

    text_mode: Literal["file", "lines", "paragraphs"] = "file"
    """What of a plain text file is a document: all of it, each line, or each paragraph."""

    encoding: Literal["auto", "utf-8", "gb18030", "big5hkscs"] = "auto"
    """Of JSONL, JSON, CSV and lines of text; `auto`: found for each file, as that of a page is.
    UTF-16 and UTF-32 are always found."""

    csv_columns: Candidates = ()
    """Names of the columns of a CSV without a header row."""

    csv_delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """The character between fields of a CSV; null: it is found."""

    def coding(self, found: Coding) -> Coding:
        """How a file is read in which the scan found this; a wide charset is beyond doubt."""
        if self.encoding == "auto" or found.unit > 1:
            return found
        charset = "big5-hkscs" if self.encoding == "big5hkscs" else self.encoding
        return replace(found, charset=charset)

    @property
    def limits(self) -> Limits:
        """When inflating stops."""
        return Limits(self.max_decompressed_bytes, self.max_ratio)


class Row(NamedTuple):
    """One document on its way into a chunk."""

    locator: str
    text: str | None = None
    source_id: str | None = None
    url: str | None = None
    title: str | None = None
    license: str | None = None
    fetched_at: str | None = None
    media_type: str | None = None
    text_gaps: int | None = None
    aigc: str | None = None
    aigc_model: str | None = None
    aigc_at: str | None = None
    payload: bytes | None = None
    declared_charset: str | None = None
    response_headers: str | None = None


class Broken(NamedTuple):
    """A record that became no document, or a place where the input broke.

    `start`, `end`: bytes of the plain stream; `sha256`: of the record's bytes, in hex; `beyond`:
    further bytes of the input that were not read.
    """

    start: int | None
    end: int | None
    reason: Reason
    detail: str
    sha256: str | None = None
    beyond: int = 0
    characters: int | None = None

    @property
    def weight(self) -> int | None:
        """Bytes that were not read; None where nobody knows."""
        if self.start is None or self.end is None:
            return self.beyond or None
        return self.end - self.start + self.beyond


class ChunkBuilder:
    """Collects rows and broken records until a batch is full."""

    def __init__(self, piece: Piece, options: IngestOptions) -> None:
        """An empty builder for one piece."""
        self.piece = piece
        self.limit = options.batch_bytes
        self.rows: list[Row] = []
        # Of the broken records: one list a column, as a tuple a record would keep the garbage
        # collector busy.
        self.starts: list[int | None] = []
        self.ends: list[int | None] = []
        self.verdicts: list[tuple[Reason, str, str | None]] = []  # reason, detail, sha256
        self.weights: list[tuple[int | None, int | None]] = []  # bytes, characters
        self.beyond = 0
        self.locators: dict[int, str] = {}  # by place in the lists; else that of the first byte
        # The verdicts of short records.
        self.refused: dict[bytes, tuple[Reason, str, str | None]] = {}
        self.weight = 0
        self.taken = piece.start

    def at(self, offset: int) -> str:
        """The locator of a record that begins at this byte."""
        return f"{self.piece.locator}@{offset}"

    def add(self, row: Row, weight: int) -> None:
        """One document of about `weight` bytes."""
        self.rows.append(row)
        self.weight += weight + ROW_BYTES

    def quarantine(self, broken: Broken, locator: str | None = None) -> None:
        """One record that could not be read."""
        if locator:
            self.locators[len(self.starts)] = locator
        self.starts.append(broken.start)
        self.ends.append(broken.end)
        self.verdicts.append((broken.reason, concealed(broken.detail[:500]), broken.sha256))
        self.weights.append((broken.weight, broken.characters))
        self.beyond += broken.beyond
        self.weight += ROW_BYTES

    def refuse(
        self, offset: int, data: bytes, reason: Reason, detail: str, characters: int | None = None
    ) -> None:
        """Quarantine the record `data`, which begins at byte `offset` of the plain stream."""
        end, digest = offset + len(data), digest_of(data)
        broken = Broken(offset, end, reason, detail, digest, characters=characters)
        self.quarantine(broken)
        if len(data) <= SHORT and len(self.refused) < MOST_REFUSED:
            self.refused[data] = self.verdicts[-1]

    def refuse_again(self, offset: int, data: bytes) -> bool:
        """Quarantine a record as `refuse` did one of the same bytes; False: it remembers none.

        Only for records that are refused because of their own bytes, wherever they stand.
        """
        before = self.refused.get(data) if len(data) <= SHORT else None
        if before is None:
            return False
        self.starts.append(offset)
        self.ends.append(offset + len(data))
        self.verdicts.append(before)
        self.weights.append((len(data), None))
        self.weight += ROW_BYTES
        return True

    @property
    def full(self) -> bool:
        """Whether it is time to take a chunk."""
        return self.weight >= self.limit

    @property
    def any(self) -> bool:
        """Whether a chunk would have a row."""
        return bool(self.rows or self.starts)

    def take(self, position: int) -> Chunk:
        """What was collected, as a chunk; `position`: the byte of the input read up to."""
        bad = self._bad() if self.starts else _NO_RECORDS
        used = max(position - self.taken, 0)
        made = Rows([(self.piece.source, self.piece.generated, self.rows)], bad, used)
        made.beyond, self.beyond = self.beyond, 0
        self.rows, self.weight = [], 0
        self.starts, self.ends, self.verdicts, self.locators = [], [], [], {}
        self.weights = []
        self.taken = max(position, self.taken)
        return made

    def _bad(self) -> pl.DataFrame:
        """The broken records: the columns of QUARANTINE."""
        prefix, rows = f"{self.piece.locator}@", len(self.starts)
        locators = [f"{prefix}{start or 0}" for start in self.starts]
        for place, locator in self.locators.items():
            locators[place] = locator
        reasons, details, digests = zip(*self.verdicts, strict=True)
        columns: dict[str, Sequence[Any]] = {
            "source": [self.piece.source] * rows,
            "locator": locators,
            "stage": ["ingest"] * rows,
            "reason": reasons,
            "detail": details,
            "byte_start": self.starts,
            "byte_end": self.ends,
            "sha256": digests,
            "bytes": [size for size, _ in self.weights],
            "characters": [characters for _, characters in self.weights],
        }
        return pl.DataFrame(
            [pl.Series(name, columns[name], dtype) for name, dtype in QUARANTINE.items()]
        )


#: Rows of one source, and the columns that its registry states for those that state none.
_Part = tuple[str, dict[str, str], list[Row]]


class Rows(Chunk):
    """A chunk whose frame is made when it is asked for: those of many small files are one frame."""

    def __init__(self, parts: Sequence[_Part], quarantine: pl.DataFrame, input_bytes: int) -> None:
        """`parts`: rows by source, in order."""
        super().__init__(quarantine, quarantine, input_bytes)
        self.parts = parts
        self._made: pl.DataFrame | None = None

    @property
    def docs(self) -> pl.DataFrame:
        """The documents."""
        if self._made is None:
            self._made = _frame(self.parts)
        return self._made

    @property
    def height(self) -> int:
        """How many documents there are."""
        return sum(len(rows) for _, _, rows in self.parts)

    @property
    def text_bytes(self) -> int:
        """Bytes of text and payload."""
        return sum(
            len((row.text or "").encode()) + len(row.payload or b"")
            for _, _, rows in self.parts
            for row in rows
        )


def _frame(parts: Sequence[_Part]) -> pl.DataFrame:
    """DOCUMENT + VERDICT + PAYLOAD of these rows."""
    rows = [row for _, _, own in parts for row in own]
    sources = [source for source, _, own in parts for _ in own]
    columns: dict[str, Sequence[Any]] = {}
    if rows:
        columns = dict(zip(Row._fields, zip(*rows, strict=True), strict=True))
    columns["id"] = [
        document_id(source, row.locator) for source, row in zip(sources, rows, strict=True)
    ]
    columns["source"] = sources
    for name in sorted({name for _, stated, _ in parts for name in stated}):
        given = columns.get(name, [None] * len(rows))
        stated = [stated.get(name) for _, stated, own in parts for _ in own]
        columns[name] = [value or other for value, other in zip(given, stated, strict=True)]
    schema = {**DOCUMENT, **VERDICT, **PAYLOAD}
    return pl.DataFrame(
        [_series(name, columns.get(name), dtype, len(rows)) for name, dtype in schema.items()]
    )


@lru_cache(maxsize=256)
def _nulls(name: str, dtype: pl.DataType, rows: int) -> pl.Series:
    return pl.Series(name, [None] * rows, dtype)


def _series(name: str, values: Any, dtype: pl.DataType, rows: int) -> pl.Series:
    if not values or values == (None,):
        # A small file is one row, most of it null: those columns are made once, not 12,000 times.
        return _nulls(name, dtype, rows) if rows < FEW else _nulls.__wrapped__(name, dtype, rows)
    if name != "text":
        return pl.Series(name, values, dtype)
    # Encoding here is 2.7 times as fast as letting the series ask each string for its UTF-8.
    encoded = [None if value is None else value.encode() for value in values]
    return pl.Series(name, encoded, pl.Binary()).cast(pl.String())


def too_large(size: int, limit: int) -> str:
    """The detail of a `document_too_large`."""
    return f"{size} bytes > {limit}"
