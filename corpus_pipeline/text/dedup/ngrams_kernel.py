"""The hashes of n-grams, computed one after the other in a loop over code points.

Enters: code points with offsets.  Leaves: hashes, as the docstring of `ngrams` defines them.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, OutU64
from corpus_pipeline.text.compiled import compiled

BASE = np.uint64(0x9E3779B97F4A7C15)
FINAL = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(32)


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """The last step of the hash, after which every bit depends on all bits of the polynomial."""
    value = (value ^ value >> HALF) * FINAL
    return value ^ value >> HALF


@compiled
def within(codes: U32, offsets: I64, n: int, leaving: np.uint64, out: OutU64) -> None:
    """Write the hash of each n-gram to `out`, computed from that of the n-gram before.

    `leaving` is BASEⁿ, the factor of the character that leaves.
    """
    size = 0
    for doc in range(len(offsets) - 1):
        begin, end = offsets[doc], offsets[doc + 1]
        if end - begin < n:
            continue
        value = np.uint64(0)
        for at in range(begin, begin + n - 1):
            value = value * BASE + np.uint64(codes[at])
        gone = np.uint64(0)
        for at in range(begin + n - 1, end):
            # Only one multiplication and one sum depend on the n-gram before; the rest runs ahead.
            value = value * BASE + (np.uint64(codes[at]) - leaving * gone)
            gone = np.uint64(codes[at - n + 1])
            out[size] = mixed(value)
            size += 1
