"""The numbers of the kinds of code points: kernels are compiled with them.

Enters: nothing.  Leaves: a number for each kind; `categories` makes the table of them.
"""

from __future__ import annotations

#: Kinds of code points: those up to `NEWLINE` are invisible, those from `HAN` on are Han, and from
#: `WORD` on each kind is one character.
SPACE, NEWLINE = 0, 1
KANA, HANGUL, LATIN, LETTER, DIGIT, SYMBOL, EMOJI, CODE = range(2, 10)
STOP, CLOSE, MARK = range(10, 13)
HAN, RARE, WORD = range(13, 16)
