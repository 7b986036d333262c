"""Widths, spaces, line ends and invisible characters of Chinese text, put in one order.

Enters: strings.  Leaves: the same strings with half-width letters and digits, full-width
punctuation between Han characters, one kind of line end, and nothing invisible.
Refuses: NFKC (it turns ，！（） into ASCII, ① into 1, ㎡ into m2, … into ...), and to reword.

All documents of a batch lie in one array of code points with a mark between them, so that each
rule is a few vector operations; neighbours are exact, which a regex without look-around is not.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .han import (
    HAN,
    LATIN,
    UNICODE_END,
    CodePoints,
    Range,
    blocks,
    code_points,
    mask,
    points,
    string,
)

Mask = npt.NDArray[np.bool_]

#: Between documents; larger than any character, so no text can hold it.
END = UNICODE_END
#: What the table says of a character that goes.
GONE = UNICODE_END + 1
#: Code points at once; 64 k were fastest of 16 k to 1 M (5,149 documents, 2026).
_BLOCK = 1 << 16

_NBSP_LIKE: tuple[Range, ...] = (
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
)
_WHITE = "\u00a0\u2002\u2003\u2009"
_LINE_ENDS: tuple[Range, ...] = ((0x0B, 0x0D), (0x85, 0x85), (0x2028, 0x2029))
#: C0 and C1 controls, soft hyphen, zero-width, bidi marks, BOM, annotation, tags, variation
#: selectors for ideographs.  ZWJ and the selectors U+FE00-FE0F are judged by their neighbours.
_INVISIBLE: tuple[Range, ...] = (
    (0x00, 0x08),
    (0x0E, 0x1F),
    (0x7F, 0x84),
    (0x86, 0x9F),
    (0xAD, 0xAD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x180E, 0x180E),
    (0x200B, 0x200C),
    (0x200E, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFDD0, 0xFDEF),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE0FFF),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF) for plane in range(17)),
)
_PRIVATE: tuple[Range, ...] = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
_SELECTORS: tuple[Range, ...] = ((0xFE00, 0xFE0F),)
_EMOJI: tuple[Range, ...] = (
    (0xA9, 0xA9),
    (0xAE, 0xAE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2190, 0x2BFF),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3299),
    (0x1F000, 0x1FAFF),
)
_CJK_PUNCTUATION = "，。！？：；、《》〈〉「」『』【】〔〕〖〗〘〙〚〛"
_FULL_OF = dict(zip(",.?!:;()", "，。？！：；（）", strict=True))
#: Full-width marks that are ASCII between two ASCII letters or digits: ３．１４, １９－２０.
_BETWEEN_ASCII = dict(zip("．－／", ".-/", strict=True))
_HALF_CJK = dict(zip("｡｢｣､", "。「」、", strict=True))

# What the rules ask of a character; one byte each.
# The order matters: spaces are 1 to 3, what ends a search for the other parenthesis is 4 to 8.
OTHER, SPACE, WIDE_SPACE, TAB, LINE, MARK, OPEN, CLOSE, FULL_PARENTHESIS = range(9)
IDEOGRAPH, FULL, HALF, SELECTOR, JOINER, PICTURE, ASCII, WIDE, LOST = range(9, 18)


def _any_of(*kinds: int) -> Mask:
    table = np.zeros(18, dtype=np.bool_)
    table[list(kinds)] = True
    return table


_CHINESE = _any_of(IDEOGRAPH, FULL, FULL_PARENTHESIS)
_EDGE = _any_of(LINE, MARK)


class Width:
    """The table and its rules.

    >>> Width().text("Ｐｙｔｈｏｎ　３．１０，你好,世界!①㎡")
    'Python 3.10，你好，世界!①㎡'
    """

    def __init__(
        self,
        fold: str = "",
        radicals: Mapping[str, str] | None = None,
        *,
        private: bool = False,
        replacement: bool = True,
    ) -> None:
        """`fold`: more full-width ASCII to halve; `private`, `replacement`: kept, not removed."""
        table = np.arange(UNICODE_END + 1, dtype=np.uint32)
        table[points(_NBSP_LIKE)] = 0x20
        table[points(_LINE_ENDS)] = 0x0A
        table[points(_INVISIBLE)] = GONE
        if not private:
            table[points(_PRIVATE)] = GONE
        if not replacement:
            table[0xFFFD] = GONE
        wide = [code for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()]
        for code in [*wide, *map(ord, fold)]:
            table[code] = code - 0xFEE0
        pairs = {chr(c): unicodedata.normalize("NFKC", chr(c)) for c in range(0x2F00, 0x2FD6)}
        for old, new in {**pairs, **(radicals or {}), **_HALF_CJK}.items():
            table[ord(old)] = ord(new)
        self._table = table
        # The kind of what a character becomes, so that one index serves both tables.
        kinds = np.append(_kinds(), LOST)
        self._kind = kinds[table]
        self._picture = np.append(mask(_EMOJI, "#*0123456789"), False)
        self._full = np.arange(UNICODE_END + 1, dtype=np.uint32)
        for half, full in _FULL_OF.items():
            self._full[ord(half)] = ord(full)
        self._narrow = np.arange(UNICODE_END + 1, dtype=np.uint32)
        for full, half in _BETWEEN_ASCII.items():
            self._narrow[ord(full)] = ord(half)

    def text(self, text: str) -> str:
        """One string, normalised."""
        return self.texts([text])[0]

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Many strings at once; each comes out as it would alone."""
        done: list[str] = []
        texts = [unicodedata.normalize("NFC", text) for text in texts]
        for block in blocks([len(text) for text in texts], _BLOCK):
            done += self._pass(texts[block])
        again = [i for i, text in enumerate(done) if not unicodedata.is_normalized("NFC", text)]
        # A removed character can bring a letter and its accent together; compose, look once more.
        if again:
            redone = self._pass([unicodedata.normalize("NFC", done[i]) for i in again])
            for i, text in zip(again, redone, strict=True):
                done[i] = unicodedata.normalize("NFC", text)
        return done

    def _pass(self, texts: Sequence[str]) -> list[str]:
        index = _marked(texts)
        cps, kind = self._table[index], self._kind[index]
        lost = kind == LOST
        if lost.any():
            cps, kind = cps[~lost], kind[~lost]
        cps, kind = self._sequences(cps, kind)
        self._between(cps, kind)
        cps = _lines(*_spaces(cps, kind))
        marks = np.flatnonzero(cps == END)
        return [string(cps[a + 1 : b]) for a, b in pairwise(marks.tolist())]

    def _sequences(
        self, cps: CodePoints, kind: npt.NDArray[np.uint8]
    ) -> tuple[CodePoints, npt.NDArray[np.uint8]]:
        """Variation selectors and joiners stay inside emoji only; CR before LF goes."""
        if (kind == SELECTOR).any():
            at = np.flatnonzero(kind == SELECTOR)
            at = at[~self._picture[cps[at - 1]]]
            cps, kind = np.delete(cps, at), np.delete(kind, at)
        if (kind == JOINER).any():
            at = np.flatnonzero(kind == JOINER)
            before = self._picture[cps[at - 1]] | (kind[at - 1] == SELECTOR)
            at = at[~(before & (kind[at + 1] == PICTURE))]
            cps, kind = np.delete(cps, at), np.delete(kind, at)
        return cps, kind

    def _between(self, cps: CodePoints, kind: npt.NDArray[np.uint8]) -> None:
        """Marks whose neighbours on both sides say which width they want; changed in place."""
        at = np.flatnonzero(kind == HALF)
        at = at[(kind[at - 1] == IDEOGRAPH) & (kind[at + 1] == IDEOGRAPH)]
        cps[at], kind[at] = self._full[cps[at]], FULL
        at = np.flatnonzero(kind == WIDE)
        at = at[(kind[at - 1] == ASCII) & (kind[at + 1] == ASCII)]
        cps[at] = self._narrow[cps[at]]
        # A pair of parentheses around Han, next to Han: 中国(上海)自由贸易; never f(参数).
        if not (kind == OPEN).any():
            return
        at = np.flatnonzero((kind >= LINE) & (kind <= FULL_PARENTHESIS))
        first, last = at[:-1], at[1:]
        pair = (kind[first] == OPEN) & (kind[last] == CLOSE)
        first, last = first[pair], last[pair]
        inside = (kind[first + 1] == IDEOGRAPH) & (kind[last - 1] == IDEOGRAPH)
        outside = (kind[first - 1] == IDEOGRAPH) | (kind[last + 1] == IDEOGRAPH)
        for side in (first[inside & outside], last[inside & outside]):
            cps[side], kind[side] = self._full[cps[side]], FULL_PARENTHESIS


