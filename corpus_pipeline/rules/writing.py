"""Load what `normalize` does beside words: widths, look-alikes, and the script of a text.

Enters: `rules/packs/normalize.yaml`, as an asset.
Leaves: `Writing`, which gives the rules of widths and the script of each text of a column.
Errors: `PipelineError` for a pack that contradicts its examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.normalize import Pairs
from corpus_pipeline.rules.pack import Name, Pack, PackError, Rule, Rules, Text, load, prove
from corpus_pipeline.rules.proofs import known
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
    """A set of characters, and its reason."""

    characters: Text
    why: Text


class Radicals(Strict):
    """Pairs (look-alike, character that it stands for), and their reason."""

    pairs: Pairs
    why: Text


class Rewrite(Strict):
    """An example: a text, and what it becomes."""

    id: Name
    why: Text
    text: Text
    becomes: Text


class Widths(Strict):
    """Characters that are replaced by others of the same meaning."""

    fold: Characters
    radicals: Radicals
    examples: Annotated[tuple[Rewrite, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class ForeignBounds(ScriptBounds):
    """How many characters decide the script, and decide that a text is Japanese or Korean."""

    kana_share: float
    kana_least: int
    hangul_share: float
    hangul_least: int
    japanese_share: float
    japanese_least: int


class Written(Rule):
    """Texts in the script (`hits`), and texts that are not (`misses`)."""

    script: Literal["hans", "hant", "mixed", "none"]


class Scripts(Strict):
    """How the script of a text is decided."""

    bounds: Annotated[ForeignBounds, Settings()]
    hints: Characters
    examples: Rules[Written]


class NormalizePack(Pack):
    """The content of the file."""

    width: Widths
    script: Scripts


class Writing:
    """A checked pack."""

    def __init__(self, pack: NormalizePack, words: str = "") -> None:
        """Build the table of counted characters and the rule of scripts.

        `words`: characters of the words that are converted in simplified texts too.
        """
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
                "words": han.mask(words),
            }
        )
        self._script = _script(pack.script.bounds)

    def width(self, *, private: bool, replacement: bool) -> Width:
        """The rules of widths; `private`, `replacement`: whether such characters are kept."""
        width = self.pack.width
        radicals = {pair[0]: pair[1] for pair in width.radicals.pairs.split()}
        return Width(width.fold.characters, radicals, private=private, replacement=replacement)

    def scripts(self, texts: pl.Series, labels: pl.Series | None = None) -> pl.DataFrame:
        """For each text its `script` (`hans`, `hant`, `mixed` or `none`) and two counts.

        `labels`: the label of `langid` for each text, where that stage has run.  The counts are
        `traditional`, characters that only traditional text has, and `words`, see `Writing`.
        """
        label = pl.lit(None, dtype=pl.String) if labels is None else labels
        counts = self._counter.count(texts).with_columns(label.alias("label"))
        return counts.select(self._script.alias("script"), "traditional", "words")


def load_writing(asset: Asset, words: str = "") -> Writing:
    """The pack, checked against its examples; `words` as in `Writing`."""
    return Writing(load(asset, NormalizePack, _writing).pack, words)


def _writing(pack: NormalizePack) -> Writing:
    writing = Writing(pack)
    if known():
        return writing
    width = writing.width(private=False, replacement=True)
    for example in pack.width.examples:
        result = width.text(example.text)
        if result != example.becomes:
            fault = f"{example.text!r} becomes {result!r}, not {example.becomes!r}"
            raise PackError(f"example {example.id}: {fault}")
    examples = pack.script.examples
    texts = list(dict.fromkeys(t for written in examples for t in (*written.hits, *written.misses)))
    scripts = dict(zip(texts, writing.scripts(pl.Series(texts))["script"], strict=True))
    prove(examples, lambda example, text: scripts[text] == example.script, "example")
    return writing


def _script(bounds: ForeignBounds) -> pl.Expr:
    """The script of each document from its counts and its label; `none` for Japanese and Korean."""
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
    # A short text has only one or two such characters; those that simplified text lacks decide.
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
