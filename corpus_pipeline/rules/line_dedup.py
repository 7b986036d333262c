"""Load what `line_dedup` judges lines by: boilerplate, spared lines, parts of lines that vary.

Enters: `rules/packs/line_dedup.yaml`, as an asset.  Leaves: `LineRules`, patterns for Polars.
Errors: `PipelineError` for a bound without a reason, and for a pattern that contradicts its
examples.
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
    "counter", "label", "site", "page", "closing", "sentence", "spared", "quote", "verse", "song"
]


#: How a line with a label may begin; a quick test before the patterns of kind `label`.
_LABELLED = r"^.{1,16}?(?:[:：»«>|]|\s)"


class LinePattern(Rule):
    """A pattern over one line, without its end."""

    kind: Kind
    pattern: RustPattern


@dataclass(frozen=True, slots=True)
class LineBounds:
    """The numbers of the pack, which gives the meaning and the reason of each."""

    context_share: float
    corpus_least: int
    counter_longest: int
    closing_longest: int
    verse_reach: int
    prose_least: int
    menu_least: int
    menu_longest: int
    window: int
    least_left: int


class LinePack(Pack):
    """The content of the file."""

    bounds: Annotated[LineBounds, Settings()]
    rules: Rules[LinePattern]


@dataclass(frozen=True, slots=True)
class LineRules:
    """The pack: bounds, and patterns by kind."""

    bounds: LineBounds
    patterns: dict[Kind, tuple[str, ...]]

    def is_a(self, kind: Kind, line: pl.Expr) -> pl.Expr:
        """Whether a pattern of this kind matches somewhere in the line (Boolean)."""
        # Singly: joined, they outgrow the regex engine's cache and run at a tenth of the speed.
        return pl.any_horizontal(line.str.contains(pattern) for pattern in self.patterns[kind])

    def counts(self, line: pl.Expr) -> pl.Expr:
        """Whether the line's digits are a counter, a page, a time or a licence number (Boolean)."""
        short = line.str.len_chars() <= self.bounds.counter_longest
        return short & line.str.contains(r"[0-9]") & self.is_a("counter", line)

    def masked(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Those of the lines that have a part which varies, with that part removed from `text`.

        `lines`: `text`, `chars` (its code points) and any other columns; these are returned.
        """
        text = pl.col("text")
        # The cheap tests first: the patterns are slow.
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
    """The pack, checked against its examples."""
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
