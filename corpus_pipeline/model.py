"""The vocabulary of the pipeline: what a document batch is, and what a stage promises.

Enters: nothing.  Leaves: the document schema, the verdict columns, `Stage`, `GlobalStage`,
`StageSpec`, `Asset` and the errors that the command line turns into one clear line.
Refuses: to know any stage, any file format and any engine.

A *document batch* is a `polars.DataFrame`, one row a document.  A stage never removes a row:
a dropped document keeps its place and carries a verdict (`dropped_by`, `drop_rule`,
`drop_evidence`); a kept one has all three null.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import polars as pl
import xxhash
from pydantic import BaseModel, ConfigDict, Field

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


class PipelineError(Exception):
    """What a user did or has; the command line prints it as one line and exits with 2."""


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


def canonical_json(value: object) -> str:
    """JSON with one spelling only, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: object) -> str:
    """The sha256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asset:
    """A model or a rule pack a stage depends on, pinned by content.

    `ref` is what the config names (`package:…` or a path); `path` never enters a manifest.
    """

    ref: str
    path: Path
    sha256: str


class Options(BaseModel):
    """The options of a stage.  An unknown key or a wrong type is an error of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(ABC):
    """One local stage: a batch in, the same rows in the same order out.

    A subclass says its `name`, its `version` (raise it when its output changes), the `columns`
    it adds (each named `<stage>_…`) and implements `process` for documents that are still kept.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    columns: ClassVar[Schema]
    #: Columns of `DOCUMENT` that this stage may rewrite (`text`, `title`).
    edits: ClassVar[tuple[str, ...]] = ()
    #: `pii` masks dropped documents too.
    sees_dropped: ClassVar[bool] = False
    #: Columns this stage takes away (`decode` takes the payload).
    takes: ClassVar[tuple[str, ...]] = ()
    OptionsModel: ClassVar[type[Options]] = Options

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Keep the options; a subclass loads its assets here, and nowhere else."""
        self.options = options

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The assets this stage needs under these options: name → `package:…` or a path."""
        return {}

    @abstractmethod
    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Work on kept documents only (at least one row); same rows, same order."""

    def __call__(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Run the stage on a batch; dropped rows pass it by."""
        order = self.output_columns(docs.columns)
        kept = pl.col("dropped_by").is_null()
        alive = docs if self.sees_dropped else docs.filter(kept)
        if alive.height == docs.height:
            out = self._checked(alive) if docs.height else self._padded(docs)
            return out.select(order)
        position = "__position"
        docs = docs.with_row_index(position)
        parts = [self._padded(docs.filter(~kept))]
        if alive.height:
            parts.append(self._checked(alive).with_columns(docs.filter(kept).get_column(position)))
        together = pl.concat([part.select([*order, position]) for part in parts])
        return together.sort(position).select(order)

    def output_columns(self, columns: list[str]) -> list[str]:
        """The columns of the output, in their fixed order."""
        stay = [c for c in columns if c not in self.takes and c not in self.columns]
        return stay + list(self.columns)

    def _padded(self, docs: pl.DataFrame) -> pl.DataFrame:
        return docs.with_columns(
            pl.lit(None, dtype=dtype).alias(name) for name, dtype in self.columns.items()
        )

    def _checked(self, docs: pl.DataFrame) -> pl.DataFrame:
        out = self.process(docs)
        if out.height != docs.height:
            raise ValueError(f"{self.name} changed {docs.height} rows into {out.height}")
        return out.with_columns(pl.col(name).cast(dtype) for name, dtype in self.columns.items())


def drop(docs: pl.DataFrame, stage: str, rule: pl.Expr, evidence: pl.Expr) -> pl.DataFrame:
    """Set the verdict where `rule` is not null: the finding's name, and the number that shows it.

    Both expressions give strings; a document that was dropped before keeps its first verdict.
    """
    first = pl.col("dropped_by").is_null() & rule.is_not_null()
    return docs.with_columns(
        dropped_by=pl.when(first).then(pl.lit(stage)).otherwise("dropped_by"),
        drop_rule=pl.when(first).then(rule).otherwise("drop_rule"),
        drop_evidence=pl.when(first).then(evidence).otherwise("drop_evidence"),
    )


class DedupOptions(Options):
    """What of a deduplication is worth an alarm; an alarm drops and keeps nothing."""

    #: 1,000 alike are a template (TxT360) or a mistake.
    alarm_cluster: int = Field(default=1000, ge=2)
    #: Unverified matches have cost whole sources (Marin: 15 of 113 lost 95 %).
    alarm_source: float = Field(default=0.5, ge=0, le=1)


class ShuffledStage(ABC):
    """A stage that must see all documents; the engine shuffles between its pure functions.

    `doc` is a document (u64: part << 32 | row); the parts of indexes come after the run's splits.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    columns: ClassVar[Schema]
    OptionsModel: ClassVar[type[Options]] = Options

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Keep the options."""
        self.options = options

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The assets this stage needs under these options."""
        return {}

    @abstractmethod
    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Kept documents → rows (`row` u32 index into `docs`, `key` u64, own columns).

        The engine adds `doc` from `row` and partitions the rows by the high bits of `key`.
        """


class GlobalStage(ShuffledStage):
    """A stage that finds pairs and decides which documents go."""

    OptionsModel: ClassVar[type[Options]] = DedupOptions
    verifies: ClassVar[bool] = False  # whether `verify` wants the candidates' texts

    @abstractmethod
    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """All rows of one key range → candidate pairs (`a` u64 < `b` u64), each pair once.

        Columns: those of the sketch, `doc` u64 and `old` bool, sorted by `key` and `doc`.
        """

    def verify(self, pairs: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
        """Candidate pairs and the documents they name (`doc`, `text`) → pairs with evidence.

        Returns `a`, `b`, `jaccard` (f32) and what else `settle` wants, only pairs that hold.
        """
        return pairs

    @abstractmethod
    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """The true pairs of whole components and the facts of their documents → decisions.

        `facts`: `doc`, `id`, `source`, `length` (code points), `quality` (f32, null unless scored),
        `old` (bool: of an index; it is never dropped, nor said to be like another old one).
        Returns `doc`, the stage's own `columns`, `drop_rule` and `drop_evidence` (null = stays);
        a document without a row in the result is untouched (its columns come from `untouched`).
        """

    @abstractmethod
    def untouched(self) -> Mapping[str, pl.Expr]:
        """The stage's columns for a document that `settle` does not mention."""


class CountStage(ShuffledStage):
    """A stage that must know how often a key occurs in all documents, and then edits them."""

    #: Columns of `DOCUMENT` that `apply` may rewrite.
    edits: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """All rows of one key range, sorted by `key` and `doc` → rows of what documents must know.

        Both have `doc`, `key`, own columns; keys that do not count are left out.
        """

    @abstractmethod
    def apply(self, docs: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        """Kept documents and what `match` said of them → the same rows, edited and judged.

        `found`: `row` (u32 index into `docs`), `key`, own columns, sorted by `row` and `key`.
        """


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage as a value that can be sent to a worker and written in a manifest."""

    name: str
    version: int
    target: str  # "package.module:Class"
    options: Mapping[str, Any] = field(default_factory=dict)
    assets: Mapping[str, Asset] = field(default_factory=dict)

    @property
    def cls(self) -> type[Stage | ShuffledStage]:
        """The class that the target names."""
        module, _, name = self.target.partition(":")
        found: type[Stage | ShuffledStage] = getattr(importlib.import_module(module), name)
        return found

    @property
    def is_global(self) -> bool:
        """Whether the engine has to shuffle for it."""
        return issubclass(self.cls, ShuffledStage)

    def build(self) -> Any:
        """The stage itself, models loaded."""
        return self.cls(self.cls.OptionsModel(**self.options), self.assets)

    def record(self) -> dict[str, Any]:
        """What a manifest says of this stage."""
        return {
            "name": self.name,
            "version": self.version,
            "options": dict(self.options),
            "assets": {
                name: {"ref": asset.ref, "sha256": asset.sha256}
                for name, asset in sorted(self.assets.items())
            },
        }


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a reader yields: documents and records it could not read, in input order.

    `input_bytes` counts the bytes of (decompressed) input consumed for this chunk.
    """

    docs: pl.DataFrame
    quarantine: pl.DataFrame
    input_bytes: int


class Reader(Protocol):
    """One format: a piece of an input → chunks bounded in bytes; never raises on bad data."""

    def __call__(self, piece: Any, options: Any) -> Iterator[Chunk]:
        """Read one piece."""


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of this schema without rows."""
    return pl.DataFrame(schema=dict(schema))
