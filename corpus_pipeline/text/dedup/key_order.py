"""The order of 64-bit keys, in a third of the time that a sort by columns takes.

Enters: keys, hashes above all.  Leaves: the permutation that sorts them; equal keys stay in the
order in which they came.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U64

#: Above so many disorders behind the upper bits the keys are no hashes: sort them as they are.
_MANY = 4096


def key_order(keys: U64) -> I64:
    """A stable permutation: `keys[key_order(keys)]` rises.

    The upper bits of a key and its place share a word, so that words are sorted and not places by
    keys.  The few keys that differ in their lower bits alone are put in order afterwards.

    >>> key_order(np.array([9 << 40, 3, 9 << 40, 2], dtype=np.uint64)).tolist()
    [3, 1, 0, 2]
    """
    bits = np.uint64(max(len(keys) - 1, 1).bit_length())
    below = (np.uint64(1) << bits) - np.uint64(1)
    words = keys & ~below
    words |= np.arange(len(keys), dtype=np.uint64)
    words.sort()
    order: I64 = (words & below).astype(np.int64)
    rising = keys[order]
    wrong = np.flatnonzero(rising[1:] < rising[:-1])
    if len(wrong) > _MANY:
        return np.argsort(keys, kind="stable")
    words >>= bits
    for prefix in np.unique(words[wrong]):
        first, end = np.searchsorted(words, prefix), np.searchsorted(words, prefix, "right")
        run = order[first:end]
        order[first:end] = run[np.argsort(keys[run], kind="stable")]
    return order
