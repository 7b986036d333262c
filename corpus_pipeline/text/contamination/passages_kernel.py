"""Where known items may stand in a text, and how much of them stands there: the compiled loops.

Enters: code points of keys (`dedup_key`) laid end to end.  Leaves: hashes of grams, places where
many seeds of one item lie close together, and what of an item is covered there.
Refuses: to judge, and to know what an item is.

A gram is as long as its content asks for: it begins at a character and ends where enough has been
said.  A Han character says `HAN`, a letter or digit one, so that 6 Han, 18 letters and any mixture
are grams of the same weight.  Its hash is that of `ngrams`.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import (
    I32,
    I64,
    U8,
    U32,
    U64,
    Bool,
    I64Grid,
    OutI64,
    OutI64Grid,
    OutU8,
    OutU64,
)
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, mixed

#: What a Han character (or kana, or hangul) says, in letters.
HAN = 3
FIRST_HAN = 0x2E80
#: How far from the end of a stem an edited character may cut it off.
_LAST = 4
#: Columns of what `cover` finds, in weights: the stem's telling characters, its asking ones, all of
#: it; the choices' telling characters, all of them; how many choices are there, and how many after
#: a letter A–H; the place after the last gram before the item's mark (an end of its stem; -1: none)
#: and how far that is off (for a mark at a blank: how many grams reach across).
TELLING, ASKING, STEM, CHOICES_TELLING, CHOICES, CHOICES_SEEN, LABELLED, MARK_AT, MARK_OFF = range(
    9
)
COLUMNS = 9
#: Bits of a gram by which its place among the seeds is found.
HEAD = 18
_HEAD_SHIFT = np.uint64(64 - HEAD)


def powers(weight: int) -> U64:
    """BASE⁰ … of as many characters as a gram of this weight can have."""
    return np.array([pow(int(BASE), i, 1 << 64) for i in range(weight + 1)], dtype=np.uint64)


#: Bits of the sieve per seed, about; both bits of a gram lie in one word, chosen by its low bits.
_ROOM = 8
_FIRST_BIT, _SECOND_BIT = np.uint64(30), np.uint64(36)


def sieve_of(seeds: U64) -> U64:
    """A Bloom filter that costs one look into memory: says no to 97 % of strange grams."""
    words = 1 << max(6, (_ROOM * len(seeds)).bit_length() - 6)
    sieve = np.zeros(words, dtype=np.uint64)
    one, low = np.uint64(1), np.uint64(63)
    bits = one << (seeds >> _FIRST_BIT & low) | one << (seeds >> _SECOND_BIT & low)
    np.bitwise_or.at(sieve, (seeds & np.uint64(words - 1)).astype(np.int64), bits)
    return sieve


@compiled
def said(code: int) -> int:
    """What a character says."""
    return HAN if code >= FIRST_HAN else 1


@compiled
def grams(codes: U32, offsets: I64, weight: int, power: U64, out: OutU64, lengths: OutU8) -> None:
    """The gram that begins at each character; length 0 where the text ends before it does."""
    for doc in range(len(offsets) - 1):
        end, last, total, value = offsets[doc], offsets[doc + 1], 0, np.uint64(0)
        for at in range(offsets[doc], last):
            while total < weight and end < last:
                value = value * BASE + np.uint64(codes[end])
                total += said(codes[end])
                end += 1
            if total < weight:
                lengths[at:last] = 0
                break
            out[at] = mixed(value)
            lengths[at] = end - at
            value -= np.uint64(codes[at]) * power[end - at - 1]
            total -= said(codes[at])


@compiled
def places(
    codes: U32,
    offsets: I64,
    weight: int,
    power: U64,
    sieve: U64,
    seeds: U64,
    heads: I32,
    starts: I64,
    owners: I32,
    needs: I64,
    reaches: I64,
    state: OutI64Grid,
    epoch: int,
    out: OutI64Grid,
) -> int:
    """Spans where an item has as many seeds as it needs, none further than its reach from the next.

    Rows of `out`: document, item, first and last seed; more than it has room for are only counted.
    `state` (an item a row: epoch, first, last, seeds, row of `out`) is the caller's, to be reused.
    """
    found = 0
    mask, low, one = np.uint64(len(sieve) - 1), np.uint64(63), np.uint64(1)
    for doc in range(len(offsets) - 1):
        end, stop, total, value = offsets[doc], offsets[doc + 1], 0, np.uint64(0)
        now = epoch + doc
        for at in range(offsets[doc], stop):
            while total < weight and end < stop:
                value = value * BASE + np.uint64(codes[end])
                total += said(codes[end])
                end += 1
            if total < weight:
                break
            gram = mixed(value)
            value -= np.uint64(codes[at]) * power[end - at - 1]
            total -= said(codes[at])
            word = sieve[gram & mask]
            if (
                not (word >> (gram >> _FIRST_BIT & low))
                & (word >> (gram >> _SECOND_BIT & low))
                & one
            ):
                continue
            head = gram >> _HEAD_SHIFT
            spot, after = heads[head], heads[head + np.uint64(1)]
            while spot < after and seeds[spot] < gram:
                spot += 1
            if spot == after or seeds[spot] != gram:
                continue
            for place in range(starts[spot], starts[spot + 1]):
                item = owners[place]
                mine, reach = state[item], reaches[item]
                if mine[0] != now or at - mine[2] > reach or at - mine[1] > 4 * reach:
                    mine[0], mine[1], mine[3] = now, at, 0
                mine[2] = at
                mine[3] += 1
                if mine[3] == needs[item]:
                    mine[4] = found
                    if found < len(out):
                        out[found, 0], out[found, 1], out[found, 2] = doc, item, mine[1]
                    found += 1
                if mine[3] >= needs[item] and mine[4] < len(out):
                    out[mine[4], 3] = at
    return found


@compiled
def cover(
    codes: U32,
    spans: I64Grid,
    items: U32,
    flags: U8,
    runs: I64,
    firsts: I64,
    choice: Bool,
    marks: I64,
    across: Bool,
    weight: int,
    power: U64,
    out: OutI64Grid,
) -> None:
    """How much of each span's item stands in the span, in any order, by grams of this weight.

    A row of `spans`: item, begin, end.  A row of `out`: the nine columns above.  `flags` of a
    character: 1 tells, 2 asks.
    """
    widest = 1
    for row in range(len(spans)):
        widest = max(widest, spans[row, 2] - spans[row, 1])
    size = 2
    while size < 2 * widest:
        size *= 2
    held, stamps = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int64)
    where = np.zeros(size, dtype=np.int64)
    for row in range(len(spans)):
        item, begin, stop = spans[row, 0], spans[row, 1], spans[row, 2]
        _fill(codes, begin, stop, weight, power, held, where, stamps, row + 1)
        found = out[row]
        found[MARK_AT] = -1
        for run in range(firsts[item], firsts[item + 1]):
            start, last = runs[run], runs[run + 1]
            total = 0
            for at in range(start, last):
                total += said(items[at])
            if total >= weight:
                covered, place = _by_grams(
                    items, start, last, flags, choice[run], marks[item], across[item],
                    weight, power, held, where, stamps, row + 1, found,
                )  # fmt: skip
            elif total >= weight // 2:
                # Too short for a gram: it is there as a whole, or not.
                place = _within(codes, begin, stop, items, start, last)
                covered = total if place >= 0 else 0
                for at in range(start, last if place >= 0 else start):
                    _count(found, choice[run], flags[at], said(items[at]))
            else:
                continue
            if choice[run] and 5 * covered >= 4 * total:
                found[CHOICES_SEEN] += 1
                if place > begin and 97 <= codes[place - 1] <= 104:
                    found[LABELLED] += 1


@compiled
def _by_grams(
    items: U32,
    start: int,
    last: int,
    flags: U8,
    choice: bool,
    mark: int,
    across: bool,
    weight: int,
    power: U64,
    held: U64,
    where: I64,
    stamps: I64,
    stamp: int,
    found: OutI64,
) -> tuple[int, int]:
    """Count what of a run lies in grams of the table; its weight, and where its first gram is."""
    mask = np.uint64(len(held) - 1)
    done, covered, end, total, value, place = start, 0, start, 0, np.uint64(0), -1
    for at in range(start, last):
        while total < weight and end < last:
            value = value * BASE + np.uint64(items[end])
            total += said(items[end])
            end += 1
        if total < weight:
            break
        gram = mixed(value)
        value -= np.uint64(items[at]) * power[end - at - 1]
        total -= said(items[at])
        slot = gram & mask
        while stamps[slot] == stamp and held[slot] != gram:
            slot = (slot + np.uint64(1)) & mask
        if stamps[slot] != stamp:
            continue
        if at == start:
            place = where[slot]
        _note(found, across, mark, at, end, where[slot])
        for spot in range(max(at, done), end):
            covered += said(items[spot])
            _count(found, choice, flags[spot], said(items[spot]))
        done = max(done, end)
    return covered, place


@compiled
def _note(found: OutI64, across: bool, mark: int, at: int, end: int, place: int) -> None:
    """Note where the item's mark is in the document, if the gram tells."""
    if across:
        if at < mark < end:
            found[MARK_AT] = place
            found[MARK_OFF] += 1
    elif 0 <= mark - end <= _LAST:
        found[MARK_AT] = place + end - at
        found[MARK_OFF] = mark - end


