"""Who had a document: the sources or contributors of its duplicates, over a whole chain.

Enters: the rows of a chain, each with the document for which it was dropped.  Leaves: `Clusters`:
of each duplicate the document that stands for it (its root), and of each kept document how many
holders had it.  A duplicate of a duplicate belongs to the same root.
Erased documents are in nobody's hands any more; what was dropped for one of them, or for a document
that is in none of the releases, has no root.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.products.ledger.chain import ID
from corpus_pipeline.text.arrays import I64

#: The root of a document whose survivor is not here.
ELSEWHERE = -1


@dataclass(frozen=True, slots=True)
class Clusters:
    """`duplicates`: `row` and `root` (row of the root, or `ELSEWHERE`) of each duplicate."""

    duplicates: pl.DataFrame


def clusters(rows: pl.DataFrame, erased: set[int]) -> Clusters:
    """The roots of all duplicates; `erased`: verdicts of what was taken out."""
    numbered = rows.select(*ID, "verdict", "to_high", "to_low").with_row_index("row")
    numbered = numbered.with_columns(pl.col("row").cast(pl.Int64))
    dropped = numbered.filter(pl.col("to_high").is_not_null())
    here = numbered.filter(~pl.col("verdict").is_in(sorted(erased)))
    targets = here.select(to_high="high", to_low="low", to="row")
    found = dropped.join(targets, on=["to_high", "to_low"], how="left", maintain_order="left")
    row = found.get_column("row").to_numpy()
    to = found.get_column("to").fill_null(ELSEWHERE).to_numpy()
    return Clusters(pl.DataFrame({"row": row, "root": _roots(row, to, rows.height)}))


def _roots(row: I64, to: I64, height: int) -> I64:
    """The end of each way from duplicate to survivor; `ELSEWHERE` where it leaves, or has none."""
    # One place more: what leads elsewhere leads there, and stays.
    step = np.arange(height + 1, dtype=np.int64)
    step[row] = np.where(to == ELSEWHERE, height, to)
    end = step.copy()
    for _ in range(int(height).bit_length() + 1):
        further = end[end]
        if np.array_equal(further, end):
            break
        end = further
    ends = end[row]
    # Documents that were dropped for each other in turn, in different releases: nobody stands.
    is_end = (step[ends] == ends) & (ends != height)
    return np.where(is_end, ends, ELSEWHERE).astype(np.int64)


def hands(rows: pl.DataFrame, found: Clusters, holder: str) -> pl.DataFrame:
    """Who had each kept document that has duplicates: `root`, `holder`, and `of`: how many had it.

    `rows` has `row`, `is_kept` and the column `holder`; documents without duplicates are left out.
    """
    named = rows.select("row", holder=holder)
    known = found.duplicates.filter(pl.col("root") != ELSEWHERE)
    kept = rows.filter("is_kept").select(root="row")
    known = known.join(kept, on="root", how="semi")
    members = pl.concat(
        [
            known.join(named, on="row").select("root", "holder"),
            known.select("root").unique().join(named, left_on="root", right_on="row"),
        ]
    ).unique()
    return members.with_columns(of=pl.len().over("root").cast(pl.Int64))
