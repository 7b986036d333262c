"""Texts cut into the words of a character model: one line a text, a space between words.

Enters: a Polars series of texts.  Leaves: a series of lines: each Han character and each mark
stands by itself, other letters stay together, every number is 0, a line break is ¶.
Refuses: to know a language, and to change the case.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_pipeline.text.arrays import I64, U8
from corpus_pipeline.text.compiled import compiled

#: What becomes of a code point.
_DROP, _BREAK, _WORD, _DIGIT, _ALONE = range(5)
#: Where Unicode has assigned anything; beyond stand private characters, each by itself.
_ASSIGNED = (*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200))
_ZERO, _SPACE = 0x30, 0x20


def pieces(texts: pl.Series) -> pl.Series:
    r"""One line of words per text; null stays null.

    >>> pieces(pl.Series(["第12条 hello，world！\n完", ""])).to_list()
    ['第 0 条 hello ， world ！ ¶ 完', '']
    """
    arrow = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = arrow.buffers()
    at = np.frombuffer(offsets, dtype=np.int64)[arrow.offset : arrow.offset + len(texts) + 1]
    raw = memoryview(data)[at[0] : at[-1]] if data is not None else b""
    # A line break of one byte becomes three bytes, and nothing grows more.
    line = np.empty(3 * len(raw), dtype=np.uint8)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    _cut(np.frombuffer(raw, dtype=np.uint8), at - at[0], _fates(), line, ends)
    buffers = pa.py_buffer(ends), pa.py_buffer(line[: ends[-1]])
    made = pl.Series(pa.LargeStringArray.from_buffers(len(texts), *buffers))
    return made.zip_with(texts.is_not_null(), pl.Series([None], dtype=pl.String))


@cache
def _fates() -> U8:
    """What becomes of every code point, as the regular expressions of Polars see them."""
    fates = np.full(0x110000, _ALONE, dtype=np.uint8)
    places = np.array(_ASSIGNED)
    chars = pl.Series([chr(code) for code in _ASSIGNED])
    for fate, pattern in (
        (_WORD, r"[\w--\p{Han}]"),
        (_DIGIT, r"\d"),
        (_DROP, r"[\s\x00]"),
        (_BREAK, r"\n"),
    ):
        fates[places[chars.str.contains(pattern).to_numpy()]] = fate
    return fates


@compiled
def _cut(  # noqa: C901 – decoding, cutting and writing in one pass is the point
    data: U8, at: I64, fates: U8, line: U8, ends: I64
) -> None:
    """Write the line of each text behind that of the text before."""
    here = 0
    for text in range(at.size - 1):
        start = here
        before = _DROP
        place, end = at[text], at[text + 1]
        while place < end:
            byte = int(data[place])
            code, size = byte, 1
            if byte >= 0xF0:
                code = (byte & 0x07) << 18 | (data[place + 1] & 0x3F) << 12
                code |= (data[place + 2] & 0x3F) << 6 | data[place + 3] & 0x3F
                size = 4
            elif byte >= 0xE0:
                code = (byte & 0x0F) << 12 | (data[place + 1] & 0x3F) << 6 | data[place + 2] & 0x3F
                size = 3
            elif byte >= 0x80:
                code = (byte & 0x1F) << 6 | data[place + 1] & 0x3F
                size = 2
            fate = fates[code]
            inside = before in (_WORD, _DIGIT) and fate in (_WORD, _DIGIT)
            if fate != _DROP and not inside and here > start:
                line[here] = _SPACE
                here += 1
            if fate == _BREAK:
                line[here], line[here + 1] = 0xC2, 0xB6
                here += 2
            elif fate == _DIGIT:
                line[here] = _ZERO
                here += before != _DIGIT
            elif fate != _DROP:
                for offset in range(size):
                    line[here + offset] = data[place + offset]
                here += size
            before = fate
            place += size
        ends[text + 1] = here
