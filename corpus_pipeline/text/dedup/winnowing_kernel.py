"""The loop of `winnowing`: which n-grams of a document are its fingerprints.

Enters: hashes of n-grams with offsets.  Leaves: positions of the chosen ones, with offsets.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U64, OutI64
from corpus_pipeline.text.compiled import compiled_uncounted


@compiled_uncounted
def choose(hashes: U64, starts: I64, window: int, chosen: OutI64, ends: OutI64) -> int:
    """Write the positions of the fingerprints and their offsets; returns how many there are.

    A window is only searched again when its smallest n-gram has left it.

    Positions are unsigned, which spares each access the test for a negative one.
    """
    size = 0
    one, width = np.uint64(1), np.uint64(window)
    for doc in range(len(starts) - 1):
        last, end = np.uint64(starts[doc]) + width - one, np.uint64(starts[doc + 1])
        while last < end:
            best, least = last, hashes[last]
            at, first = last, last + one - width
            while at > first:
                at -= one
                if hashes[at] < least:
                    best, least = at, hashes[at]
            chosen[size] = best
            size += 1
            stop = min(best + width, end)
            last += one
            while last < stop:
                if hashes[last] < least:
                    best, least = last, hashes[last]
                    chosen[size] = best
                    size += 1
                    stop = min(best + width, end)
                last += one
        ends[doc + 1] = size
    return size
