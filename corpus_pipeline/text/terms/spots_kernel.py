"""Loops that find every place of many terms in texts, whatever symbols stand in between.

Enters: UTF-8 with offsets; the image of each character; a trie of terms.
Leaves: rows of (text, start, end, term, symbols in between), in characters of the *reading*: the
images of the characters without the invisible ones.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Int, OutI64Grid, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.terms.trie_kernel import _EMPTY, CHARACTER_BITS, beginnings, place_of
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: The image of an invisible character, which the reading leaves out.
INVISIBLE = 0
#: Most symbols between two characters of a term.
GAP = 2


@compiled_uncounted
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


@compiled_uncounted
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
    inner: U8,
    marks: U8,
    pairs: U8,
    reading: OutU32,
    places: OutU32,
    spots: OutI64Grid,
) -> Int:
    """Write the spots of the terms, as many as there is room for; returns how many there are.

    `between`: which images may stand between the characters of a term; `torn`: of which terms.
    A symbol that continues a term itself (`c++`) is no gap.
    """
    found, room = 0, spots.shape[0]
    for text in range(at.size - 1):
        size = read(data, at[text], at[text + 1], images, reading)
        for begin in places[: beginnings(reading, size, marks, pairs, places)]:
            start = np.int64(begin)
            node = first[reading[start]]
            ahead, gaps = start + 1, 0
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
                if inner[node] == 0:
                    break
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
