"""MinHash signatures and the keys of their bands.

Enters: the n-gram hashes of documents laid end to end.  Leaves: one signature a document, and one
64-bit key for each of its bands.  Refuses: documents without an n-gram (they have no signature;
whoever groups them would make one big cluster of all short texts).

The one scheme, so that anybody can recompute a signature: x = the upper 32 bits of the n-gram's
hash (`ngrams`); the i-th value of the signature is the minimum of aᵢ·x mod 2³² over the document's
n-grams, where aᵢ is the lower half of the i-th number of splitmix64 seeded with 0, made odd.
Band j holds the values j·rows … (j+1)·rows - 1; its key starts as j + 1 and takes each value v in
turn by key = mix((key ^ v)·B), with B and mix of `ngrams`.

No summand: x is a random number already, multiplying by an odd one is a permutation of the 32-bit
numbers, and the usual +bᵢ would only turn the ring, for a third of the time (measured; the error
of the estimate is the same and as theory has it, see the tests).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from corpus_pipeline.text.ngrams import BASE, Hashes, Offsets, mixed

Signatures = npt.NDArray[np.uint32]

#: n-grams and permutations worked on at once: 512 kB, which the second-level cache holds.
BLOCK = 1 << 13
TOGETHER = 16
_MASK = (1 << 64) - 1


def multipliers(count: int) -> npt.NDArray[np.uint32]:
    """The factors of the first `count` permutations.

    >>> multipliers(2).tolist()
    [2065550767, 2713282037]
    """
    factors, state = [], 0
    for _ in range(count):
        state = (state + BASE) & _MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        factors.append((z ^ (z >> 31)) & 0xFFFFFFFF | 1)
    return np.array(factors, dtype=np.uint32)


def signatures(shingles: Hashes, starts: Offsets, count: int) -> Signatures:
    """One row of `count` minima per document; every document has at least one n-gram.

    `starts` has one more entry than there are documents.
    """
    if len(starts) < 2:
        return np.empty((0, count), dtype=np.uint32)
    factors = multipliers(count)[:, None]
    hashes = (shingles >> np.uint64(32)).astype(np.uint32)
    # Blocks of one size, however long the documents are: a document cut by a block edge has
    # parts in several, and the minimum of its parts is its minimum.
    edges = np.unique(np.concatenate([starts[:-1], np.arange(0, len(hashes), BLOCK)]))
    parts = np.empty((count, len(edges)), dtype=np.uint32)
    buffer = np.empty((TOGETHER, BLOCK), dtype=np.uint32)
    for start in range(0, len(hashes), BLOCK):
        block = hashes[start : start + BLOCK]
        first, end = np.searchsorted(edges, [start, start + BLOCK]).tolist()
        cuts = edges[first:end] - start
        for i in range(0, count, TOGETHER):
            some = factors[i : i + TOGETHER]
            values = np.multiply(block, some, out=buffer[: len(some), : len(block)])
            np.minimum.reduceat(values, cuts, axis=1, out=parts[i : i + TOGETHER, first:end])
    whole = np.searchsorted(edges, starts[:-1])
    return np.ascontiguousarray(np.minimum.reduceat(parts, whole, axis=1).T)


def band_keys(rows: Signatures, bands: int) -> Hashes:
    """The key of each band of each signature: equal where all values of the band are equal.

    >>> twice = np.zeros((2, 8), dtype=np.uint32)
    >>> keys = band_keys(twice, 2)
    >>> bool((keys[0] == keys[1]).all()), len(set(keys.ravel().tolist()))
    (True, 2)
    """
    cells = rows.reshape(len(rows), bands, rows.shape[1] // bands)
    keys = np.broadcast_to(np.arange(1, bands + 1, dtype=np.uint64), cells.shape[:2]).copy()
    for i in range(cells.shape[2]):
        keys ^= cells[:, :, i]
        keys *= np.uint64(BASE)
        mixed(keys)
    return keys
