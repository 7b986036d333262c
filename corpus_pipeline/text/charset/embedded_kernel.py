"""The loops of `embedded`: runs of bytes in another charset, and pairs that moved.

Enters: bytes as uint8.
Leaves: (first byte, end) of each run; whether there is a pair that GB 18030-2022 moved.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U8, I64Grid, Int, OutI64Grid
from corpus_pipeline.text.compiled import compiled_uncounted

#: Fewest characters of a run: so many pairs of GBK seldom are UTF-8 by chance, and conversely.
FEWEST_UTF8, FEWEST_GBK = 3, 4


@compiled_uncounted
def runs(byte: U8, parts: I64Grid, wide: bool, spans: OutI64Grid) -> int:
    """Write first byte and end of each run into the rows of `spans`; return how many.

    `parts` (n, 2) holds first byte and end of what is searched.  `wide` looks for UTF-8, otherwise
    for GB 2312.  A byte order mark of UTF-8 begins a run of its own: files were put together there.
    """
    count = 0
    for part in range(parts.shape[0]):
        count = _runs(byte, parts[part, 0], parts[part, 1], wide, spans, count)
    return count


@compiled_uncounted
def _runs(byte: U8, at: int, size: int, wide: bool, spans: OutI64Grid, count: int) -> int:
    """Write the runs of one part behind the first `count` rows; return how many there are then."""
    while at < size:
        if byte[at] < 0x80:
            at += 1
            continue
        start, units, whole = at, 0, True
        while at < size and byte[at] >= 0x80:
            if not whole:
                if byte[at] != 0xEF or not (wide and at + 2 < size):
                    at += 1
                    continue
                if byte[at + 1] != 0xBB or byte[at + 2] != 0xBF:
                    at += 1
                    continue
                start, units, whole = at, 0, True
            first = byte[at]
            if wide:
                whole = (0xE3 <= first <= 0xE9 or first == 0xEF) and at + 2 < size
                whole = whole and byte[at + 1] & 0xC0 == 0x80 and byte[at + 2] & 0xC0 == 0x80
                at += 3 if whole else 1
            else:
                whole = 0xB0 <= first <= 0xD7 or first in (0xA1, 0xA3)
                whole = whole and at + 1 < size and 0xA1 <= byte[at + 1] <= 0xFE
                at += 2 if whole else 1
            units += 1
        if whole and units >= (FEWEST_UTF8 if wide else FEWEST_GBK):
            spans[count, 0], spans[count, 1] = start, at
            count += 1
    return count


@compiled_uncounted
def is_private(first: Int, second: Int) -> bool:
    """Whether a pair is one that GB 18030-2022 moved."""
    return bool(
        (first == 0xFE and 0x50 <= second <= 0xA0)
        or (first == 0xA6 and 0xD9 <= second <= 0xF5)
        or (first == 0xA8 and second == 0xBC)
    )


@compiled_uncounted
def has_private(byte: U8) -> bool:
    """Whether a pair is one that GB 18030-2022 moved, or may be one after damage."""
    at = 0
    while at + 1 < byte.size:
        first, second = byte[at], byte[at + 1]
        if first < 0x80:
            at += 1
            continue
        if is_private(np.int64(first), np.int64(second)):
            return True
        # After damage the pairs may be out of step: true, so that the caller looks for itself.
        if first in (0x80, 0xFF) or second in (0x7F, 0xFF) or second < 0x40:
            return True
        at += 2
    return False
