"""Texts cut into the words of the quality model: one line per text, a space between words.

Enters: a series of texts.  Leaves: a series of lines: each Han character and each mark is a word,
other letters stay together, every number is 0, a line break is ¶.  The case does not change.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_pipeline.text.arrays import U8
from corpus_pipeline.text.tokens.quality_kernel import ALONE, BREAK, DIGIT, DROP, WORD, cut

#: The code points that may be assigned; all beyond count as words by themselves.
_ASSIGNED = (*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200))


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
    cut(np.frombuffer(raw, dtype=np.uint8), at - at[0], _fates(), line, ends)
    buffers = pa.py_buffer(ends), pa.py_buffer(line[: ends[-1]])
    lines = pl.Series(pa.LargeStringArray.from_buffers(len(texts), *buffers))
    return lines.zip_with(texts.is_not_null(), pl.Series([None], dtype=pl.String))


@cache
def _fates() -> U8:
    """What becomes of each code point (u8), decided by the regular expressions of Polars."""
    fates = np.full(0x110000, ALONE, dtype=np.uint8)
    places = np.array(_ASSIGNED)
    chars = pl.Series([chr(code) for code in _ASSIGNED])
    for fate, pattern in (
        (WORD, r"[\w--\p{Han}]"),
        (DIGIT, r"\d"),
        (DROP, r"[\s\x00]"),
        (BREAK, r"\n"),
    ):
        fates[places[chars.str.contains(pattern).to_numpy()]] = fate
    return fates
