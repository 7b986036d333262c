"""Find known items (exam questions) in texts by the n-grams they share.

Enters: the keys of the items once, then keys of documents.  Leaves: for each document and each
item that shares an n-gram with it, how many of the item's n-grams the document holds.  Refuses: to
judge.

An item shorter than n is one gram, itself, if it has at least `shortest` characters.  A gram that
more than `common` items have ("which of the following", 下列说法正确的是) is the benchmark's own
phrase and tells nothing: it counts for no item.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus_pipeline.text.dedup_key import Keys, KeyTable, fold
from corpus_pipeline.text.ngrams import BASE, Hashes, distinct, mixed, rolling, shingles

Numbers = npt.NDArray[np.int64]

#: Slots per known gram in the pre-test, at least: two look-ups let 1 % of strange grams through.
ROOM = 8


class _Sieve:
    """A Bloom filter with two halves of one byte a slot: says no quickly, and yes sometimes."""

    def __init__(self, hashes: Hashes) -> None:
        bits = max(12, (ROOM * len(hashes)).bit_length())
        self.high, self.low = np.uint64(64 - bits), np.uint64((1 << bits) - 1)
        self.first, self.second = (np.zeros(1 << bits, dtype=np.bool_) for _ in range(2))
        self.first[hashes >> self.high] = True
        self.second[hashes & self.low] = True

    def __call__(self, windows: Hashes) -> Numbers:
        """Positions whose hash may be a known one."""
        at = np.flatnonzero(self.first[(windows >> self.high).view(np.int64)])
        return at[self.second[(windows[at] & self.low).view(np.int64)]]


class ItemIndex:
    """The items' grams, sorted, with the items each occurs in."""

    def __init__(
        self, items: Sequence[str], table: KeyTable, n: int, shortest: int, common: int
    ) -> None:
        """Hash all items."""
        self.n, self.shortest = n, shortest
        lengths, grams, owners = [_none(np.int64)], [_none(np.uint64)], [_none(np.int64)]
        short, prefixes = [_none(np.uint64)], [_none(np.uint64)]
        for keys in fold(items, table):
            sizes = np.diff(keys.offsets)
            lengths.append(sizes)
            found, starts = distinct(*shingles(keys.codes, keys.offsets, n))
            grams.append(found)
            owners.append(np.repeat(np.arange(len(keys)) + keys.first, np.diff(starts)))
            for i in np.flatnonzero((sizes >= shortest) & (sizes < n)).tolist():
                whole = keys.codes[keys.offsets[i] : keys.offsets[i + 1]]
                short.append(rolling(whole, len(whole)))
                prefixes.append(rolling(whole[:shortest], shortest))
                grams.append(short[-1])
                owners.append(np.array([i + keys.first]))
        #: Characters of each item's key.
        self.lengths = np.concatenate(lengths)
        self.prefixes = np.unique(np.concatenate(prefixes))
        every, owner = np.concatenate(grams), np.concatenate(owners)
        order = np.lexsort((owner, every))
        every, owner = every[order], owner[order]
        self.grams, counts = np.unique(every, return_counts=True)
        telling = np.repeat(counts <= common, counts)
        self.grams, self.owners = self.grams[counts <= common], owner[telling]
        self.starts = np.concatenate([[0], np.cumsum(counts[counts <= common])])
        #: Telling grams of each item; an item with none cannot be found.
        self.sizes = np.bincount(self.owners, minlength=len(self.lengths))
        self.sieve = _Sieve(self.grams)
        self.prefix_sieve = _Sieve(self.prefixes)

    def find(self, keys: Keys) -> tuple[Numbers, Numbers, Numbers]:
        """Documents (position in the batch), items, and how many of the item's grams are there."""
        at, gram = self._windows(keys)
        doc = np.searchsorted(keys.offsets, at, side="right") - 1
        inside = np.unique(doc * len(self.grams) + gram)
        doc, gram = np.divmod(inside, max(len(self.grams), 1))
        counts = self.starts[gram + 1] - self.starts[gram]
        step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        item = self.owners[np.repeat(self.starts[gram], counts) + step]
        doc = np.repeat(doc, counts)
        pairs, shared = np.unique(doc * len(self.sizes) + item, return_counts=True)
        doc, item = np.divmod(pairs, max(len(self.sizes), 1))
        return doc + keys.first, item, shared

    def _windows(self, keys: Keys) -> tuple[Numbers, Numbers]:
        """Where in the batch's characters a known gram begins, and which gram."""
        places, grams = [_none(np.int64)], [_none(np.int64)]
        for probable, hashes, length in self._candidates(keys):
            known, gram = _known(self.grams, hashes)
            at = probable[known]
            inside = at + length <= keys.offsets[np.searchsorted(keys.offsets, at, side="right")]
            places.append(at[inside])
            grams.append(gram[inside])
        return np.concatenate(places), np.concatenate(grams)

    def _candidates(self, keys: Keys) -> list[tuple[Numbers, Hashes, int]]:
        windows = rolling(keys.codes, self.n)
        at = self.sieve(windows)
        found = [(at, windows[at], self.n)]
        if len(self.prefixes):
            windows = rolling(keys.codes, self.shortest)
            at = self.prefix_sieve(windows)
            at = at[_known(self.prefixes, windows[at])[0]]
            for length in range(self.shortest, self.n):
                at = at[at + length <= len(keys.codes)]
                found.append((at, _hashed(keys.codes, at, length), length))
        return found


def _none(dtype: Any) -> npt.NDArray[Any]:
    return np.empty(0, dtype=dtype)


def _known(known: Hashes, hashes: Hashes) -> tuple[Numbers, Numbers]:
    """Which of the hashes are known, and where each of those stands."""
    if not len(known):
        return _none(np.int64), _none(np.int64)
    # Sorted, a million searches walk the long array once and not at random.
    order = np.argsort(hashes)
    at = np.searchsorted(known, hashes[order])
    hit = np.flatnonzero(known.take(at, mode="clip") == hashes[order])
    return order[hit], at[hit]


def _hashed(codes: npt.NDArray[np.uint32], at: Numbers, length: int) -> Hashes:
    """The n-gram hashes (`ngrams`) of the windows that begin there."""
    values = np.zeros(len(at), dtype=np.uint64)
    for i in range(length):
        values *= np.uint64(BASE)
        values += codes[at + i]
    return mixed(values)
