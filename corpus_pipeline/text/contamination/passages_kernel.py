"""Where known items may stand in a text, and how much of them stands there: the compiled loops.

Enters: code points of keys (`dedup.key`) laid end to end.  Leaves: hashes of grams, spans where
many seeds of one item lie close together, and the weight of the item's characters in such a span.

A gram has no fixed length but a weight: it begins at a character and ends where the weights of its
characters add up.  A Han character weighs `HAN`, a letter or digit 1, so that 6 Han, 18 letters and
mixtures of both are grams of the same weight.  The hash is that of `dedup.ngrams`.
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
from corpus_pipeline.text.compiled import compiled, compiled_uncounted
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, mixed

#: The weight of a Han character (or kana, or hangul), in letters.
HAN = 3
FIRST_HAN = 0x2E80
#: How many letters before the end of a stem the last gram of a copy may end: an edited character
#: cuts off what follows it.
_LAST = 4
#: Columns of what `cover` writes.  Weights of the stem's characters that are there: those that
#: tell, those that ask, all.
TELLING, ASKING, STEM = 0, 1, 2
#: Weights of the choices' characters that are there: those that tell, all.
CHOICES_TELLING, CHOICES = 3, 4
#: How many choices are there, and how many of them after a letter A–H.
CHOICES_SEEN, LABELLED = 5, 6
#: The place in the document after the last gram before the item's mark (an end of its stem), -1 for
#: none; and how many characters of the item lie between the two.  For a mark at a blank: the place
#: of the last gram that reaches across the blank, and how many do.
MARK_AT, MARK_OFF = 7, 8
COLUMNS = 9
#: The upper bits of a gram that index the table of places among the seeds.
HEAD = 18
_HEAD_SHIFT = np.uint64(64 - HEAD)


def powers(weight: int) -> U64:
    """BASE⁰ … BASEʷ (u64): a gram of weight w has at most w characters."""
    return np.array([pow(int(BASE), i, 1 << 64) for i in range(weight + 1)], dtype=np.uint64)


#: Bits of the sieve per seed, about; both bits of a gram lie in one word, chosen by its low bits.
_ROOM = 8
_FIRST_BIT, _SECOND_BIT = np.uint64(30), np.uint64(36)


def sieve_of(seeds: U64) -> U64:
    """A Bloom filter (u64) that costs one memory access: it excludes 97 % of other grams."""
    words = 1 << max(6, (_ROOM * len(seeds)).bit_length() - 6)
    sieve = np.zeros(words, dtype=np.uint64)
    one, low = np.uint64(1), np.uint64(63)
    bits = one << (seeds >> _FIRST_BIT & low) | one << (seeds >> _SECOND_BIT & low)
    np.bitwise_or.at(sieve, (seeds & np.uint64(words - 1)).astype(np.int64), bits)
    return sieve


@compiled_uncounted
def weight_of(code: int) -> int:
    """The weight of a character."""
    return HAN if code >= FIRST_HAN else 1


@compiled_uncounted
def grams(codes: U32, offsets: I64, weight: int, power: U64, out: OutU64, lengths: OutU8) -> None:
    """Write hash and length (in characters) of the gram at each character.

    The length is 0 where the document ends before the gram has its weight.
    """
    for doc in range(len(offsets) - 1):
        end, last, total, value = offsets[doc], offsets[doc + 1], 0, np.uint64(0)
        for at in range(offsets[doc], last):
            while total < weight and end < last:
                value = value * BASE + np.uint64(codes[end])
                total += weight_of(codes[end])
                end += 1
            if total < weight:
                lengths[at:last] = 0
                break
            out[at] = mixed(value)
            lengths[at] = end - at
            value -= np.uint64(codes[at]) * power[end - at - 1]
            total -= weight_of(codes[at])


@compiled_uncounted
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
    """Find spans with as many seeds of an item as it needs, each within its reach of the next.

    Rows of `out`: document, item, first and last seed.  Returns how many spans there are; those
    beyond the room of `out` are only counted.  `seeds` are sorted, `heads` their table of places,
    `starts` and `owners` the items of each.  `state` belongs to the caller and is reused: a row per
    item with epoch, first seed, last seed, count of seeds, row of `out`.
    """
    count = 0
    mask, low, one = np.uint64(len(sieve) - 1), np.uint64(63), np.uint64(1)
    for doc in range(len(offsets) - 1):
        end, stop, total, value = offsets[doc], offsets[doc + 1], 0, np.uint64(0)
        stamp = epoch + doc
        for at in range(offsets[doc], stop):
            while total < weight and end < stop:
                value = value * BASE + np.uint64(codes[end])
                total += weight_of(codes[end])
                end += 1
            if total < weight:
                break
            gram = mixed(value)
            value -= np.uint64(codes[at]) * power[end - at - 1]
            total -= weight_of(codes[at])
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
                item_state, reach = state[item], reaches[item]
                if (
                    item_state[0] != stamp
                    or at - item_state[2] > reach
                    or at - item_state[1] > 4 * reach
                ):
                    item_state[0], item_state[1], item_state[3] = stamp, at, 0
                item_state[2] = at
                item_state[3] += 1
                if item_state[3] == needs[item]:
                    item_state[4] = count
                    if count < len(out):
                        out[count, 0], out[count, 1], out[count, 2] = doc, item, item_state[1]
                    count += 1
                if item_state[3] >= needs[item] and item_state[4] < len(out):
                    out[item_state[4], 3] = at
    return count


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
    """Weigh the characters of each span's item that lie in grams of the span, in any order.

    A row of `spans`: item, begin, end.  A row of `out` has the columns above.  `items`: the
    characters of all items; `flags` of each: 1 tells, 2 asks; `runs`: the offsets of stems and
    choices in them; `firsts`: the offsets of items in `runs`; `choice`: flags of the runs that are
    choices; `marks`, `across`: see `index.ItemIndex`.
    """
    widest = 1
    for row in range(len(spans)):
        widest = max(widest, spans[row, 2] - spans[row, 1])
    size = 2
    while size < 2 * widest:
        size *= 2
    table, stamps = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int64)
    where = np.zeros(size, dtype=np.int64)
    for row in range(len(spans)):
        item, begin, stop = spans[row, 0], spans[row, 1], spans[row, 2]
        _fill(codes, begin, stop, weight, power, table, where, stamps, row + 1)
        result = out[row]
        result[MARK_AT] = -1
        for run in range(firsts[item], firsts[item + 1]):
            start, last = runs[run], runs[run + 1]
            total = 0
            for at in range(start, last):
                total += weight_of(items[at])
            if total >= weight:
                covered, place = _by_grams(
                    items,
                    start,
                    last,
                    flags,
                    choice[run],
                    marks[item],
                    across[item],
                    weight,
                    power,
                    table,
                    where,
                    stamps,
                    row + 1,
                    result,
                )
            elif total >= weight // 2:
                # Too short for a gram: it has to be there as a whole.
                place = _within(codes, begin, stop, items, start, last)
                covered = total if place >= 0 else 0
                for at in range(start, last if place >= 0 else start):
                    _count(result, choice[run], flags[at], weight_of(items[at]))
            else:
                continue
            if choice[run] and 5 * covered >= 4 * total:
                result[CHOICES_SEEN] += 1
                if place > begin and 97 <= codes[place - 1] <= 104:
                    result[LABELLED] += 1


@compiled_uncounted
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
    table: U64,
    where: I64,
    stamps: I64,
    stamp: int,
    result: OutI64,
) -> tuple[int, int]:
    """Add up what of a run lies in grams of the table.

    Returns its weight, and the place in the document of the gram that begins the run, or -1.
    """
    mask = np.uint64(len(table) - 1)
    covered_to, covered, end, total, value, place = start, 0, start, 0, np.uint64(0), -1
    for at in range(start, last):
        while total < weight and end < last:
            value = value * BASE + np.uint64(items[end])
            total += weight_of(items[end])
            end += 1
        if total < weight:
            break
        gram = mixed(value)
        value -= np.uint64(items[at]) * power[end - at - 1]
        total -= weight_of(items[at])
        slot = gram & mask
        while stamps[slot] == stamp and table[slot] != gram:
            slot = (slot + np.uint64(1)) & mask
        if stamps[slot] != stamp:
            continue
        if at == start:
            place = where[slot]
        _note_mark(result, across, mark, at, end, where[slot])
        for spot in range(max(at, covered_to), end):
            covered += weight_of(items[spot])
            _count(result, choice, flags[spot], weight_of(items[spot]))
        covered_to = max(covered_to, end)
    return covered, place


@compiled_uncounted
def _note_mark(result: OutI64, across: bool, mark: int, at: int, end: int, place: int) -> None:
    """Write where the item's mark is in the document, if the gram lies at it."""
    if across:
        if at < mark < end:
            result[MARK_AT] = place
            result[MARK_OFF] += 1
    elif 0 <= mark - end <= _LAST:
        result[MARK_AT] = place + end - at
        result[MARK_OFF] = mark - end


