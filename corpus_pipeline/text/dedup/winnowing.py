"""Winnowing: choose a few n-grams of each document, the same ones in every copy of a run.

Enters: the n-gram hashes of documents laid end to end (`ngrams.shingles`).  Leaves: which of them
are the document's fingerprints, and the stretches that a set of them covers.
A document with fewer n-grams than one window has no fingerprints.

The rule, so that it can be recomputed elsewhere (robust winnowing, Schleimer, Wilkerson and Aiken
2003): a window of w neighbouring n-grams walks over the document; as long as the n-gram chosen last
is still inside and nothing in the window is smaller, it stays chosen, else the smallest of the
window is chosen, the rightmost where several are equal.

Two documents that share a run of w + n - 1 characters share a fingerprint in it, whatever stands
around the run; two that share a fingerprint share at least n characters.  About 2 n-grams in w + 1
are chosen, one in w of a text that repeats one character.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U64, Bool
from corpus_pipeline.text.dedup.repeats_kernel import cover
from corpus_pipeline.text.dedup.winnowing_kernel import choose


def fingerprints(hashes: U64, starts: I64, window: int) -> tuple[I64, I64]:
    """Positions of the chosen n-grams in `hashes`, and the offsets of the documents among them.

    >>> hashes = np.array([77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98],
    ...                   dtype=np.uint64)
    >>> chosen, ends = fingerprints(hashes, np.array([0, 17]), 4)
    >>> hashes[chosen].tolist(), ends.tolist()
    ([17, 17, 8, 39, 17], [0, 5])
    """
    chosen = np.empty(len(hashes), dtype=np.int64)
    ends = np.zeros(len(starts), dtype=np.int64)
    size = choose(hashes, starts, window, chosen, ends)
    return chosen[:size].copy(), ends


def covered(chosen: I64, flags: Bool, size: int, n: int) -> Bool:
    """Which of `size` characters lie in a chosen n-gram (of n characters) whose flag is set.

    >>> covered(np.array([1, 3, 7]), np.array([True, True, False]), 10, 3).nonzero()[0].tolist()
    [1, 2, 3, 4, 5]
    """
    inside = np.zeros(size, dtype=np.bool_)
    cover(chosen, flags, n, inside)
    return inside


def stretches(inside: Bool) -> tuple[I64, I64]:
    """First and end of each run of set flags.

    >>> first, end = stretches(np.array([True, True, False, True]))
    >>> first.tolist(), end.tolist()
    ([0, 3], [2, 4])
    """
    padded = np.concatenate([[False], inside, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return edges[::2], edges[1::2]
