"""Which candidate pairs hold, of any number of them.

Enters: the candidate pairs of a settle task, its documents.  Leaves: the pairs that hold, by the
rank of their worse document (`union_find.ranks`, an index first).

Pairs are compared in the order of their worse document.  Most better ones stand close before it, or
are representatives of a large bucket, which are few: so a portion has hardly more documents than
are the worse one of a pair in it, and the n-grams of a document are made about once.

Memory: some 50 bytes a document, the pairs of `BLOCK` documents, the texts of a portion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from corpus_pipeline.engine.shuffle.members import Members
from corpus_pipeline.engine.shuffle.spool import Ranges, Spool
from corpus_pipeline.model import PairStage
from corpus_pipeline.text.arrays import U32, Integers
from corpus_pipeline.text.dedup.jaccard import portions
from corpus_pipeline.text.dedup.union_find import grown, ranks, unmet

#: Documents whose pairs with better ones are in memory at once, some 100 pairs each: so many, or
#: one `BLOCKS`th of all.
BLOCK, BLOCKS = 20_000, 1000
#: Candidates that are numbered at once.
ADDED = 500_000
#: Bytes of texts that are compared at once (8 bytes for the n-gram of each character, and as much
#: again while they are sorted).
PORTION = 24_000_000
#: The columns of a pair that say which document is the worse one: their ranks.
RANKS = ("worse", "better")


def blocks(spool: Spool, documents: int) -> Ranges:
    """Rows of pairs, by the rank of their worse document."""
    return Ranges(spool, documents, max(BLOCK, -(-documents // BLOCKS)))


def inverse(order: Integers) -> U32:
    """The place in `order` of each number."""
    places = np.empty(len(order), dtype=np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    return places


class Verification:
    """The pairs of some documents: first all candidates are added, then they are verified."""

    def __init__(self, stage: PairStage, members: Members, spool: Spool) -> None:
        """The pairs go into `spool`."""
        self._stage, self._members = stage, members
        old = members.facts.get_column("old").cast(pl.UInt64).to_numpy()
        best = ranks(members.facts) // np.uint64(2) | old << np.uint64(63)
        self._order = np.argsort(~best, kind="stable").astype(np.uint32)
        self._rank = inverse(self._order)
        self._bytes = members.bytes[self._order]
        self._pairs, self._true = blocks(spool, len(members)), blocks(spool, len(members))

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The pairs that hold, some at a time, as the stage's `verify` returned them."""
        for number in range(len(self._true)):
            yield self._true.get(number).drop(RANKS)

    def verify(self, candidates: Iterable[pl.DataFrame]) -> int:
        """Verify candidates, then pairs of survivors that share a neighbour.

        Columns: `a`, `b` and own ones.  Returns how many candidates there are; one may come in
        several frames.
        """
        for frame in candidates:
            # An empty frame, too, tells the columns: a group may have no documents.
            for pairs in (frame.clear(), *frame.iter_slices(ADDED)):
                self._add(self._ranked(pairs))
        count = 0
        for number in range(len(self._pairs)):
            pairs = self._pairs.get(number).unique(RANKS).sort(RANKS)
            count += pairs.height
            self._verify(pairs)
        for _ in range(self._stage.rounds):
            if not self._further():
                break
        return count

    def _add(self, pairs: pl.DataFrame) -> None:
        self._pairs.put(pairs.drop("a", "b"), pairs.get_column("worse").to_numpy())

    def _verify(self, pairs: pl.DataFrame) -> None:
        """Verify pairs, sorted by `RANKS`."""
        worse, better = (pairs.get_column(name).cast(pl.Int64).to_numpy() for name in RANKS)
        for some in [*portions(worse, better, self._bytes, PORTION)] or [slice(0, 0)]:
            needed = np.zeros(len(self._members), dtype=np.bool_)
            needed[self._order[worse[some]]] = needed[self._order[better[some]]] = True
            texts = self._members.compared(np.flatnonzero(needed))
            true = self._ranked(self._stage.verify(self._named(pairs[some]), texts))
            self._true.put(true, true.get_column("worse").to_numpy())

    def _further(self) -> bool:
        """Verify pairs of survivors with a common neighbour; whether there were new ones."""
        centre, any_new = np.arange(len(self._members), dtype=np.uint32), False
        for worse, better in self._edges():
            grown(worse, better, centre)
        worse, better = unmet(self._edges(), centre, self._stage.met)
        proposed = pl.DataFrame({"worse": worse.astype(np.uint32), "better": better})
        cuts = np.searchsorted(worse, np.arange(len(self._pairs) + 1) * self._pairs.width)
        for number, (first, end) in enumerate(pairwise(cuts.tolist())):
            if first == end:
                continue
            new = proposed[first:end].join(self._pairs.get(number), on=RANKS, how="anti")
            sources = self._members.facts.select("doc", "source")
            pairs = self._ranked(self._stage.further(self._named(new), sources)).sort(RANKS)
            any_new = any_new or pairs.height > 0
            self._add(pairs)
            self._verify(pairs.drop("a", "b"))
        return any_new

    def _edges(self) -> Iterator[tuple[U32, U32]]:
        """The pairs that hold, in order."""
        for number in range(len(self._true)):
            pairs = self._true.get(number).select(RANKS).sort(RANKS)
            yield pairs.get_column("worse").to_numpy(), pairs.get_column("better").to_numpy()

    def _ranked(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Pairs with the columns `RANKS`."""
        a, b = (self._rank[self._members.places(pairs.get_column(end))] for end in ("a", "b"))
        return pairs.with_columns(worse=np.maximum(a, b), better=np.minimum(a, b))

    def _named(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Pairs with the columns `a` < `b` in the place of `RANKS`."""
        one, other = (self._order[pairs.get_column(name).to_numpy()] for name in RANKS)
        docs = self._members.docs
        ends = {"a": docs[np.minimum(one, other)], "b": docs[np.maximum(one, other)]}
        return pl.DataFrame(ends).hstack(pairs.drop(RANKS))
