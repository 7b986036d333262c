"""Measure every document, then judge it by bounds that depend on its register.

Enters: kept documents.  Leaves: one `heuristics_<measure>` column per measure, written even when
it passes, `heuristics_shape`, `heuristics_register` with its confidence, and a verdict where a
bound of the pack is broken (`too_few_han`, `han_ratio=0.07 < 0.30`).
Refuses: to edit text, and to hold a number that decides: those are in the pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.bounds import JUDGED, judged, load_bounds
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.registers import REGISTERS, load_registers, named
from corpus_pipeline.text.measures.measures import measure


class HeuristicsOptions(Options):
    """Which bounds judge, and whether they may drop."""

    pack: str = "package:rules/packs/heuristics.yaml"
    """The pack of shapes of texts and of the bounds that each measure must keep."""

    registers: str = REGISTERS
    """The pack of words and weights that tell the register of a text."""

    register_bounds: str = "package:rules/packs/heuristics_bounds.yaml"
    """How far texts of a register go beyond the bounds of the pack: percentiles of good texts."""

    judge: bool = True
    """Whether a broken bound drops; false only writes the measures and keeps every document."""


class Heuristics(Stage):
    """Counts first, bounds second."""

    name = "heuristics"
    version = 3
    columns: ClassVar[Schema] = {
        **{f"heuristics_{name}": pl.Float32() for name in JUDGED},
        "heuristics_shape": pl.String(),
        "heuristics_register": pl.String(),
        "heuristics_register_confidence": pl.Float32(),
        "heuristics_registers": pl.List(pl.String()),
    }
    describes: ClassVar[Mapping[str, str]] = {
        **{f"heuristics_{name}": f"{what}." for name, what in JUDGED.items()},
        "heuristics_shape": "Form of the text, by which it is judged: `plain`, or one of the pack.",
        "heuristics_register": "Kind of text (news, law, qa, …) that it looks like, or `unknown`.",
        "heuristics_register_confidence": "How sure that is, from 0 to 1.",
        "heuristics_registers": "Registers whose bounds it may keep: all that it may well be.",
    }
    OptionsModel = HeuristicsOptions
    measured_by = ("registers",)

    def __init__(self, options: HeuristicsOptions, assets: Mapping[str, Asset]) -> None:
        """Load the bounds; a pack that contradicts its examples is refused here."""
        super().__init__(options, assets)
        self.judges = options.judge
        table = assets["key_table"]
        self.registers = load_registers(assets["registers"], table)
        self.bounds = load_bounds(
            assets["pack"], assets["register_bounds"], assets["registers"], table
        )

    @classmethod
    def asset_refs(cls, options: HeuristicsOptions) -> Mapping[str, str]:
        """The packs, and the table by which traditional characters are read as simplified."""
        return {
            "pack": options.pack,
            "registers": options.registers,
            "register_bounds": options.register_bounds,
            "key_table": KEY_TABLE,
        }

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Write what was measured; drop what breaks a bound."""
        texts = docs.get_column("text")
        measures = measure(texts)
        told = self.registers.tell(texts, measures)
        measures = judged(measures, told)
        verdicts = self.bounds.judge(measures, told.plausible)
        names = pl.Series(self.registers.names, dtype=pl.String)
        docs = docs.with_columns(
            *(measures.get_column(name).alias(f"heuristics_{name}") for name in JUDGED),
            verdicts.shape.alias("heuristics_shape"),
            names.gather(told.register).alias("heuristics_register"),
            pl.Series("heuristics_register_confidence", told.confidence),
            named(told.plausible, self.bounds.registers).alias("heuristics_registers"),
        )
        if not self.judges:
            return docs
        return drop(docs, self.name, pl.lit(verdicts.rule), pl.lit(verdicts.evidence))

    def verdicts(self, docs: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The bound that each document's measures break, and how."""
        measures = docs.select(pl.col(f"heuristics_{name}").alias(name) for name in JUDGED)
        plausible = docs.select(
            pl.col("heuristics_registers").list.contains(name).fill_null(value=False).alias(name)
            for name in self.bounds.registers
        )
        verdicts = self.bounds.judge(measures, plausible.to_numpy())
        if not self.judges:
            none = pl.repeat(None, docs.height, dtype=pl.String, eager=True)
            return none, none
        return verdicts.rule, verdicts.evidence
