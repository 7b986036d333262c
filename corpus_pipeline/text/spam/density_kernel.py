"""The loop of `density`: terms of several kinds found in one walk, weighed in a sliding window.

Enters: UTF-8 with offsets, the tables of a `Vocabulary`.  Leaves: for each text and kind the
largest weight of a window, and where that window begins and ends, in code points.
Integers only, so that every machine agrees.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Int, OutI64, OutI64Grid, OutU32, OutU64
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns of `best` for a kind: weight, begin, end.
WEIGHT, BEGIN, END = range(3)
#: The folded image of a character that may stand between those of a term.
SKIPPED = 0
#: Most such characters between two of a term.
GAP = 2
#: Hits of a kind in one window: each begins at its own character, and a window is shorter.
RING = 256
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
#: A key of the trie: a node above, a character in the low bits.
_CHARACTER_BITS = 21


@compiled
def place_of(keys: U64, key: Int) -> Int:
    """The place of a key in a table of 2**n words, or of the first free one after it."""
    mask = keys.size - 1
    at = ((key ^ key >> 21) * 0x9E3779B1 >> 12) & mask
    wanted = np.uint64(key)
    while keys[at] != wanted and keys[at] != _EMPTY:
        at = (at + 1) & mask
    return at


@compiled
def grow(
    letters: I64, ends: I64, first: OutI64, keys: OutU64, targets: OutI64, term: OutI64
) -> Int:
    """Write terms, code points end to end, into the trie; returns the number of its nodes."""
    nodes, begin = 1, 0
    for number in range(ends.size):
        node = first[letters[begin]]
        if node == 0:
            node = first[letters[begin]] = nodes
            nodes += 1
        for letter in letters[begin + 1 : ends[number]]:
            key = node << _CHARACTER_BITS | letter
            place = place_of(keys, key)
            if keys[place] == _EMPTY:
                keys[place] = np.uint64(key)
                targets[place] = nodes
                nodes += 1
            node = targets[place]
        term[node] = number
        begin = ends[number]
    return nodes


@compiled
def _folded(data: U8, begin: Int, end: Int, fold: U32, codes: OutU32) -> Int:
    size = 0
    while begin < end:
        code, begin = decoded(data, begin)
        codes[size] = fold[code] if code < fold.size else code
        size += 1
    return size


@compiled
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


@compiled
def _matched(
    position: Int,
    size: Int,
    node: Int,
    codes: U32,
    keys: U64,
    targets: I64,
    term: I64,
    slots_of: I64,
    kinds: I64,
    longest: OutI64,
    chosen: OutI64,
) -> bool:
    """Note where the longest term of each kind that begins here ends; whether there is one."""
    found, skipped, ahead = False, 0, position + 1
    while True:
        number = term[node]
        if number >= 0:
            found = True
            for slot in range(slots_of[number], slots_of[number + 1]):
                longest[kinds[slot]] = ahead
                chosen[kinds[slot]] = slot
        while ahead < size and codes[ahead] == SKIPPED and skipped <= GAP:
            ahead += 1
            skipped += 1
        if ahead >= size or skipped > GAP:
            return found
        skipped = 0
        place = place_of(keys, node << _CHARACTER_BITS | np.int64(codes[ahead]))
        if keys[place] == _EMPTY:
            return found
        node = targets[place]
        ahead += 1


@compiled
def densest(
    data: U8,
    at: I64,
    fold: U32,
    first: I64,
    keys: U64,
    targets: I64,
    term: I64,
    slots_of: I64,
    kinds: I64,
    weights: I64,
    told: Int,
    width: Int,
    reach: Int,
    codes: OutU32,
    best: OutI64Grid,
) -> None:
    """Fill `best` (texts × three times the kinds).

    A hit of the kind `told` that begins up to `reach` characters before the first hit of a window
    lowers it by its weight.
    """
    count = best.shape[1] // 3
    queue, slots = np.zeros(count * RING, dtype=np.int64), np.zeros(count * RING, dtype=np.int64)
    heads, tails = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    sums, ends = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    longest, chosen = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    seen = np.zeros(weights.size, dtype=np.int64)
    for text in range(at.size - 1):
        size = _folded(data, at[text], at[text + 1], fold, codes)
        for each in range(count):
            while heads[each] < tails[each]:
                seen[slots[each * RING + heads[each] % RING]] = 0
                heads[each] += 1
            sums[each] = ends[each] = 0
        for position in range(size):
            node = first[codes[position]] if codes[position] < first.size else 0
            if node == 0:
                continue
            if not _matched(
                position, size, node, codes, keys, targets, term, slots_of, kinds, longest, chosen
            ):
                continue
            for step in range(count):
                kind = told if step == 0 else (step - 1 if step <= told else step)
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
