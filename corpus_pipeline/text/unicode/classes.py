"""Character classes of Chinese text, as code-point ranges and as tables that count in one pass.

Enters: strings.  Leaves: counts of character classes per document, tables of flags per code point.

Why tables and not regular expressions: where most characters match (Han in Chinese text), each
match costs a regex engine time; a table look-up counts all classes at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, Bool
from corpus_pipeline.text.unicode.classes_kernel import count
from corpus_pipeline.text.unicode.utf8 import buffers
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END

Range = tuple[int, int]

#: Unified ideographs with their extensions, compatibility ideographs, 々 〆 〇.
HAN: tuple[Range, ...] = (
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFD),
)
#: Hiragana and Katakana with their half-width forms; ー and ・ are left out, Chinese borrows them.
KANA: tuple[Range, ...] = (
    (0x3041, 0x3096),
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),
    (0x30FD, 0x30FF),
    (0x31F0, 0x31FF),
    (0xFF66, 0xFF6F),
    (0xFF71, 0xFF9D),
)
HANGUL: tuple[Range, ...] = (
    (0x1100, 0x11FF),
    (0x3131, 0x318E),
    (0xA960, 0xA97C),
    (0xAC00, 0xD7A3),
    (0xD7B0, 0xD7FB),
)
LATIN: tuple[Range, ...] = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x24F),
    (0x1E00, 0x1EFF),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
)
CYRILLIC: tuple[Range, ...] = ((0x400, 0x481), (0x48A, 0x52F))
ARABIC: tuple[Range, ...] = ((0x620, 0x64A), (0x66E, 0x6D3), (0x6FA, 0x6FF), (0xFB50, 0xFDCF))
#: Letters of the scripts that have one language here, and of all the others.
THAI: tuple[Range, ...] = ((0xE01, 0xE30),)
TIBETAN: tuple[Range, ...] = ((0xF00, 0xFBC),)
MONGOLIAN: tuple[Range, ...] = ((0x1820, 0x1878),)
DEVANAGARI: tuple[Range, ...] = ((0x904, 0x939), (0x958, 0x961))
YI: tuple[Range, ...] = ((0xA000, 0xA48C),)
GREEK: tuple[Range, ...] = ((0x370, 0x3FF), (0x1F00, 0x1FFF))
HEBREW: tuple[Range, ...] = ((0x5D0, 0x5EA),)
OTHER_LETTERS: tuple[Range, ...] = (
    (0x531, 0x587),
    (0x710, 0x7FF),
    (0x980, 0xDFF),
    (0xE80, 0xEDF),
    (0x1000, 0x10FF),
    (0x1200, 0x167F),
    (0x16A0, 0x17B3),
    (0xA490, 0xA95F),
    (0xAA00, 0xABFF),
)


def points(ranges: Iterable[Range]) -> I64:
    """All code points of some inclusive ranges, in their order.

    >>> points([(0x4E00, 0x4E02)]).tolist()
    [19968, 19969, 19970]
    """
    return np.concatenate([np.arange(first, last + 1) for first, last in ranges])


def mask(*members: str | Iterable[Range]) -> Bool:
    """A table of 0x110000 flags, true for these characters and ranges.

    >>> bool(mask("中文", HAN)[ord("中")])
    True
    """
    table = np.zeros(UNICODE_END, dtype=np.bool_)
    for member in members:
        if isinstance(member, str):
            table[[ord(character) for character in member]] = True
        else:
            table[points(member)] = True
    return table


def sample(text: str, places: int = 3, length: int = 100) -> str:
    """The whole of a short text; of a longer one `places` pieces of `length` characters.

    The pieces lie at equal distances from the begin to the end, and are joined by spaces.

    >>> sample("开头" + "中" * 500 + "结尾", places=3, length=2)
    '开头 中中 结尾'
    """
    if len(text) <= places * length:
        return text
    step = (len(text) - length) / (places - 1)
    starts = [round(i * step) for i in range(places)]
    return " ".join(text[start : start + length] for start in starts)


class CharTable:
    """Counts any number of overlapping character classes in one pass over the text.

    Characters that belong to the same classes share one atom, so that a document is one histogram
    of atoms, and the histogram times the membership matrix gives the counts.

    >>> table = CharTable({"han": mask(HAN), "simplified": mask("汉语"), "latin": mask(LATIN)})
    >>> table.count(["汉字 abc", ""]).rows()
    [(2, 1, 3), (0, 0, 0)]
    """

    def __init__(self, classes: Mapping[str, Bool]) -> None:
        """Group the code points into atoms; a class is a table of flags as `mask` makes it.

        At most 64 classes: the classes of a code point are bits of one number.
        """
        self.names = tuple(classes)
        bits = np.zeros(UNICODE_END, dtype=np.uint64)
        for number, table in enumerate(classes.values()):
            bits |= table.astype(np.uint64) << np.uint64(number)
        classified = np.flatnonzero(bits)
        kinds, inverse = np.unique(bits[classified], return_inverse=True)
        kinds = np.concatenate([np.zeros(1, dtype=np.uint64), kinds])
        self.atoms = np.zeros(UNICODE_END, dtype=np.uint16)
        self.atoms[classified] = inverse + 1
        shifts = np.arange(len(self.names), dtype=np.uint64)
        self.membership = ((kinds[:, None] >> shifts) & np.uint64(1)).astype(np.uint32)

    def count(self, texts: Sequence[str] | pl.Series) -> pl.DataFrame:
        """One row per document, one UInt32 column per class; null counts as empty."""
        column = texts if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)
        counts = np.zeros((len(self.names), len(column)), dtype=np.uint32)
        count(*buffers(column), self.atoms, self.membership, counts)
        return pl.DataFrame(dict(zip(self.names, counts, strict=True)))
