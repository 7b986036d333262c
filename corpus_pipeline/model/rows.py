"""Apply a function to the kept rows of a batch, with every row left in its place.

Enters: a batch, the columns that the function adds, and the function.
Leaves: the same rows in the same order; dropped rows have null in the new columns and are otherwise
unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

#: Kept rows and the place of each in the batch (u32) → the same rows with the new columns.
Work = Callable[[pl.DataFrame, pl.Series], pl.DataFrame]

_PLACE = "__place"


def on_kept(
    docs: pl.DataFrame,
    name: str,
    columns: Mapping[str, pl.DataType],
    work: Work,
    *,
    takes: tuple[str, ...] = (),
    dropped_too: bool = False,
) -> pl.DataFrame:
    """`docs` without the columns `takes`, and with `columns` as `work` fills them for kept rows.

    With `dropped_too`, `work` gets the dropped rows as well.  A `ValueError` that begins with
    `name` is raised where `work` returns another number, order or identity of rows.

    >>> docs = pl.DataFrame({"id": ["a", "b"], "dropped_by": [None, "langid"]})
    >>> on_kept(docs, "toy", {"toy_n": pl.UInt32()}, lambda kept, _: kept.with_columns(toy_n=1))
    shape: (2, 3)
    ┌─────┬────────────┬───────┐
    │ id  ┆ dropped_by ┆ toy_n │
    │ --- ┆ ---        ┆ ---   │
    │ str ┆ str        ┆ u32   │
    ╞═════╪════════════╪═══════╡
    │ a   ┆ null       ┆ 1     │
    │ b   ┆ langid     ┆ null  │
    └─────┴────────────┴───────┘
    """
    docs = docs.drop([column for column in columns if column in docs.columns])
    order = [*(column for column in docs.columns if column not in takes), *columns]
    kept = pl.col("dropped_by").is_null()
    chosen = docs if dropped_too else docs.filter(kept)
    if chosen.is_empty():
        return _padded(docs, columns).select(order)
    if chosen.height == docs.height:
        places = pl.int_range(docs.height, dtype=pl.UInt32, eager=True)
        return _checked(work(chosen, places), chosen, name, columns).select(order)
    docs = docs.with_row_index(_PLACE)
    places = docs.filter(kept).get_column(_PLACE)
    result = _checked(work(chosen, places), chosen, name, columns).with_columns(places)
    rest = _padded(docs.filter(~kept), columns)
    together = pl.concat([part.select([*order, _PLACE]) for part in (rest, result)])
    return together.sort(_PLACE).select(order)


def _padded(docs: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return docs.with_columns(
        pl.lit(None, dtype=dtype).alias(column) for column, dtype in columns.items()
    )


def _checked(
    result: pl.DataFrame, given: pl.DataFrame, name: str, columns: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    if result.height != given.height:
        raise ValueError(f"{name} changed {given.height} rows into {result.height}")
    if "id" in given.columns and not result.get_column("id").equals(given.get_column("id")):
        raise ValueError(f"{name} changed the rows")
    return result.with_columns(pl.col(column).cast(dtype) for column, dtype in columns.items())