@compiled
def _count(found: OutI64, choice: bool, flags: int, amount: int) -> None:
    if choice:
        found[CHOICES_TELLING] += amount * (flags & 1)
        found[CHOICES] += amount
    else:
        found[TELLING] += amount * (flags & 1)
        found[ASKING] += amount * (flags >> 1 & 1)
        found[STEM] += amount


@compiled
def _fill(
    codes: U32,
    begin: int,
    stop: int,
    weight: int,
    power: U64,
    held: OutU64,
    where: OutI64,
    stamps: OutI64,
    stamp: int,
) -> None:
    """Put the grams of a span into the table."""
    mask = np.uint64(len(held) - 1)
    end, total, value = begin, 0, np.uint64(0)
    for at in range(begin, stop):
        while total < weight and end < stop:
            value = value * BASE + np.uint64(codes[end])
            total += said(codes[end])
            end += 1
        if total < weight:
            break
        gram = mixed(value)
        value -= np.uint64(codes[at]) * power[end - at - 1]
        total -= said(codes[at])
        slot = gram & mask
        while stamps[slot] == stamp and held[slot] != gram:
            slot = (slot + np.uint64(1)) & mask
        stamps[slot], held[slot], where[slot] = stamp, gram, at


@compiled
def _within(codes: U32, begin: int, stop: int, items: U32, start: int, last: int) -> int:
    """Where the run stands in the span, character by character; -1: nowhere."""
    for at in range(begin, stop - (last - start) + 1):
        same = 0
        while start + same < last and codes[at + same] == items[start + same]:
            same += 1
        if start + same == last:
            return at
    return -1
