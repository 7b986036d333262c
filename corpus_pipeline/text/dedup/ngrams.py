"""Character n-grams as 64-bit numbers.

Enters: code points of several documents laid end to end, with their offsets.  Leaves: one hash per
n-gram, those of one document side by side; no n-gram crosses from one document into the next.
Characters and not words, because Chinese text does not mark where words end.

The hash of the n-gram c₁ … cₙ, so that it can be recomputed elsewhere: the polynomial
h = c₁·Bⁿ⁻¹ + … + cₙ mod 2⁶⁴ with B = 0x9E3779B97F4A7C15, then h ^= h >> 32,
h *= 0xD6E8FEB86659FD93 mod 2⁶⁴, h ^= h >> 32.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, U64
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, intersections, within


def shingles(codes: U32, offsets: I64, n: int) -> tuple[U64, I64]:
    """The hashes of all n-grams of each document in order, repeats included, and their offsets.

    >>> hashes, starts = shingles(np.arange(9, dtype=np.uint32), np.array([0, 5, 7, 9]), 3)
    >>> len(hashes), starts.tolist()
    (3, [0, 3, 3, 3])
    """
    starts = np.zeros(len(offsets), dtype=np.int64)
    np.cumsum(np.maximum(np.diff(offsets) - n + 1, 0), out=starts[1:])
    hashes = np.empty(starts[-1], dtype=np.uint64)
    within(codes, offsets, n, np.uint64(pow(int(BASE), n, 1 << 64)), hashes)
    return hashes, starts


def distinct(hashes: U64, starts: I64) -> tuple[U64, I64]:
    """Each document's n-grams as a set (sorted, each once), and the offsets of the sets.

    >>> sets, starts = distinct(np.array([3, 1, 3, 2, 2], dtype=np.uint64), np.array([0, 3, 5]))
    >>> sets.tolist(), starts.tolist()
    ([1, 3, 2], [0, 2, 3])
    """
    hashes = hashes.copy()
    for start, end in pairwise(starts.tolist()):
        hashes[start:end].sort()
    new = np.ones(len(hashes), dtype=np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=new[1:])
    new[starts[:-1][np.diff(starts) > 0]] = True
    kept = np.flatnonzero(new)
    return hashes[kept], np.searchsorted(kept, starts)


def occurrences(codes: U32, offsets: I64) -> U64:
    """Each document's characters as a set (sorted): a character that comes again is another one.

    >>> occurrences(np.array([7, 5, 7, 7], dtype=np.uint32), np.array([0, 3, 4])).tolist()
    [21474836480, 30064771072, 30064771073, 30064771072]
    """
    out = codes.astype(np.uint64)
    for start, end in pairwise(offsets.tolist()):
        out[start:end].sort()
    place = np.arange(len(out))
    new = np.ones(len(out), dtype=np.bool_)
    np.not_equal(out[1:], out[:-1], out=new[1:])
    new[offsets[:-1][np.diff(offsets) > 0]] = True
    first = np.maximum.accumulate(np.where(new, place, 0))
    return out << np.uint64(32) | (place - first).astype(np.uint64)


def shared(sets: U64, starts: I64, one: I64, other: I64) -> I64:
    """How many members the sets one[i] and other[i] (`distinct`) have in common, for every i.

    >>> sets, starts = np.array([1, 3, 5, 1, 2, 3, 4], dtype=np.uint64), np.array([0, 3, 6, 7])
    >>> shared(sets, starts, np.array([0, 0]), np.array([1, 2])).tolist()
    [2, 0]
    """
    out = np.zeros(len(one), dtype=np.int64)
    intersections(sets, starts, one, other, out)
    return out
