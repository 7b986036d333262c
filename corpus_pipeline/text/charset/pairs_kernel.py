"""The loop of `pairs`: what the pairs of a text cost in each charset.

Enters: bytes as uint8, and the bits of each pair per charset.
Leaves: the bits added up per charset.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U8, F32Grid, OutF64
from corpus_pipeline.text.compiled import compiled


@compiled
def add_costs(
    byte: U8,
    start: int,
    limit: int,
    table: F32Grid,
    total: OutF64,
) -> int:
    """Add the bits of the pairs from `start` on to `total`; return how many bytes they are.

    `table` has a row per charset and a column per pair; at most `limit` bytes are read.
    """
    at, size = start, 0
    if at > 0:  # within a run it is unknown where a character starts
        while at < byte.size and byte[at - 1] >= 0x80:
            at += 1
    while at < byte.size and size < limit:
        first = np.int64(byte[at])
        if first < 0x80:
            at += 1
            continue
        pair = first << 8 | (np.int64(byte[at + 1]) if at + 1 < byte.size else 0)
        for row in range(total.size):
            total[row] += table[row, pair]
        at += 2
        size += 2
    return size
