"""The loop of `quality`: texts cut into the words of the quality model.

Enters: UTF-8 with offsets, and what becomes of each code point.  Leaves: UTF-8, a line per text.
"""

from __future__ import annotations

from corpus_pipeline.text.arrays import I64, U8, OutI64, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: What becomes of a code point: it only separates words, is written as ¶, continues a word, is a
#: digit of a number (written as 0), is a word by itself.
DROP, BREAK, WORD, DIGIT, ALONE = range(5)
_ZERO, _SPACE = 0x30, 0x20


@compiled_uncounted
def cut(data: U8, at: I64, fates: U8, line: OutU8, ends: OutI64) -> None:
    """Write the lines end to end into `line`, and the end of each into `ends`."""
    size = 0
    for text in range(at.size - 1):
        start = size
        before = DROP
        place, end = at[text], at[text + 1]
        while place < end:
            code, after = decoded(data, place)
            fate = fates[code]
            inside = WORD <= before <= DIGIT and WORD <= fate <= DIGIT
            if fate != DROP and not inside and size > start:
                line[size] = _SPACE
                size += 1
            if fate == BREAK:
                line[size], line[size + 1] = 0xC2, 0xB6
                size += 2
            elif fate == DIGIT:
                line[size] = _ZERO
                size += before != DIGIT
            elif fate != DROP:
                for byte in range(place, after):
                    line[size] = data[byte]
                    size += 1
            before = fate
            place = after
        ends[text + 1] = size
