"""The last step of a pair stage: which candidates are alike, and which documents go.

Enters: the candidate pairs of some groups, their documents.  Leaves: the decisions in a part file,
sorted by `doc`.

A stage that verifies settles stars: pairs of a document with the one that it goes for.  They are
found here, in the order of survival, and come to the stage a range of documents at a time.

Memory: the facts of the documents and some 100 bytes of numbers each; of pairs, and of what is
compared, `HELD` bytes and what is worked at.  The rest lies in files (`spool`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

import numpy as np
import polars as pl

from corpus_pipeline.engine.shuffle.corpus import between
from corpus_pipeline.engine.shuffle.decisions import VERDICT, chosen
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.members import Members
from corpus_pipeline.engine.shuffle.spool import Ranges, Spool
from corpus_pipeline.engine.shuffle.verification import RANKS, Verification, blocks, inverse
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import cluster_columns
from corpus_pipeline.tasks.base import Result
from corpus_pipeline.text.arrays import Bool, Integers
from corpus_pipeline.text.dedup.union_find import best_order, grown

#: Bytes of what is compared, and as many of pairs, that stay in memory.
HELD = 128 << 20
#: The largest clusters that are named where one passes the stage's limit.
NAMED = 5


def settle(argument: tuple[Shuffle, int, range]) -> Result:
    """The decisions about the documents of some groups."""
    job, number, groups = argument
    part, verifies = f"part-{number:05d}.parquet", job.stage.verifies
    routed, gathered = (numbered(job.home / home) for home in ("routed", "gathered"))
    found = (between([path], "group", groups.start, groups.stop - 1) for path in routed)
    candidates = (rows.drop("group") for rows in found)
    with ExitStack() as stack:
        texts, pairs = (stack.enter_context(Spool(job.home / f"{part}-{n}", HELD)) for n in "ab")
        members = Members(gathered, groups, job.stage.compares if verifies else (), texts)
        settling = Settling(job, members)
        if verifies:
            true = Verification(job.stage, members, pairs)
            settling.candidates = true.verify(candidates)
            decisions = settling.by_star(true, pairs)
        else:
            decisions = settling.at_once(pl.concat(candidates))
        write_shard(job.home / "decisions" / part, decisions, level=0, size_by="")
        if job.keeps_pairs:
            own = (settling.own(frame).sort("a", "b") for frame in true)
            write_shard(job.home / "true" / part, own, level=0, size_by="")
    return {"kind": "settle", **settling.result()}


def summary(results: Sequence[Result]) -> Result:
    """The sum of the results of settle tasks."""
    lost: Counter[str] = Counter()
    for result in results:
        lost.update(result["lost"])
    clusters = {tuple(cluster) for result in results for cluster in result["largest"]}
    largest = sorted(clusters, reverse=True)[:NAMED]
    names = ("candidates", "true", "dropped")
    sums = {name: sum(result[name] for result in results) for name in names}
    return {**sums, "lost": dict(sorted(lost.items())), "largest": largest}


class Settling:
    """The decisions about some documents, and their counts when all of them were made."""

    def __init__(self, job: Shuffle, members: Members) -> None:
        """Nothing is decided yet."""
        self._job, self._members = job, members
        self.candidates = self._true = 0
        self._parts: list[Result] = []

    def result(self) -> Result:
        """How many candidates there were, and what came of them."""
        pairs = {"candidates": self.candidates, "true": self._true, "dropped": 0}
        return summary([{**pairs, "lost": {}, "largest": []}, *self._parts])

    def own(self, rows: pl.DataFrame, doc: str = "a") -> pl.DataFrame:
        """Less those of indexes: of a pair the smaller one is of an index where both are."""
        return rows.filter(pl.col(doc) < pl.lit(self._job.corpus.first_old, dtype=pl.UInt64))

    def at_once(self, candidates: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Let the stage decide about all documents in one call; all candidates hold."""
        candidates = candidates.unique(["a", "b"]).sort("a", "b")
        pairs = self.own(candidates)
        self.candidates, self._true = candidates.height, pairs.height
        paired = pl.concat([pairs["a"], pairs["b"]]).unique()
        facts = self._members.facts.filter(pl.col("doc").is_in(paired.implode()))
        yield self._counted(self._decided(pairs, facts)).sort("doc")

    def by_star(self, true: Iterable[pl.DataFrame], spool: Spool) -> Iterator[pl.DataFrame]:
        """Let the stage decide about the stars that these pairs make."""
        facts = self._members.facts
        order = best_order(facts)
        rank, centre = inverse(order), np.arange(len(order), dtype=np.uint32)
        edges, paired = self._edges(true, order, rank, spool)
        stars = []
        for number in range(len(edges)):
            pairs = edges.get(number).sort(RANKS)
            worse, better = (pairs.get_column(name).to_numpy() for name in RANKS)
            stars.append(spool.put(pairs.filter(grown(worse, better, centre))))
        sizes = np.bincount(centre, minlength=len(order)).astype(np.uint32)
        decided, (_, size) = blocks(spool, len(order)), cluster_columns(self._job.spec.name)
        for number, star in enumerate(stars):
            pairs, first = spool.get(star), number * edges.width
            some = np.flatnonzero(paired[first : first + edges.width]) + first
            centres = pairs.get_column("better").to_numpy()
            rows = self._decided(pairs.drop(RANKS), facts[order[np.union1d(some, centres)]])
            places = self._members.places(rows.get_column("doc"))
            rows = rows.with_columns(pl.Series(size, sizes[centre[rank[places]]]))
            here = rank[places] // edges.width == number
            decided.put(self._counted(rows.filter(here)), places[here])
        for number in range(len(decided)):
            yield decided.get(number).sort("doc")

    def _edges(
        self, true: Iterable[pl.DataFrame], order: Integers, rank: Integers, spool: Spool
    ) -> tuple[Ranges, Bool]:
        """Pairs one of which may go, by the worse one; and which documents are in a pair."""
        edges, paired = blocks(spool, len(order)), np.zeros(len(order), dtype=np.bool_)
        docs = self._members.docs
        for frame in true:
            pairs = self.own(frame)
            self._true += pairs.height
            ends = [rank[self._members.places(pairs.get_column(end))] for end in ("a", "b")]
            worse, better = np.maximum(*ends), np.minimum(*ends)
            paired[worse] = paired[better] = True
            larger = pairs.get_column("larger")
            fair = larger.is_null() | (larger == pl.Series(docs[order[better]]))
            pairs = pairs.with_columns(worse=worse, better=better).filter(fair)
            edges.put(pairs, worse[fair.to_numpy()])
        return edges, paired

    def _decided(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """What the stage decides of those of the documents that are the run's own."""
        stage, name = self._job.stage, self._job.spec.name
        wanted = {"doc": pl.UInt64(), **stage.columns, **dict.fromkeys(VERDICT, pl.String())}
        return self.own(chosen(name, stage.settle(pairs, facts), wanted), "doc")

    def _counted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The decisions, which are counted."""
        dropped = rows.filter(pl.col("drop_rule").is_not_null()).get_column("doc")
        sources = self._members.facts.get_column("source")[self._members.places(dropped)]
        cluster, size = cluster_columns(self._job.spec.name)
        largest = rows.select(size, cluster).unique().top_k(NAMED, by=[size, cluster])
        lost = {source or "": count for source, count in sources.value_counts().iter_rows()}
        self._parts.append(
            {
                "candidates": 0,
                "true": 0,
                "dropped": dropped.len(),
                "lost": lost,
                "largest": list(largest.iter_rows()),
            }
        )
        return rows
