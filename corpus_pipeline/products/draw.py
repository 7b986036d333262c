"""Draws that depend on a name and a seed alone: never on order, shards or workers.

Enters: ids or names of clusters, and a seed.  Leaves: numbers that look random and are always the
same.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.text.arrays import F64

#: Bits of a hash that a float holds exactly.
_BITS = 53


def drawn(names: pl.Series, seed: int, purpose: str) -> F64:
    """A number from 0 up to 1 for each name; another for each seed and each purpose.

    >>> a, b, again = drawn(pl.Series(["a", "b", "a"]), 0, "split").tolist()
    >>> a == again, a == b, 0 <= a < 1
    (True, False, True)
    """
    start = xxhash.xxh3_64_intdigest(f"{purpose}:{seed}".encode())
    hashes = np.fromiter(
        (xxhash.xxh3_64_intdigest((name or "").encode(), start) for name in names),
        dtype=np.uint64,
        count=len(names),
    )
    upper: F64 = (hashes >> np.uint64(64 - _BITS)).astype(np.float64)
    return upper / (1 << _BITS)
