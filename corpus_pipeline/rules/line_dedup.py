"""What `line_dedup` knows of lines: which words vary, which lines are furniture, which are spared.

Enters: `rules/packs/line_dedup.yaml`.  Leaves: `LineRules`, patterns ready for Polars.
Refuses: a bound without a reason and a pattern that contradicts its examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import polars as pl

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, PackError, Rule, Rules, RustPattern, load, prove
from corpus_pipeline.rules.settings import Settings

LINE_RULES = "package:rules/packs/line_dedup.yaml"

Kind = Literal[
    "counter", "label", "site", "closing", "sentence", "spared", "quote", "verse", "song"
]


#: A label is short and stands at the beginning.
_LABELLED = r"^.{1,16}?(?:[:：»«>|]|\s)"


class LinePattern(Rule):
    """A pattern over one line, without its end."""

    kind: Kind
    pattern: RustPattern


@dataclass(frozen=True, slots=True)
class LineBounds:
    """The numbers of the pack; what they mean stands beside them there."""

    context_share: float
    corpus_least: int
    counter_longest: int
    closing_longest: int
    verse_reach: int
    prose_least: int
    window: int
    least_left: int


class LinePack(Pack):
    """The file."""

    bounds: Annotated[LineBounds, Settings()]
    rules: Rules[LinePattern]


@dataclass(frozen=True, slots=True)
class LineRules:
    """The pack, ready to judge lines."""

    bounds: LineBounds
    patterns: dict[Kind, tuple[str, ...]]

    def is_a(self, kind: Kind, line: pl.Expr) -> pl.Expr:
        """Whether a pattern of this kind finds something in the line."""
        # One by one: joined, they outgrow what the regex engine can hold ready (a tenth as fast).
        return pl.any_horizontal(line.str.contains(pattern) for pattern in self.patterns[kind])

    def counts(self, line: pl.Expr) -> pl.Expr:
        """Whether the digits of the line are a counter, a page number, a time or a licence."""
        short = line.str.len_chars() <= self.bounds.counter_longest
        return short & line.str.contains(r"[0-9]") & self.is_a("counter", line)

    def masked(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The lines (`text`, `chars`) that vary, and only them, without what varies in them."""
        text = pl.col("text")
        # The cheap questions first: the patterns are slow.
        digits = lines.filter(pl.col("chars") <= self.bounds.counter_longest).filter(
            text.str.contains(r"[0-9]")
        )
        labels = lines.filter(text.str.contains(_LABELLED)).filter(self.is_a("label", text))
        bare = text
        for pattern in self.patterns["label"]:
            bare = bare.str.replace(pattern, "${1}")
        zeros = bare.str.replace_all(r"[0-9]+(?:[\s.,:/-]*[0-9]+)*", "0")
        counters = digits.filter(self.is_a("counter", text))
        return pl.concat([counters, labels]).unique(maintain_order=True).with_columns(text=zeros)


def load_line_rules(asset: Asset) -> LineRules:
    """The pack, proved against its examples."""
    return load(asset, LinePack, _line_rules)


def _line_rules(pack: LinePack) -> LineRules:
    prove(pack.rules, _judges)
    kinds: tuple[Kind, ...] = get_args(Kind)
    patterns = {
        kind: tuple(rule.pattern for rule in pack.rules if rule.kind == kind) for kind in kinds
    }
    if missing := [kind for kind, found in patterns.items() if not found]:
        raise PackError(f"rules: none is of kind {missing[0]}")
    return LineRules(pack.bounds, patterns)


def _judges(rule: LinePattern, text: str) -> bool:
    return bool(pl.Series([text]).str.contains(rule.pattern)[0])
