"""MinHash signatures and the keys of their bands.

Enters: the n-gram hashes of documents laid end to end.  Leaves: one signature a document, and one
64-bit key for each of its bands.  Documents without an n-gram must be left out: their signatures
would all be equal, and short texts would form one big cluster.

The scheme, so that a signature can be recomputed elsewhere: x = the upper 32 bits of the n-gram's
hash (`ngrams`); the i-th value of the signature is the minimum of aᵢ·x mod 2³² over the document's
n-grams, where aᵢ is the lower half of the i-th number of splitmix64 seeded with 0, made odd.
Band j holds the values j·rows … (j+1)·rows - 1; its key starts as j + 1 and takes each value v in
turn by key = mix((key ^ v)·B), with B and mix of `ngrams`.

There is no summand bᵢ: x is a random number already, multiplying by an odd number is a permutation
of the 32-bit numbers, and adding would only shift them, for a third more time (measured; the error
of the estimate is the same with and without it, and the one of theory, see the tests).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, U64
from corpus_pipeline.text.dedup.minhash_kernel import join_bands, minima
from corpus_pipeline.text.dedup.ngrams_kernel import BASE

#: How many n-grams go through all permutations before the next ones: 16 kB fit the first-level
#: cache.
BLOCK = 1 << 12
_MASK = (1 << 64) - 1


@cache
def multipliers(count: int) -> U32:
    """The factors of the first `count` permutations: odd u32 numbers, read-only.

    >>> multipliers(2).tolist()
    [2065550767, 2713282037]
    """
    factors, state = [], 0
    for _ in range(count):
        state = (state + int(BASE)) & _MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        factors.append((z ^ (z >> 31)) & 0xFFFFFFFF | 1)
    drawn = np.array(factors, dtype=np.uint32)
    drawn.flags.writeable = False
    return drawn


def signatures(shingles: U64, starts: I64, count: int) -> U32:
    """One row of `count` minima (u32) per document; every document has at least one n-gram.

    `starts` has one more entry than there are documents.
    """
    if len(starts) < 2:
        return np.empty((0, count), dtype=np.uint32)
    out = np.full((len(starts) - 1, count), 0xFFFFFFFF, dtype=np.uint32)
    minima(shingles, starts, multipliers(count), np.empty(BLOCK, dtype=np.uint32), out)
    return out


def band_keys(rows: U32, bands: int) -> U64:
    """The key of each band of each signature: equal where all values of the band are equal.

    >>> equal_rows = np.zeros((2, 8), dtype=np.uint32)
    >>> keys = band_keys(equal_rows, 2)
    >>> bool((keys[0] == keys[1]).all()), len(set(keys.ravel().tolist()))
    (True, 2)
    """
    keys = np.empty((len(rows), bands), dtype=np.uint64)
    join_bands(rows, rows.shape[1] // bands, keys)
    return keys


def bands_for(threshold: float, permutations: int) -> tuple[int, int]:
    """(bands, rows) with the smallest expected error among all that fit into the permutations.

    A pair of Jaccard s shares a band with probability 1 - (1 - sʳ)ᵇ.  The error is the integral of
    the false candidates below the threshold plus four times that of the misses above it:
    verification removes false candidates, but nothing recovers a pair that shares no band.
    The same optimum as `datasketch.MinHashLSH(weights=(0.2, 0.8))`, held by a test.

    >>> bands_for(0.8, 128)
    (12, 10)
    """
    # The integrands are polynomials of degree b·r ≤ permutations, for which Gauss-Legendre with
    # half as many nodes is exact.
    nodes, weights = np.polynomial.legendre.leggauss(permutations // 2 + 1)
    below = threshold * (nodes + 1) / 2
    above = threshold + (1 - threshold) * (nodes + 1) / 2
    splits = [(b, r) for b in range(1, permutations + 1) for r in range(1, permutations // b + 1)]
    bands, rows = np.array(splits, dtype=np.float64).T[:, :, np.newaxis]
    false = threshold * ((1 - (1 - below**rows) ** bands) @ weights)
    missed = (1 - threshold) * ((1 - above**rows) ** bands @ weights)
    return splits[int(np.argmin(0.2 * false + 0.8 * missed))]
