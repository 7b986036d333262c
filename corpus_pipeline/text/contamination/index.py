"""Find known items (exam questions) in texts: where they may be, and how much of them is there.

Enters: the items, taken apart (`question`), when the index is made; then keys of documents.
Leaves: for each document and item with enough grams in one place, which share of its stem, of its
asking words and of its choices is there.

Two steps.  *Seeds*, grams of 6 Han or 18 letters that few items share, are looked up for every
character of a document; where one item has as many as an edited copy would keep, within the length
of the item, that span is read again.  *Cover*: the characters of the item that lie in any shorter
gram of the span count as there, in whatever order, so that an edited character loses little more
than itself, and a shuffled choice, a filled blank or a line number loses nothing.

A character *tells* if it lies outside the set phrases that ask, and outside every gram that more
than `common` items have.  A question of other characters alone (下列说法正确的是) is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.text.arrays import F64, I64, U8, U32, U64, Bool, Integers
from corpus_pipeline.text.contamination.passages_kernel import (
    ASKING,
    CHOICES_TELLING,
    COLUMNS,
    FIRST_HAN,
    HAN,
    HEAD,
    MARK_AT,
    STEM,
    TELLING,
    cover,
    grams,
    places,
    powers,
    sieve_of,
)
from corpus_pipeline.text.contamination.question import ACROSS, BEHIND, END, PHRASE, STOCK
from corpus_pipeline.text.dedup.key import Keys, KeyTable, fold

_TELLS, _ASKS = 1, 2
#: Grams are counted in 2^22 buckets first.
_BUCKETS = 22
#: Characters beside a span that may belong to the copy: labels, filled blanks, line numbers.
_SLACK = 40
#: Room for the candidates of one batch; a batch with more is searched again, with room for all.
_CANDIDATES = 1 << 14


@dataclass(frozen=True, slots=True)
class ParsedItem:
    """An item taken apart: the stem in pieces with their kind (`question`), and the choices."""

    stem: Sequence[tuple[str, int]]
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How an index is made; lengths in Han characters, three letters counting as one."""

    seed: int  # length of a seed
    gram: int  # length of a gram of the second step
    common: int  # a gram in more items than this is no seed and tells nothing
    most: int  # seeds of a stem, and of the choices of an item, at most


@dataclass(frozen=True, slots=True)
class Sizes:
    """Weights of the items, an entry per item (a Han character 3, a letter 1)."""

    stem: I64
    telling: I64  # of the stem
    asking: I64
    choices: I64
    choices_telling: I64
    countable: I64  # how many choices are long enough to be recognised


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items that may be in documents: an entry, or a row of `covered`, per document and item."""

    doc: I64  # position in the batch
    item: I64
    covered: I64  # the columns of `passages_kernel.cover`


@dataclass(frozen=True, slots=True)
class _Block:
    """Some items laid end to end: characters, pieces, and runs; a run is a stem or a choice."""

    codes: U32
    sizes: I64  # of each piece
    kinds: U8
    owner: I64  # the item of each run
    is_choice: Bool
    run_of: I64  # the run of each piece

    @classmethod
    def empty(cls) -> _Block:
        """No items; the arrays have their types."""
        none = np.empty(0, dtype=np.int64)
        return cls(none.astype(np.uint32), none, none.astype(np.uint8), none, none > 0, none)

    @classmethod
    def of(cls, items: Sequence[ParsedItem], table: KeyTable, first: int, runs: int) -> _Block:
        """Items numbered from `first` on, their runs from `runs` on."""
        stem_and_choices = [
            piece for item in items for piece in (*item.stem, *((c, 0) for c in item.choices))
        ]
        if not stem_and_choices:
            return cls.empty()
        parts = list(fold([text for text, _ in stem_and_choices], table))
        stems = np.array([len(item.stem) for item in items], dtype=np.int64)
        choices = np.array([len(item.choices) for item in items], dtype=np.int64)
        is_choice = np.ones(len(items) + choices.sum(), dtype=np.bool_)
        is_choice[np.cumsum(1 + choices) - 1 - choices] = False
        pieces = np.ones(len(is_choice), dtype=np.int64)
        pieces[~is_choice] = stems
        return cls(
            np.concatenate([keys.codes for keys in parts]),
            np.concatenate([np.diff(keys.offsets) for keys in parts]),
            np.array([kind for _, kind in stem_and_choices], dtype=np.uint8),
            np.repeat(np.arange(first, first + len(items)), 1 + choices),
            is_choice,
            np.repeat(np.arange(runs, runs + len(is_choice)), pieces),
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of the item is there, an entry per candidate."""

    telling: F64  # of the stem's telling characters
    asking: F64  # of the stem's asking characters
    stem: F64  # of all characters of the stem
    every: F64  # of the telling characters of stem and choices


