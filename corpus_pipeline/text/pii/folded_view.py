"""The view of a text in which personal data is sought, and the way back to the text.

Enters: a piece of a document.  Leaves: the piece with every digit, letter and dash in its plain
ASCII form, invisible characters gone, and for each character of the view its place in the piece.
The view is for matching only and is never written back, because folding cannot be undone; callers
use it to find offsets in the piece.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

#: Stands for each character of a placeholder: no pattern, cue or boundary matches it.
BLANK = "\ue000"

#: Invisible between digits: soft hyphen, zero-width and bidi marks, variation selectors, keycap.
_UNSEEN = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufe00-\ufe0f\ufeff\u20e3"
)
INVISIBLE = re.compile(f"[{_UNSEEN}]")

#: Ranges (first, end) of digits in other forms.
_DIGIT_RANGES = (
    (0xB2, 0xBA),
    (0x660, 0x66A),
    (0x6F0, 0x6FA),
    (0x966, 0x970),
    (0x2070, 0x208A),
    (0x2460, 0x2469),
    (0x24EA, 0x24EB),
    (0x24F5, 0x24FE),
    (0x2776, 0x277F),
    (0x2780, 0x2789),
    (0x278A, 0x2793),
    (0x1D7CE, 0x1D800),
)


@cache
def fold_table() -> dict[int, str]:
    """What code points become: one character each.

    Full-width, circled and raised digits, letters, dashes and brackets become plain ones.  The
    comma and the marks that end a sentence stay, because no pattern needs them.
    """
    wide = (code for code in range(0xFF01, 0xFF5F) if chr(code) not in "，！？；")
    table = {code: chr(code - 0xFEE0) for code in wide}
    table |= {0x3000: " ", 0xA0: " ", 0x24FF: "0", 0x200A: " "}
    table |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x30FC), "-")
    for first, last in _DIGIT_RANGES:
        for code in range(first, last):
            digit = unicodedata.digit(chr(code), None)
            if digit is not None:
                table[code] = str(digit)
    return table


@cache
def _changing() -> re.Pattern[str]:
    """Characters that fold or fall out; most pieces of a document have none."""
    folding = "".join(re.escape(chr(code)) for code in sorted(fold_table()))
    return re.compile(f"[{folding}{_UNSEEN}]")


def fold(piece: str) -> tuple[str, list[int] | None]:
    """The view and, where characters were removed, the place of each remaining one in the piece.

    >>> fold("电话１３８")
    ('电话138', None)
    >>> fold("1\u200b3")
    ('13', [0, 2])
    """
    if not _changing().search(piece):
        return piece, None
    view = piece.translate(fold_table())
    if not INVISIBLE.search(view):
        return view, None
    hidden = set(INVISIBLE.findall(view))
    places = [place for place, char in enumerate(view) if char not in hidden]
    return "".join(view[place] for place in places), places
