"""The loops of `held`: how many n-grams of a few texts stand in each of many.

Enters: hashes of n-grams of many texts; a table of those of a few, with the texts that have each.
Leaves: pairs of texts that have enough in common to be compared.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U64, Int, OutI64, OutU8, OutU64
from corpus_pipeline.text.compiled import compiled_uncounted

#: The bits of a hash that choose its mark; the highest choose its slot.
LOW = np.uint64(16)


@compiled_uncounted
def filled(hashes: U64, shift: np.uint64, slots: OutU64, places: OutI64, marks: OutU8) -> None:
    """Put each hash (all different, none 0) and its place into an open table of 2ⁿ slots.

    `marks` (2ⁿ bytes) gets a bit for each: most n-grams of other texts end there, in the cache.
    """
    last = np.int64(len(slots) - 1)
    bits = np.uint64(8 * len(marks) - 1)
    for place in range(len(hashes)):
        mark = np.int64((hashes[place] >> LOW) & bits)
        marks[mark >> 3] |= np.uint8(1 << (mark & 7))
        at = np.int64(hashes[place] >> shift)
        while slots[at] != 0:
            at = (at + 1) & last
        slots[at] = hashes[place]
        places[at] = place


@compiled_uncounted
def pairs(
    hashes: U64,
    starts: I64,
    sampled: np.uint64,
    shift: np.uint64,
    slots: U64,
    places: I64,
    marks: U8,
    owners: I64,
    begins: I64,
    least: I64,
    within: Int,
    share: float,
    stamp: Int,
    seen: OutI64,
    counts: OutI64,
    touched: OutI64,
    left: OutI64,
    right: OutI64,
) -> Int:
    """Write the pairs (text, one of the few) to `left` and `right`; how many there are.

    A pair has `least` of the few text's n-grams in common, or `share` of the first text's places
    are n-grams of the few and `within` of them the other's.  `begins` cuts `owners` (the few that
    have an n-gram) by the n-gram's place.  `seen` holds numbers below `stamp`, `counts` is 0.  Of
    more pairs than fit only the number is told.
    """
    last = np.int64(len(slots) - 1)
    bits = np.uint64(8 * len(marks) - 1)
    found = np.int64(0)
    for doc in range(len(starts) - 1):
        known = np.int64(0)
        hits = np.int64(0)
        size = np.int64(0)
        for gram in range(starts[doc], starts[doc + 1]):
            value = hashes[gram]
            if value & sampled:
                continue
            size += 1
            mark = np.int64((value >> LOW) & bits)
            if not (marks[mark >> 3] >> (mark & 7)) & 1:
                continue
            at = np.int64(value >> shift)
            while slots[at] != 0 and slots[at] != value:
                at = (at + 1) & last
            if slots[at] == 0:
                continue
            hits += 1
            place = places[at]
            if seen[place] == stamp + doc:
                continue
            seen[place] = stamp + doc
            for owner in range(begins[place], begins[place + 1]):
                other = owners[owner]
                if counts[other] == 0:
                    touched[known] = other
                    known += 1
                counts[other] += 1
        inside = hits >= share * size
        for number in range(known):
            other = touched[number]
            both = counts[other]
            counts[other] = 0
            if both >= least[other] or (inside and both >= within):
                if found < len(left):
                    left[found] = doc
                    right[found] = other
                found += 1
    return found
