"""The distinct texts of a batch, so that a judgement of text alone is made once for each.

A table of short cells, or a log, is one cell a hundred thousand times; a model asked for each costs
seconds a megabyte.
"""

from __future__ import annotations

import polars as pl

from corpus_pipeline.text.arrays import I64

#: Bytes of a text up to which a model costs more than finding its equals: a model takes 5 µs a
#: text, hashing 0.1 µs and 1 ns a byte (measured).
SHORT = 1000


def distinct(texts: pl.Series) -> tuple[pl.Series, I64] | None:
    """The distinct texts in the order of their first row, and for each row its place among them.

    None where the texts are long on average, or fewer than half of them repeat another one.

    >>> texts, places = distinct(pl.Series(["是", "否", "是", "是", "否"]))
    >>> texts.to_list(), places.tolist()
    (['是', '否'], [0, 1, 0, 0, 1])
    >>> distinct(pl.Series(["甲", "乙"])) is None
    True
    """
    rows = len(texts)
    if not rows or (texts.str.len_bytes().sum() or 0) > SHORT * rows:
        return None
    if 2 * texts.n_unique() > rows:
        return None
    first = texts.unique(maintain_order=True)
    known = pl.DataFrame({"text": first}).with_row_index("place")
    every = pl.DataFrame({"text": texts})
    joined = every.join(known, on="text", how="left", nulls_equal=True, maintain_order="left")
    places: I64 = joined.get_column("place").cast(pl.Int64).to_numpy()
    return first, places
