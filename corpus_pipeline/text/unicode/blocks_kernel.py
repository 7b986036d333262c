"""The loop of `stages.langid.blocks`: runs of lines in one writing system.

Enters: UTF-8 with offsets, and the writing system of each code point.  Leaves: where each run
begins, its length and its kind.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, Int, OutI64Grid
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: The writing system of a code point.
NOTHING, HAN, KANA, HANGUL, ALPHABET = range(5)
#: The kind of a line or a block: the writing system that most of its letters belong to.
CHINESE, JAPANESE, KOREAN, FOREIGN = 1, 2, 3, 4


@compiled
def _kind(counts: I64) -> int:
    """The kind of a line from its letters by writing system (five counts); 0 where it has none."""
    east = counts[HAN] + counts[KANA] + counts[HANGUL]
    if east == 0 and counts[ALPHABET] == 0:
        return 0
    if 4 * east < counts[ALPHABET]:
        return FOREIGN
    if 4 * counts[KANA] > east:
        return JAPANESE
    if 4 * counts[HANGUL] > east:
        return KOREAN
    return CHINESE


@compiled
def find_runs(
    data: U8,
    offsets: I64,
    letters: U8,
    least: int,
    out: OutI64Grid,
) -> int:
    """Find the blocks of each document that has two or more; returns how many there are.

    Lines join the block before them while they are of its kind or too small for a block of their
    own, so that a quoted line does not cut a paragraph in two.  `letters` has an entry per code
    point, `least` is the size of the smallest block in quarters of a Han character.  A column of
    `out` (5 rows) is a block: document, first character and first byte within the document, size
    in bytes, kind.
    """
    size = 0
    line = np.zeros(5, dtype=np.int64)
    for doc in range(len(offsets) - 1):
        first, at, position = size, offsets[doc], 0
        kind, weight = 0, 0
        begin, begin_at = position, at
        while at < offsets[doc + 1]:
            line[:] = 0
            start, start_at = position, at
            code: Int = 0
            while at < offsets[doc + 1] and code != 0x0A:
                code, at = decoded(data, at)
                position += 1
                line[letters[code]] += 1
            line_kind = _kind(line)
            line_weight = 4 * (line[HAN] + line[KANA] + line[HANGUL]) + line[ALPHABET]
            if line_kind != 0 and line_kind != kind:
                # A new run begins; whether it becomes a block is known once it is heavy enough.
                kind, weight = line_kind, 0
                begin, begin_at = start, start_at
            before = weight
            weight += line_weight if line_kind else 0
            if (
                line_kind
                and before < least <= weight
                and (size == first or out[4, size - 1] != kind)
            ):
                out[0, size], out[1, size], out[2, size], out[4, size] = doc, begin, begin_at, kind
                size += 1
        if size - first < 2:
            size = first
            continue
        out[1, first], out[2, first] = 0, offsets[doc]
        for block in range(first, size):
            end = out[2, block + 1] if block + 1 < size else offsets[doc + 1]
            out[3, block] = end - out[2, block]
            # So far a position in `data`; from here on one in the document.
            out[2, block] -= offsets[doc]
    return size
