"""Which of many texts have much in common with one of a few: candidates for a comparison.

Enters: a few texts, then many, in batches.  Leaves: pairs that share half of the n-grams of the
few's text, or of which the other lies nearly whole in the few.  No pair that `near_dedup` would
call alike is missing: a Jaccard similarity of .55 needs .55 of the larger set, a containment of .9
needs .9 of the smaller one.

All n-grams are looked up, none is estimated; that costs less than a MinHash of 96 permutations.
Only of more than `MOST` n-grams a sample is taken, by the last bits of the hash, on both sides
alike.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U64
from corpus_pipeline.text.dedup.held_kernel import filled, pairs
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.ngrams import distinct, shingles

#: Of the few text's n-grams, and of the other's where it lies within the few.
SHARE: Final = 0.5
#: Of the few text's where both sides are a sample, which may have less in common than the whole.
SAMPLED: Final = 0.4
WITHIN: Final = 0.85
#: n-grams that the other has to have in common there: `near_dedup` drops nothing shorter than 16
#: for being held.
LEAST: Final = 12
#: n-grams of the few in memory (some 40 bytes each), and texts that may share one before it says
#: nothing of any of them: a template's, of which the texts have others.
MOST: Final = 30_000_000
SHARED: Final = 1000


class Held:
    """The n-grams of a few texts, to look for in many."""

    def __init__(self, texts: pl.Series, table: KeyTable, ngram: int) -> None:
        """Make the table of the few."""
        self._table, self._ngram = table, ngram
        sizes = int(texts.str.len_chars().fill_null(0).sum() or 0)
        self._sampled = np.uint64((1 << max(sizes // MOST, 0).bit_length()) - 1)
        grams, docs = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for keys in fold(texts, table):
            hashes, starts = distinct(*shingles(keys.codes, keys.offsets, ngram))
            of = np.repeat(np.arange(len(keys)) + keys.first, np.diff(starts))
            kept = (hashes & self._sampled == 0) & (hashes != 0)
            grams.append(hashes[kept])
            docs.append(of[kept])
        every, owners = np.concatenate(grams), np.concatenate(docs)
        order = np.argsort(every, kind="stable")
        every, owners = every[order], owners[order]
        unique, first, times = np.unique(every, return_index=True, return_counts=True)
        rare = times <= SHARED
        self._begins = np.append(first, len(every)).astype(np.int64)
        self._owners = owners
        if not rare.all():
            kept = np.repeat(rare, times)
            self._owners = owners[kept]
            unique, times = unique[rare], times[rare]
            self._begins = np.append(0, np.cumsum(times)).astype(np.int64)
        counts = np.bincount(self._owners, minlength=len(texts))
        share = SAMPLED if self._sampled else SHARE
        self._least = np.maximum(np.ceil(share * counts).astype(np.int64), 1)
        self._within = max(LEAST // (int(self._sampled) + 1), 1)
        bits = max(int(2 * len(unique)).bit_length(), 4)
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(1 << bits, np.uint64)
        self._places = np.zeros(1 << bits, np.int64)
        self._marks = np.zeros(1 << (bits + 1), np.uint8)
        filled(unique, self._shift, self._slots, self._places, self._marks)
        self._seen, self._stamp = np.full(len(unique), -1, np.int64), 0
        self._counts, self._touched = np.zeros((2, len(texts)), np.int64)

    def pairs(self, texts: pl.Series) -> tuple[I64, I64]:
        r"""Rows of `texts`, and of the few, that are worth a comparison; sorted by the former.

        >>> from corpus_pipeline.text.dedup.key import parse_key_table
        >>> few = pl.Series(["天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往"])
        >>> held = Held(few, parse_key_table("keep\t4e00\t9fff"), 2)
        >>> many = pl.Series(["海咸河淡鳞潜羽翔", "天地玄黄，宇宙洪荒，日月盈昃，辰宿列张"])
        >>> [side.tolist() for side in held.pairs(many)]
        [[1], [0]]
        """
        lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for keys in fold(texts, self._table):
            hashes, starts = shingles(keys.codes, keys.offsets, self._ngram)
            left, right = self._found(hashes, starts)
            lefts.append(left + keys.first)
            rights.append(right)
        return np.concatenate(lefts), np.concatenate(rights)

    def _found(self, hashes: U64, starts: I64) -> tuple[I64, I64]:
        room = 4 * len(starts) + 64
        while True:
            left, right = np.empty(room, np.int64), np.empty(room, np.int64)
            found = pairs(
                hashes, starts, self._sampled, self._shift, self._slots, self._places, self._marks,
                self._owners, self._begins, self._least, self._within, WITHIN, self._stamp,
                self._seen, self._counts, self._touched, left, right,
            )  # fmt: skip
            self._stamp += len(starts)
            if found <= room:
                return left[:found], right[:found]
            room = int(found)