@compiled_uncounted
def _count(result: OutI64, choice: bool, flags: int, amount: int) -> None:
    """Add the weight of a character to the columns that its flags concern."""
    if choice:
        result[CHOICES_TELLING] += amount * (flags & 1)
        result[CHOICES] += amount
    else:
        result[TELLING] += amount * (flags & 1)
        result[ASKING] += amount * (flags >> 1 & 1)
        result[STEM] += amount


@compiled_uncounted
def _fill(
    codes: U32,
    begin: int,
    stop: int,
    weight: int,
    power: U64,
    table: OutU64,
    where: OutI64,
    stamps: OutI64,
    stamp: int,
) -> None:
    """Put the grams of a span into the hash table; an entry counts where `stamps` is `stamp`."""
    mask = np.uint64(len(table) - 1)
    end, total, value = begin, 0, np.uint64(0)
    for at in range(begin, stop):
        while total < weight and end < stop:
            value = value * BASE + np.uint64(codes[end])
            total += weight_of(codes[end])
            end += 1
        if total < weight:
            break
        gram = mixed(value)
        value -= np.uint64(codes[at]) * power[end - at - 1]
        total -= weight_of(codes[at])
        slot = gram & mask
        while stamps[slot] == stamp and table[slot] != gram:
            slot = (slot + np.uint64(1)) & mask
        stamps[slot], table[slot], where[slot] = stamp, gram, at


@compiled_uncounted
def _within(codes: U32, begin: int, stop: int, items: U32, start: int, last: int) -> int:
    """Where the run stands in the span, character by character; -1: nowhere."""
    for at in range(begin, stop - (last - start) + 1):
        same = 0
        while start + same < last and codes[at + same] == items[start + same]:
            same += 1
        if start + same == last:
            return at
    return -1
