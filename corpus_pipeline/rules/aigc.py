"""Load what statements of generation mean: their labels, and the names of models in them.

Enters: `rules/packs/aigc.yaml`, or a pack of the user's, as an asset.
Leaves: `Statements`.
Errors: `PipelineError` for a rule that its examples contradict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, Rule, Rules, RustPattern, Text, load, prove

AIGC = "package:rules/packs/aigc.yaml"


class Statement(Rule):
    """Words of a record, of markup or of a notice, and the label that they mean."""

    label: Literal["1", "2", "3", "none"]
    pattern: RustPattern


class AigcPack(Pack):
    """The content of the file."""

    statements: Rules[Statement]
    models: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """The compiled pack."""

    pack: AigcPack

    def labels(self, stated: pl.Series) -> pl.Series:
        """The label of each statement; null where it says that nothing was generated."""
        text = pl.col("stated")
        label = pl.coalesce(
            pl.when(text.str.contains(rule.pattern)).then(pl.lit(rule.label))
            for rule in self.pack.statements
        )
        known = pl.when(label != "none").then(label)
        return pl.DataFrame({"stated": stated}).select(label=known).to_series()

    def models(self, notices: pl.Series) -> pl.Series:
        """The model that a notice names; null where it names none."""
        names = "|".join(re.escape(name) for name in self.pack.models)
        return notices.str.extract(f"(?i)({names})")


def load_statements(asset: Asset) -> Statements:
    """The compiled pack of this asset; `PipelineError` where its examples contradict it."""
    return load(asset, AigcPack, _proved)


def _proved(pack: AigcPack) -> Statements:
    def first(text: str) -> str | None:
        """The first statement that holds: the order of the pack is that of precedence."""
        return next((r.id for r in pack.statements if re.search(r.pattern, text)), None)

    prove(pack.statements, lambda rule, text: first(text) == rule.id, "statement")
    return Statements(pack)
