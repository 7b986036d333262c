"""The numbers of the kinds of code points: kernels are compiled with them.

Enters: nothing.  Leaves: a number for each kind; `categories` makes the table of them.
"""

from __future__ import annotations

#: Kinds of code points: up to `NEWLINE` nobody sees them, from `HAN` on they are Han, and from
#: `WORD` on each kind is one character.
(
    SPACE, NEWLINE, KANA, HANGUL, LATIN, LETTER, DIGIT, SYMBOL, EMOJI, CODE,
    STOP, CLOSE, MARK,
    HAN, RARE, WORD,
) = range(16)  # fmt: skip