#: Names whose characters mean nothing to a parser; `&amp;`, `&lt;` and `&gt;` could make markup.
_NAMED = (
    "nbsp ensp emsp thinsp middot bull hellip mdash ndash ldquo rdquo lsquo rsquo laquo raquo "
    "times divide deg plusmn copy reg trade yen quot apos"
)
_ENTITY = re.compile(rf"&(?:{'|'.join(_NAMED.split())}|#[0-9]{{2,6}}|#x[0-9A-Fa-f]{{2,5}});")
#: Text about markup, where an entity is the subject and not a left-over.
_MARKUP = re.compile(r"`|</|<[a-zA-Z!][^<>\n]*>|&(?:lt|gt|amp);")


def left_over(text: str) -> bool:
    """Whether the text holds an entity and is not about markup.

    >>> left_over("司马&middot;迁"), left_over("用 `&nbsp;` 表示空格")
    (True, False)
    """
    return bool(_ENTITY.search(text)) and not _MARKUP.search(text)


def unescape(text: str) -> str:
    """HTML entities that extraction left behind, as characters; markup-like ones stay.

    >>> unescape("司马&middot;迁&nbsp;&#20013;&lt;b&gt;")
    '司马·迁 中&lt;b&gt;'
    """
    return _ENTITY.sub(_entity, text)


