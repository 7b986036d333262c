"""How often words that tell a kind of text occur in it: datelines, particles, units, amounts.

Enters: a Polars series of texts (null counts as empty), and a `CueBook`: groups of words.  Leaves:
an array of shares, one row per text, one column per group.

Read are characters in lower case, full-width letters as ASCII, traditional Han as simplified;
blanks count nowhere.  A long text is read in stretches that are spread over all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F64, I64, U32, U64
from corpus_pipeline.text.measures import cues_kernel as kernel
from corpus_pipeline.text.terms.trie_kernel import grow
from corpus_pipeline.text.unicode.utf8 import buffers

#: Added to the characters of a text: one word in ten characters says less than fifty in 500.
SMOOTH = 40
#: Words of this group are read over, so that no shorter one is found in them (我国 holds no 我).
PASSED = "passed"


@dataclass(frozen=True, slots=True)
class CueBook:
    """Words as a trie; `group` of a node is the column of its word, -1 where none ends."""

    names: tuple[str, ...]
    fold: U32
    first: I64
    keys: U64
    targets: I64
    group: I64


def cue_book(groups: Mapping[str, Sequence[str]], fold: U32) -> CueBook:
    """Compile group → words; `fold` is the table of `text.terms.trie.folding`.

    `ValueError` for a word that stands twice.
    """
    names = (*(name for name in groups if name != PASSED), PASSED)
    of: dict[str, int] = {}
    for number, name in enumerate(names):
        for word in groups.get(name, ()):
            image = "".join(chr(int(fold[ord(c)])) for c in word)
            if of.setdefault(image, number) != number:
                raise ValueError(f"the word {word!r} stands in {names[of[image]]} and in {name}")
    words = sorted(of)
    letters = np.array([ord(c) for word in words for c in word], dtype=np.int64)
    ends = np.cumsum([len(word) for word in words], dtype=np.int64)
    places = 1 << max(4 * letters.size, 2).bit_length()
    first = np.zeros(0x10000, dtype=np.int64)
    keys = np.full(places, np.iinfo(np.uint64).max, dtype=np.uint64)
    targets = np.zeros(places, dtype=np.int64)
    word_of = np.full(letters.size + 2, -1, dtype=np.int64)
    grow(letters, ends, first, keys, targets, word_of)
    columns = np.array([of[word] for word in words], dtype=np.int64)
    group = np.where(word_of >= 0, columns[word_of], -1)
    return CueBook(names[:-1], fold, first, keys, targets, group)


def cue_shares(texts: pl.Series, book: CueBook) -> F64:
    """Words of each group per 1,000 characters; rows × groups."""
    data, at = buffers(texts)
    counts = np.zeros((len(texts), len(book.names) + 2), dtype=np.int64)
    kernel.count(
        data, at, book.fold, book.first, book.keys, book.targets, book.group, counts
    )  # fmt: skip
    shares: F64 = counts[:, :-2] * 1000.0 / (counts[:, -1:] + SMOOTH)
    return shares
