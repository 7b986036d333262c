"""How much two texts share, counted exactly: Jaccard and containment of their n-gram sets.

Enters: texts of many documents and the pairs to compare.  Leaves: the sizes of both sets and of
their intersection for each pair; nothing is estimated.

The n-grams of all documents are never in memory at once: pairs come in portions whose documents
together have a bounded number of characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.text.arrays import F64, I64, U64
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.ngrams import distinct, shared, shingles

#: Characters whose n-grams are in memory at once (8 bytes each, and as much again while sorting).
PORTION = 8_000_000


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Per pair (i64): how many different n-grams each document has, and how many both have."""

    size_a: I64
    size_b: I64
    both: I64

    @property
    def jaccard(self) -> F64:
        """Shared n-grams / n-grams of either document; 0 where neither has any."""
        every: I64 = np.maximum(self.size_a + self.size_b - self.both, 1)
        return self.both / every

    @property
    def containment(self) -> F64:
        """Shared n-grams / n-grams of the smaller set."""
        return self.both / np.maximum(np.minimum(self.size_a, self.size_b), 1)

    @property
    def length_ratio(self) -> F64:
        """The smaller set's size / the larger one's."""
        return np.minimum(self.size_a, self.size_b) / np.maximum(
            np.maximum(self.size_a, self.size_b), 1
        )


def resemblance(texts: Sequence[str], a: I64, b: I64, table: KeyTable, n: int) -> Resemblance:
    r"""Compare the n-grams of the keys of texts[a[i]] and texts[b[i]] for every i.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table = parse_key_table("keep\t4e00\t9fff")
    >>> texts = ["天地玄黄宇宙洪荒", "天地玄黄，宇宙宽广"]
    >>> result = resemblance(texts, np.array([0]), np.array([1]), table, 2)
    >>> result.size_a.tolist(), result.both.tolist(), result.jaccard.round(2).tolist()
    ([7], [5], [0.56])
    """
    out = Resemblance(*(np.zeros(len(a), dtype=np.int64) for _ in range(3)))
    # Of each pair the document in more pairs is the hub, the other the leaf.  A leaf's set is
    # compared with all its hubs in one portion, so that it is made once.
    degree = np.bincount(np.concatenate([a, b]), minlength=len(texts))
    swapped = (degree[a] < degree[b]) | ((degree[a] == degree[b]) & (a > b))
    hub, leaf = np.where(swapped, b, a), np.where(swapped, a, b)
    order = np.lexsort((hub, leaf))
    for portion in _portions(hub[order], leaf[order], [len(text) for text in texts]):
        pairs = order[portion]
        sets = _Sets(texts, np.unique(np.concatenate([hub[pairs], leaf[pairs]])), table, n)
        out.size_a[pairs], out.size_b[pairs] = sets.sizes(a[pairs]), sets.sizes(b[pairs])
        pairs = pairs[np.argsort(hub[pairs], kind="stable")]
        cuts = np.flatnonzero(np.diff(hub[pairs])) + 1
        for of_one_hub in np.split(pairs, cuts):
            flat, starts = sets.several(leaf[of_one_hub])
            out.both[of_one_hub] = shared(sets.single(hub[of_one_hub[0]]), flat, starts)
    return out


def _portions(hub: I64, leaf: I64, lengths: list[int]) -> Iterator[slice]:
    """Runs of pairs whose documents together have about `PORTION` characters."""
    start, characters, seen = 0, 0, set[int]()
    for i, pair in enumerate(zip(hub.tolist(), leaf.tolist(), strict=True)):
        new = {doc for doc in pair if doc not in seen}
        size = sum(lengths[doc] for doc in new)
        if characters and characters + size > PORTION:
            yield slice(start, i)
            start, characters, seen, new = i, 0, set(), set(pair)
            size = sum(lengths[doc] for doc in new)
        characters += size
        seen |= new
    if len(hub) > start:
        yield slice(start, len(hub))


class _Sets:
    """The n-gram sets of the documents `wanted` (ascending), end to end, each sorted."""

    def __init__(self, texts: Sequence[str], wanted: I64, table: KeyTable, n: int) -> None:
        self.wanted = wanted
        flat, ends, total = [], [np.zeros(1, dtype=np.int64)], 0
        for keys in fold([texts[i] for i in wanted.tolist()], table):
            hashes, starts = distinct(*shingles(keys.codes, keys.offsets, n))
            flat.append(hashes)
            ends.append(starts[1:] + total)
            total += len(hashes)
        self.flat = np.concatenate(flat)
        self.starts = np.concatenate(ends)

    def sizes(self, docs: I64) -> I64:
        at = np.searchsorted(self.wanted, docs)
        return self.starts[at + 1] - self.starts[at]

    def single(self, doc: int) -> U64:
        at = np.searchsorted(self.wanted, doc)
        return self.flat[self.starts[at] : self.starts[at + 1]]

    def several(self, docs: I64) -> tuple[U64, I64]:
        starts = np.concatenate([[0], np.cumsum(self.sizes(docs))])
        return np.concatenate([self.single(doc) for doc in docs.tolist()]), starts
