"""The kind of every code point, as one table: what `measures` counts by.

Enters: nothing.  Leaves: a number for each kind, and a read-only table (u8, 0x110000 entries) that
has the kind of each code point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

import numpy as np

from corpus_pipeline.text.arrays import U8
from corpus_pipeline.text.unicode.categories_kernel import (
    CLOSE,
    CODE,
    DIGIT,
    EMOJI,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    LETTER,
    MARK,
    NEWLINE,
    RARE,
    SPACE,
    STOP,
    SYMBOL,
    WORD,
)

#: Frequent grammatical characters, each with its traditional form: each is a kind of its own.
MODERN = ("的", "了", "是", "在", "不", "我", "有", "和", "一", "这這", "他", "就")
BOTH = ("也",)
CLASSICAL = ("之", "乎", "者", "其", "曰", "而", "于於", "以")
_WORDS = (*MODERN, *BOTH, *CLASSICAL)
#: How many kinds there are.
KINDS = WORD + len(_WORDS)

_STOP = "。！？!?…；;｡．"
_CLOSE = "：:”’」』）)】》〉〕］］.~～"
_CODE = "{}[]<>=_\\|`$^&#@*+/"
_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

_Ranges = Mapping[int, tuple[tuple[str, str], ...]]
_SCRIPTS: _Ranges = {
    LATIN: (("A", "\u024f"), ("\u1e00", "\u1eff"), ("Ａ", "ｚ")),
    KANA: (("\u3040", "\u3098"), ("\u309b", "\u30ff"), ("\u31f0", "\u31ff"), ("\uff66", "\uff9f")),
    HANGUL: (
        ("\u1100", "\u11ff"),
        ("\u3130", "\u318f"),
        ("\ua960", "\ua97f"),
        ("\uffa0", "\uffdc"),
    ),
}
_BLOCKS: _Ranges = {
    HAN: (("々", "々"), ("〇", "〇")),
    RARE: (("\u2e80", "\u2fdf"), ("\uf900", "\ufaff")),  # radicals and compatibility forms
    SPACE: (("\u2500", "\u257f"),),  # the lines of a drawn table are layout, like spaces
    EMOJI: (("\U0001f000", "\U0001faff"),),
}
#: By Unicode category, where no script, block or table says otherwise.
_BY_CATEGORY = {
    **dict.fromkeys(("Zs", "Cf"), SPACE),
    **dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me"), LETTER),
    **dict.fromkeys(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"), MARK),
    "Nd": DIGIT,
}


@cache
def kind_table() -> U8:
    """The kind of every code point: u8, 0x110000 entries, read-only."""
    kinds = np.full(0x110000, SYMBOL, dtype=np.uint8)
    for first, last in ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x20000)):
        categories = [unicodedata.category(char) for char in map(chr, range(first, last))]
        kinds[first:last] = [_BY_CATEGORY.get(category, SYMBOL) for category in categories]
    _paint(kinds, _SCRIPTS, LETTER)
    invisible = kinds == SPACE
    _paint(kinds, _BLOCKS)
    # Zero-width characters and variation selectors are as invisible as spaces.
    kinds[invisible] = kinds[ord("\t")] = kinds[0xFE00:0xFE10] = SPACE
    kinds[0x3400:0xA000] = kinds[0x20000:0x32400] = RARE
    kinds[0xAC00:0xD7B0] = HANGUL
    for row, columns, charset in (
        (range(0xB0, 0xD8), range(0xA1, 0xFF), "gb2312"),
        (range(0xA4, 0xC7), (*range(0x40, 0x7F), *range(0xA1, 0xFF)), "big5"),
    ):
        level = bytes(byte for high in row for low in columns for byte in (high, low))
        frequent = np.array([ord(c) for c in level.decode(charset, errors="ignore")])
        kinds[frequent[kinds[frequent] == RARE]] = HAN
    for kind, chars in ((STOP, _STOP), (CLOSE, _CLOSE), (CODE, _CODE), (NEWLINE, _BREAKS)):
        kinds[[ord(c) for c in chars]] = kind
    for number, forms in enumerate(_WORDS):
        kinds[[ord(c) for c in forms]] = WORD + number
    kinds.flags.writeable = False
    return kinds


def _paint(kinds: U8, blocks: _Ranges, only: int | None = None) -> None:
    """Write the kind of each range into `kinds`, only where the entry is `only` so far."""
    for kind, ranges in blocks.items():
        for first, last in ranges:
            part = kinds[ord(first) : ord(last) + 1]
            part[slice(None) if only is None else part == only] = kind
