"""The lines that a language model is asked about, for many documents in one loop.

Enters: a column of texts and the rows that are asked.  Leaves: what `han.model_line` makes of each,
character for character.
Refuses: letters whose lower case depends on their neighbours or takes two characters; those
documents go through `model_line` itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.han import UNICODE_END, CodePoints, Range, model_line, points
from corpus_pipeline.text.utf8 import Bytes, Int, Offsets, buffers, decoded, encoded

Kinds = npt.NDArray[np.uint8]

# What a character does to a line.
BREAK, WORD, LETTER, ASK = range(4)
#: Where one table look-up says it; everything else is for `model_line`.
_KNOWN: tuple[Range, ...] = (
    (0x0, 0x24F),
    (0x1E00, 0x1EFF),
    (0x2000, 0x206F),
    (0x2190, 0x23FF),
    (0x2500, 0x27BF),
    (0x3000, 0x30FF),
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFE30, 0xFE4F),
    (0xFF00, 0xFFEF),
)
#: As `han.sample` has it: three pieces, no word longer than 24 letters.
_PIECE, _LONGEST = 100, 24
#: Bytes of a line, at most: a character and a space, four bytes and one.
_ROOM = 5 * 3 * _PIECE


def model_lines(texts: pl.Series, rows: npt.NDArray[np.int64]) -> list[str]:
    """The line of each of these rows.

    >>> model_lines(pl.Series(["你好,World 2026!", "略", "ΑΣ"]), np.array([0, 2]))
    ['你 好 world', 'α ς']
    """
    held = texts.gather(rows)
    data, offsets = buffers(held)
    room = int(np.minimum(2 * np.diff(offsets), _ROOM).sum()) + len(rows)
    out = np.empty(room, dtype=np.uint8)
    odd = np.zeros(len(rows), dtype=np.bool_)
    size = _lines(data, offsets, *_tables(), out, odd)
    lines = out[:size].tobytes().decode().split("\n")[:-1]
    for row in np.flatnonzero(odd).tolist():
        lines[row] = model_line(held[row] or "")
    return lines


@cache
def _tables() -> tuple[Kinds, CodePoints]:
    kinds = np.full(UNICODE_END, ASK, dtype=np.uint8)
    lower = np.zeros(UNICODE_END, dtype=np.uint32)
    for code in points(_KNOWN).tolist():
        small = chr(code).lower()
        if len(small) > 1:
            continue
        lower[code] = image = ord(small)
        word = 0x61 <= image <= 0x7A or 0xC0 <= image <= 0x24F or 0x1E00 <= image <= 0x1EFF
        letter = small.isalnum() and not small.isdecimal()
        kinds[code] = WORD if word else LETTER if letter else BREAK
    return kinds, lower


@compiled
def _lines(  # noqa: C901, PLR0917 – one loop; a kernel takes its arrays one by one
    data: Bytes,
    offsets: Offsets,
    kinds: Kinds,
    lower: CodePoints,
    out: Bytes,
    odd: npt.NDArray[np.bool_],
) -> int:
    size = 0
    for doc in range(len(odd)):
        begin, end, first = offsets[doc], offsets[doc + 1], size
        length = 0
        for place in range(begin, end):
            length += data[place] & 0xC0 != 0x80
        pieces, step = 1, 0
        if length > 3 * _PIECE:
            pieces, rest = 3, length - _PIECE
            # Half of an odd number is rounded to the even one, as Python does.
            step = rest // 2 + (rest & rest >> 1 & 1)
        at: Int = begin
        position = 0
        for piece in range(pieces):
            start = step if piece == 1 else (length - _PIECE if piece == 2 else 0)
            stop = start + _PIECE if pieces == 3 else length
            while position < start:
                at += 1
                while data[at] & 0xC0 == 0x80:
                    at += 1
                position += 1
            run = 0
            while position < stop and not odd[doc]:
                code, at = decoded(data, at)
                position += 1
                kind = kinds[code]
                if kind == BREAK:
                    run = 0
                    continue
                if kind == ASK:
                    odd[doc] = True
                    continue
                if size > first and (kind == LETTER or run in (0, _LONGEST)):
                    out[size] = 0x20
                    size += 1
                run = 0 if kind == LETTER else run % _LONGEST + 1
                size = encoded(np.int64(lower[code]), out, size)
            if odd[doc]:
                size = first
                break
        out[size] = 0x0A
        size += 1
    return size
