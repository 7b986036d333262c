"""Find known items (exam questions) in texts: where they may stand, and how much of them.

Enters: the items once, taken apart (`exam`), then keys of documents.  Leaves: for each document and
item with enough grams in one place, which share of its stem, of its asking words and of its
choices stands there.  Refuses: to judge.

Two steps.  *Seeds*, grams of 6 Han or 18 letters that few items share, are looked up for every
character of a document; where one item has as many as an edited copy would keep, within the length
of the item, that span is read again.  *Cover*: the characters of the item that lie in any shorter
gram of the span count as there, in whatever order, so that an edited character costs itself and a
shuffled choice, a filled blank or a line number nothing.

What tells: a character outside the set phrases that ask, and outside every gram that more than
`common` items have.  A question of nothing else (下列说法正确的是) is no evidence by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus_pipeline.text.dedup_key import Keys, KeyTable, fold
from corpus_pipeline.text.exam import ACROSS, BEHIND, END, PHRASE, STOCK, is_open
from corpus_pipeline.text.passages import (
    HAN,
    HEAD,
    Codes,
    Flags,
    Hashes,
    Numbers,
    cover,
    grams,
    places,
    powers,
    sieve_of,
)

_TELLS, _ASKS = 1, 2
#: Grams are counted in 2^22 buckets first.
_BUCKETS = 22
#: Characters beside a span that may belong to the copy: labels, filled blanks, line numbers.
_SLACK = 40
#: Candidates of one batch of characters; more are counted and asked for again.
_CANDIDATES = 1 << 14


@dataclass(frozen=True, slots=True)
class Taken:
    """An item taken apart: the stem in pieces with their kind (`exam`), and the choices."""

    stem: Sequence[tuple[str, int]]
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """Weights of the items (`passages`: a Han character 3, a letter 1), an entry each."""

    stem: Numbers
    telling: Numbers  # of the stem
    asking: Numbers
    choices: Numbers
    choices_telling: Numbers
    countable: Numbers  # choices long enough to be seen


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates: document (position in the batch), item, and the weights covered (`cover`)."""

    doc: Numbers
    item: Numbers
    covered: Numbers


