"""Runs of high bytes in another charset than the page around them.

Enters: bytes.  Leaves: first byte and end of each run, between ASCII, that is nothing but UTF-8 of
three bytes a character (at least three of them), or nothing but common GB 2312 (at least four).
Refuses: to decide which charset a page has (`charset` does), and runs in the midst of others.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8
from corpus_pipeline.text.compiled import compiled

#: The fewest characters of a run: pairs of GBK do not fall as UTF-8 that often, nor the reverse.
_UTF8, _GBK = 3, 4


def utf8_inside(data: bytes) -> list[tuple[int, int]]:
    """Runs of UTF-8.

    >>> utf8_inside("网页".encode("gbk") + b"<p>" + "片段是".encode() + b"</p>")
    [(7, 16)]
    """
    return _found(data, wide=True)


def gbk_inside(data: bytes) -> list[tuple[int, int]]:
    """Runs of GB 2312.

    >>> gbk_inside("网页".encode() + b"<p>" + "一个片段".encode("gbk") + b"</p>")
    [(9, 17)]
    """
    return _found(data, wide=False)


def may_have_private(data: bytes) -> bool:
    """Whether one of the pairs may be among those that GB 18030-2022 moved.

    >>> may_have_private(bytes.fromhex("a6d9")), may_have_private("网页".encode("gbk"))
    (True, False)
    """
    return bool(_private(np.frombuffer(data, dtype=np.uint8)))


def _found(data: bytes, *, wide: bool) -> list[tuple[int, int]]:
    byte = np.frombuffer(data, dtype=np.uint8)
    spans = np.empty((byte.size // 9 + 1, 2), dtype=np.int64)
    return [(int(a), int(b)) for a, b in spans[: _runs(byte, wide, spans)]]


@compiled
def _runs(byte: U8, wide: bool, spans: I64) -> int:
    """Write the runs; returns how many."""
    count, at, size = 0, 0, byte.size
    while at < size:
        if byte[at] < 0x80:
            at += 1
            continue
        start, units, whole = at, 0, True
        while at < size and byte[at] >= 0x80:
            if not whole:
                at += 1
                continue
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
        if whole and units >= (_UTF8 if wide else _GBK):
            spans[count, 0], spans[count, 1] = start, at
            count += 1
    return count


@compiled
def _private(byte: U8) -> bool:
    at = 0
    while at + 1 < byte.size:
        first, second = byte[at], byte[at + 1]
        if first < 0x80:
            at += 1
            continue
        if first == 0xFE and 0x50 <= second <= 0xA0:
            return True
        if (first == 0xA6 and 0xD9 <= second <= 0xF5) or (first == 0xA8 and second == 0xBC):
            return True
        # Behind damage the pairs may be out of step: then the answer is yes too often.
        if first in (0x80, 0xFF) or second in (0x7F, 0xFF) or second < 0x40:
            return True
        at += 2
    return False
