"""Raised and lowered figures (10<sup>8</sup>, H<sub>2</sub>O) as plain text.

Enters: the text of a `sup` or `sub` element.  Leaves: figures of Unicode where it has them all,
else the text as TeX writes it, so that 10⁸ never reads 108; words and marks stay as they are.
"""

from __future__ import annotations

import re

_ABOVE = str.maketrans("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ")
_BELOW = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_SMALL = frozenset(map(chr, (*_ABOVE.values(), *_BELOW.values())))
#: Full-width figures and signs are those of the tables.
_NARROW = str.maketrans("０１２３４５６７８９＋－＝（）", "0123456789+-=()")
_ORDINAL = re.compile(r"st|nd|rd|th|er|re|tm|\(?[rc]\)?", re.IGNORECASE)
_WORDS = re.compile(r"[\u2e80-\U0003ffff\[\]<>®™©℠°*†‡]|^[′″‴'’\"]+$")


def small_figures(text: str, *, above: bool) -> str:
    """The text of a raised (`above`) or lowered element, as it stands in a line.

    >>> small_figures("-31", above=True), small_figures("n+1", above=False)
    ('⁻³¹', '_{n+1}')
    >>> small_figures("[1]", above=True), small_figures("th", above=True)
    ('[1]', 'th')
    >>> small_figures("o", above=True), small_figures("⁸", above=True)
    ('°', '⁸')
    """
    inside = " ".join(text.split())
    narrow = inside.translate(_NARROW)
    table = _ABOVE if above else _BELOW
    if inside and all(ord(character) in table for character in narrow):
        return narrow.translate(table)
    if above and inside in {"o", "O", "○"}:
        return "°"  # of temperatures and of numbers
    if (
        not inside
        or _SMALL.issuperset(inside)
        or _WORDS.search(inside)
        or (above and _ORDINAL.fullmatch(inside))
    ):
        return inside
    return f"^{{{inside}}}" if above else f"_{{{inside}}}"
