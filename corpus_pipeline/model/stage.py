"""What a stage promises: local stages, and stages that must see all documents.

The promises of a local stage are in `tests/test_laws.py`: same rows, same order, no hidden state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from corpus_pipeline.model.asset import Asset
from corpus_pipeline.model.schema import Schema


class Options(BaseModel):
    """The options of a stage.  An unknown key or a wrong type is an error of the config.

    A docstring below a field is its description in the JSON Schema of configs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


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


class DedupOptions(Options):
    """What of a deduplication is worth an alarm; an alarm drops and keeps nothing."""

    alarm_cluster: int = Field(default=1000, ge=2)
    """Documents of a cluster above which it is named: 1,000 alike are a template (TxT360) or a
    mistake."""

    alarm_source: float = Field(default=0.5, ge=0, le=1)
    """Share of a source's documents above which its loss is named: unverified matches have cost
    whole sources (Marin: 15 of 113 lost 95 %)."""


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