class ItemIndex:
    """The items' characters, and the seeds that lead to them."""

    def __init__(
        self, items: Sequence[Taken], table: KeyTable, seed: int, gram: int, common: int, most: int
    ) -> None:
        """Fold the items and choose their seeds: Han characters of a seed and of a gram of cover;
        in how many items a seed may be; how many seeds an item may have.
        """
        self.gram, self.seed = HAN * gram, HAN * seed
        self.powers = powers(max(self.gram, self.seed))
        self._lay_out(items, table)
        self._choose_seeds(common, most)
        weights = np.where(self.codes >= 0x2E80, HAN, 1)
        stem = ~np.repeat(self.is_choice, np.diff(self.runs))
        owner = np.repeat(self.owner, np.diff(self.runs))
        telling, asking = self.flags & _TELLS > 0, self.flags & _ASKS > 0

        def total(where: npt.NDArray[np.bool_]) -> Numbers:
            found = np.bincount(owner[where], weights[where], minlength=len(items))
            return found.astype(np.int64)

        seen = self.is_choice & (
            np.add.reduceat(weights, self.runs[:-1]) >= self.gram // 2 if len(weights) else False
        )
        self.sizes = Sizes(
            total(stem), total(stem & telling), total(stem & asking), total(~stem),
            total(~stem & telling), np.bincount(self.owner[seen], minlength=len(items)),
        )  # fmt: skip

    def _lay_out(self, items: Sequence[Taken], table: KeyTable) -> None:
        """All characters: a run is a stem or a choice, no gram crosses from one to the next."""
        texts, kinds, run_of, owner, is_choice = [], [], [], [], []
        for number, item in enumerate(items):
            for text, kind in item.stem:
                texts.append(text)
                kinds.append(kind)
                run_of.append(len(owner))
            owner.append(number)
            is_choice.append(False)
            for choice in item.choices:
                texts.append(choice)
                kinds.append(0)
                run_of.append(len(owner))
                owner.append(number)
                is_choice.append(True)
        parts = list(fold(texts, table)) if texts else []
        self.codes: Codes = np.concatenate([k.codes for k in parts] or [np.empty(0, np.uint32)])
        sizes = np.concatenate([np.diff(k.offsets) for k in parts] or [np.empty(0, np.int64)])
        kind = np.repeat(np.array(kinds, dtype=np.uint8), sizes)
        self.flags: Flags = np.where((kind == PHRASE) | (kind == STOCK), 0, _TELLS).astype(np.uint8)
        ends_stem = (kind == END) | (kind == ACROSS)
        self.flags[(kind == PHRASE) | ends_stem] |= _ASKS
        lengths = np.bincount(np.array(run_of, dtype=np.int64), sizes, minlength=len(owner))
        kept = lengths > 0
        self.runs = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
        self.owner = np.array(owner, dtype=np.int64)[kept]
        self.is_choice = np.array(is_choice, dtype=np.bool_)[kept]
        self.firsts = np.searchsorted(self.owner, np.arange(len(items) + 1)).astype(np.int64)
        self.lengths = np.diff(self.runs[self.firsts])
        #: Where the end of a stem that asks by breaking off lies; -1: it asks in words, or not.
        self.marks = np.full(len(items), -1, dtype=np.int64)
        ends = np.flatnonzero(ends_stem & ~np.append(ends_stem[1:], False))
        owner_of_end = self.owner[np.searchsorted(self.runs, ends, side="right") - 1]
        self.marks[owner_of_end] = ends + 1
        #: Whether it lies behind a blank, which a copy has only without an answer in it.
        self.across = np.zeros(len(items), dtype=np.bool_)
        self.across[owner_of_end] = kind[ends] == ACROSS
        self.marks[self.across] -= BEHIND

    def _choose_seeds(self, common: int, most: int) -> None:
        """Find the phrases that many items share, then choose among the other grams."""
        hashes = np.zeros(len(self.codes), dtype=np.uint64)
        sizes = np.zeros(len(self.codes), dtype=np.uint8)
        grams(self.codes, self.runs, self.seed, self.powers, hashes, sizes)
        run = np.repeat(np.arange(len(self.owner)), np.diff(self.runs))
        at = np.flatnonzero(sizes)
        gram, item = hashes[at], self.owner[run[at]]
        shared = _in_many(gram, item, common)
        self._untell(at[shared], sizes)
        # A seed of set phrases tells nothing, shared or not.
        told = np.concatenate([[0], np.cumsum(self.flags & _TELLS, dtype=np.int64)])
        kept = ~shared & (2 * (told[at + sizes[at]] - told[at]) >= sizes[at])
        self._keep(gram[kept], item[kept], self.is_choice[run[at[kept]]], most)

    def _untell(self, at: Numbers, sizes: Flags) -> None:
        """Mark the characters of the benchmark's own phrases."""
        size = len(self.codes) + 1
        change = np.bincount(at, minlength=size) - np.bincount(at + sizes[at], minlength=size)
        self.flags[np.cumsum(change)[:-1] > 0] &= ~np.uint8(_TELLS)

    def _keep(
        self, gram: Hashes, item: Numbers, of_choice: npt.NDArray[np.bool_], most: int
    ) -> None:
        """At most so many seeds of each stem and of each item's choices, the smallest by hash."""
        group = 2 * item + of_choice
        counts = np.bincount(group, minlength=2 * len(self.lengths))
        # Hashes are as good as drawn by lot: under this bound lie about `most` of them.
        bound = np.minimum(most / np.maximum(counts, 1), 1.0) * 2.0**64
        kept = np.flatnonzero(gram.astype(np.float64) <= bound[group])
        kept = kept[np.argsort(gram[kept], kind="stable")]
        gram, item, group = gram[kept], item[kept], group[kept]
        new = np.ones(len(gram), dtype=np.bool_)
        new[1:] = (gram[1:] != gram[:-1]) | (item[1:] != item[:-1])
        gram, item, group = gram[new], item[new], group[new]
        counts = np.bincount(group, minlength=2 * len(self.lengths)).reshape(-1, 2)
        self.seed_counts = np.where(counts[:, 0] > 0, counts[:, 0], counts[:, 1])
        self.seeds, starts = np.unique(gram, return_index=True)
        self.starts = np.append(starts, len(gram)).astype(np.int64)
        self.owners = item.astype(np.int32)
        tops = np.bincount((self.seeds >> np.uint64(64 - HEAD)).astype(np.int64))
        self.heads = np.zeros((1 << HEAD) + 1, dtype=np.int32)
        np.cumsum(tops, out=self.heads[1 : len(tops) + 1])
        self.heads[len(tops) + 1 :] = len(self.seeds)
        self.sieve = sieve_of(self.seeds)

    def search(self, share: float) -> Search:
        """A search for items of which that share of the seeds stands in one place."""
        return Search(self, share)


