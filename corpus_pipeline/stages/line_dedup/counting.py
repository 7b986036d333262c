"""How often lines and fingerprints recur, and what most of their documents say of them.

Enters: all rows of a range of keys.  Leaves: one row a document and key, for the keys that count.
Refuses: anything that grows faster than the rows it was given.
"""

from __future__ import annotations

import polars as pl

#: What `match` says a row is about.
REPEAT, HOST, CORPUS = 0, 1, 2
NAMES = {REPEAT: "repeat", HOST: "host_line", CORPUS: "corpus_line"}


def repeats(keys: pl.DataFrame) -> pl.DataFrame:
    """The fingerprints that two documents have, with the one that keeps it."""
    rows = keys.filter(pl.col("size") == 0)
    again = (pl.col("key") == pl.col("key").shift()) & (pl.col("doc") == pl.col("doc").shift())
    rows = rows.filter(~again.fill_null(value=False))
    rows = rows.with_columns(documents=pl.len().over("key")).filter(pl.col("documents") > 1)
    none = pl.lit(0, dtype=pl.UInt32)
    return _named(rows, ["key"]).select(_columns(REPEAT, none, none))


def lines(keys: pl.DataFrame, host: int, corpus: int, share: float) -> pl.DataFrame:
    """The lines in `host` documents of one host, or in `corpus` documents of any."""
    rows = keys.filter(pl.col("size") > 0)
    rows = rows.filter(pl.len().over("key") >= min(host, corpus))
    known = pl.col("host") != 0
    local = pl.len().over("key", "host")
    rows = rows.with_columns(documents=pl.when(known).then(local).otherwise(0))
    frequent = rows.filter(pl.col("documents") >= host)
    everywhere = rows.with_columns(everywhere=pl.len().over("key")).filter(
        pl.col("everywhere") >= corpus
    )
    # The neighbours in all documents, but said only to those that no host's rule names already.
    everywhere = _with_neighbours(
        everywhere.with_columns(local="documents", documents="everywhere"), ["key"], share
    ).filter(pl.col("local") < host)
    return pl.concat(
        [
            _with_neighbours(frequent, ["key", "host"], share).select(_columns(HOST)),
            everywhere.select(_columns(CORPUS)),
        ]
    )


def _columns(rule: int, *sides: pl.Expr) -> list[pl.Expr]:
    before, after = sides or (pl.col("often_before"), pl.col("often_after"))
    return [
        pl.col("doc"),
        pl.col("key"),
        pl.lit(rule, dtype=pl.UInt8).alias("rule"),
        pl.col("documents").cast(pl.UInt32),
        before.alias("often_before"),
        after.alias("often_after"),
        pl.col("keeper"),
    ]


def _named(rows: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """Say which document of each group keeps its copy: the one of highest merit, then the first."""
    best = pl.col("merit").max().over(group)
    first = pl.when(pl.col("merit") == best).then("doc").min().over(group)
    return rows.with_columns(keeper=pl.col("doc") == first)


def _with_neighbours(rows: pl.DataFrame, group: list[str], share: float) -> pl.DataFrame:
    """Add the line before and the line after that most documents of the group have, or 0."""
    rows = _named(rows, group)
    for side in ("before", "after"):
        often = (
            rows.group_by(*group, side)
            .agg(same=pl.len(), documents=pl.col("documents").first())
            .filter(pl.col("same") >= pl.col("documents") * share)
            .sort(*group, "same", side, descending=[*([False] * len(group)), True, False])
            .unique(group, keep="first", maintain_order=True)
            .select(*group, pl.col(side).alias(f"often_{side}"))
        )
        rows = rows.join(often, on=group, how="left").with_columns(
            pl.col(f"often_{side}").fill_null(0)
        )
    return rows
