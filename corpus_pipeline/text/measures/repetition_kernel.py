"""Which n-grams of a document occur again, as compiled loops over its code points.

Enters: the code points of many documents end to end, and where each starts.  Leaves: how many
characters of each document its repeated n-grams cover, per length, and which 4-grams occur again.

An n-gram is identified by the last place where its document has it, found in a hash table that is
filled from the end.  A longer one is considered only where both ends of it occur twice, and looked
up only where it differs from the one at the last place of its beginning.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import (
    I64,
    U32,
    Bool,
    OutBool,
    OutI64Grid,
    OutU32,
    OutU32Grid,
    U32Grid,
)
from corpus_pipeline.text.compiled import compiled, compiled_uncounted

#: The lengths of n-grams, shortest first.
SIZES = (4, 6, 8, 10, 15, 20)
_FOUR, _LONGEST = SIZES[0], SIZES[-1]
#: From this size on the measure is `dup_…`, below it `top_…`.
_DUP = 10
#: Rows of `work`, memory that documents share, with a cell per place (character) of the longest:
#: the last place of the 4-gram that starts here; the same for the n-gram of the current length;
#: how often the n-gram occurs whose last place this is (elsewhere 0); how many characters from here
#: on agree with those at the last place, up to the longest n-gram; how many of `SIZES` give an
#: n-gram that starts here and occurs twice; the places under consideration, from the end; those of
#: them to look up.
_FOURS, _LAST, _COUNTS, _REACH, _LEVEL, _AT, _OPEN = range(7)
#: Odd 64-bit constants of xxHash: they spread code points over the upper bits.
_A = np.uint64(0x9E3779B185EBCA87)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_BIT = np.uint64(21)  # bits of a code point
_TWO_BITS = np.uint64(42)
_THREE = np.uint64((1 << 63) - 1)
_WORD = np.uint64(32)
#: A slot has 32 bits; before a document could overflow them the table is emptied.
_FULL = (1 << 32) - 1


@compiled_uncounted
def _bits(count: int) -> int:
    """How many bits number at least twice `count` slots; 4 or more."""
    bits = 4
    while (1 << bits) < 2 * count:
        bits += 1
    return bits


@compiled
def repeat(codes: U32, starts: I64, covered: OutI64Grid, repeated: OutBool) -> None:
    """Count document after document.

    `covered` (a row per size, a column per document) gets the characters that repeated n-grams
    cover, `repeated` the flags of the code points that start a 4-gram which occurs twice.
    """
    longest = 0
    for doc in range(starts.size - 1):
        longest = max(longest, starts[doc + 1] - starts[doc])
    # A slot holds `base` + place.  What an earlier document or level wrote is less than `base`,
    # so nothing has to be emptied in between.
    table = np.zeros(1 << _bits(longest), dtype=np.uint32)
    base = 1
    # Unsigned: no index has to be tested for counting from the end.
    work = np.empty((7, longest), dtype=np.uint32)
    for doc in range(starts.size - 1):
        text = codes[starts[doc] : starts[doc + 1]]
        if text.size < _FOUR:
            continue
        if base + len(SIZES) * text.size > _FULL:
            table = np.zeros(table.size, dtype=np.uint32)
            base = 1
        _settle_four(text, table, base, work)
        count = _first(work, text.size - _FOUR + 1, repeated[starts[doc] : starts[doc + 1]])
        for number in range(len(SIZES)):
            size = SIZES[number]
            if number:
                base += text.size
                count = _able(work, count, number, text.size)
                _settle(text, number, table, base, work, _unsettled(work, count, size))
                count = _returning(work, count, number)
            if count == 0:
                break
            cover = _covered(work, count, size) if size >= _DUP else _top(work, count, size)
            covered[number, doc] = cover
        base += text.size


@compiled_uncounted
def _settle_four(text: U32, table: OutU32, base: int, work: OutU32Grid) -> None:
    """The last place of each 4-gram, how often it occurs (at that place), how far both agree."""
    four, counts, reach = work[_FOURS], work[_COUNTS], work[_REACH]
    bits = _bits(text.size)
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    first = text.size - _FOUR
    three = np.uint64(text[first + 1]) | np.uint64(text[first + 2]) << _BIT
    three |= np.uint64(text[first + 3]) << _TWO_BITS
    ahead, agreed = -1, 0
    for place in range(first, -1, -1):
        fourth = three >> _TWO_BITS
        three = (three << _BIT) & _THREE | np.uint64(text[place])
        slot = np.int64((three * _A + fourth * _B) >> shift)
        while True:
            other = int(table[slot]) - base
            if other < 0:
                table[slot] = base + place
                other = place
                counts[place] = 1
                agreed = _LONGEST
                break
            if (
                text[other] == text[place]
                and text[other + 1] == text[place + 1]
                and text[other + 2] == text[place + 2]
                and text[other + 3] == text[place + 3]
            ):
                counts[place] = 0
                counts[other] += 1
                if ahead == other + 1:
                    agreed = min(agreed + 1, _LONGEST)
                else:
                    agreed = _agree(text, place, other)
                break
            slot = (slot + 1) & mask
        four[place] = ahead = other
        reach[place] = agreed


@compiled_uncounted
def _first(work: OutU32Grid, grams: int, repeated: OutBool) -> int:
    """List the places whose 4-gram occurs twice, and flag them; returns how many there are."""
    four, last, counts = work[_FOURS], work[_LAST], work[_COUNTS]
    level, at = work[_LEVEL], work[_AT]
    count = 0
    for place in range(grams - 1, -1, -1):
        last[place] = four[place]  # a copy by slices would take seconds to compile
        twice = counts[place] != 1
        level[place] = twice
        repeated[place] = twice
        at[count] = place
        count += twice
    return count


@compiled_uncounted
def _agree(text: U32, place: int, other: int) -> int:
    """How many characters agree from two places on whose 4-grams do."""
    size = _FOUR
    end = min(_LONGEST, text.size - other)
    while size < end and text[place + size] == text[other + size]:
        size += 1
    return size


# The next three loops avoid branches that a processor could not predict.


@compiled_uncounted
def _able(work: OutU32Grid, count: int, number: int, end: int) -> int:
    """Keep the places where a longer n-gram may occur twice, because both its ends do."""
    counts, level, at = work[_COUNTS], work[_LEVEL], work[_AT]
    size = SIZES[number]
    step = size - SIZES[number - 1]
    begin, kept = 0, 0
    while begin < count and at[begin] + size > end:
        begin += 1
    for place in at[begin:count]:
        counts[place] = 0
        at[kept] = place
        kept += level[place + step] >= number
    return kept


@compiled_uncounted
def _unsettled(work: OutU32Grid, count: int, size: int) -> int:
    """List the places that agree less far with the last place of the shorter n-gram.

    Where the shorter one occurs last, a longer one with the same beginning is the last, too.
    """
    last, counts, reach = work[_LAST], work[_COUNTS], work[_REACH]
    at, todo = work[_AT], work[_OPEN]
    left = 0
    for place in at[:count]:
        settled = reach[place] >= size
        counts[last[place]] += settled
        todo[left] = place
        left += not settled
    return left


@compiled_uncounted
def _returning(work: OutU32Grid, count: int, number: int) -> int:
    """Keep the places whose n-gram occurs twice, and write their level."""
    counts, level, at = work[_COUNTS], work[_LEVEL], work[_AT]
    kept = 0
    for place in at[:count]:
        twice = counts[place] != 1
        level[place] = number + twice
        at[kept] = place
        kept += twice
    return kept


@compiled_uncounted
def _settle(text: U32, number: int, table: OutU32, base: int, work: OutU32Grid, left: int) -> None:
    """Look up the last place of the n-grams that are listed as unsettled (`left` of them)."""
    four, last, counts, reach = work[_FOURS], work[_LAST], work[_COUNTS], work[_REACH]
    size = SIZES[number]
    bits = _bits(left)
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    for place in work[_OPEN][:left]:
        slot = np.int64((_hash(four, place, size) * _B) >> shift)
        while True:
            other = int(table[slot]) - base
            if other < 0:
                table[slot] = base + place
                last[place] = place
                reach[place] = _LONGEST
                counts[place] = 1
                break
            if _equal(four, place, other, size):
                last[place] = other
                counts[other] += 1
                if last[place + 1] == other + 1:
                    reach[place] = min(reach[place + 1] + 1, _LONGEST)
                else:
                    reach[place] = _agree(text, place, other)
                break
            slot = (slot + 1) & mask


@compiled_uncounted
def _hash(four: U32, place: int, size: int) -> np.uint64:
    """A 64-bit number made of the 4-grams that cover an n-gram."""
    value = np.uint64(four[place + size - _FOUR])
    for begin in range(place, place + size - _FOUR, _FOUR):
        value = (value ^ (value >> _WORD)) * _A + np.uint64(four[begin])
    return value


@compiled_uncounted
def _equal(four: U32, place: int, other: int, size: int) -> bool:
    """Whether two n-grams are covered by the same 4-grams."""
    rest = size - _FOUR
    if four[place + rest] != four[other + rest]:
        return False
    for begin in range(0, rest, _FOUR):
        if four[place + begin] != four[other + begin]:
            return False
    return True


@compiled_uncounted
def _top(work: U32Grid, count: int, size: int) -> int:
    """Characters covered by the most frequent n-gram; of equals, the one listed last."""
    at, last, counts = work[_AT], work[_LAST], work[_COUNTS]
    winner, most = -1, 1
    for place in at[:count]:
        if counts[place] > most:
            winner, most = place, counts[place]
    covered, begin = 0, winner + size
    for place in at[:count]:
        if last[place] == winner:
            covered += min(size, begin - place)
            begin = place
    return covered


@compiled_uncounted
def _covered(work: U32Grid, count: int, size: int) -> int:
    """Characters inside n-grams that occur again later."""
    at, last = work[_AT], work[_LAST]
    covered, begin = 0, at[0] + size
    for place in at[:count]:
        again = last[place] != place
        covered += min(size, begin - place) if again else 0
        begin = place if again else begin
    return covered


@compiled
def come_again(codes: U32, starts: I64, ends: I64, doc: I64) -> Bool:
    """Flags of the lines that equal a later one of the same document."""
    bits = 4
    while (1 << bits) < 2 * starts.size:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    table = np.full(1 << bits, -1, dtype=np.int64)
    flags = np.zeros(starts.size, dtype=np.bool_)
    for line in range(starts.size - 1, -1, -1):
        size = ends[line] - starts[line]
        mixed = np.uint64(doc[line])
        for code in codes[starts[line] : ends[line]]:
            mixed = (mixed ^ (mixed >> _WORD)) * _A + np.uint64(code)
        slot = np.int64((mixed * _B) >> shift)
        while table[slot] >= 0 and not flags[line]:
            other = table[slot]
            if doc[other] == doc[line] and ends[other] - starts[other] == size:
                same = 0
                while same < size and codes[starts[other] + same] == codes[starts[line] + same]:
                    same += 1
                flags[line] = same == size
            slot = (slot + 1) & mask
        if not flags[line]:
            table[slot] = line
    return flags
