"""Terms of several kinds in texts, found in one walk along a trie.

Enters: terms with a weight for one kind or several (`vocabulary`); texts.
Leaves: for each text and kind the sum of the weights found, and the hits in a short text.

Read are the characters in lower case, full-width letters as ASCII, traditional Han as simplified;
up to two symbols or invisible characters may stand between those of a term (办*证).  The nth
occurrence of a term counts 1/n of its weight; a hit within a longer one of its kind counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32, U64
from corpus_pipeline.text.terms import trie_kernel as kernel
from corpus_pipeline.text.unicode.utf8 import buffers

#: Weights are counted in this fraction of one, which 1 to 6 divide.
UNIT = 60
_BETWEEN = "*._-·•~|+=^#@&❤♥★☆●○◆◇■□▲△※丨丶灬\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\ufeff"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms as a trie; `slots_of` a term are its kinds with their weights."""

    kinds: tuple[str, ...]
    terms: tuple[str, ...]
    fold: U32
    first: I64
    keys: U64
    targets: I64
    term: I64
    slots_of: I64
    slot_kinds: I64
    slot_weights: I64
    inner: U8  # 1 for a node that has others below it
    marks: U8  # what each image is to the terms, in bits of `trie_kernel`
    pairs: U8  # a filter of the first two images of terms

    def room(self, at: I64) -> tuple[U32, U32]:
        """Memory for the images of the longest text and for the places where terms may begin."""
        longest = int(np.diff(at).max(initial=0)) + 1
        return np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint32)


def vocabulary(weights: Mapping[str, Mapping[str, float]], fold: U32) -> Vocabulary:
    """Compile kind → term → weight.  `fold`: see `folding`."""
    kinds = tuple(weights)
    slots: dict[str, list[tuple[int, int]]] = {}
    for number, kind in enumerate(kinds):
        for term, weight in weights[kind].items():
            image = "".join(chr(fold[ord(c)]) for c in term if fold[ord(c)] != kernel.SKIPPED)
            if image:
                slots.setdefault(image, []).append((number, round(weight * UNIT)))
    terms = tuple(sorted(slots))
    letters = np.array([ord(c) for term in terms for c in term], dtype=np.int64)
    ends = np.cumsum([len(term) for term in terms], dtype=np.int64)
    places = 1 << max(4 * letters.size, 2).bit_length()
    first = np.zeros(0x10000, dtype=np.int64)
    keys = np.full(places, np.iinfo(np.uint64).max, dtype=np.uint64)
    targets = np.zeros(places, dtype=np.int64)
    term_of = np.full(letters.size + 2, -1, dtype=np.int64)
    kernel.grow(letters, ends, first, keys, targets, term_of)
    pairs = np.zeros(1 << (kernel.PAIR_BITS - 3), dtype=np.uint8)
    kernel.mark_pairs(letters, ends, pairs)
    marks = marks_of(first, term_of)
    marks[kernel.SKIPPED] |= kernel.BETWEEN
    flat = [slot for one in terms for slot in slots[one]]
    return Vocabulary(
        kinds, terms, fold, first, keys, targets, term_of,
        np.cumsum([0, *(len(slots[one]) for one in terms)], dtype=np.int64),
        np.array([kind for kind, _ in flat], dtype=np.int64),
        np.array([weight for _, weight in flat], dtype=np.int64),
        inner_nodes(keys, term_of.size), marks, pairs,
    )  # fmt: skip


def marks_of(first: I64, term: I64) -> U8:
    """Which images begin terms or are one, in bits of `trie_kernel`; the last stands for others."""
    alone = term[first] >= 0
    bits = np.where(alone, kernel.BEGINS | kernel.ALONE, kernel.BEGINS)
    return np.append(np.where(first > 0, bits, 0), 0).astype(np.uint8)


def inner_nodes(keys: U64, nodes: int) -> U8:
    """1 for each node of a trie that has others below it."""
    inner = np.zeros(nodes, dtype=np.uint8)
    inner[(keys[keys != np.iinfo(np.uint64).max] >> np.uint64(kernel.CHARACTER_BITS))] = 1
    return inner


def folding(simplified: U32) -> U32:
    """The table of images: `simplified` gives that of a Han character, 0 where it has none.

    >>> table = folding(np.zeros(0x34000, dtype=np.uint32))
    >>> chr(table[ord("Ｖ")]), chr(table[ord("信")]), int(table[ord("❤")])
    ('v', '信', 0)
    """
    fold = np.arange(simplified.size, dtype=np.uint32)
    for first, last in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)):
        image = simplified[first : last + 1]
        han = (image >= 0x3400) & (image < simplified.size)
        fold[first : last + 1] = np.where(han, image, fold[first : last + 1])
    fold[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    for code in (*range(0x41, 0x5B), *range(0xFF21, 0xFF3B)):
        fold[code] = ord(chr(int(fold[code])).lower())
    fold[[ord(c) for c in _BETWEEN]] = kernel.SKIPPED
    return fold


def sums(texts: pl.Series, words: Vocabulary) -> dict[str, I64]:
    """Kind → the sum of its weights in each text, in `UNIT`s; null is empty."""
    data, at = buffers(texts)
    found = np.zeros((len(texts), len(words.kinds)), dtype=np.int64)
    kernel.summed(
        data, at, words.fold, words.first, words.keys, words.targets, words.term, words.inner,
        words.slots_of, words.slot_kinds, words.slot_weights, words.marks, words.pairs,
        *words.room(at), np.zeros((4, len(words.kinds) + 1), dtype=np.int64),
        np.zeros((2, words.slot_weights.size), dtype=np.int64), found,
    )  # fmt: skip
    return {kind: found[:, number] for number, kind in enumerate(words.kinds)}


def hits(text: str, words: Vocabulary, kind: str) -> list[tuple[int, int, float]]:
    """The hits of one kind in a short text: start, end (code points), weight.

    The loop of the kernel again, in Python, for the few texts of which hits are shown.
    """
    number = words.kinds.index(kind)
    codes = [int(words.fold[ord(c)]) if ord(c) < words.fold.size else ord(c) for c in text]
    found: list[tuple[int, int, float]] = []
    reached = 0
    for start, code in enumerate(codes):
        if code >= words.first.size or not words.first[code]:
            continue
        stop, weight = _longest(codes, start, words, number)
        if stop > reached:
            found.append((start, stop, weight / UNIT))
            reached = stop
    return found


def _longest(codes: Sequence[int], start: int, words: Vocabulary, kind: int) -> tuple[int, int]:
    """Where the longest term of a kind that begins at `start` ends (0: none), and its weight."""
    node = int(words.first[codes[start]])
    stop = weight = skipped = 0
    at = start + 1
    while node:
        term = int(words.term[node])
        if term >= 0:
            for slot in range(words.slots_of[term], words.slots_of[term + 1]):
                if words.slot_kinds[slot] == kind:
                    stop, weight = at, int(words.slot_weights[slot])
        while at < len(codes) and codes[at] == kernel.SKIPPED and skipped <= kernel.GAP:
            at, skipped = at + 1, skipped + 1
        if at >= len(codes) or skipped > kernel.GAP:
            break
        skipped = 0
        key = node << kernel.CHARACTER_BITS | codes[at]
        place = kernel.place_of(words.keys, key)
        node = int(words.targets[place]) if words.keys[place] == np.uint64(key) else 0
        at += 1
    return stop, weight
