"""The loop of `density`: terms of several kinds found in one walk, weighed in a sliding window.

Enters: UTF-8 with offsets, the tables of a `Vocabulary`.  Leaves: for each text and kind the
largest weight of a window, and where that window begins and ends, in code points.
Integers only, so that every machine agrees.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Int, OutI64, OutI64Grid, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.terms.trie_kernel import beginnings, folded, matched

#: Columns of `best` for a kind: weight, begin, end.
WEIGHT, BEGIN, END = range(3)
#: Hits of a kind in one window: each begins at its own character, and a window is shorter.
RING = 256


@compiled_uncounted
def _dropped(
    queue: I64, slots: I64, head: Int, tail: Int, kind: Int, least: Int, seen: OutI64, weights: I64
) -> tuple[Int, Int]:
    """Take hits that begin before `least` out of a window: the new head, the weight they had."""
    lost = 0
    base = kind * RING
    while head < tail and queue[base + head % RING] < least:
        slot = slots[base + head % RING]
        lost += weights[slot] // seen[slot]
        seen[slot] -= 1
        head += 1
    return head, lost


@compiled_uncounted
def densest(
    data: U8,
    at: I64,
    fold: U32,
    first: I64,
    keys: U64,
    targets: I64,
    term: I64,
    inner: U8,
    slots_of: I64,
    kinds: I64,
    weights: I64,
    marks: U8,
    pairs: U8,
    told: Int,
    width: Int,
    reach: Int,
    codes: OutU32,
    places: OutU32,
    rings: OutI64Grid,
    by_kind: OutI64Grid,
    seen: OutI64,
    best: OutI64Grid,
) -> None:
    """Fill `best` (texts × three times the kinds).

    A hit of the kind `told` that begins up to `reach` characters before the first hit of a window
    lowers it by its weight.  `rings`, `by_kind` and `seen` are zeros: two rows of `RING` cells for
    each kind, seven rows with a column more than kinds, a cell for each slot.
    """
    count = best.shape[1] // 3
    queue, slots = rings[0], rings[1]
    heads, tails, sums, ends = by_kind[0], by_kind[1], by_kind[2], by_kind[3]
    longest, chosen, found = by_kind[4], by_kind[5], by_kind[6]
    for text in range(at.size - 1):
        size = folded(data, at[text], at[text + 1], fold, codes)
        for each in range(count):
            while heads[each] < tails[each]:
                seen[slots[each * RING + heads[each] % RING]] = 0
                heads[each] += 1
            sums[each] = ends[each] = 0
        for start in places[: beginnings(codes, size, marks, pairs, places)]:
            position = np.int64(start)
            hit = matched(
                position, size, first[codes[position]], codes, keys, targets, term, inner,
                slots_of, kinds, longest, chosen, found,
            )  # fmt: skip
            for number in range(1, hit):
                if found[number] == told:  # words of telling first, for they lower the others
                    found[0], found[number] = told, found[0]
            for number in range(hit):
                kind = found[number]
                stop = longest[kind]
                longest[kind] = 0
                if stop <= ends[kind]:
                    continue
                ends[kind] = stop
                span = width + reach if kind == told else width
                slot = chosen[kind]
                heads[kind], lost = _dropped(
                    queue, slots, heads[kind], tails[kind], kind, stop - span, seen, weights
                )
                seen[slot] += 1
                sums[kind] += weights[slot] // seen[slot] - lost
                place = kind * RING + tails[kind] % RING
                queue[place], slots[place] = position, slot
                tails[kind] += 1
                if kind == told:
                    continue
                weight = sums[kind]
                back, least = tails[told] - 1, queue[kind * RING + heads[kind] % RING] - reach
                while back >= heads[told] and queue[told * RING + back % RING] >= least:
                    weight -= weights[slots[told * RING + back % RING]]
                    back -= 1
                if weight > best[text, 3 * kind + WEIGHT]:
                    best[text, 3 * kind + WEIGHT] = weight
                    best[text, 3 * kind + BEGIN] = queue[kind * RING + heads[kind] % RING]
                    best[text, 3 * kind + END] = stop
