"""Where a document changes its language: runs of lines that are Chinese, and runs that are not.

Enters: a column of texts and the least number of letters of a block.  Leaves: one row for each
block: its text's row, its start (code points), its place and size (bytes), whether it is Chinese.
A block is a run of whole lines; its language is named elsewhere.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import U8
from corpus_pipeline.text.unicode import classes as han
from corpus_pipeline.text.unicode.blocks_kernel import (
    ALPHABET,
    CHINESE,
    HAN,
    HANGUL,
    KANA,
    find_runs,
)
from corpus_pipeline.text.unicode.utf8 import buffers
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END


def find_blocks(texts: pl.Series, least: int) -> pl.DataFrame:
    r"""One row a block: `row` of its text, `start` in code points, `byte` and `size` in bytes.

    `chinese` (Boolean): its letters are Han.
    Only texts with two kinds of blocks appear.  `least` counts a Han character, a syllable of
    kana or hangul, or four letters of an alphabet as one.

    >>> text = "这一段是中文。\n\nThis one is not Chinese at all.\n后面又是中文了。"
    >>> find_blocks(pl.Series([text, "只有中文"]), 4).select("row", "start").rows()
    [(0, 0), (0, 9), (0, 41)]
    """
    data, offsets = buffers(texts)
    lines = int((data[: offsets[-1]] == 0x0A).sum()) + len(texts)
    out = np.zeros((5, lines), dtype=np.int64)
    count = find_runs(data, offsets, _letters(), 4 * least, out)
    names = ("row", "start", "byte", "size", "kind")
    blocks = pl.DataFrame(dict(zip(names, out[:, :count], strict=True)))
    return blocks.with_columns(chinese=pl.col("kind") == CHINESE).drop("kind")


@cache
def _letters() -> U8:
    table = np.zeros(UNICODE_END, dtype=np.uint8)
    other = (han.LATIN, han.CYRILLIC, han.ARABIC, han.THAI, han.TIBETAN, han.GREEK, han.HEBREW)
    for ranges in (*other, han.DEVANAGARI, han.MONGOLIAN, han.YI, han.OTHER_LETTERS):
        table[han.points(ranges)] = ALPHABET
    for kind, ranges in ((HAN, han.HAN), (KANA, han.KANA), (HANGUL, han.HANGUL)):
        table[han.points(ranges)] = kind
    return table
