"""The kinds of characters, phrases and lines of texts, counted in one pass over a whole batch.

Enters: the UTF-8 of many documents end to end (valid: Polars and Arrow hold no other).  Leaves:
counts per document, the visible code points, and where documents and lines start in them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.measures.char_counts_kernel import BULLET, OPENS, look_at_lines, scan
from corpus_pipeline.text.unicode.categories import KINDS, kind_table

_TALLIES = 7
_BULLET_SIGNS = "-*+•·●○■□◆◇▪►▶※★☆①②③④⑤⑥⑦⑧⑨⑩—"
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
    (4, [0], [2, 1, 4, 0, 0, 0, 0])
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
    look_at_lines(kind_table(), _first_table(), *counts[1:])
    return counts._replace(
        codes=counts.codes[: counts.starts[-1]], lines=counts.lines[: counts.bounds[-1]]
    )


@cache
def _first_table() -> U8:
    """The bits `BULLET` and `OPENS` of each code point of the basic plane, as first of a line."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for sign, chars in ((BULLET, _BULLET_SIGNS), (OPENS, _OPENING_SIGNS)):
        table[[ord(c) for c in chars]] |= sign
    return table
