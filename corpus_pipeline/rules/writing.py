"""What `normalize` knows beside the words: widths, look-alikes, and when a text is traditional.

Enters: `rules/packs/normalize.yaml`.  Leaves: `Writing`: widths, and the script of texts.
Refuses: a pack whose examples come out otherwise than they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.normalize import Pairs
from corpus_pipeline.rules.pack import Name, Pack, PackError, Rule, Rules, Text, load, prove
from corpus_pipeline.rules.settings import Settings, Strict
from corpus_pipeline.text.normalize.width import Width
from corpus_pipeline.text.unicode import classes as han
from corpus_pipeline.text.unicode.script import (
    JAPANESE_ONLY,
    SIMPLIFIED_ONLY,
    TRADITIONAL_ONLY,
    ScriptBounds,
    script,
)

#: What the stage names in `asset_refs`.
TABLE = "package:rules/packs/normalize.yaml"


class Characters(Strict):
    """Characters, and why these."""

    characters: Text
    why: Text


class Radicals(Strict):
    """Look-alikes of characters, and why these."""

    pairs: Pairs
    why: Text


class Rewrite(Strict):
    """A text and what must come out of it."""

    id: Name
    why: Text
    text: Text
    becomes: Text


class Widths(Strict):
    """Characters that are written another way."""

    fold: Characters
    radicals: Radicals
    examples: Annotated[tuple[Rewrite, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class ForeignBounds(ScriptBounds):
    """How many characters decide a script, and that a text is Japanese or Korean."""

    kana_share: float
    kana_least: int
    hangul_share: float
    hangul_least: int
    japanese_share: float
    japanese_least: int


class Written(Rule):
    """Texts that are in a script, and texts that are not."""

    script: Literal["hans", "hant", "mixed", "none"]


class Scripts(Strict):
    """When a text is in traditional script."""

    bounds: Annotated[ForeignBounds, Settings()]
    hints: Characters
    examples: Rules[Written]


class NormalizePack(Pack):
    """The file."""

    width: Widths
    script: Scripts


class Writing:
    """A proved pack."""

    def __init__(self, pack: NormalizePack) -> None:
        """Build the table of counted characters and the rule of scripts."""
        self.pack = pack
        self._counter = han.CharTable(
            {
                "han": han.mask(han.HAN),
                "kana": han.mask(han.KANA),
                "hangul": han.mask(han.HANGUL),
                "simplified": han.mask(SIMPLIFIED_ONLY),
                "traditional": han.mask(TRADITIONAL_ONLY),
                "japanese": han.mask(JAPANESE_ONLY),
                "hint": han.mask(pack.script.hints.characters),
            }
        )
        self._script = _script(pack.script.bounds)

    def width(self, *, private: bool, replacement: bool) -> Width:
        """The rules of widths; `private`, `replacement`: characters that are kept."""
        width = self.pack.width
        radicals = {pair[0]: pair[1] for pair in width.radicals.pairs.split()}
        return Width(width.fold.characters, radicals, private=private, replacement=replacement)

    def scripts(self, texts: pl.Series, labels: pl.Series | None = None) -> pl.Series:
        """`hans`, `hant`, `mixed` or `none` of each text; labels are those of `langid`."""
        label = pl.lit(None, dtype=pl.String) if labels is None else labels
        counts = self._counter.count(texts).with_columns(label.alias("label"))
        return counts.select(self._script).to_series()


def load_writing(asset: Asset) -> Writing:
    """The pack, proved against its examples."""
    return load(asset, NormalizePack, _writing)


def _writing(pack: NormalizePack) -> Writing:
    writing = Writing(pack)
    width = writing.width(private=False, replacement=True)
    for example in pack.width.examples:
        came = width.text(example.text)
        if came != example.becomes:
            said = f"{example.text!r} becomes {came!r}, not {example.becomes!r}"
            raise PackError(f"example {example.id}: {said}")
    examples = pack.script.examples
    texts = list(dict.fromkeys(t for one in examples for t in (*one.hits, *one.misses)))
    scripts = dict(zip(texts, writing.scripts(pl.Series(texts)), strict=True))
    prove(examples, lambda example, text: scripts[text] == example.script, "example")
    return writing


def _script(bounds: ForeignBounds) -> pl.Expr:
    """The script of each document; `none` for Japanese and Korean."""
    han_count, label = pl.col("han"), pl.col("label")
    simplified, traditional = pl.col("simplified"), pl.col("traditional")
    foreign = pl.lit(value=False)
    for name, least, share in (
        ("kana", bounds.kana_least, bounds.kana_share),
        ("hangul", bounds.hangul_least, bounds.hangul_share),
        ("japanese", bounds.japanese_least, bounds.japanese_share),
    ):
        count = pl.col(name)
        both = han_count if name == "japanese" else han_count + count
        foreign |= (count >= least) & (count >= share * both)
    foreign = pl.when(label.is_null()).then(foreign).otherwise(label.is_in(["ja", "ko"]))
    clear = (traditional > 0) & (traditional >= bounds.dominance * simplified)
    # A short text has one such character or two; what simplified text lacks decides it.
    few = (simplified == 0) | (
        (traditional >= bounds.short_least) & (traditional >= bounds.short_share * han_count)
    )
    hint = (traditional == 0) & (simplified == 0) & (pl.col("hint") > 0)
    return (
        pl.when(foreign)
        .then(pl.lit("none"))
        .when((clear & (few | (label == "zh-Hant"))) | hint)
        .then(pl.lit("hant"))
        .otherwise(script(simplified, traditional, han_count, bounds))
    )
