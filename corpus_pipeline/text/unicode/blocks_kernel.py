"""The loops of `stages.langid.blocks`: runs of lines in one writing.

Enters: UTF-8 with offsets and the writing of each letter.  Leaves: where each run begins.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, Int, OutI64Grid
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded

NOTHING, HAN, KANA, HANGUL, ALPHABET = range(5)
#: What a line may be; a block of `CHINESE` is what the document is otherwise made of.
CHINESE, JAPANESE, KOREAN, FOREIGN = 1, 2, 3, 4


@compiled
def _kind(counts: I64) -> int:
    """What a line or a block is, from its letters; 0 where it has none."""
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
    """Lines join the block before them while they are of its kind or too small to stand alone.

    `least` is in quarters of a Han character.  A block that stays too small is given to the one
    before it, so that a quoted line does not cut a paragraph in two.
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
            found = _kind(line)
            heavy = 4 * (line[HAN] + line[KANA] + line[HANGUL]) + line[ALPHABET]
            if found != 0 and found != kind:
                # A new run begins; whether it becomes a block is known once it is heavy enough.
                kind, weight = found, 0
                begin, begin_at = start, start_at
            before = weight
            weight += heavy if found else 0
            if found and before < least <= weight and (size == first or out[4, size - 1] != kind):
                out[0, size], out[1, size], out[2, size], out[4, size] = doc, begin, begin_at, kind
                size += 1
        if size - first < 2:
            size = first
            continue
        out[1, first], out[2, first] = 0, offsets[doc]
        for block in range(first, size):
            end = out[2, block + 1] if block + 1 < size else offsets[doc + 1]
            out[3, block] = end - out[2, block]
            # Bytes of the document; of its neighbours a caller knows nothing.
            out[2, block] -= offsets[doc]
    return size
