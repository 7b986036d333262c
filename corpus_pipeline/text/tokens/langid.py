"""The lines of tokens that the language model classifies, for many documents in one loop.

Enters: a column of texts, and the rows to convert.  Leaves: one line of tokens for each: words in
Latin letters, single letters of other scripts, runs of digits as `0` or `０`, and marks, because
`) ;` is evidence of code, ，of Chinese and ・ of Japanese even without words.

Documents with letters whose lower case depends on their neighbours or takes two characters go
through `token_line`, which makes the same line with a regular expression.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.tokens.langid_kernel import (
    ASK,
    BREAK,
    LETTER,
    MARK,
    PIECE,
    WORD,
    write_lines,
)
from corpus_pipeline.text.unicode.classes import Range, points, sample
from corpus_pipeline.text.unicode.utf8 import buffers
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END

#: Code points that one table look-up can convert; all others are left to `token_line`.
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
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~·—‘’“”…、。《》「」『』【】〔〕〜・ー！（），：；？～｢｣"
#: Either kind of digit as the token that stands for a run of them.
_DIGITS = {**dict.fromkeys("0123456789", "0"), **dict.fromkeys("０１２３４５６７８９", "０")}
_TOKEN = re.compile(
    r"[a-z\u00c0-\u024f\u1e00-\u1eff]{1,24}|[0-9]+|[０-９]+"
    rf"|([{re.escape(MARKS)}])\1*|[^\W\d_]"
)
#: Bytes of a line, at most: a character and a space, four bytes and one.
_ROOM = 5 * 3 * PIECE


def token_line(text: str) -> str:
    """A bounded sample of a document as one line of tokens.

    >>> token_line("你好，World 2026!!")
    '你 好 ， world 0 !'
    """
    tokens = (match[0] for match in _TOKEN.finditer(sample(text, length=PIECE).lower()))
    return " ".join(
        _DIGITS.get(token[0], token[0] if token[0] in MARKS else token) for token in tokens
    )


def model_lines(texts: pl.Series, rows: I64) -> list[str]:
    """The line of each of the rows; null counts as empty.

    >>> model_lines(pl.Series(["你好,World 2026!", "略", "ΑΣ"]), np.array([0, 2]))
    ['你 好 , world 0 !', 'α ς']
    """
    selected = texts.gather(rows)
    data, offsets = buffers(selected)
    room = int(np.minimum(2 * np.diff(offsets), _ROOM).sum()) + len(rows)
    out = np.empty(room, dtype=np.uint8)
    odd = np.zeros(len(rows), dtype=np.bool_)
    size = write_lines(data, offsets, *_tables(), out, odd)
    lines = out[:size].tobytes().decode().split("\n")[:-1]
    for row in np.flatnonzero(odd).tolist():
        lines[row] = token_line(selected[row] or "")
    return lines


@cache
def _tables() -> tuple[U8, U32]:
    kinds = np.full(UNICODE_END, ASK, dtype=np.uint8)
    lower = np.zeros(UNICODE_END, dtype=np.uint32)
    for code in points(_KNOWN).tolist():
        small = chr(code).lower()
        if len(small) > 1:
            continue
        small = _DIGITS.get(small, small)
        lower[code] = image = ord(small)
        word = 0x61 <= image <= 0x7A or 0xC0 <= image <= 0x24F or 0x1E00 <= image <= 0x1EFF
        letter = small.isalnum() and not small.isdecimal()
        mark = small in MARKS or small in "0０"
        kinds[code] = WORD if word else MARK if mark else LETTER if letter else BREAK
    return kinds, lower
