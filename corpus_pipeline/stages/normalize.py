"""Normalize: one width, one kind of space, line end, ellipsis and dash, one script.

Enters: kept documents.  Leaves: `text` and `title` rewritten: hard-wrapped lines joined, widths,
spaces and marks unified, traditional Chinese converted to simplified (or left, with the simplified
text in `normalize_simplified`); `normalize_script` (the script before), `normalize_changed`
(characters that conversion changed), `normalize_ambiguous` (characters with more than one
simplified form) and `normalize_joined` (lines joined).
Refuses: NFKC, converting Japanese, Korean or text that is already simplified, and rewording
(程序员 never becomes 程序師; no regional vocabulary is touched).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage
from corpus_pipeline.rules.normalize import SENSES, load_simplifier
from corpus_pipeline.rules.writing import TABLE, load_writing
from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.normalize.ellipsis import unified
from corpus_pipeline.text.normalize.entities import unescaped
from corpus_pipeline.text.normalize.unwrap import joined
from corpus_pipeline.text.unicode.utf8 import replaced

#: An ideographic space beside an ellipsis or a dash.
BESIDE_A_MARK = "[…—]\u3000|\u3000[…—]"

#: What may be an HTML entity.
ENTITY = "&#?[0-9A-Za-z]{1,31};|&nbsp"

#: Characters of traditional writing in a mixed text: one alone is a quotation or a variant.
ENOUGH = 2


class NormalizeOptions(Options):
    """Which of the normalizations are done, and the tables behind them."""

    script: Literal["simplified", "keep", "both"] = "simplified"
    """`simplified` converts traditional text; `both` leaves the text in its script and writes the
    converted text to `normalize_simplified`."""

    lines: Literal["join", "keep"] = "join"
    """`join` puts hard-wrapped prose together; verse, lists, tables and code stay."""

    entities: Literal["unescape", "keep"] = "unescape"
    """What becomes of HTML entities left in the text (`&amp;`)."""

    private_use: Literal["remove", "keep"] = "remove"
    """What becomes of Unicode private-use characters, which only one font shows."""

    replacement_character: Literal["keep", "remove"] = "keep"
    """U+FFFD is kept for the rules that count it; `remove` deletes it here."""

    table: str = TABLE
    """The table of widths, controls and spaces."""

    senses: str = SENSES
    """The pack of phrases that decide between several simplified forms of a character."""


class Normalize(Stage):
    """The stage."""

    name: ClassVar[str] = "normalize"
    version: ClassVar[int] = 7
    columns: ClassVar[Schema] = {
        "normalize_script": pl.String(),
        "normalize_changed": pl.UInt32(),
        "normalize_ambiguous": pl.UInt32(),
        "normalize_joined": pl.UInt32(),
        "normalize_simplified": pl.String(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "normalize_script": "Script before conversion: `hans`, `hant`, `mixed` or `none`.",
        "normalize_changed": "Characters that conversion to simplified script changed.",
        "normalize_ambiguous": "Characters converted that have more than one simplified form.",
        "normalize_joined": "Hard-wrapped lines that were joined to the next.",
        "normalize_simplified": "The text in simplified script, under `script: both`. "
        "Null: `text` is that, or nothing was to convert.",
    }
    edits: ClassVar[tuple[str, ...]] = ("text", "title")
    OptionsModel: ClassVar[type[Options]] = NormalizeOptions
    options: NormalizeOptions

    def __init__(self, options: NormalizeOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and build the converter."""
        super().__init__(options, assets)
        self.simplifier = load_simplifier(assets["senses"])
        self.writing = load_writing(assets["table"], self.simplifier.characters)
        self.width = self.writing.width(
            private=options.private_use == "keep",
            replacement=options.replacement_character == "keep",
        )

    @classmethod
    def asset_refs(cls, options: NormalizeOptions) -> Mapping[str, str]:
        """The table of widths and phrases."""
        return {"table": options.table, "senses": options.senses}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Lines and widths first, then the script of what came out."""
        texts, joins = self._clean(docs.get_column("text"), lines=self.options.lines == "join")
        titles = docs.get_column("title")
        titles = self._clean(titles)[0].set(titles.is_null(), None)
        labels = docs.get_column("langid_label") if "langid_label" in docs.columns else None
        writing = self.writing.scripts(texts, labels)
        scripts = writing["script"]
        changed, chosen = (np.zeros(docs.height, dtype=np.uint32) for _ in range(2))
        simplified: pl.Series = pl.Series([None], dtype=pl.String).new_from_index(0, docs.height)
        if self.options.script != "keep":
            new, changed, chosen = self._simplified(texts, writing)
            at = np.flatnonzero(changed).tolist()
            if self.options.script == "both":
                simplified = replaced(simplified, at, new.gather(at))
            else:
                texts = new
                hant = (scripts == "hant").arg_true().to_list()
                headed = [i for i, title in zip(hant, titles.gather(hant), strict=True) if title]
                converted = self.simplifier.column(titles.gather(headed)).texts
                titles = replaced(titles, headed, converted)
        return docs.with_columns(
            texts.alias("text"),
            titles.alias("title"),
            scripts.alias("normalize_script"),
            pl.Series("normalize_changed", changed),
            pl.Series("normalize_ambiguous", chosen),
            pl.Series("normalize_joined", joins),
            simplified.alias("normalize_simplified"),
        )

    def _simplified(self, texts: pl.Series, writing: pl.DataFrame) -> tuple[pl.Series, U32, U32]:
        """The texts in simplified script, and per text the characters changed and the choices.

        Traditional texts as a whole; of others the words that only traditional writing has: all of
        them in a mixed text, those with certain characters in a simplified one.
        """
        changed, chosen = (np.zeros(len(texts), dtype=np.uint32) for _ in range(2))
        script = writing["script"]
        converted: list[int] = []
        parts: list[pl.Series] = []
        for rows, convert in (
            (script == "hant", self.simplifier.column),
            ((script == "mixed") & (writing["traditional"] >= ENOUGH), self.simplifier.mixed),
            ((script == "hans") & (writing["words"] > 0), self.simplifier.words),
        ):
            at = rows.arg_true().to_list()
            if at:
                conversion = convert(texts.gather(at))
                changed[at], chosen[at] = conversion.changed, conversion.chosen
                converted += at
                parts.append(conversion.texts)
        # All at once: each replacement copies the column.
        new = pl.concat(parts, rechunk=False) if parts else pl.Series(dtype=pl.String)
        return replaced(texts, converted, new), changed, chosen

    def _clean(self, texts: pl.Series, *, lines: bool = False) -> tuple[pl.Series, U32]:
        """The texts after all rules but script, and how many lines were joined in each."""
        texts = texts.fill_null("")
        joins = np.zeros(len(texts), dtype=np.uint32)
        if not lines:
            return self._written(texts), joins
        unwrapped = joined(texts)
        before = texts
        texts, joins = self._written(unwrapped.texts), joins + unwrapped.joins
        # What was joined, or what removed characters brought in line, may show another wrap.
        rows = np.flatnonzero((texts != before).to_numpy())
        while len(rows):
            again = joined(texts.gather(rows))
            joins[rows] += again.joins
            more = again.joins > 0
            rows = rows[more]
            new = self._written(again.texts.filter(pl.Series(more)))
            texts = replaced(texts, rows.tolist(), new)
        return texts, joins

    def _written(self, texts: pl.Series) -> pl.Series:
        """Widths, entities, ellipses and dashes."""
        out = self.width.column(texts)
        if self.options.entities == "unescape":
            maybe = out.str.contains(ENTITY).arg_true().to_list()
            results = map(unescaped, out.gather(maybe))
            left = {i: text for i, (text, count) in zip(maybe, results, strict=True) if count}
            out = replaced(out, [*left], self.width.texts([*left.values()]))
        out = unified(out)
        # 。 keeps an ideographic space beside it, the … or — that came of it does not.
        rows = out.str.contains(BESIDE_A_MARK).arg_true()
        return replaced(out, rows.to_list(), unified(self.width.column(out.gather(rows))))
