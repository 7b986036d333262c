"""Where a document changes its language: runs of lines that are Chinese, and runs that are not.

Enters: texts and a table of letters.  Leaves: for each text the places where a block of another
writing begins, each of at least so many letters.
Refuses: to name languages, and to cut a line in two.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, Int
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode import classes as han
from corpus_pipeline.text.unicode.utf8 import buffers, decoded

_NOTHING, _HAN, _KANA, _HANGUL, _ALPHABET = range(5)
#: What a line may be; a block of `_CHINESE` is what the document is otherwise made of.
_CHINESE, _JAPANESE, _KOREAN, _FOREIGN = 1, 2, 3, 4


def find_blocks(texts: pl.Series, least: int) -> pl.DataFrame:
    r"""One row a block: `row` of its text, `start` in code points, `byte` and `size` in bytes.

    `chinese` says of a block that its letters are Han.
    Only texts with two kinds of blocks appear.  `least` counts a Han character, a syllable of
    kana or hangul, or four letters of an alphabet as one.

    >>> text = "这一段是中文。\n\nThis one is not Chinese at all.\n后面又是中文了。"
    >>> find_blocks(pl.Series([text, "只有中文"]), 4).select("row", "start").rows()
    [(0, 0), (0, 9), (0, 41)]
    """
    data, offsets = buffers(texts)
    lines = int((data[: offsets[-1]] == 0x0A).sum()) + len(texts)
    out = np.zeros((5, lines), dtype=np.int64)
    found = _blocks(data, offsets, _letters(), np.int64(4 * least), out)
    names = ("row", "start", "byte", "size", "kind")
    blocks = pl.DataFrame(dict(zip(names, out[:, :found], strict=True)))
    return blocks.with_columns(chinese=pl.col("kind") == _CHINESE).drop("kind")


@cache
def _letters() -> U8:
    table = np.zeros(han.UNICODE_END, dtype=np.uint8)
    other = (han.LATIN, han.CYRILLIC, han.ARABIC, han.THAI, han.TIBETAN, han.GREEK, han.HEBREW)
    for ranges in (*other, han.DEVANAGARI, han.MONGOLIAN, han.YI, han.OTHER_LETTERS):
        table[han.points(ranges)] = _ALPHABET
    for kind, ranges in ((_HAN, han.HAN), (_KANA, han.KANA), (_HANGUL, han.HANGUL)):
        table[han.points(ranges)] = kind
    return table


@compiled
def _kind(counts: I64) -> int:
    """What a line or a block is, from its letters; 0 where it has none."""
    east = counts[_HAN] + counts[_KANA] + counts[_HANGUL]
    if east == 0 and counts[_ALPHABET] == 0:
        return 0
    if 4 * east < counts[_ALPHABET]:
        return _FOREIGN
    if 4 * counts[_KANA] > east:
        return _JAPANESE
    if 4 * counts[_HANGUL] > east:
        return _KOREAN
    return _CHINESE


@compiled
def _blocks(
    data: U8,
    offsets: I64,
    letters: U8,
    least: np.int64,
    out: I64,
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
            heavy = 4 * (line[_HAN] + line[_KANA] + line[_HANGUL]) + line[_ALPHABET]
            if found not in (0, kind):
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