class Search:
    """The memory of one pass over documents."""

    def __init__(self, index: ItemIndex, share: float) -> None:
        """Room for each item's last place."""
        self.index = index
        self.needs = np.maximum(np.ceil(share * index.seed_counts), 1).astype(np.int64)
        self.reaches = index.lengths // 2 + _SLACK
        self.state = np.full((len(index.lengths), 5), -1, dtype=np.int64)
        self.epoch = 0

    def find(self, keys: Keys) -> Found:
        """The candidates in these documents."""
        index, room = self.index, _CANDIDATES
        while True:
            spans = np.zeros((room, 4), dtype=np.int64)
            found = places(
                keys.codes, keys.offsets, index.seed, index.powers, index.sieve, index.seeds,
                index.heads, index.starts, index.owners, self.needs, self.reaches, self.state,
                self.epoch, spans,
            )  # fmt: skip
            self.epoch += len(keys)
            if found <= room:
                break
            room = found
        spans = spans[:found]
        doc, item = spans[:, 0].copy(), spans[:, 1].copy()
        beside = index.lengths[item] + _SLACK
        spans[:, 1] = item
        spans[:, 2] = np.maximum(spans[:, 2] - beside, keys.offsets[doc])
        spans[:, 3] = np.minimum(spans[:, 3] + beside, keys.offsets[doc + 1])
        covered = np.zeros((found, 9), dtype=np.int64)
        cover(
            keys.codes, spans[:, 1:], index.codes, index.flags, index.runs, index.firsts,
            index.is_choice, index.marks, index.across, index.gram, index.powers, covered,
        )  # fmt: skip
        ended = covered[:, 7] >= 0
        covered[ended, 7] -= keys.offsets[doc[ended]]
        return Found(doc + keys.first, item, covered)


def _in_many(gram: Hashes, item: Numbers, common: int) -> npt.NDArray[np.bool_]:
    """Which grams more than `common` items have."""
    bucket = (gram & np.uint64((1 << _BUCKETS) - 1)).astype(np.int64)
    crowded = np.flatnonzero(np.bincount(bucket, minlength=1)[bucket] > common)
    # Only those need to be sorted; the grams of an item come one after another.
    order = crowded[np.argsort(gram[crowded], kind="stable")]
    sorted_gram, sorted_item = gram[order], item[order]
    first, new = (np.ones(len(order), dtype=np.bool_) for _ in range(2))
    first[1:] = sorted_gram[1:] != sorted_gram[:-1]
    new[1:] = first[1:] | (sorted_item[1:] != sorted_item[:-1])
    group = np.cumsum(first) - 1
    out = np.zeros(len(gram), dtype=np.bool_)
    out[order] = np.bincount(group[new], minlength=1)[group] > common if len(order) else False
    return out


def around(text: str, position: int, table: KeyTable, most: int = 40) -> tuple[str, str]:
    r"""The character of a text at which its key has so many characters, and what follows it.

    >>> from corpus_pipeline.text.dedup_key import parse_key_table
    >>> around("首都，是（ ）。", 3, parse_key_table("keep\t4e00\t9fff"))
    ('是', '（ ）。')
    """
    start, pieces_ = 0, text.splitlines(keepends=True)
    for _ in range(2):  # first the line, then the character in it
        sizes = np.concatenate([np.diff(keys.offsets) for keys in fold(pieces_, table)])
        ends = np.cumsum(sizes)
        place = min(int(np.searchsorted(ends, position)), len(pieces_) - 1)
        position -= int(ends[place] - sizes[place])
        start += sum(map(len, pieces_[:place]))
        pieces_ = list(pieces_[place])
    return text[start : start + 1], text[start + 1 : start + 1 + most]


def left_open(text: str, position: int, left: Codes, table: KeyTable) -> bool:
    r"""Whether a stem is left open in a text.  At `position` of the text's key ends what is sure of
    it; `left` should follow, its first character edited or deleted.

    >>> from corpus_pipeline.text.dedup_key import parse_key_table
    >>> table, left = parse_key_table("keep\t4e00\t9fff"), np.array([ord(c) for c in "的是"])
    >>> [left_open(text, 2, left, table) for text in ("首都得是（ ）", "首都是（ ）", "首都是北京")]
    [True, True, False]
    """
    before, rest = around(text, position, table)
    if not len(left):
        return is_open(before, rest)
    follows = np.concatenate([keys.codes for keys in fold([rest], table)])
    for missing in (0, 1):
        start, end = 1 - missing, len(left) - missing
        same = np.array_equal(follows[start:end], left[1:])
        if same and is_open(*around(text, position + end, table)):
            return True
    return False