class ItemIndex:
    """The characters of all items, and the seeds by which items are found."""

    def __init__(self, blocks: Iterable[Sequence[ParsedItem]], table: KeyTable, plan: Plan) -> None:
        """Fold the items and choose their seeds."""
        self.gram, self.seed = HAN * plan.gram, HAN * plan.seed
        self.powers = powers(max(self.gram, self.seed))
        self._lay_out(blocks, table)
        self._choose_seeds(plan.common, plan.most)
        self.sizes = self._sizes()

    def _sizes(self) -> Sizes:
        weights = np.where(self.codes >= FIRST_HAN, HAN, 1).astype(np.uint8)
        telling, asking = self.flags & _TELLS, self.flags >> 1

        def total(where: Integers, *, choice: bool) -> I64:
            if not len(weights):
                return np.zeros(len(self.lengths), dtype=np.int64)
            of_run = np.add.reduceat(weights * where, self.runs[:-1], dtype=np.int64)
            runs = self.is_choice == choice
            of_item = np.bincount(self.owner[runs], of_run[runs], minlength=len(self.lengths))
            return of_item.astype(np.int64)

        every = np.ones(len(weights), dtype=np.uint8)
        run_weights = np.add.reduceat(weights, self.runs[:-1], dtype=np.int64) if len(every) else 0
        recognisable = self.is_choice & (run_weights >= self.gram // 2)
        return Sizes(
            stem=total(every, choice=False),
            telling=total(telling, choice=False),
            asking=total(asking, choice=False),
            choices=total(every, choice=True),
            choices_telling=total(telling, choice=True),
            countable=np.bincount(self.owner[recognisable], minlength=len(self.lengths)),
        )

    def _lay_out(self, blocks: Iterable[Sequence[ParsedItem]], table: KeyTable) -> None:
        """Lay out all characters in runs (stems, choices); no gram crosses from one to the next."""
        laid_out, count, runs = [_Block.empty()], 0, 0
        for items in blocks:
            laid_out.append(_Block.of(items, table, count, runs))
            count, runs = count + len(items), runs + len(laid_out[-1].owner)
        codes, sizes, kinds, owner, is_choice, run_of = (
            np.concatenate([getattr(block, name) for block in laid_out])
            for name in _Block.__slots__
        )
        self.codes: U32 = codes
        kind = np.repeat(kinds, sizes)
        self.flags: U8 = np.where((kind == PHRASE) | (kind == STOCK), 0, _TELLS).astype(np.uint8)
        ends_stem = (kind == END) | (kind == ACROSS)
        self.flags[(kind == PHRASE) | ends_stem] |= _ASKS
        lengths = np.bincount(run_of, sizes, minlength=len(owner))
        kept = lengths > 0
        self.runs = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
        self.owner = owner[kept]
        self.is_choice = is_choice[kept]
        self.firsts = np.searchsorted(self.owner, np.arange(count + 1)).astype(np.int64)
        self.lengths = np.diff(self.runs[self.firsts])
        #: For a stem that asks by breaking off: the position in `codes` after its end; else -1.
        self.marks = np.full(count, -1, dtype=np.int64)
        ends = np.flatnonzero(ends_stem & ~np.append(ends_stem[1:], False))
        owner_of_end = self.owner[np.searchsorted(self.runs, ends, side="right") - 1]
        self.marks[owner_of_end] = ends + 1
        #: Whether that end reaches over a blank, which the position is then that of; only a copy
        #: without the answer has such an end.
        self.across = np.zeros(count, dtype=np.bool_)
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
        self._mark_shared(at[shared], sizes)
        # At least half of the characters of a seed have to tell.
        telling_before = np.concatenate([[0], np.cumsum(self.flags & _TELLS, dtype=np.int64)])
        kept = ~shared & (2 * (telling_before[at + sizes[at]] - telling_before[at]) >= sizes[at])
        self._select_seeds(gram[kept], item[kept], self.is_choice[run[at[kept]]], most)

    def _mark_shared(self, at: I64, sizes: U8) -> None:
        """Unset `_TELLS` for the characters of grams that many items share."""
        size = len(self.codes) + 1
        change = np.bincount(at, minlength=size) - np.bincount(at + sizes[at], minlength=size)
        self.flags[np.cumsum(change)[:-1] > 0] &= ~np.uint8(_TELLS)

    def _select_seeds(self, gram: U64, item: I64, of_choice: Bool, most: int) -> None:
        """Keep about `most` seeds of each stem and of each item's choices, the smallest by hash."""
        group = 2 * item + of_choice
        counts = np.bincount(group, minlength=2 * len(self.lengths))
        # Hashes are like random numbers: about `most` of them lie under this bound.
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
        counts_of_heads = np.bincount((self.seeds >> np.uint64(64 - HEAD)).astype(np.int64))
        self.heads = np.zeros((1 << HEAD) + 1, dtype=np.int32)
        np.cumsum(counts_of_heads, out=self.heads[1 : len(counts_of_heads) + 1])
        self.heads[len(counts_of_heads) + 1 :] = len(self.seeds)
        self.sieve = sieve_of(self.seeds)

    def shares(self, candidates: Candidates) -> Shares:
        """The covered weights as shares of the items; 0 where the item has none."""
        sizes, item, covered = self.sizes, candidates.item, candidates.covered
        every = sizes.telling[item] + sizes.choices_telling[item]
        return Shares(
            covered[:, TELLING] / np.maximum(sizes.telling[item], 1),
            covered[:, ASKING] / np.maximum(sizes.asking[item], 1),
            covered[:, STEM] / np.maximum(sizes.stem[item], 1),
            (covered[:, TELLING] + covered[:, CHOICES_TELLING]) / np.maximum(every, 1),
        )

    def search(self, share: float) -> Search:
        """A search for items with at least this share of their seeds in one place."""
        return Search(self, share)


class Search:
    """One pass over documents, with the last place of each item's seeds."""

    def __init__(self, index: ItemIndex, share: float) -> None:
        """`share`: of an item's seeds, in one place."""
        self.index = index
        self.needs = np.maximum(np.ceil(share * index.seed_counts), 1).astype(np.int64)
        self.reaches = index.lengths // 2 + _SLACK
        self.state = np.full((len(index.lengths), 5), -1, dtype=np.int64)
        self.epoch = 0

    def find(self, keys: Keys) -> Candidates:
        """The candidates in these documents."""
        spans = self._spans(keys)
        doc, item = spans[:, 0].copy(), spans[:, 1].copy()
        beside = self.index.lengths[item] + _SLACK
        begin = np.maximum(spans[:, 2] - beside, keys.offsets[doc])
        end = np.minimum(spans[:, 3] + beside, keys.offsets[doc + 1])
        covered = self._covered(keys, np.stack([item, begin, end], axis=1))
        has_mark = covered[:, MARK_AT] >= 0
        covered[has_mark, MARK_AT] -= keys.offsets[doc[has_mark]]
        return Candidates(doc + keys.first, item, covered)

    def _spans(self, keys: Keys) -> I64:
        """Rows of document, item, and positions of the first and the last seed."""
        index, room = self.index, _CANDIDATES
        while True:
            spans = np.zeros((room, 4), dtype=np.int64)
            count = places(
                keys.codes,
                keys.offsets,
                index.seed,
                index.powers,
                index.sieve,
                index.seeds,
                index.heads,
                index.starts,
                index.owners,
                self.needs,
                self.reaches,
                self.state,
                self.epoch,
                spans,
            )
            self.epoch += len(keys)
            if count <= room:
                return spans[:count]
            room = count

    def _covered(self, keys: Keys, spans: I64) -> I64:
        """The columns of `cover` for each span (rows of item, begin and end)."""
        index = self.index
        covered = np.zeros((len(spans), COLUMNS), dtype=np.int64)
        cover(
            keys.codes,
            spans,
            index.codes,
            index.flags,
            index.runs,
            index.firsts,
            index.is_choice,
            index.marks,
            index.across,
            index.gram,
            index.powers,
            covered,
        )
        return covered


def _in_many(gram: U64, item: I64, common: int) -> Bool:
    """Flags of the grams that more than `common` items have; `item` is the item of each gram."""
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
