"""How the second engine looks at a text: places worth reading, and a view of each of equal width.

Enters: texts.  Leaves: pieces of them (offsets in code points) in which everything that counts as a
digit is an ASCII digit, full-width forms are ASCII, invisible characters are U+200B and what a mask
wrote is U+E000; a character of the view stands where it stands in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import polars as pl

#: What stands for an invisible character, and for one that a mask wrote.
UNSEEN, MASKED = "\u200b", "\ue000"
_SPELLED = (
    "零〇○洞",
    "一幺壹",
    "二两贰",
    "三叁",
    "四肆",
    "五伍",
    "六陆",
    "七柒拐",
    "八捌",
    "九玖勾",
)
#: Digits written as characters.
SPOKEN = {char: str(digit) for digit, group in enumerate(_SPELLED) for char in group}

_HAN = "".join(SPOKEN)
_DIGITS = "0-9０-９①-⑨⓪❶-❾¹²³⁰⁴-⁹₀-₉𝟎-𝟿"
_HIDDEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff\u20e3"
_BETWEEN = rf" .\-/_*~·•()\u3000（）－—–‐‑−．{_HIDDEN}"
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
#: The parts of `CANDIDATE`, by what each is a part of; Rust and Python read them alike.
PLACES = {
    "numbers": rf"[{_DIGITS}](?:[{_BETWEEN}]{{0,3}}[{_DIGITS}]){{9,40}}",
    "spoken": rf"[{_HAN}](?:[{_BETWEEN}]{{0,3}}[{_HAN}{_DIGITS}]){{10,40}}",
    "lookalikes": "[1lI|][3-9][0-9OoIl|]{9}",
    "hong kong": "[A-ZＡ-Ｚ][0-9０-９]{6} ?[(（]",
    "taiwan": "[A-Z][1289A-D][0-9]{8}",
    "codes": "[0-9A-HJ-NPR-Z]{13}[0-9]{4}|[0-9]{6}[0-9A-Z]{10}",
    "plates": rf"[{_PROVINCES}][A-HJ-NP-ZＡ-Ｚ][·•.\- ]?[0-9A-Z０-９Ａ-Ｚ]{{4}}",
    "military": "字第? ?[0-9０-９]{4}",
    "ipv4": r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    "ipv6": "[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:",
    "mac": "(?:[0-9A-Fa-f]{2}[:-]){4}[0-9A-Fa-f]{2}",
    "mail": r"[@＠]|[\[(（][aA][tT][\])）]|艾特",
    "places": r"[0-9]\.[0-9]{4,}°? ?[,，] ?-?[0-9]{1,3}\.[0-9]{4}",
    "secrets": "AKIA[0-9A-Z]{16}|-----BEGIN|eyJ[A-Za-z0-9_-]{10}|gh[pousr]_[A-Za-z0-9]{30}"
    "|sk-[A-Za-z0-9]{20}",
}
#: Whatever the engine finds holds one of these.
CANDIDATE = "|".join(PLACES.values())
#: Code points that are read to the left and to the right of a place.
LEFT, RIGHT = 90, 120
_MASK = re.compile(r"<[A-Z一-鿿]{2,6}(?::[a-z]{1,20})?>")


@cache
def _table() -> dict[int, str]:
    """Code point → what it stands for, where that is another character."""
    table = {}
    for code in (*range(0x80, 0x10000), *range(0x1D7CE, 0x1D800)):
        char = chr(code)
        digit = unicodedata.digit(char, None)
        wide = unicodedata.normalize("NFKC", char) if 0xFF01 <= code <= 0xFF5E else ""
        if digit is not None:
            table[code] = str(digit)
        elif len(wide) == 1:
            table[code] = wide
        elif unicodedata.category(char) == "Cf" or char in "\ufe0f\u20e3":
            table[code] = UNSEEN
        elif unicodedata.category(char) == "Pd" or char == "−":
            table[code] = "-"
        elif unicodedata.category(char) == "Zs":
            table[code] = " "
    return table


def fold(text: str) -> str:
    """The view of a text, a character for each of its own.

    >>> fold("①３８－0")
    '138-0'
    """
    view = text if text.isascii() else text.translate(_table())
    return _MASK.sub(lambda match: MASKED * len(match[0]), view) if "<" in view else view


def found_places(texts: pl.Series) -> pl.Series:
    """What `CANDIDATE` matches in each text, a list each; none for null."""
    return texts.str.extract_all(CANDIDATE)


def pieces(text: str, places: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where to read, as start and end, in order and apart from each other."""
    start = end = -1
    at = 0
    for place in places:
        at = text.find(place, at)
        low, high = max(at - LEFT, 0), min(at + len(place) + RIGHT, len(text))
        if start < 0:
            start, end = low, high
        elif low <= end:
            end = high
        else:
            yield start, end
            start, end = low, high
        at += len(place)
    if start >= 0:
        yield start, end
