"""The loops of `char_counts`: code points, phrases and lines of a batch, counted in one pass.

Enters: UTF-8 with offsets and the table of kinds.  Leaves: counts per document, the visible code
points, and where documents and lines start in them.
"""

from __future__ import annotations

from corpus_pipeline.text.arrays import I64, U8, U32, OutI64, OutI64Grid, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.categories_kernel import CLOSE, DIGIT, HAN, NEWLINE, SPACE, STOP
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns of `Counts.tally`: phrases, phrases as long as the one before, characters of the longest
#: run; lines that begin with a bullet, with a quotation mark or dash, with a name and a colon;
#: characters in lines that end like a sentence or quotation; lines that begin with a date,
#: that hold an amount of an ingredient, that hold an equals sign, that are Han of a verse's length
#: and as long as the line before; Han in runs of more than `_LONG`.
PHRASES, EVEN, LONGEST, BULLETS, QUOTES, SPEAKERS, ENDED = range(7)
DATES, AMOUNTS, EQUATIONS, METRES, UNBROKEN = range(7, 12)
#: A run of more Han is a long one: statutes have 69 at their 99th percentile.
_LONG = 100
#: The colon after a speaker's name is one of the first so many characters of a line.
_NAME = 8
#: Bits of the table of characters that tell what a line is.
BULLET, OPENS, NUMERAL, UNIT, CALENDAR = 1, 2, 4, 8, 16
FIGURE, IDEOGRAPH, PIECE = 32, 64, 128
#: Lines of verse have so many Han (of four: menus too); lines of recipes and sums are no longer
#: than `_SHORT`.
_LEAST, _VERSE, _SHORT = 5, 12, 40
#: 第 （ ( before the number of a heading, and 、 ） ) after it.
_ORDINAL = 0x7B2C
_BEFORE_NUMBER = (_ORDINAL, 0xFF08, 0x28)
_AFTER_NUMBER = (0x3001, 0xFF09, 0x29)
#: Fewer lines have no shape to tell.
_FEW = 3
#: 公元前, 西元, 民国, 約: at most so many stand before the number of a date.
_ERAS = (0x516C, 0x5143, 0x524D, 0x897F, 0x6C11, 0x56FD, 0x570B, 0x7EA6, 0x7D04)
_ERA = 3
_EQUALS, _FIRST_HAN = 0x3D, 0x4E00
#: Numbers of a date have at most so many characters (一九四九).
_NUMBER = 4


@compiled_uncounted
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
        size, before, run, longest, phrases, even, unbroken = 0, 0, 0, 0, 0, 0, 0
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
                if run > _LONG:
                    unbroken += run
                run = 0
                new_line |= kind == NEWLINE
        if size:
            phrases += 1
            even += size == before
            run += size
            longest = max(longest, run)
        if run > _LONG:
            unbroken += run
        starts[doc + 1] = visible
        bounds[doc + 1] = line
        tally[doc, PHRASES], tally[doc, EVEN], tally[doc, LONGEST] = phrases, even, longest
        tally[doc, UNBROKEN] = unbroken


@compiled_uncounted
def look_at_lines(
    table: U8,
    signs: U8,
    tally: OutI64Grid,
    codes: U32,
    starts: I64,
    lines: I64,
    bounds: I64,
) -> None:
    """Count lines by how they begin and end, into the columns of `tally`."""
    for doc in range(starts.size - 1):
        before = 0
        shaped = bounds[doc + 1] - bounds[doc] >= _FEW
        for line in range(bounds[doc], bounds[doc + 1]):
            start = lines[line]
            end = lines[line + 1] if line + 1 < bounds[doc + 1] else starts[doc + 1]
            first, last = codes[start], table[codes[end - 1]]
            sign = signs[min(first, signs.size - 1)]
            numbered = table[first] == DIGIT and end - start > 1
            if sign & (FIGURE | NUMERAL) or first in _BEFORE_NUMBER or first in _ERAS:
                numbered |= _numbered(signs, codes[start:end])
                tally[doc, DATES] += _dated(signs, codes[start:end])
            tally[doc, BULLETS] += sign & BULLET != 0 or numbered
            tally[doc, QUOTES] += sign & OPENS != 0
            if last == STOP or last == CLOSE:
                tally[doc, ENDED] += end - start
            if shaped and end - start <= _SHORT:
                before = _short_line(signs, codes[start:end], before, tally[doc])
            else:
                before = 0
            for place in range(start, min(start + _NAME, end)):
                if codes[place] == 0x3A or codes[place] == 0xFF1A:
                    tally[doc, SPEAKERS] += 1
                    break


@compiled_uncounted
def _numbered(signs: U8, line: U32) -> bool:
    """Whether a line begins like 第三章, 二、 or （三）."""
    size = 1 if line[0] in _BEFORE_NUMBER else 0
    begin = size
    while size < min(line.size, _NUMBER):
        if not signs[min(line[size], signs.size - 1)] & (FIGURE | NUMERAL):
            break
        size += 1
    if size == begin or size >= line.size:
        return False
    return line[0] == _ORDINAL or line[size] in _AFTER_NUMBER


@compiled_uncounted
def _dated(signs: U8, line: U32) -> bool:
    """Whether a line begins with a number and a sign of the calendar: 1949年, 公元前221年."""
    begin = 0
    while begin < min(line.size, _ERA) and line[begin] in _ERAS:
        begin += 1
    line = line[begin:]
    size = 0
    while size < line.size and size <= _NUMBER:
        sign = signs[min(line[size], signs.size - 1)]
        if size and sign & CALENDAR:
            # 1.2 and 06-12 are no dates, 1949.10 is.
            return size == _NUMBER or line[size] >= _FIRST_HAN
        if not sign & (FIGURE | NUMERAL):
            return False
        size += 1
    return False


@compiled_uncounted
def _short_line(signs: U8, line: U32, before: int, tally: OutI64) -> int:
    """Count what a short line is; returns its Han if it could be a line of verse, else 0."""
    amounts, equations, han, earlier = 0, 0, 0, 0
    for code in line:
        sign = signs[min(code, signs.size - 1)]
        # A unit after a number: no branches, for the kinds come in no order.
        amounts |= sign & UNIT and earlier & (FIGURE | NUMERAL)
        equations |= code == _EQUALS
        han += sign & IDEOGRAPH != 0
        earlier = sign
    # 鸡蛋3个 is an amount; 3个回复 and 共3个 of a page are none.
    pieces = line.size > 2 and earlier & PIECE and signs[min(line[-2], signs.size - 1)] & FIGURE
    head = signs[min(line[0], signs.size - 1)]
    tally[AMOUNTS] += amounts != 0 or (pieces != 0 and head & IDEOGRAPH and head & NUMERAL == 0)
    tally[EQUATIONS] += equations != 0
    metre = han if _LEAST <= han <= _VERSE and han == line.size else 0
    tally[METRES] += metre != 0 and metre == before
    return metre
