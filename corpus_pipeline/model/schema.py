"""The columns of a document batch and of a quarantine, and the ids of documents.

A *document batch* is a `polars.DataFrame`, one row a document.  A stage never removes a row:
a dropped document keeps its place and carries a verdict (`dropped_by`, `drop_rule`,
`drop_evidence`); a kept one has all three null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import xxhash

Schema = Mapping[str, pl.DataType]

#: The columns that every batch has, in this order.
DOCUMENT: Schema = {
    "id": pl.String(),
    "source": pl.String(),
    "locator": pl.String(),
    "source_id": pl.String(),
    "url": pl.String(),
    "title": pl.String(),
    "text": pl.String(),
    "license": pl.String(),
    "fetched_at": pl.String(),
    "media_type": pl.String(),
    "text_gaps": pl.UInt32(),
    "aigc": pl.String(),
    "aigc_model": pl.String(),
    "aigc_at": pl.String(),
}

#: Null in all three = the document is kept.
VERDICT: Schema = {
    "dropped_by": pl.String(),
    "drop_rule": pl.String(),
    "drop_evidence": pl.String(),
}

#: Columns that readers add and that `decode` and `extract` remove.
PAYLOAD: Schema = {
    "payload": pl.Binary(),  # null where the reader already filled `text`
    "declared_charset": pl.String(),
    "response_headers": pl.String(),  # JSON object, lower-case names
}

#: A record that could not become a document.  It has no text, which could be personal data.
QUARANTINE: Schema = {
    "source": pl.String(),
    "locator": pl.String(),
    "stage": pl.String(),
    "reason": pl.String(),
    "detail": pl.String(),
    "byte_start": pl.Int64(),
    "byte_end": pl.Int64(),
    "sha256": pl.String(),
    "bytes": pl.Int64(),
    "characters": pl.Int64(),
}

#: The meaning of the columns that no stage adds, as `AnyStage.describes` gives that of others.
DESCRIBES: Mapping[str, str] = {
    "id": "32 hex digits, xxh3-128 of source and locator: the same in every run.",
    "source": "A name of the config's source registry.",
    "locator": "`path@offset` or `path#record`, the path relative to the input's root.",
    "source_id": "The input's own id. Null: it has none.",
    "url": "Where the document was fetched. Null: the input does not say.",
    "title": "As the input or the page states it, edited as the text is. Null: it states none.",
    "text": "The document, as the stages before left it.",
    "license": "As the source registry or the input states it. Null: neither does.",
    "fetched_at": "As the input states it, ISO 8601 where the format has it. Null: it does not.",
    "media_type": "`text/html`, `text/plain`, … as the input states it. Null: plain text.",
    "text_gaps": "Places of the text whose words stand elsewhere in the input: templates of a wiki "
    "page that show more than they were given. Null: the format has no such places.",
    "aigc": "Label of generated text (GB 45438-2025: 1 generated, 2 possibly, 3 suspected) as the "
    "input or the source registry states it. Null: neither does.",
    "aigc_model": "Model or service, with its version, that generated the text, as the input or "
    "the source registry states it. Null: neither does.",
    "aigc_at": "When the generated text was obtained, as stated. Null: nobody says.",
    "dropped_by": "The stage that dropped the document. Null: it is kept.",
    "drop_rule": "The rule that dropped it, named by what was found. Null: it is kept.",
    "drop_evidence": "The number and the bound that it breaks. Null: it is kept.",
    "stage": "`ingest`, or the stage that failed on the document.",
    "reason": "What is wrong, a short id: `bad_utf8`, `bad_json`, `stage_error`, …",
    "detail": "More about it, never text of the document. Null: there is no more to say.",
    "byte_start": "Where the record begins in the (decompressed) input. Null: unknown.",
    "byte_end": "Where it ends. Null: unknown.",
    "sha256": "Digest of the bytes that could not be read. Null: there are none.",
    "bytes": "What was not read: plain bytes, or where nothing could be inflated those on disk. "
    "Null: unknown.",
    "characters": "What was not read, where it had been decoded. Null: unknown.",
}

#: Reasons that are no damage: every crawl has error pages and images, every archive other files.
NO_DAMAGE = frozenset(
    f"ingest/{reason}" for reason in ("http_status", "media_type", "left_out", "no_documents")
)


def document_id(source: str, locator: str) -> str:
    """The id of a document: the same on every machine, in every order, in every run.

    >>> document_id("web", "a/b.jsonl@0")
    'e9da9516d7585b19a6a3b52e8e21f77f'
    """
    return xxhash.xxh3_128_hexdigest(f"{source}\x00{locator}".encode())


def unread_share(counts: Mapping[str, Any], source: str | None = None) -> float:
    """The share of the bytes of a source, or of all, that damage or size kept from being read.

    `counts`: of a manifest; 0 where it is of a version that weighed nothing.
    """
    unread, whole = counts.get("unread_by_source", {}), counts.get("bytes_by_source", {})
    if source is not None:
        return float(unread.get(source, 0) / max(whole.get(source, 0), 1))
    return float(sum(unread.values()) / max(sum(whole.values()), 1))


def damaged_share(counts: Mapping[str, Any]) -> float:
    """The share of the records read that were quarantined for damage, 0 to 1.

    `counts`: of a manifest: `read`, and `by_quarantine` (`stage/reason` → records).
    """
    broken = sum(n for reason, n in counts["by_quarantine"].items() if reason not in NO_DAMAGE)
    return float(broken / max(counts["read"], 1))


class Chunk:
    """What a reader yields: documents, and records that it could not read, in input order.

    `docs` has `DOCUMENT` and what of `PAYLOAD` the format has, `quarantine` has `QUARANTINE`;
    `input_bytes` counts the bytes of (decompressed) input that were read for this chunk.
    """

    def __init__(
        self, docs: pl.DataFrame, quarantine: pl.DataFrame, input_bytes: int, beyond: int = 0
    ) -> None:
        """Both frames, what was read for them, and bytes of the input that no reading reached."""
        self._docs, self._quarantine = docs, quarantine
        self.input_bytes, self.beyond = input_bytes, beyond
        self.sources: dict[str, int] = {}  # bytes by source, of a batch of several pieces

    @property
    def docs(self) -> pl.DataFrame:
        """The documents."""
        return self._docs

    @property
    def quarantine(self) -> pl.DataFrame:
        """The records that are none."""
        return self._quarantine

    @property
    def height(self) -> int:
        """How many documents there are."""
        return self._docs.height

    @property
    def lost(self) -> int:
        """How many records are none."""
        return self._quarantine.height


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of this schema without rows."""
    return pl.DataFrame(schema=dict(schema))
