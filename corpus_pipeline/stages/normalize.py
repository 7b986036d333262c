"""Normalize: one width, one kind of space and line end, one script.

Enters: kept documents.  Leaves: `text` and `title` rewritten by the width table; traditional
Chinese as simplified; `normalize_script` (the script before) and `normalize_changed` (characters
that conversion changed).
Refuses: NFKC, converting Japanese, Korean or text that is already simplified, and rewording
(程序员 never becomes 程序師; no regional vocabulary is touched).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage
from corpus_pipeline.rules.models import load_table
from corpus_pipeline.rules.simplify import converter
from corpus_pipeline.text import han
from corpus_pipeline.text.script import (
    JAPANESE_ONLY,
    SIMPLIFIED_ONLY,
    TRADITIONAL_ONLY,
    script,
)
from corpus_pipeline.text.utf8 import buffers, replaced
from corpus_pipeline.text.width import Width, left_over, unescape


class NormalizeOptions(Options):
    """What may be configured."""

    script: Literal["simplified", "keep"] = "simplified"
    entities: Literal["unescape", "keep"] = "unescape"
    private_use: Literal["remove", "keep"] = "remove"
    #: U+FFFD is kept for the rules that count it; `remove` deletes it here.
    replacement_character: Literal["keep", "remove"] = "keep"
    table: str = "package:rules/packs/normalize.yaml"


class Normalize(Stage):
    """The stage."""

    name: ClassVar[str] = "normalize"
    version: ClassVar[int] = 1
    columns: ClassVar[Schema] = {
        "normalize_script": pl.String(),
        "normalize_changed": pl.UInt32(),
    }
    edits: ClassVar[tuple[str, ...]] = ("text", "title")
    OptionsModel: ClassVar[type[Options]] = NormalizeOptions
    options: NormalizeOptions

    def __init__(self, options: NormalizeOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and build the converter."""
        super().__init__(options, assets)
        table = load_table(assets["table"])
        self.bounds: dict[str, float] = table["script"]
        self.width = Width(
            table["width"]["fold"],
            {pair[0]: pair[1] for pair in table["width"]["radicals"].split()},
            private=options.private_use == "keep",
            replacement=options.replacement_character == "keep",
        )
        self.counter = han.CharTable(
            {
                "han": han.mask(han.HAN),
                "kana": han.mask(han.KANA),
                "hangul": han.mask(han.HANGUL),
                "simplified": han.mask(SIMPLIFIED_ONLY),
                "traditional": han.mask(TRADITIONAL_ONLY),
                "japanese": han.mask(JAPANESE_ONLY),
            }
        )
        self.convert = converter(table)

    @classmethod
    def asset_refs(cls, options: NormalizeOptions) -> Mapping[str, str]:
        """The table of widths and phrases."""
        return {"table": options.table}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Widths first, then the script of what came out."""
        texts = self._clean(docs.get_column("text"))
        titles = docs.get_column("title")
        titles = self._clean(titles).set(titles.is_null(), None)
        counts = self.counter.count(texts)
        label = "langid_label" if "langid_label" in docs.columns else None
        counts = counts.with_columns(
            (docs.get_column(label) if label else pl.lit(None, dtype=pl.String)).alias("label")
        )
        found = counts.select(self._script()).to_series()
        changed = np.zeros(docs.height, dtype=np.uint32)
        at = np.flatnonzero((found == "hant").to_numpy()).tolist()
        if at and self.options.script == "simplified":
            before, kana = texts.gather(at), counts.get_column("kana").gather(at)
            pairs = zip(before.to_list(), kana.to_list(), strict=True)
            after = pl.Series([self.convert(*pair) for pair in pairs], dtype=pl.String)
            texts = replaced(texts, at, after)
            changed[at] = differences(before, after)
            headed = [i for i, title in zip(at, titles.gather(at), strict=True) if title]
            headings = [self.convert(title, len(title)) for title in titles.gather(headed)]
            titles = replaced(titles, headed, headings)
        return docs.with_columns(
            texts.alias("text"),
            titles.alias("title"),
            found.alias("normalize_script"),
            pl.Series("normalize_changed", changed),
        )

    def _clean(self, texts: pl.Series) -> pl.Series:
        out = self.width.column(texts)
        if self.options.entities == "unescape":
            maybe = out.str.contains("&", literal=True).arg_true().to_list()
            pairs = zip(maybe, out.gather(maybe), strict=True)
            left = {i: unescape(text) for i, text in pairs if left_over(text)}
            out = replaced(out, [*left], self.width.texts([*left.values()]))
        return out

    def _script(self) -> pl.Expr:
        """The script of each document; `none` for Japanese and Korean."""
        bound = self.bounds
        han_count, label = pl.col("han"), pl.col("label")
        simplified, traditional = pl.col("simplified"), pl.col("traditional")
        foreign = pl.lit(value=False)
        for name, least in (("kana", 3), ("hangul", 3), ("japanese", 2)):
            count = pl.col(name)
            both = han_count if name == "japanese" else han_count + count
            foreign |= (count >= least) & (count >= bound[f"{name}_share"] * both)
        foreign = pl.when(label.is_null()).then(foreign).otherwise(label.is_in(["ja", "ko"]))
        clear = (traditional > 0) & (traditional >= bound["dominance"] * simplified)
        return (
            pl.when(foreign)
            .then(pl.lit("none"))
            .when((label == "zh-Hant") & clear)
            .then(pl.lit("hant"))
            .otherwise(script(simplified, traditional, han_count, bound))
        )


def differences(
    before: Sequence[str] | pl.Series, after: Sequence[str] | pl.Series
) -> npt.NDArray[np.int64]:
    """How many characters differ in each pair of texts; both have the same length, above 0.

    >>> differences(["這個", "國"], ["这个", "國"]).tolist()
    [2, 0]
    """
    old, new = (pl.Series(texts, dtype=pl.String) for texts in (before, after))
    unequal = np.zeros(len(old), dtype=np.int64)
    han.count_unequal(*buffers(old), *buffers(new), unequal)
    return unequal
