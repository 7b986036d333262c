"""Count how often lines and fingerprints recur, and find the neighbours that most lines have.

Enters: all rows of a range of keys (`LineDedup.sketch`, with `doc` u64).
Leaves: one row for each document and key, for the keys that recur.  Time and memory grow with the
rows and no faster.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from corpus_pipeline.text.dedup.repeats_kernel import recurring

#: Kinds of rows that `match` returns (column `rule`), and their names in the evidence.
REPEAT, HOST, CORPUS = 0, 1, 2
NAMES = {REPEAT: "repeat", HOST: "host_line", CORPUS: "corpus_line"}


def repeats(keys: pl.DataFrame) -> pl.DataFrame:
    """The fingerprints of two or more documents; columns as `lines`, neighbours 0.

    `keys`: sorted by `key` and `doc`.
    """
    key, doc, rank, size = (
        keys.get_column(name).to_numpy() for name in ("key", "doc", "rank", "size")
    )
    rows, documents = np.empty((2, len(key)), dtype=np.int64)
    survivor = np.empty(len(key), dtype=np.bool_)
    count = recurring(key, doc, rank, size, rows, documents, survivor)
    rows = rows[:count]
    none = pl.lit(0, dtype=pl.UInt32)
    found = pl.DataFrame(
        {
            "doc": doc[rows],
            "key": key[rows],
            "documents": documents[:count],
            "survivor": survivor[:count],
        }
    )
    return found.select(_columns(REPEAT, none, none))


def lines(keys: pl.DataFrame, host: int, corpus: int, share: float) -> pl.DataFrame:
    """The lines of at least `host` documents of one host, or `corpus` documents of any.

    Columns: `doc`, `key`, `rule` (u8), `documents` (u32), `often_before` and `often_after` (u32:
    the neighbour in at least `share` of the documents; 0: none), `survivor` (Boolean: this document
    keeps its copy).
    """
    rows = keys.filter(pl.col("size") > 0)
    rows = rows.filter(pl.len().over("key") >= min(host, corpus))
    has_host = pl.col("host") != 0
    local = pl.len().over("key", "host")
    rows = rows.with_columns(documents=pl.when(has_host).then(local).otherwise(0))
    frequent = rows.filter(pl.col("documents") >= host)
    everywhere = rows.with_columns(everywhere=pl.len().over("key")).filter(
        pl.col("everywhere") >= corpus
    )
    # Neighbours are counted in all documents; rows that a host's rule has are then left out.
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
        pl.col("survivor"),
    ]


def _with_survivor(rows: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """Add `survivor`: whether the document keeps its copy, having the highest rank of the group."""
    best = pl.col("rank").max().over(group)
    first = pl.when(pl.col("rank") == best).then("doc").min().over(group)
    return rows.with_columns(survivor=pl.col("doc") == first)


def _with_neighbours(rows: pl.DataFrame, group: list[str], share: float) -> pl.DataFrame:
    """Add `often_before` and `often_after`: the neighbour in `share` of the group, or 0."""
    rows = _with_survivor(rows, group)
    for side in ("before", "after"):
        often = (
            rows.group_by(*group, side)
            .agg(same=pl.len(), documents=pl.col("documents").first(), best=pl.col("rank").max())
            .filter(pl.col("same") >= pl.col("documents") * share)
            # Of two halves that of the best document: numbers of lines may be under a key.
            .sort(*group, "same", "best", descending=[*([False] * len(group)), True, True])
            .unique(group, keep="first", maintain_order=True)
            .select(*group, pl.col(side).alias(f"often_{side}"))
        )
        rows = rows.join(often, on=group, how="left").with_columns(
            pl.col(f"often_{side}").fill_null(0)
        )
    return rows
