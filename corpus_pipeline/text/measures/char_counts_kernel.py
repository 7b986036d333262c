"""The loops of `char_counts`: code points, phrases and lines of a batch, counted in one pass.

Enters: UTF-8 with offsets and the table of kinds.  Leaves: counts per document, the visible code
points, and where documents and lines start in them.
"""

from __future__ import annotations

from corpus_pipeline.text.arrays import I64, U8, U32, OutI64, OutI64Grid, OutU32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.categories_kernel import CLOSE, DIGIT, HAN, NEWLINE, SPACE, STOP
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns of `Counts.tally`: phrases, phrases as long as the one before, characters of the longest
#: run; lines that begin with a bullet, with a quotation mark or dash, with a name and a colon;
#: characters in lines that end like a sentence or quotation.
PHRASES, EVEN, LONGEST, BULLETS, QUOTES, SPEAKERS, ENDED = range(7)
#: The colon after a speaker's name is one of the first so many characters of a line.
_NAME = 8
#: Bits of the table of first characters.
BULLET, OPENS = 1, 2


@compiled
def scan(
    data: U8,
    at: I64,
    table: U8,
    kinds: OutI64Grid,
    tally: OutI64Grid,
    codes: OutU32,
    starts: OutI64,
    lines: OutI64,
    bounds: OutI64,
) -> None:
    """Count kinds and phrases, and write the visible code points and where lines start in them."""
    visible, line = 0, 0
    for doc in range(at.size - 1):
        row = kinds[doc]
        new_line = True
        size, before, run, longest, phrases, even = 0, 0, 0, 0, 0, 0
        position, end = at[doc], at[doc + 1]
        while position < end:
            code, position = decoded(data, position)
            kind = table[code]
            row[kind] += 1
            if kind > NEWLINE:
                if new_line:
                    lines[line] = visible
                    line += 1
                    new_line = False
                codes[visible] = code
                visible += 1
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
        starts[doc + 1] = visible
        bounds[doc + 1] = line
        tally[doc, PHRASES], tally[doc, EVEN], tally[doc, LONGEST] = phrases, even, longest


@compiled
def look_at_lines(
    table: U8,
    firsts: U8,
    tally: OutI64Grid,
    codes: U32,
    starts: I64,
    lines: I64,
    bounds: I64,
) -> None:
    """Count lines by how they begin and end, into the columns of `tally`."""
    for doc in range(starts.size - 1):
        for line in range(bounds[doc], bounds[doc + 1]):
            start = lines[line]
            end = lines[line + 1] if line + 1 < bounds[doc + 1] else starts[doc + 1]
            first, last = codes[start], table[codes[end - 1]]
            sign = firsts[min(first, firsts.size - 1)]
            numbered = table[first] == DIGIT and end - start > 1
            tally[doc, BULLETS] += sign & BULLET != 0 or numbered
            tally[doc, QUOTES] += sign & OPENS != 0
            if last == STOP or last == CLOSE:
                tally[doc, ENDED] += end - start
            for place in range(start, min(start + _NAME, end)):
                if codes[place] == 0x3A or codes[place] == 0xFF1A:
                    tally[doc, SPEAKERS] += 1
                    break
