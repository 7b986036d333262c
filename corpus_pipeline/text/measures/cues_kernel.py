"""The loop of `cues`: words of groups counted in stretches of each text.

Enters: UTF-8 with offsets, a trie of words.  Leaves: how often each group occurs, and how many
visible characters were read.  Integers only, so that every machine agrees.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Int, OutI64Grid
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.terms.trie_kernel import CHARACTER_BITS, place_of
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: A text longer than `STRETCHES` stretches of `BYTES` is read in as many, spread over all of it:
#: what a text is shows in 500 characters, and a book must not cost more than a page.
STRETCHES, BYTES = 4, 400
_PLANE = 0x10000
_SPACE, _IDEOGRAPHIC_SPACE = 0x20, 0x3000


@compiled_uncounted
def _boundary(data: U8, at: Int, end: Int) -> Int:
    """The first position from `at` on where a character begins."""
    while at < end and data[at] & 0xC0 == 0x80:
        at += 1
    return at


@compiled_uncounted
def _longest(
    data: U8, at: Int, end: Int, node: Int, fold: U32, keys: U64, targets: I64, group: I64
) -> tuple[Int, Int]:
    """The group of the longest word that goes on at `at` (-1: none), and where it ends."""
    found, stop = group[node], at
    while at < end:
        code, at = decoded(data, at)
        if code >= fold.size:
            break
        key = node << CHARACTER_BITS | np.int64(fold[code])
        place = place_of(keys, key)
        if keys[place] != np.uint64(key):
            break
        node = targets[place]
        if group[node] >= 0:
            found, stop = group[node], at
    return found, stop


@compiled_uncounted
def count(
    data: U8,
    at: I64,
    fold: U32,
    first: I64,
    keys: U64,
    targets: I64,
    group: I64,
    counts: OutI64Grid,
) -> None:
    """Count words by group; the last column of `counts` gets the characters that were read.

    Of words that begin at one place the longest counts, and none begins within another.
    """
    read = counts.shape[1] - 1
    for doc in range(at.size - 1):
        begin, size = at[doc], at[doc + 1] - at[doc]
        whole = size <= STRETCHES * BYTES
        for stretch in range(1 if whole else STRETCHES):
            position, end = begin, begin + size
            if not whole:
                position = begin + stretch * (size - BYTES) // (STRETCHES - 1)
                end = _boundary(data, position + BYTES, begin + size)
                position = _boundary(data, position, end)
            while position < end:
                code, position = decoded(data, position)
                if code <= _SPACE or code == _IDEOGRAPHIC_SPACE:
                    continue
                counts[doc, read] += 1
                image = fold[code] if code < fold.size else 0
                if image >= _PLANE or first[image] == 0:
                    continue
                found, stop = _longest(
                    data, position, end, first[image], fold, keys, targets, group
                )
                if found >= 0:
                    counts[doc, found] += 1
                    while position < stop:
                        _, position = decoded(data, position)
                        counts[doc, read] += 1
