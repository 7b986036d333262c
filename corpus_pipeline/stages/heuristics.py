"""Measure every document, then judge it by bounds that depend on its register.

Enters: kept documents.  Leaves: one `heuristics_<measure>` column per measure, written even when
it passes, `heuristics_register`, and a verdict where a bound of the pack is broken
(`too_few_han`, `han_ratio=0.07 < 0.30`).
Refuses: to edit text, and to hold a number that decides: those are in the pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.bounds import load_bounds
from corpus_pipeline.text.measures.measures import MEASURES, measure


class HeuristicsOptions(Options):
    """Which bounds judge, and whether they may drop."""

    pack: str = "package:rules/packs/heuristics.yaml"
    """The pack of registers and of the bounds that each measure must keep."""

    judge: bool = True
    """Whether a broken bound drops; false only writes the measures and keeps every document."""


class Heuristics(Stage):
    """Counts first, bounds second."""

    name = "heuristics"
    version = 2
    columns: ClassVar[Schema] = {
        **{f"heuristics_{name}": pl.Float32() for name in MEASURES},
        "heuristics_register": pl.String(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        **{f"heuristics_{name}": f"{what}." for name, what in MEASURES.items()},
        "heuristics_register": "Kind of text whose bounds judged it: `prose` or one of the pack's.",
    }
    OptionsModel = HeuristicsOptions

    def __init__(self, options: HeuristicsOptions, assets: Mapping[str, Asset]) -> None:
        """Load the bounds; a pack that contradicts its examples is refused here."""
        super().__init__(options, assets)
        self.judges = options.judge
        self.bounds = load_bounds(assets["pack"])

    @classmethod
    def asset_refs(cls, options: HeuristicsOptions) -> Mapping[str, str]:
        """The pack of bounds."""
        return {"pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Write what was measured; drop what breaks a bound."""
        measures = measure(docs.get_column("text"))
        verdicts = self.bounds.judge(measures)
        docs = docs.with_columns(
            *(measures.get_column(name).alias(f"heuristics_{name}") for name in MEASURES),
            verdicts.register.alias("heuristics_register"),
        )
        if not self.judges:
            return docs
        return drop(docs, self.name, pl.lit(verdicts.rule), pl.lit(verdicts.evidence))

    def verdicts(self, docs: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The bound that each document's measures break, and how."""
        measures = docs.select(pl.col(f"heuristics_{name}").alias(name) for name in MEASURES)
        verdicts = self.bounds.judge(measures)
        if not self.judges:
            none = pl.repeat(None, docs.height, dtype=pl.String, eager=True)
            return none, none
        return verdicts.rule, verdicts.evidence