def _entity(match: re.Match[str]) -> str:
    character = html.unescape(match[0])
    if character in _WHITE:
        return " "
    plain = len(character) == 1 and character.isprintable() and character not in "<>&"
    return character if plain and unicodedata.combining(character) == 0 else match[0]


def _kinds() -> npt.NDArray[np.uint8]:
    kind = np.zeros(UNICODE_END + 1, dtype=np.uint8)
    kind[points(_EMOJI)] = PICTURE
    kind[points(HAN)] = IDEOGRAPH
    for characters, value in (
        (_CJK_PUNCTUATION, FULL),
        ("（）", FULL_PARENTHESIS),
        (",.?!:;", HALF),
        ("(", OPEN),
        (")", CLOSE),
        (" ", SPACE),
        ("　", WIDE_SPACE),
        ("\t", TAB),
        ("\n", LINE),
        ("\u200d", JOINER),
        ("0123456789", ASCII),
        ("．－／", WIDE),
    ):
        kind[[ord(c) for c in characters]] = value
    kind[points(LATIN[:2])] = ASCII
    kind[points(_SELECTORS)] = SELECTOR
    kind[END] = MARK
    return kind


def _marked(texts: Sequence[str]) -> npt.NDArray[np.intp]:
    """All texts in one array, a mark before, between and after them; CR LF is LF."""
    joined = "\x00".join(["", *texts, ""])
    if "\r" in joined or joined.count("\x00") > len(texts) + 1:
        texts = [text.replace("\x00", "").replace("\r\n", "\n") for text in texts]
        joined = "\x00".join(["", *texts, ""])
    cps = code_points(joined).astype(np.intp)
    cps[cps == 0] = END
    return cps


def _runs(where: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First positions and lengths of the runs of true values."""
    # A mark stands at both ends, so no run touches them.
    edges = np.flatnonzero(where[1:] != where[:-1]) + 1
    return edges[::2], edges[1::2] - edges[::2]


def _spread(start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """All positions of some runs."""
    offset = np.repeat(np.cumsum(length) - length, length)
    return np.repeat(start, length) + np.arange(int(length.sum())) - offset


def _spaces(
    cps: CodePoints, kind: npt.NDArray[np.uint8]
) -> tuple[CodePoints, npt.NDArray[np.uint8]]:
    """No space at a line's end or between Han; a wide gap between Han is one ideographic space."""
    start, length = _runs((kind >= SPACE) & (kind <= TAB))
    if not start.size:
        return cps, kind
    before, after = kind[start - 1], kind[start + length]
    has_wide = _holding(kind, WIDE_SPACE, start)
    has_tab = _holding(kind, TAB, start)
    chinese = _CHINESE[before] & _CHINESE[after] & ~has_tab
    trailing = _EDGE[after]
    leading = _EDGE[before] & ~trailing
    single = (length == 1) & ~has_wide
    gone = trailing | (leading & has_wide) | (chinese & single)
    one_wide = chinese & ~single & ~gone
    one_space = has_wide & ~chinese & ~gone
    cps[start[one_wide]] = 0x3000
    cps[start[one_space]] = 0x20
    keep = np.ones(cps.size, dtype=np.bool_)
    keep[_spread(start[gone], length[gone])] = False
    shrunk = one_wide | one_space
    keep[_spread(start[shrunk] + 1, length[shrunk] - 1)] = False
    return cps[keep], kind[keep]


def _holding(kind: npt.NDArray[np.uint8], value: int, start: npt.NDArray[np.int64]) -> Mask:
    """Which runs of spaces hold this kind of space."""
    found = np.zeros(start.size, dtype=np.bool_)
    found[np.searchsorted(start, np.flatnonzero(kind == value), side="right") - 1] = True
    return found


def _lines(cps: CodePoints, kind: npt.NDArray[np.uint8]) -> CodePoints:
    """No empty line at the ends of a document, at most one in a row inside."""
    start, length = _runs(kind == LINE)
    if not start.size:
        return cps
    edge = (kind[start - 1] == MARK) | (kind[start + length] == MARK)
    stay = np.where(edge, 0, np.minimum(length, 2))
    return np.delete(cps, _spread(start + stay, length - stay))
