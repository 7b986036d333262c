"""Texts that are like those that were asked for, each compared with them; no chain of likenesses.

Enters: the texts that were asked for, then the texts of releases and indexes.  Leaves: rows, and
which of the texts each is like.  What counts as like is what `near_dedup` calls so: its own
comparison decides, given as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.products.release.request import NEAR
from corpus_pipeline.products.release.search import nothing, taken
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches
from corpus_pipeline.rules.dedup_key import (
    KEY_TABLE,
    SIGN_TABLE,
    load_key_table,
    load_sign_table,
)
from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.dedup.held import Held
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.signed_key import SignTable
from corpus_pipeline.text.dedup.traces import digests

#: Pairs (`a` < `b`, `merit_a`, `merit_b`) and texts (`doc`, `text`) → the pairs that hold.
Verify = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Tables:
    """The two character tables of the keys."""

    key: KeyTable
    signs: SignTable

    def digest(self, texts: pl.Series) -> pl.Series:
        """The digest of the key of each text, as one string; null where there is no key."""
        low, high = digests(texts, self.signs)
        both = pl.DataFrame({"low": low, "high": high})
        joined = pl.concat_str("high", "low", separator=" ")
        return both.select(pl.when(pl.col("low") + pl.col("high") > 0).then(joined)).to_series()


def tables() -> Tables:
    """The packaged tables."""
    key = load_key_table(resolve(KEY_TABLE, Path()))
    return Tables(key, load_sign_table(resolve(SIGN_TABLE, Path()), key))


class Likeness:
    """The texts that were asked for, ready to be compared with many."""

    def __init__(self, texts: pl.DataFrame, lists: Tables, ngram: int, verify: Verify) -> None:
        """`texts`: `id` (null for the text of a file) and `text`, in any order."""
        rows = texts.filter(pl.col("text").str.len_chars() > 0)
        self._texts = rows.sort("id", "text", nulls_last=True).unique(
            "text", keep="first", maintain_order=True
        )
        self._tables, self._verify = lists, verify
        self._held = Held(self._texts.get_column("text"), lists.key, ngram)
        self._short = self._without_ngram(ngram)

    def _without_ngram(self, ngram: int) -> pl.DataFrame:
        """The texts asked for that are too short for an n-gram: `equal` (the row), `digest`."""
        texts = self._texts.get_column("text")
        sizes = [np.diff(keys.offsets) for keys in fold(texts, self._tables.key)]
        short = np.concatenate([np.zeros(0, np.int64), *sizes]) < ngram
        digested = pl.DataFrame({"digest": self._tables.digest(texts)}).with_row_index("equal")
        digested = digested.filter(pl.Series(short)).drop_nulls()
        return digested.unique("digest", keep="first", maintain_order=True)

    def rows(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Rows that are like one of the texts, and the id of the one that each is most like."""
        row, few = self._compared(texts, *self._held.pairs(texts))
        if self._short.is_empty():
            return pl.Series(row), self._texts.get_column("id").gather(few)
        short = self._equal(texts)
        rows = pl.DataFrame({"row": row, "few": few}).join(
            short, on="row", how="full", coalesce=True
        )
        rows = rows.with_columns(few=pl.coalesce("few", "equal")).sort("row")
        return rows.get_column("row"), self._texts.get_column("id").gather(rows.get_column("few"))

    def _equal(self, texts: pl.Series) -> pl.DataFrame:
        """Texts that equal one of those asked for without an n-gram: `row`, `equal`."""
        own = pl.DataFrame({"digest": self._tables.digest(texts)}).with_row_index("row")
        both = own.drop_nulls().join(self._short, on="digest").sort("row")
        return both.select(pl.col("row").cast(pl.Int64), pl.col("equal").cast(pl.Int64))

    def _compared(self, texts: pl.Series, row: I64, few: I64) -> tuple[I64, I64]:
        """Of candidate pairs those that hold; of each row the best."""
        if not len(row):
            return row, few
        rows, place = np.unique(row, return_inverse=True)
        asked, number = np.unique(few, return_inverse=True)
        shown = pl.concat([texts.gather(rows), self._texts.get_column("text").gather(asked)])
        docs = pl.DataFrame({"text": shown}).with_row_index("doc").cast({"doc": pl.UInt64})
        pairs = pl.DataFrame(
            {"a": place.astype(np.uint64), "b": (number + len(rows)).astype(np.uint64)}
        ).unique()
        merit = pl.lit(0, dtype=pl.UInt64)
        pairs = pairs.with_columns(merit_a=merit, merit_b=merit).sort("a", "b")
        first = pl.lit(len(rows), dtype=pl.UInt64)
        holding = (
            self._verify(pairs, docs)
            .filter((pl.col("a") < first) & (pl.col("b") >= first))
            .sort("a", "jaccard", "b", descending=[False, True, False])
            .unique("a", keep="first", maintain_order=True)
        )
        best = holding.get_column("b").to_numpy().astype(np.int64) - len(rows)
        return rows[holding.get_column("a").to_numpy().astype(np.int64)], asked[best]


def alike(run: Run, likeness: Likeness) -> pl.DataFrame:
    """The documents of a run that are like one of the texts, as `FOUND` rows."""
    found = [nothing()]
    for part in (*run.parts(KEPT), *run.parts(DROPPED)):
        start = 0
        for frame in batches(run.root / part, ["text"]):
            rows, of = likeness.rows(frame.get_column("text"))
            if len(rows):
                by = pl.Series([NEAR] * len(rows))
                found.append(taken(run.root, part, rows + start, by, of))
            start += frame.height
    return pl.concat(found)


def alike_rows(path: Path, likeness: Likeness) -> Iterator[tuple[int, str | None]]:
    """The rows of a Parquet file with a column `text`, and which text each is like."""
    start = 0
    for frame in batches(path, ["text"]):
        rows, of = likeness.rows(frame.get_column("text"))
        yield from zip((rows + start).to_list(), of.to_list(), strict=True)
        start += frame.height
