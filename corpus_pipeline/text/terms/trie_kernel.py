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
from corpus_pipeline.text.compiled import compiled_inline, compiled_uncounted
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
#: Bits of `marks`, what an image is to the terms: it begins one, is one by itself, may stand
#: between two images of one.
BEGINS, ALONE, BETWEEN = 1, 2, 4


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
def beginnings(codes: OutU32, size: Int, marks: U8, pairs: U8, places: OutU32) -> Int:
    """List the places where a term may begin, by two images; returns how many there are.

    Most images begin a term, and most of these are followed by one that none has there.  Which,
    no processor can guess: there are no branches.  `codes` and `places` have room for one more.
    """
    codes[size] = 0
    last = np.uint32(marks.size - 1)
    code = codes[0]
    head = marks[min(code, last)]
    count = 0
    for position in range(size):
        after = codes[position + 1]
        follows = marks[min(after, last)]
        place = pair_of(np.int64(code), np.int64(after))
        pair = pairs[place >> 3] >> np.uint8(place & 7)
        places[count] = position
        count += (head >> 1 | head & (pair | follows >> 2)) & 1
        code, head = after, follows
    return count


@compiled_uncounted
def folded(data: U8, begin: Int, end: Int, fold: U32, codes: OutU32) -> Int:
    """Write the images of the characters of a text; returns how many there are."""
    size = 0
    while begin < end:
        code, begin = decoded(data, begin)
        codes[size] = fold[code] if code < fold.size else code
        size += 1
    return size


@compiled_inline
def matched(
    position: Int,
    size: Int,
    node: Int,
    codes: U32,
    keys: U64,
    targets: I64,
    term: I64,
    inner: U8,
    slots_of: I64,
    kinds: I64,
    longest: OutI64,
    chosen: OutI64,
    found: OutI64,
) -> Int:
    """Note where the longest term of each kind that begins here ends; returns how many are `found`.

    `longest` is 0 for every kind, and is to be made so again.
    """
    count, skipped, ahead = 0, 0, position + 1
    while True:
        number = term[node]
        if number >= 0:
            for slot in range(slots_of[number], slots_of[number + 1]):
                kind = kinds[slot]
                # A kind is written once more than there are, and counted where it is new.
                found[count] = kind
                count += longest[kind] == 0
                longest[kind] = ahead
                chosen[kind] = slot
        if inner[node] == 0:
            return count
        while ahead < size and codes[ahead] == SKIPPED and skipped <= GAP:
            ahead += 1
            skipped += 1
        if ahead >= size or skipped > GAP:
            return count
        skipped = 0
        place = place_of(keys, node << CHARACTER_BITS | np.int64(codes[ahead]))
        if keys[place] == _EMPTY:
            return count
        node = targets[place]
        ahead += 1


@compiled_uncounted
def summed(
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
    codes: OutU32,
    places: OutU32,
    by_kind: OutI64Grid,
    by_slot: OutI64Grid,
    sums: OutI64Grid,
) -> None:
    """Fill `sums` (texts × kinds): the nth occurrence of a term counts 1/n of its weight.

    `by_kind` and `by_slot`: four and two rows of zeros, the former with a column more than kinds.
    """
    ends, longest, chosen, found = by_kind[0], by_kind[1], by_kind[2], by_kind[3]
    seen, touched = by_slot[0], by_slot[1]
    for text in range(at.size - 1):
        size, used = folded(data, at[text], at[text + 1], fold, codes), 0
        ends[:] = 0
        for place in places[: beginnings(codes, size, marks, pairs, places)]:
            hit = matched(
                np.int64(place), size, first[codes[place]], codes, keys, targets, term, inner,
                slots_of, kinds, longest, chosen, found,
            )  # fmt: skip
            for number in range(hit):
                kind = found[number]
                stop = longest[kind]
                longest[kind] = 0
                if stop > ends[kind]:
                    ends[kind] = stop
                    slot = chosen[kind]
                    if seen[slot] == 0:
                        touched[used] = slot
                        used += 1
                    seen[slot] += 1
                    # A division takes as long as the rest of the loop; most terms stand once.
                    weight = weights[slot]
                    sums[text, kind] += weight if seen[slot] == 1 else weight // seen[slot]
        for number in range(used):
            seen[touched[number]] = 0
