"""Loops that find every place of many terms in texts, whatever symbols stand in between.

Enters: UTF-8 with offsets; the image of each character; a trie of terms.
Leaves: rows of (text, start, end, term, symbols in between), in characters of the *reading*: the
images of the characters without the invisible ones.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Int, OutI64Grid, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.terms.trie_kernel import _EMPTY, CHARACTER_BITS, place_of
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: The image of an invisible character, which the reading leaves out.
INVISIBLE = 0
#: Bits of the filter of first two images: 128 kB, which stays in the cache of a core.
PAIR_BITS = 20
#: Most symbols between two characters of a term.
GAP = 2


@compiled
def read(data: U8, begin: Int, end: Int, images: U32, reading: OutU32) -> Int:
    """Write the reading of a text; returns its length."""
    size = 0
    while begin < end:
        code, begin = decoded(data, begin)
        image = images[code] if code < images.size else code
        if image != INVISIBLE:
            reading[size] = image
            size += 1
    return size


@compiled
def pair_of(first: Int, second: Int) -> Int:
    """The place of two images in the filter."""
    mixed = (first * 1597334677 + second * 3812015801) & 0xFFFFFFFF
    return mixed >> (32 - PAIR_BITS)


@compiled
def mark_pairs(letters: I64, ends: I64, pairs: OutU8) -> None:
    """Mark the first two images of every term."""
    begin = 0
    for end in ends:
        if end - begin > 1:
            place = pair_of(letters[begin], letters[begin + 1])
            pairs[place >> 3] |= np.uint8(1 << (place & 7))
        begin = end


@compiled
def spotted(
    data: U8,
    at: I64,
    images: U32,
    between: U8,
    first: I64,
    keys: U64,
    targets: I64,
    terms: I64,
    torn: U8,
    pairs: U8,
    reading: OutU32,
    spots: OutI64Grid,
) -> Int:
    """Write the spots of the terms, as many as there is room for; returns how many there are.

    `between`: which images may stand between the characters of a term; `torn`: of which terms;
    `pairs`: which two images may begin one.
    A symbol that continues a term itself (`c++`) is no gap.
    """
    found, room = 0, spots.shape[0]
    for text in range(at.size - 1):
        size = read(data, at[text], at[text + 1], images, reading)
        for start in range(size):
            code = reading[start]
            node = first[code] if code < first.size else 0
            ahead, gaps = start + 1, 0
            if node != 0 and terms[node] < 0 and ahead < size:
                second = reading[ahead]
                place = pair_of(np.int64(code), np.int64(second))
                known = pairs[place >> 3] >> np.uint8(place & 7) & np.uint8(1)
                if known == 0 and (second >= between.size or between[second] == 0):
                    continue
            while node != 0:
                term = terms[node]
                if term >= 0 and (gaps == 0 or torn[term] != 0):
                    if found < room:
                        spots[found, 0] = text
                        spots[found, 1] = start
                        spots[found, 2] = ahead
                        spots[found, 3] = term
                        spots[found, 4] = gaps
                    found += 1
                skipped = 0
                next_node = 0
                while ahead < size:
                    code = reading[ahead]
                    place = place_of(keys, node << CHARACTER_BITS | int(code))
                    if keys[place] != _EMPTY:
                        next_node = targets[place]
                        ahead += 1
                        break
                    if skipped == GAP or code >= between.size or between[code] == 0:
                        break
                    skipped += 1
                    ahead += 1
                gaps += skipped
                node = next_node
    return found
