"""The documents of some groups, as a settle task knows them.

Enters: what the gather tasks wrote.  Leaves: the facts of the documents, sorted by `doc`, and what
is compared of those that are asked for.
Memory: the facts; what is compared stays within the spool's bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.engine.shuffle.corpus import found_between, no_rows
from corpus_pipeline.engine.shuffle.spool import Picked, Spool
from corpus_pipeline.text.arrays import I64, U64, Integers


class Members:
    """Documents by their *place*: in the order of `doc`, from 0."""

    def __init__(
        self, files: Sequence[Path], groups: range, compares: Sequence[str], spool: Spool
    ) -> None:
        """Read the documents of these groups; `compares`: columns that go into the spool."""
        facts, sizes = [], []
        found = found_between(files, "group", groups.start, groups.stop - 1)
        for rows in chain([no_rows(files[0])], found):
            facts.append(rows.drop("group", *compares))
            if compares:
                sizes.append(rows.select(_bytes(rows, compares)).to_series())
                spool.put(rows.select(compares))
        every = pl.concat(facts)
        order = every.get_column("doc").arg_sort()
        self.facts = every[order]
        self.docs: U64 = self.facts.get_column("doc").to_numpy()
        if compares:
            self._row: Integers = order.to_numpy()
            self.bytes: I64 = pl.concat(sizes).gather(order).to_numpy()
            self._compared = Picked(spool)

    def __len__(self) -> int:
        """How many documents."""
        return len(self.docs)

    def places(self, docs: pl.Series) -> I64:
        """The places of documents."""
        return np.searchsorted(self.docs, docs.to_numpy())

    def compared(self, places: I64) -> pl.DataFrame:
        """`doc` and what is compared of these documents."""
        rows = self._row[places]
        order = np.argsort(rows)
        frame = self._compared.rows(rows[order])
        return frame.insert_column(0, pl.Series("doc", self.docs[places[order]]))


def _bytes(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Expr:
    """How many bytes the strings in these columns have in each row."""
    sizes = [
        pl.col(name).cast(pl.Binary).bin.size()
        for name in columns
        if rows.schema[name] in (pl.String, pl.Binary)
    ]
    return pl.sum_horizontal(sizes).fill_null(0).cast(pl.Int64)
