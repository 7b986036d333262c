"""The kinds of characters, phrases and lines of texts, counted in one pass over a whole batch.

Enters: the UTF-8 of many documents end to end (valid: Polars and Arrow hold no other).  Leaves:
counts per document, the visible code points, and where documents and lines start in them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.measures.char_counts_kernel import (
    BULLET,
    CALENDAR,
    FIGURE,
    IDEOGRAPH,
    NUMERAL,
    OPENS,
    PIECE,
    UNIT,
    look_at_lines,
    scan,
)
from corpus_pipeline.text.unicode.categories import KINDS, kind_table
from corpus_pipeline.text.unicode.categories_kernel import DIGIT, HAN

_TALLIES = 12
_BULLET_SIGNS = "-*+•·●○■□◆◇▪►▶※★☆①②③④⑤⑥⑦⑧⑨⑩—"
#: Han numerals, and words that stand for one before a unit (半勺, 适量 and 少许 are amounts too).
_NUMERALS = "〇零一二三四五六七八九十百两兩半几幾数數适適少"
#: Units of the kitchen.  条, 张, 次 stay out: pages count their comments and visitors in them.
_UNITS = "克斤勺匙片瓣根颗顆粒块塊杯碗把束滴升毫厘枚茶汤湯量许許gGmMkKlL㎏℃"
#: Units that count only where they end a line that begins with what is counted.
_PIECES = "个個只隻"
_CALENDAR = "年月日世-./"
_OPENING_SIGNS = '“"「『‘—'


class Counts(NamedTuple):
    """The result of one pass over the code points."""

    kinds: I64  # characters of each kind; documents × `KINDS`
    tally: I64  # counts of phrases and lines; documents × columns of `char_counts_kernel`
    codes: U32  # the code points of all documents that are not whitespace
    starts: I64  # where each document starts in `codes`, and where the last one ends
    lines: I64  # where each line starts in `codes`
    bounds: I64  # the first line of each document, and the number of all lines


def counted(data: U8, at: I64) -> Counts:
    r"""Count kinds, phrases and lines of each document; document `n` is `data[at[n]:at[n + 1]]`.

    >>> text = np.frombuffer("你好 世界\n".encode(), dtype=np.uint8)
    >>> counts = counted(text, np.array([0, text.size]))
    >>> counts.codes.size, counts.lines.tolist(), counts.tally[0].tolist()
    (4, [0], [2, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    """
    docs = at.size - 1
    counts = Counts(
        kinds=np.zeros((docs, KINDS), dtype=np.int64),
        tally=np.zeros((docs, _TALLIES), dtype=np.int64),
        codes=np.empty(data.size, dtype=np.uint32),
        starts=np.zeros(docs + 1, dtype=np.int64),
        # A line takes at least its character and its break; the last of a document has none.
        lines=np.empty(data.size // 2 + docs, dtype=np.int64),
        bounds=np.zeros(docs + 1, dtype=np.int64),
    )
    scan(data, at, kind_table(), *counts)
    look_at_lines(kind_table(), _sign_table(), *counts[1:])
    return counts._replace(
        codes=counts.codes[: counts.starts[-1]], lines=counts.lines[: counts.bounds[-1]]
    )


@cache
def _sign_table() -> U8:
    """What a character of the basic plane can be in a line, in bits of `char_counts_kernel`."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for sign, chars in (
        (BULLET, _BULLET_SIGNS),
        (OPENS, _OPENING_SIGNS),
        (NUMERAL, _NUMERALS),
        (UNIT, _UNITS),
        (CALENDAR, _CALENDAR),
        (PIECE, _PIECES),
    ):
        table[[ord(c) for c in chars]] |= sign
    kinds = kind_table()[: table.size]
    table[kinds == DIGIT] |= FIGURE
    table[kinds >= HAN] |= IDEOGRAPH
    return table
