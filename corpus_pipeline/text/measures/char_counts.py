"""What a text consists of, counted in one pass over its bytes, for a whole batch at once.

Enters: the UTF-8 of many documents end to end (valid: Polars and Arrow hold no other).  Leaves:
counts per document, the visible code points, and where documents and lines start in them.
Refuses: to make shares of the counts (`measures` does), and to decode a text twice.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.categories import (
    CLOSE,
    DIGIT,
    HAN,
    KINDS,
    NEWLINE,
    SPACE,
    STOP,
    kind_table,
)

#: Columns of `Counts.tally`: phrases, phrases as long as the one before, the longest run; lines by
#: their beginning; characters in lines that end like a sentence or quotation.
PHRASES, EVEN, LONGEST, BULLETS, QUOTES, SPEAKERS, ENDED = range(7)
_TALLIES = 7
#: A name and a colon: one of the first so many characters of a line.
_NAME = 8
#: Bits of the table of first characters.
_BULLET, _OPENS = 1, 2
_BULLET_SIGNS = "-*+•·●○■□◆◇▪►▶※★☆①②③④⑤⑥⑦⑧⑨⑩—"
_OPENING_SIGNS = '“"「『‘—'


class Counts(NamedTuple):
    """What one pass over the code points finds; one row per document."""

    kinds: I64
    tally: I64
    codes: U32  # the characters that are not whitespace
    starts: I64  # where each document starts in them, and where the last one ends
    lines: I64  # where each line starts in them
    bounds: I64  # which line is the first of each document, and how many there are


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
    _scan(data, at, kind_table(), *counts)
    _look_at_lines(kind_table(), _first_table(), *counts[1:])
    return counts._replace(
        codes=counts.codes[: counts.starts[-1]], lines=counts.lines[: counts.bounds[-1]]
    )


@compiled
def _scan(  # noqa: C901, PLR0917 – one pass is the point; a kernel takes arrays
    data: U8, at: I64, table: U8,
    kinds: I64, tally: I64, codes: U32, starts: I64, lines: I64, bounds: I64,
) -> None:  # fmt: skip
    """Read the code points once: count kinds and phrases, cut lines, leave whitespace out."""
    seen, line = 0, 0
    for doc in range(at.size - 1):
        row = kinds[doc]
        new_line = True
        size, before, run, longest, phrases, even = 0, 0, 0, 0, 0, 0
        here, end = at[doc], at[doc + 1]
        while here < end:
            byte = np.int64(data[here])
            if byte < 0x80:
                code = byte
                here += 1
            elif byte < 0xE0:
                code = (byte & 0x1F) << 6 | data[here + 1] & 0x3F
                here += 2
            elif byte < 0xF0:
                code = (byte & 0x0F) << 12 | (data[here + 1] & 0x3F) << 6 | data[here + 2] & 0x3F
                here += 3
            else:
                code = (byte & 0x07) << 18 | (data[here + 1] & 0x3F) << 12
                code |= (data[here + 2] & 0x3F) << 6 | data[here + 3] & 0x3F
                here += 4
            kind = table[code]
            row[kind] += 1
            if kind > NEWLINE:
                if new_line:
                    lines[line] = seen
                    line += 1
                    new_line = False
                codes[seen] = code
                seen += 1
            if kind >= HAN:
                size += 1
                continue
            if size:
                phrases += 1
                even += size == before
                before = size
                run += size
                longest = max(longest, run)
                size = 0
            if kind != SPACE:
                run = 0
                new_line |= kind == NEWLINE
        if size:
            phrases += 1
            even += size == before
            longest = max(longest, run + size)
        starts[doc + 1] = seen
        bounds[doc + 1] = line
        tally[doc, PHRASES], tally[doc, EVEN], tally[doc, LONGEST] = phrases, even, longest


@compiled
def _look_at_lines(  # noqa: PLR0917 – a kernel takes arrays
    table: U8, firsts: U8,
    tally: I64, codes: U32, starts: I64, lines: I64, bounds: I64,
) -> None:  # fmt: skip
    """Count lines by how they begin and end."""
    for doc in range(starts.size - 1):
        for line in range(bounds[doc], bounds[doc + 1]):
            start = lines[line]
            end = lines[line + 1] if line + 1 < bounds[doc + 1] else starts[doc + 1]
            first, last = codes[start], table[codes[end - 1]]
            sign = firsts[min(first, firsts.size - 1)]
            numbered = table[first] == DIGIT and end - start > 1
            tally[doc, BULLETS] += sign & _BULLET != 0 or numbered
            tally[doc, QUOTES] += sign & _OPENS != 0
            if last in (STOP, CLOSE):
                tally[doc, ENDED] += end - start
            for place in range(start, min(start + _NAME, end)):
                if codes[place] in (0x3A, 0xFF1A):
                    tally[doc, SPEAKERS] += 1
                    break


@cache
def _first_table() -> U8:
    """What the first character of a line says, for the basic plane."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for sign, chars in ((_BULLET, _BULLET_SIGNS), (_OPENS, _OPENING_SIGNS)):
        table[[ord(c) for c in chars]] |= sign
    return table
