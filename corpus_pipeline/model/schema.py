"""The columns of a document batch and of a quarantine, and the ids of documents.

A *document batch* is a `polars.DataFrame`, one row a document.  A stage never removes a row:
a dropped document keeps its place and carries a verdict (`dropped_by`, `drop_rule`,
`drop_evidence`); a kept one has all three null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import xxhash

Schema = Mapping[str, pl.DataType]

#: The columns that every batch has, in this order.
DOCUMENT: Schema = {
    "id": pl.String(),  # 32 hex digits: xxh3-128 of source and locator
    "source": pl.String(),  # a name in the config's source registry
    "locator": pl.String(),  # `path@offset` or `path#record`, path relative to the input root
    "source_id": pl.String(),  # the input's own id
    "url": pl.String(),
    "title": pl.String(),
    "text": pl.String(),
    "license": pl.String(),
    "fetched_at": pl.String(),  # as the input states it; ISO 8601 where the format has one
    "media_type": pl.String(),  # text/html, text/plain, …; null = plain text
}

#: Null in all three = the document is kept.
VERDICT: Schema = {
    "dropped_by": pl.String(),
    "drop_rule": pl.String(),
    "drop_evidence": pl.String(),
}

#: What a reader hands to `decode`, which takes these columns away.
PAYLOAD: Schema = {
    "payload": pl.Binary(),  # null where the reader already filled `text`
    "declared_charset": pl.String(),
    "response_headers": pl.String(),  # JSON object, lower-case names
}

#: A record that could not become a document.  It never holds text: it may be personal data.
QUARANTINE: Schema = {
    "source": pl.String(),
    "locator": pl.String(),
    "stage": pl.String(),  # ingest, or the stage that failed on the document
    "reason": pl.String(),  # a short id: bad_utf8, bad_json, truncated_gzip, stage_error, …
    "detail": pl.String(),
    "byte_start": pl.Int64(),  # in the (decompressed) input, null when unknown
    "byte_end": pl.Int64(),
    "sha256": pl.String(),  # of the offending bytes, null when there are none
}

#: Reasons that say nothing about damage: every crawl holds error pages and images.
NO_DAMAGE = frozenset({"ingest/http_status", "ingest/media_type"})


def document_id(source: str, locator: str) -> str:
    """The id of a document: the same on every machine, in every order, in every run.

    >>> document_id("web", "a/b.jsonl@0")
    'e9da9516d7585b19a6a3b52e8e21f77f'
    """
    return xxhash.xxh3_128_hexdigest(f"{source}\x00{locator}".encode())


def damaged_share(counts: Mapping[str, Any]) -> float:
    """The share of the records read that were quarantined because something was broken."""
    broken = sum(n for reason, n in counts["by_quarantine"].items() if reason not in NO_DAMAGE)
    return float(broken / max(counts["read"], 1))


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a reader yields: documents and records it could not read, in input order.

    `input_bytes` counts the bytes of (decompressed) input consumed for this chunk.
    """

    docs: pl.DataFrame
    quarantine: pl.DataFrame
    input_bytes: int


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of this schema without rows."""
    return pl.DataFrame(schema=dict(schema))
