"""The loops of `minhash`: minima of permutations, and band keys.

Enters: hashes of n-grams with offsets; signatures.  Leaves: signatures, a row per document; keys.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, U64, OutU32, OutU32Grid, OutU64Grid, U32Grid
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, mixed


@compiled_uncounted
def minima(
    shingles: U64,
    starts: I64,
    factors: U32,
    piece: OutU32,
    out: OutU32Grid,
) -> None:
    """Lower `out` (a row per document, filled with the largest u32) to the minima of permutations.

    `piece` is room for the n-grams that are handled at once.
    """
    for doc in range(len(starts) - 1):
        for first in range(starts[doc], starts[doc + 1], len(piece)):
            size = min(len(piece), starts[doc + 1] - first)
            for i in range(size):
                piece[i] = shingles[first + i] >> np.uint64(32)
            for i in range(len(factors)):
                factor, least = factors[i], out[doc, i]
                # In this form the compiler uses vector instructions: eight times as fast.
                for at in range(size):
                    least = min(least, np.uint32(factor * piece[at]))
                out[doc, i] = least


@compiled_uncounted
def join_bands(rows: U32Grid, width: int, keys: OutU64Grid) -> None:
    """One key for each `width` values of a signature."""
    for doc in range(keys.shape[0]):
        for band in range(keys.shape[1]):
            key = np.uint64(band + 1)
            for i in range(width):
                key = mixed((key ^ np.uint64(rows[doc, band * width + i])) * BASE)
            keys[doc, band] = key
