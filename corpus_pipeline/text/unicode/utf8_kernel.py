"""From UTF-8 to code points and back, one at a time: for loops over bytes.

Enters: valid UTF-8 and a position in it.  Leaves: the code point there and the next position, or
the bytes of a code point.  Damage is not looked for: Polars and Arrow hold valid UTF-8 only.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U8, Int, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted

#: One past the last Unicode code point.
UNICODE_END = 0x110000

_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@compiled_uncounted
def decoded(data: U8, at: Int) -> tuple[Int, Int]:
    """The code point that begins at byte `at`, and the position after it.

    >>> decoded(np.frombuffer("中".encode(), dtype=np.uint8), 0)
    (20013, 3)
    """
    # Unsigned positions spare each access the test for a negative one.
    spot = np.uint64(at)
    lead = np.int64(data[spot])
    if lead < 0x80:
        return lead, at + 1
    second = np.int64(data[spot + _ONE]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | second, at + 2
    third = np.int64(data[spot + _TWO]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third, at + 3
    last = np.int64(data[spot + _THREE]) & 0x3F
    return (lead & 0x07) << 18 | second << 12 | third << 6 | last, at + 4


@compiled_uncounted
def encoded(code: Int, out: OutU8, at: int) -> int:
    """Write a code point as UTF-8 at byte `at`; returns the position after it."""
    spot = np.uint64(at)
    if code < 0x80:
        out[spot] = code
        return at + 1
    if code < 0x800:
        out[spot] = 0xC0 | code >> 6
        out[spot + _ONE] = 0x80 | code & 0x3F
        return at + 2
    if code < 0x10000:
        out[spot] = 0xE0 | code >> 12
        out[spot + _ONE] = 0x80 | code >> 6 & 0x3F
        out[spot + _TWO] = 0x80 | code & 0x3F
        return at + 3
    out[spot] = 0xF0 | code >> 18
    out[spot + _ONE] = 0x80 | code >> 12 & 0x3F
    out[spot + _TWO] = 0x80 | code >> 6 & 0x3F
    out[spot + _THREE] = 0x80 | code & 0x3F
    return at + 4
