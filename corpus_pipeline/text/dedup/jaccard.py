"""How much two texts share, counted exactly: Jaccard and containment of what they consist of.

Enters: texts of many documents and the pairs to compare.  Leaves: the sizes of both sets and of
their intersection for each pair; nothing is estimated.

The n-grams of all these texts are in memory at once: of many texts a caller compares `portions` of
the pairs, whose documents together have a bounded number of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F64, I64, U64
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.ngrams import distinct, occurrences, shared, shingles
from corpus_pipeline.text.dedup.ngrams_kernel import runs

#: Makes the sets of some texts, in order and in chunks: numbers, sorted, and where each set begins.
Grams = Callable[[pl.Series], Iterator[tuple[U64, I64]]]


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Per pair (i64): how many n-grams or characters each document has, and how many both have."""

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


def resemblance(texts: pl.Series, a: I64, b: I64, table: KeyTable, n: int) -> Resemblance:
    r"""Compare the n-grams of the keys of texts[a[i]] and texts[b[i]] for every i.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table = parse_key_table("keep\t4e00\t9fff")
    >>> texts = pl.Series(["天地玄黄宇宙洪荒", "天地玄黄，宇宙宽广"])
    >>> result = resemblance(texts, np.array([0]), np.array([1]), table, 2)
    >>> result.size_a.tolist(), result.both.tolist(), result.jaccard.round(2).tolist()
    ([7], [5], [0.56])
    """

    def grams(some: pl.Series) -> Iterator[tuple[U64, I64]]:
        for keys in fold(some, table):
            yield distinct(*shingles(keys.codes, keys.offsets, n))

    return _compared(texts, a, b, grams)


def same_characters(
    texts: pl.Series, a: I64, b: I64, table: KeyTable, *, digits: bool = False
) -> Resemblance:
    r"""Compare the characters of the keys, each as often as it stands there; or the digits alone.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table = parse_key_table("keep\t4e00\t9fff\nkeep\t30\t39")
    >>> texts = pl.Series(["一人一票，2020年", "人一票2021年"])
    >>> pair = np.array([0]), np.array([1])
    >>> result = same_characters(texts, *pair, table)
    >>> result.size_a.tolist(), result.size_b.tolist(), result.both.tolist()
    ([9], [8], [7])
    >>> same_characters(texts, *pair, table, digits=True).both.tolist()
    [3]
    """

    def grams(some: pl.Series) -> Iterator[tuple[U64, I64]]:
        for keys in fold(some, table):
            codes, offsets = keys.codes, keys.offsets
            if digits:
                kept = np.flatnonzero((codes >= ord("0")) & (codes <= ord("9")))
                codes, offsets = codes[kept], np.searchsorted(kept, offsets)
            yield occurrences(codes, offsets), offsets

    return _compared(texts, a, b, grams)


def _compared(texts: pl.Series, a: I64, b: I64, grams: Grams) -> Resemblance:
    """Compare the sets that `grams` makes of the texts."""
    needed = np.zeros(len(texts), dtype=np.bool_)
    needed[a] = needed[b] = True
    wanted = np.flatnonzero(needed)
    sets, starts = _joined(grams(texts.gather(wanted)))
    one, other = np.searchsorted(wanted, a), np.searchsorted(wanted, b)
    sizes = np.diff(starts)
    return Resemblance(sizes[one], sizes[other], shared(sets, starts, one, other))


def portions(one: I64, other: I64, lengths: I64, most: int) -> Iterator[slice]:
    """Runs of pairs whose documents, of these lengths, together have about `most` bytes."""
    ends = np.zeros(len(one) + 1, dtype=np.int64)
    count = runs(one, other, lengths, most, np.zeros(len(lengths), dtype=np.int64), ends[1:])
    for start, end in pairwise(ends[: count + 1].tolist()):
        yield slice(start, end)


def _joined(chunks: Iterable[tuple[U64, I64]]) -> tuple[U64, I64]:
    """The sets of all chunks end to end, and where each begins."""
    flat, ends, total = [np.empty(0, dtype=np.uint64)], [np.zeros(1, dtype=np.int64)], 0
    for hashes, starts in chunks:
        flat.append(hashes)
        ends.append(starts[1:] + total)
        total += len(hashes)
    return np.concatenate(flat), np.concatenate(ends)
