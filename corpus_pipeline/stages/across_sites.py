"""`exact_dedup` and `near_dedup` for documents of several sites, whose texts stay where they are.

Enters at a site: kept documents, and the key that the sites share.  Leaves: the stage's sketch
under that key, and of each document a wide signature (`text.dedup.blind`).
Enters at the coordinator: those of all sites, and the pairs that each site has verified in its own
texts.  Leaves: the stage's columns and verdicts, as one run over all documents would write them;
the Jaccard similarity to a survivor at another site is an estimate, and the evidence says so.
Refuses: to judge two documents of one site by an estimate; to take the second look at the raw texts
(`near_dedup`) across sites, for which there is no signature.

They stand in no list of stages: `sites` puts them in the place of those that they are named like.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import polars as pl

from corpus_pipeline.model import Schema
from corpus_pipeline.stages.across_counts import (
    AdmissionAcrossSites,
    LinesAcrossSites,
    NamesAcrossSites,
    RankAcrossSites,
)
from corpus_pipeline.stages.exact_dedup import ExactDedup
from corpus_pipeline.stages.near_dedup import LEAST_HELD, NearDedup
from corpus_pipeline.text.arrays import Integers
from corpus_pipeline.text.dedup import union_find as clusters
from corpus_pipeline.text.dedup.blind import (
    Secret,
    blinded,
    blinded_digests,
    estimated,
    packed,
    unpacked,
    wide,
)
from corpus_pipeline.text.dedup.key import fold
from corpus_pipeline.text.dedup.ngrams import distinct, shingles
from corpus_pipeline.text.dedup.union_find import positions

#: What a verified pair says; null in a pair of two sites that is not judged yet.
JUDGED: Final[Schema] = {
    "jaccard": pl.Float32(),
    "containment": pl.Float32(),
    "larger": pl.UInt64(),
    "raw": pl.Boolean(),
}


class ExactAcrossSites(ExactDedup):
    """Equal documents of all sites: the digests are compared under the key, and are exact."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The digests under the key."""
        low, high = (rows.get_column(name).to_numpy() for name in ("key", "high"))
        low, high = blinded_digests(low, high, Secret(key), self.name)
        return rows.with_columns(key=pl.Series(low), high=pl.Series(high))


class NearAcrossSites(NearDedup):
    """Near-duplicates of all sites: two of one site as that has judged them, others estimated."""

    compares: ClassVar[tuple[str, ...]] = ("size", "signature")

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The keys of bands under the key."""
        keys = rows.get_column("key").to_numpy()
        return rows.with_columns(key=pl.Series(blinded(keys, Secret(key), self.name)))

    def sign(self, docs: pl.DataFrame, key: bytes, values: int) -> pl.DataFrame:
        """Of each document its different n-grams (u32), its rank (u64) and its signature.

        The signature is null where the text is shorter than an n-gram.
        """
        sizes = np.zeros(docs.height, dtype=np.uint32)
        alive, rows = [np.empty(0, np.int64)], [np.empty((0, values), np.uint8)]
        for keys in fold(docs.get_column("text"), self.table):
            hashes, starts = shingles(keys.codes, keys.offsets, self.options.ngram)
            filled = np.flatnonzero(np.diff(starts))
            _, ends = distinct(hashes, starts)
            sizes[keys.first : keys.first + len(keys)] = np.diff(ends)
            edges = np.append(starts[filled], len(hashes))
            rows.append(wide(hashes, edges, values, Secret(key)))
            alive.append(filled + keys.first)
        signed = pl.DataFrame(
            {
                "row": np.concatenate(alive).astype(np.uint32),
                "signature": packed(np.concatenate(rows)),
            }
        )
        whole = pl.DataFrame({"size": sizes, "merit": clusters.rank_keys(docs)}).with_row_index(
            "row"
        )
        return whole.join(signed, on="row", how="left", maintain_order="left").drop("row")

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Pairs of two sites that share a bucket, not judged yet."""
        return _of_two(super().match(keys), keys.select("doc", "site").unique("doc"))

    def verify(self, pairs: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
        """The pairs that hold: those a site has verified, and those of two sites by estimate."""
        unjudged = pl.col("jaccard").is_null()
        places = positions(pairs.filter(unjudged), texts.get_column("doc"))
        found = self._estimated(texts, *places)
        return pl.concat([pairs.filter(~unjudged).select(found.columns), found])

    def further(self, pairs: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
        """As in one run, but only of two sites."""
        return _of_two(pairs, sources.rename({"source": "site"}))

    def _estimated(self, docs: pl.DataFrame, a: Integers, b: Integers) -> pl.DataFrame:
        """The pairs of rows of `docs` that hold by their signatures, as `verify` returns them."""
        options = self.options
        size = docs.get_column("size").cast(pl.Int64).to_numpy()
        small, large = np.minimum(size[a], size[b]), np.maximum(size[a], size[b])
        ratio = small / np.maximum(large, 1)
        # Two sets of these sizes cannot be more alike than that.
        jaccard = np.minimum(estimated(unpacked(docs.get_column("signature")), a, b), ratio)
        both = np.minimum(jaccard / (1 + jaccard) * (small + large), small)
        containment = both / np.maximum(small, 1)
        alike, within = jaccard >= options.threshold, np.zeros(len(a), dtype=np.bool_)
        if options.containment is not None:
            within = (containment >= options.containment) & (ratio < options.length_ratio)
            within &= small >= LEAST_HELD
        number = docs.get_column("doc").to_numpy()
        larger = pl.Series(np.where(size[a] >= size[b], number[a], number[b]), dtype=pl.UInt64)
        columns = {
            "a": np.minimum(number[a], number[b]),
            "b": np.maximum(number[a], number[b]),
            "jaccard": jaccard.astype(np.float32),
            "containment": containment.astype(np.float32),
            "larger": larger.set(pl.Series(alike), None),
            "raw": np.zeros(len(a), dtype=np.bool_),
        }
        return pl.DataFrame(columns).filter(alike | within)

    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """As in one run; the evidence says where the similarity is an estimate."""
        settled = super().settle(pairs, facts)
        site = facts.select("doc", "id", own="source")
        of = facts.select("source", near_dedup_cluster="id")
        placed = settled.select("doc", "near_dedup_cluster").join(
            site, on="doc", how="left", maintain_order="left"
        )
        placed = placed.join(of, on="near_dedup_cluster", how="left", maintain_order="left")
        apart = placed.get_column("own") != placed.get_column("source")
        told = pl.when(pl.lit(apart)).then(pl.col("drop_evidence") + " estimated")
        return settled.with_columns(drop_evidence=told.otherwise("drop_evidence"))


def _of_two(pairs: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The pairs of documents of two sites (`doc`, `site`), with the columns of `JUDGED`, null."""
    for end in ("a", "b"):
        pairs = pairs.join(sites.rename({"doc": end, "site": f"site_{end}"}), on=end)
    apart = pairs.filter(pl.col("site_a") != pl.col("site_b")).sort("a", "b")
    nothing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in JUDGED.items()]
    return apart.select("a", "b", *nothing)


#: The stages that can see documents of all sites, by the name of the stage in a config.
ACROSS: Final = {
    stage.name: f"{stage.__module__}:{stage.__name__}"
    for stage in (
        *(ExactAcrossSites, NearAcrossSites),
        *(LinesAcrossSites, NamesAcrossSites),
        *(AdmissionAcrossSites, RankAcrossSites),
    )
}
