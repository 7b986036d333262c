"""Loops over a trie of terms: how it grows, how a text is folded, and what stands at a place.

Enters: terms as code points; UTF-8 with offsets; the tables of a `Vocabulary`.
Leaves: the trie; folded code points; the longest term of each kind at a place; sums of weights.
Integers only, so that every machine agrees.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import (
    I64,
    U8,
    U32,
    U64,
    Int,
    OutI64,
    OutI64Grid,
    OutU8,
    OutU32,
    OutU64,
)
from corpus_pipeline.text.compiled import compiled, compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: The folded image of a character that may stand between those of a term.
SKIPPED = 0
#: Most such characters between two of a term.
GAP = 2
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
#: A key of the trie: a node above, a character in the low bits.
CHARACTER_BITS = 21
#: Bits of the filter of first two images: 128 kB, which stays in the cache of a core.
PAIR_BITS = 20


@compiled_uncounted
def place_of(keys: U64, key: Int) -> Int:
    """The place of a key in a table of 2**n words, or of the first free one after it."""
    mask = keys.size - 1
    at = ((key ^ key >> 21) * 0x9E3779B1 >> 12) & mask
    wanted = np.uint64(key)
    while keys[at] != wanted and keys[at] != _EMPTY:
        at = (at + 1) & mask
    return at


@compiled_uncounted
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
            key = node << CHARACTER_BITS | letter
            place = place_of(keys, key)
            if keys[place] == _EMPTY:
                keys[place] = np.uint64(key)
                targets[place] = nodes
                nodes += 1
            node = targets[place]
        term[node] = number
        begin = ends[number]
    return nodes


@compiled_uncounted
def pair_of(first: Int, second: Int) -> Int:
    """The place of two images in the filter."""
    mixed = (first * 1597334677 + second * 3812015801) & 0xFFFFFFFF
    return mixed >> (32 - PAIR_BITS)


@compiled_uncounted
def mark_pairs(letters: I64, ends: I64, pairs: OutU8) -> None:
    """Mark the first two images of every term."""
    begin = 0
    for end in ends:
        if end - begin > 1:
            place = pair_of(letters[begin], letters[begin + 1])
            pairs[place >> 3] |= np.uint8(1 << (place & 7))
        begin = end


@compiled_uncounted
def begins(pairs: U8, first: Int, second: Int) -> bool:
    """Whether a term may begin with two images; some pairs of others pass, too."""
    place = pair_of(first, second)
    return bool(pairs[place >> 3] >> np.uint8(place & 7) & np.uint8(1))


@compiled_uncounted
def folded(data: U8, begin: Int, end: Int, fold: U32, codes: OutU32) -> Int:
    """Write the images of the characters of a text; returns how many there are."""
    size = 0
    while begin < end:
        code, begin = decoded(data, begin)
        codes[size] = fold[code] if code < fold.size else code
        size += 1
    return size


@compiled_uncounted
def matched(
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
        place = place_of(keys, node << CHARACTER_BITS | np.int64(codes[ahead]))
        if keys[place] == _EMPTY:
            return found
        node = targets[place]
        ahead += 1


@compiled
def summed(
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
    pairs: U8,
    codes: OutU32,
    sums: OutI64Grid,
) -> None:
    """Fill `sums` (texts × kinds): the nth occurrence of a term counts 1/n of its weight."""
    count = sums.shape[1]
    ends = np.zeros(count, dtype=np.int64)
    longest, chosen = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    seen, touched = np.zeros(weights.size, dtype=np.int64), np.zeros(weights.size, dtype=np.int64)
    for text in range(at.size - 1):
        size, used = folded(data, at[text], at[text + 1], fold, codes), 0
        ends[:] = 0
        for position in range(size):
            node = first[codes[position]] if codes[position] < first.size else 0
            if node == 0:
                continue
            # Most characters that begin a term are followed by one that none has there.
            if (
                term[node] < 0
                and position + 1 < size
                and codes[position + 1] != SKIPPED
                and not begins(pairs, np.int64(codes[position]), np.int64(codes[position + 1]))
            ):
                continue
            if not matched(
                position, size, node, codes, keys, targets, term, slots_of, kinds, longest, chosen
            ):
                continue
            for kind in range(count):
                stop = longest[kind]
                longest[kind] = 0
                if stop > ends[kind]:
                    ends[kind] = stop
                    slot = chosen[kind]
                    if seen[slot] == 0:
                        touched[used] = slot
                        used += 1
                    seen[slot] += 1
                    sums[text, kind] += weights[slot] // seen[slot]
        for number in range(used):
            seen[touched[number]] = 0
