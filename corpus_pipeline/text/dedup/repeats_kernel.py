"""Loops over fingerprints: which recur, which of a batch do, and which characters they cover.

Enters: fingerprints in the order of their keys, or in that of their places.  Leaves: the rows that
count, the row of each fingerprint, flags.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U64, Bool, Int, OutBool, OutI64
from corpus_pipeline.text.compiled import compiled_uncounted


@compiled_uncounted
def recurring(
    key: U64, doc: U64, rank: U64, size: U8, rows: OutI64, documents: OutI64, survivor: OutBool
) -> Int:
    """The rows (sorted by key and document) of size 0 whose key several documents have.

    Each document counts once; that of the highest rank survives, of equals the first.  Returns how
    many rows are written.
    """
    written, first = 0, 0
    while first < key.size:
        end, begin = first, written
        best, chosen = np.uint64(0), begin
        while end < key.size and key[end] == key[first]:
            new = written == begin or doc[rows[written - 1]] != doc[end]
            if size[end] == 0 and new:
                if written == begin or rank[end] > best:
                    best, chosen = rank[end], written
                rows[written] = end
                survivor[written] = False
                written += 1
            end += 1
        if written - begin > 1:
            survivor[chosen] = True
            for row in range(begin, written):
                documents[row] = written - begin
        else:
            written = begin
        first = end
    return written


@compiled_uncounted
def look_up(doc: I64, key: U64, starts: I64, known: U64, rows: OutI64) -> None:
    """The place in `known` (rising from `starts[d]` to `starts[d + 1]`) of each key; -1: none."""
    for at in range(key.size):
        low, end = starts[doc[at]], starts[doc[at] + 1]
        high = end
        while low < high:
            middle = (low + high) >> 1
            if known[middle] < key[at]:
                low = middle + 1
            else:
                high = middle
        rows[at] = low if low < end and known[low] == key[at] else -1


@compiled_uncounted
def cover(chosen: I64, flags: Bool, n: int, inside: OutBool) -> None:
    """Flag the characters of the n-grams (rising) that have a flag."""
    reached = 0
    for number in range(chosen.size):
        if flags[number]:
            end = min(chosen[number] + n, inside.size)
            for at in range(max(reached, chosen[number]), end):
                inside[at] = True
            reached = max(reached, end)
