"""Refuse what was taken back before: the traces of an index know it, equal or edited.

Enters: all documents.  Leaves: the verdict `erased_before` on each that is like a text that was
erased from the corpus, without its text and without every other column of words: what was taken
back does not come back among what was dropped.  The evidence is the id of the tombstone.
Refuses: traces made with other character tables (the engine does).

It stands in no list of stages: `--against` an index with traces puts it after the local stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, Schema, Stage
from corpus_pipeline.rules.dedup_key import KEY_TABLE, SIGN_TABLE, load_key_table, load_sign_table
from corpus_pipeline.rules.erased import load_traces
from corpus_pipeline.rules.pii.carried import carried
from corpus_pipeline.text.dedup.traces import SCHEMA, Traces, known, traces

#: What the assets with traces are called, with a number behind.
TRACES = "traces_"
_VERDICT = ("dropped_by", "drop_rule", "drop_evidence")


class ErasedOptions(Options):
    """How much alike a text must be to one that was erased."""

    threshold: float = Field(default=0.45, gt=0, le=1)
    """Estimated Jaccard similarity of the 3-grams.  At .45 the traces know 99 % of texts with 1 to
    5 % of the characters edited and 95 % with 10 %; docs/decisions/009-what-an-index-keeps.md has
    the sweep, and what else is refused."""


class Erased(Stage):
    """Documents that were taken back do not come again."""

    name = "erased"
    version = 1
    columns: ClassVar[Schema] = {}
    edits = ("text",)
    sees_dropped = True
    OptionsModel: ClassVar[type[Options]] = ErasedOptions
    options: ErasedOptions

    def __init__(self, options: ErasedOptions, assets: Mapping[str, Asset]) -> None:
        """Load the tables and all traces."""
        super().__init__(options, assets)
        self._key = load_key_table(assets["key_table"])
        self._signs = load_sign_table(assets["sign_table"], self._key)
        named = sorted(name for name in assets if name.startswith(TRACES))
        rows = [pl.DataFrame(schema=SCHEMA), *(load_traces(assets[name]) for name in named)]
        every = pl.concat(rows)
        self._ids, self._traces = every.get_column("id"), Traces.of_frame(every)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:  # noqa: ARG003 – the same for all
        """The tables; the traces come with the indexes."""
        return {"key_table": KEY_TABLE, "sign_table": SIGN_TABLE}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The documents, those that are known without a word of theirs."""
        found = traces(docs.get_column("text"), self._key, self._signs)
        which = known(found, self._traces, self.options.threshold)
        rows = np.flatnonzero(which >= 0)
        if not len(rows):
            return docs
        back = np.zeros(docs.height, dtype=np.bool_)
        back[rows] = True
        of = pl.Series([None] * docs.height, dtype=pl.String)
        of = of.scatter(rows, self._ids.gather(which[rows]))
        alive = pl.col("dropped_by").is_null()
        hit = pl.lit(pl.Series(back))
        words = [name for name in carried(docs) if name not in _VERDICT]
        return docs.with_columns(
            *(pl.when(~hit).then(name).alias(name) for name in words),
            text=pl.when(hit).then(pl.lit("")).otherwise("text"),
            dropped_by=pl.when(hit & alive).then(pl.lit(self.name)).otherwise("dropped_by"),
            drop_rule=pl.when(hit & alive).then(pl.lit("erased_before")).otherwise("drop_rule"),
            drop_evidence=pl.when(hit)
            .then(pl.format("of={}", pl.lit(of)))
            .otherwise("drop_evidence"),
        )
