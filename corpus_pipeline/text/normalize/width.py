"""Widths, spaces, line ends and invisible characters of Chinese text in their one form.

Enters: strings.  Leaves: the same strings with half-width letters and digits, full-width
punctuation between Han characters, one kind of line end, and no invisible characters.
Refuses: NFKC (it turns ，！（） into ASCII, ① into 1, ㎡ into m2, … into ...), and to reword.

The rules are a loop over the code points of each document (`width_kernel`): neighbours are exact,
which a regex without look-around is not, and no document becomes a Python string on the way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32, Bool
from corpus_pipeline.text.normalize.width_kernel import (
    ASCII,
    CLOSE,
    FULL,
    FULL_PARENTHESIS,
    HALF,
    IDEOGRAPH,
    JOINER,
    LINE,
    LOST,
    MARK,
    MOVES,
    OPEN,
    OTHER,
    PICTURE,
    SELECTOR,
    SPACE,
    TAB,
    UNSAFE,
    WIDE,
    WIDE_SPACE,
    rewrite,
)
from corpus_pipeline.text.unicode.classes import HAN, LATIN, Range, mask, points
from corpus_pipeline.text.unicode.utf8 import buffers, column, replaced, runs
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END

#: The entry of the table for a character that is removed.
GONE = UNICODE_END + 1
#: Bytes at once: what bounds the memory of a pass.
_BLOCK = 1 << 22

_NBSP_LIKE: tuple[Range, ...] = (
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
)
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


#: Code points that canonical composition leaves alone wherever they stand: no mark, no second half
#: of a pair, nothing that decomposes.  A test holds them against `unicodedata`.
COMPOSED: tuple[Range, ...] = (
    (0x0000, 0x02FF),
    (0x0391, 0x0482),
    (0x048A, 0x0590),
    (0x1E00, 0x1EFF),
    (0x2002, 0x20CF),
    (0x2100, 0x2125),
    (0x212C, 0x2328),
    (0x232B, 0x2ADB),
    (0x2E80, 0x3029),
    (0x3030, 0x3098),
    (0x309B, 0xA66E),
    (0xAC00, 0xF8FF),
    (0xFE00, 0xFE1F),
    (0xFE30, 0xFFFF),
    (0x1F000, 0x1FAFF),
    (0x20000, 0x2F7FF),
    (0x30000, 0x3FFFF),
    (0xE0000, UNICODE_END - 1),
)


#: What a terminal obeys, whole: CSI (colours, also as one C1 control), OSC and other strings with
#: their ends, charset shifts and PTT's ESC *, and those of two characters that no word begins with.
_TERMINAL = re.compile(
    r"(?<!\x1b)\x1b+\[[0-?]*[ -/]*[@-~]?|\x9b[0-9;]*m"
    r"|(?<!\x1b)\x1b+[\]PX^_][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)"
    r"|(?<!\x1b)\x1b+[#%()*+./-][0-~]"
    r"|(?<!\x1b)\x1b+(?:[78](?![0-9])|[=>\\]|[cDEHMZ](?![A-Za-z]))"
)
_ESCAPES = ("\x1b", "\x9b")


class Tables(NamedTuple):
    """What the rules know of each code point; each table has 0x110001 entries."""

    traits: U8  # kind, `MOVES`, `UNSAFE`: most characters need no other table
    becomes: U32  # the code point that it becomes anywhere, or `GONE`
    picture: Bool  # may be part of an emoji sequence
    full: U32  # its full-width form
    narrow: U32  # its ASCII form


def rewritten(data: U8, offsets: I64, tables: Tables) -> tuple[U8, I64, I64]:
    """The documents after all rules, their offsets, and the numbers of those skipped for NFC."""
    longest = int(np.diff(offsets).max(initial=0))
    # A mark of one byte may become a full-width one of three; untouched pages cost nothing.
    out = np.empty(3 * int(offsets[-1] - offsets[0]), dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    skipped = np.zeros(len(offsets) - 1, dtype=np.bool_)
    cps, kind = np.empty(longest + 2, dtype=np.uint32), np.empty(longest + 2, dtype=np.uint8)
    marks = np.empty(longest + 2, dtype=np.uint32)
    rewrite(data, offsets, *tables, cps, kind, marks, out, ends, skipped)
    return out[: ends[-1]], ends, np.flatnonzero(skipped)


class Width:
    """The rules with their tables, for strings and columns.

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
        """Build the tables.

        `fold` names full-width ASCII that becomes half-width besides letters and digits,
        `radicals` maps characters to the ones they become.  Private-use characters and U+FFFD are
        removed unless `private` and `replacement` keep them.
        """
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
        # The kind is that of what a character becomes, so that one index serves both tables.
        kinds = np.append(_kinds(), np.uint8(LOST))
        moves = table != np.arange(UNICODE_END + 1)
        unsafe = np.append(np.where(mask(COMPOSED), 0, UNSAFE), 0).astype(np.uint8)
        self._tables = Tables(
            traits=kinds[table] | np.where(moves, MOVES, 0).astype(np.uint8) | unsafe,
            becomes=table,
            picture=np.append(mask(_EMOJI, "#*0123456789"), np.False_),
            full=_moved(_FULL_OF),
            narrow=_moved(_BETWEEN_ASCII),
        )

    def text(self, text: str) -> str:
        """One string, normalised."""
        return self.texts([text])[0]

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Many strings at once; each comes out as it would alone."""
        return self.column(pl.Series(texts, dtype=pl.String)).to_list()

    def column(self, texts: pl.Series) -> pl.Series:
        """A column of strings (no nulls); only what may need NFC becomes Python strings."""
        texts = _silenced(texts)
        data, offsets = buffers(texts)
        parts = [pl.Series(dtype=pl.String)]
        for first, end in runs(offsets, _BLOCK):
            part, skipped = self._pass(data, offsets[first : end + 1])
            if skipped:
                originals = texts.slice(first, end - first).gather(skipped).fill_null("").to_list()
                part = replaced(part, skipped, self._composed(originals))
            parts.append(part)
        return pl.concat(parts, rechunk=True).alias(texts.name)

    def _pass(
        self, data: U8, offsets: I64, *, any_text: bool = False
    ) -> tuple[pl.Series, list[int]]:
        tables = self._tables
        if any_text:
            tables = tables._replace(traits=tables.traits & np.uint8(UNSAFE - 1))
        out, ends, skipped = rewritten(data, offsets, tables)
        return column(out, ends), skipped.tolist()

    def _composed(self, texts: list[str]) -> list[str]:
        """Texts that NFC may change: NFC, then the rules, and both again where they undid NFC."""
        texts = [unicodedata.normalize("NFC", text) for text in texts]
        results = self._rewritten(texts)
        not_nfc = [
            i for i, text in enumerate(results) if not unicodedata.is_normalized("NFC", text)
        ]
        # A removed character can bring a letter and its accent together: compose and rewrite again.
        reworked = self._rewritten([unicodedata.normalize("NFC", results[i]) for i in not_nfc])
        for i, text in zip(not_nfc, reworked, strict=True):
            results[i] = unicodedata.normalize("NFC", text)
        return results

    def _rewritten(self, texts: list[str]) -> list[str]:
        data, offsets = buffers(pl.Series(texts, dtype=pl.String))
        return self._pass(data, offsets, any_text=True)[0].to_list()


def _silenced(texts: pl.Series) -> pl.Series:
    """The column without what a terminal obeys."""
    first, second = (texts.str.contains(control, literal=True) for control in _ESCAPES)
    rows = (first | second).arg_true().to_list()
    return replaced(texts, rows, [_TERMINAL.sub("", text) for text in texts.gather(rows)])


def _moved(pairs: Mapping[str, str]) -> U32:
    table = np.arange(UNICODE_END + 1, dtype=np.uint32)
    for old, new in pairs.items():
        table[ord(old)] = ord(new)
    return table


def _kinds() -> U8:
    kind = np.full(UNICODE_END + 1, OTHER, dtype=np.uint8)
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
    kind[UNICODE_END] = MARK
    return kind
