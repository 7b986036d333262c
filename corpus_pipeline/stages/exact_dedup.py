"""Drop documents whose texts are equal but for script, width and punctuation; the best stays.

Enters: kept documents.
Leaves: `exact_dedup_cluster` (the survivor's id), `exact_dedup_cluster_size`, and the verdict
`exact_duplicate` on all documents of the cluster but the survivor.  Documents of nothing but
punctuation have no key and equal no other; documents that differ in a digit, or in a sign that says
something (C++ and C#, 36-5 and 365), are not equal.

The hash is XXH3-128 of the signed key (`text.dedup.signed_key`) in UTF-32, little endian: `key`
(u64) is its lower half, `high` (u64) its upper; documents are equal when all 128 bits are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.model import Asset, Options, PairStage
from corpus_pipeline.rules.dedup_key import KEY_TABLE, SIGN_TABLE, load_key_table, load_sign_table
from corpus_pipeline.text.dedup.signed_key import fold_signed
from corpus_pipeline.text.dedup.union_find import best_first, components, positions


class ExactDedup(PairStage):
    """One survivor per key: highest quality, then longest, then smallest id."""

    name = "exact_dedup"
    version = 2

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Load the character tables of the key."""
        super().__init__(options, assets)
        self.table = load_sign_table(assets["sign_table"], load_key_table(assets["key_table"]))

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:  # noqa: ARG003 – the same for all
        """The tables decide which documents are equal: they belong in the manifest."""
        return {"key_table": KEY_TABLE, "sign_table": SIGN_TABLE}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """`row`, `key` and `high` of each document that has a key text."""
        rows: list[int] = []
        digests: list[bytes] = []
        for keys in fold_signed(docs.get_column("text"), self.table):
            buffer = keys.codes.astype("<u4", copy=False).data.cast("B")
            for row, (start, end) in enumerate(pairwise((keys.offsets * 4).tolist()), keys.first):
                if end > start:
                    rows.append(row)
                    digests.append(xxhash.xxh3_128_digest(buffer[start:end]))
        halves = np.frombuffer(b"".join(digests), dtype=">u8").reshape(-1, 2).astype(np.uint64)
        return pl.DataFrame(
            {"row": pl.Series(rows, dtype=pl.UInt32), "key": halves[:, 1], "high": halves[:, 0]}
        )

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Each document paired with the smallest of its group: one pair for each duplicate."""
        return (
            keys.select(a=pl.col("doc").min().over("key", "high"), b="doc")
            .filter(pl.col("a") != pl.col("b"))
            .sort("a", "b")
        )

    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """The best document of each group stays, whichever was the smallest in `match`."""
        ranked = best_first(facts)
        label = components(*positions(pairs, ranked.get_column("doc")), ranked.height)
        survivor = pl.col("id").first().over("label")
        return (
            ranked.with_columns(label=label)
            .with_columns(
                survivor.alias("exact_dedup_cluster"),
                pl.len().over("label").cast(pl.UInt32).alias("exact_dedup_cluster_size"),
                gone=pl.int_range(pl.len()).over("label") > 0,
            )
            .select(
                "doc",
                *self.columns,
                drop_rule=pl.when("gone").then(pl.lit("exact_duplicate")),
                drop_evidence=pl.when("gone").then(pl.format("of={}", "exact_dedup_cluster")),
            )
        )
