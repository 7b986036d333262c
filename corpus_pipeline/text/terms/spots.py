"""Every place of many terms in texts, in one walk over a de-obfuscated reading.

Enters: terms, and which of them may be torn apart by symbols; texts.
Leaves: a frame of spots, in characters of the reading; the reading of a text, with the place of
each of its characters in the text.

The reading has letters in lower case, full-width ones as ASCII, traditional Han as simplified, and
no invisible characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32, U64
from corpus_pipeline.text.terms import spots_kernel as kernel
from corpus_pipeline.text.terms import trie_kernel
from corpus_pipeline.text.terms.trie import inner_nodes, marks_of
from corpus_pipeline.text.terms.trie_kernel import PAIR_BITS, grow, mark_pairs
from corpus_pipeline.text.unicode.utf8 import buffers

#: Symbols put between the characters of a word to hide it; no punctuation of ordinary prose.
BETWEEN = " *._-·•~/|+=^#@&❤♥★☆●○◆◇■□▲△※→丨丶灬"
_INVISIBLE = (0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0xFE00, 0xFE10), 0xFEFF)
#: Letters, digits and Han in circles, in mathematical type, as radicals: read as what they show.
_LOOKALIKE = (
    (0x2460, 0x24FF),
    (0x2776, 0x2793),
    (0x2F00, 0x2FD5),
    (0x3280, 0x32B0),
    (0x1D400, 0x1D7FF),
)
_HIDDEN = re.compile(f"[{''.join(map(chr, _INVISIBLE))}]")
#: Columns of the spots, as the kernel writes them.
SPOTS = ("row", "start", "end", "term", "gaps")


def images(simplified: U32) -> U32:
    """The image of each character; `simplified` gives that of a Han character, 0: it has none.

    >>> table = images(np.zeros(0x34000, dtype=np.uint32))
    >>> chr(table[ord("Ｖ")]), chr(table[ord("K")]), chr(table[ord("ⓥ")]), int(table[0x200B])
    ('v', 'k', 'v', 0)
    """
    table = np.arange(simplified.size, dtype=np.uint32)
    for first, last in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)):
        image = simplified[first : last + 1]
        han = (image >= 0x3400) & (image < simplified.size)
        table[first : last + 1] = np.where(han, image, table[first : last + 1])
    letters = [*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x370, 0x530), 0x212A, 0x1E9E]
    for code in letters:
        lower = chr(code).lower()
        # İ is the one letter whose lower case is two characters.
        table[code] = ord(lower[0])
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF0B):
        table[code] = ord(chr(code - 0xFEE0).lower())
    for first, last in _LOOKALIKE:
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code)).lower()
            if len(plain) == 1 and plain.isalnum() and ord(plain) < table.size:
                table[code] = ord(plain)
    table[list(_INVISIBLE)] = kernel.INVISIBLE
    return table


def reading(text: str, table: U32) -> tuple[str, list[int] | None]:
    """The reading of a text; where characters were left out, also the place of each that is left.

    >>> table = images(np.zeros(0x34000, dtype=np.uint32))
    >>> reading("ＢＥＴ３６５", table), reading("办\u200b证", table)
    (('bet365', None), ('办证', [0, 2]))
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    known = np.minimum(codes, table.size - 1)
    read = table[known]
    if codes.max(initial=0) >= table.size:
        read = np.where(codes < table.size, read, codes)
    if read.all() or not _HIDDEN.search(text):
        return read.tobytes().decode("utf-32-le", "surrogatepass"), None
    (places,) = np.nonzero(read)
    return read[places].tobytes().decode("utf-32-le", "surrogatepass"), places.tolist()


def aligned(text: str, table: U32) -> str:
    """The images of the characters, invisible ones as they are: as long as the text.

    >>> aligned("ＱＱ號Ａ", images(np.zeros(0x34000, dtype=np.uint32)))
    'qq號a'
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    image = table[np.minimum(codes, table.size - 1)]
    read = np.where((codes < table.size) & (image != kernel.INVISIBLE), image, codes)
    return read.tobytes().decode("utf-32-le", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Spotter:
    """Terms as a trie over images; `torn` says of which symbols may stand in between."""

    terms: tuple[str, ...]
    table: U32
    between: U8
    first: I64
    keys: U64
    targets: I64
    term: I64
    torn: U8
    inner: U8
    marks: U8
    pairs: U8


def spotter(terms: Mapping[str, bool], table: U32) -> Spotter:
    """Compile terms: term → whether symbols may stand between its characters."""
    torn: dict[str, bool] = {}
    for term, apart in terms.items():
        image = reading(term, table)[0]
        if image:
            torn[image] = torn.get(image, False) or apart
    order = tuple(sorted(torn))
    letters = np.array([ord(c) for term in order for c in term], dtype=np.int64)
    ends = np.cumsum([len(term) for term in order], dtype=np.int64)
    places = 1 << max(4 * letters.size, 2).bit_length()
    first = np.zeros(0x40000, dtype=np.int64)
    keys = np.full(places, np.iinfo(np.uint64).max, dtype=np.uint64)
    targets = np.zeros(places, dtype=np.int64)
    term_of = np.full(letters.size + 2, -1, dtype=np.int64)
    grow(letters, ends, first, keys, targets, term_of)
    between = np.zeros(0x10000, dtype=np.uint8)
    between[[ord(c) for c in BETWEEN]] = 1
    apart_of = np.array([torn[term] for term in order] or [False], dtype=np.uint8)
    pairs = np.zeros(1 << (PAIR_BITS - 3), dtype=np.uint8)
    mark_pairs(letters, ends, pairs)
    marks = marks_of(first, term_of)
    marks[: between.size] |= between * np.uint8(trie_kernel.BETWEEN)
    return Spotter(
        order, table, between, first, keys, targets, term_of, apart_of,
        inner_nodes(keys, term_of.size), marks, pairs,
    )  # fmt: skip


def spots(texts: pl.Series, terms: Spotter) -> pl.DataFrame:
    """All spots of the terms in the texts, by row and place: `SPOTS`; null is empty."""
    data, at = buffers(texts)
    longest = int(np.diff(at).max(initial=0)) + 1
    codes, places = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint32)
    # A spot for each twenty Chinese characters; where there are more, the walk is done again.
    found = np.empty((max(1024, data.size // 64), len(SPOTS)), dtype=np.int64)
    while True:
        count = kernel.spotted(
            data, at, terms.table, terms.between, terms.first, terms.keys, terms.targets,
            terms.term, terms.torn, terms.inner, terms.marks, terms.pairs, codes, places, found,
        )  # fmt: skip
        if count <= found.shape[0]:
            break
        found = np.empty((int(count), len(SPOTS)), dtype=np.int64)
    return pl.DataFrame(found[:count], schema=dict.fromkeys(SPOTS, pl.Int64), orient="row")
