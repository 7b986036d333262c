"""The loop of `pairs`: what the pairs of a text cost in each charset.

Enters: bytes and the cost of each pair per charset.  Leaves: the costs added up.
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
    """Add what the pairs from `start` on cost, a row of `table` a charset; returns their bytes."""
    at, size = start, 0
    if at > 0:  # in the midst of a run nobody knows where a character starts
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
