"""The loops of `ngrams`: the hashes of n-grams one after the other, and what two sets share.

Enters: code points with offsets; sorted sets end to end.  Leaves: hashes, as the docstring of
`ngrams` defines them; sizes of intersections.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, U64, Int, OutI64, OutU64
from corpus_pipeline.text.compiled import compiled_uncounted

BASE = np.uint64(0x9E3779B97F4A7C15)
FINAL = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(32)
#: A set so many times as large as the other is searched, not read: a long text beside 10⁵ short
#: ones is not read 10⁵ times.
UNEVEN = 16


@compiled_uncounted
def mixed(value: np.uint64) -> np.uint64:
    """The last step of the hash, after which every bit depends on all bits of the polynomial."""
    value = (value ^ value >> HALF) * FINAL
    return value ^ value >> HALF


@compiled_uncounted
def within(codes: U32, offsets: I64, n: int, leaving: np.uint64, out: OutU64) -> None:
    """Write the hash of each n-gram to `out`, computed from that of the n-gram before.

    `leaving` is BASEⁿ, the factor of the character that leaves.
    """
    size = 0
    for doc in range(len(offsets) - 1):
        begin, end = offsets[doc], offsets[doc + 1]
        if end - begin < n:
            continue
        value = np.uint64(0)
        for at in range(begin, begin + n - 1):
            value = value * BASE + np.uint64(codes[at])
        gone = np.uint64(0)
        for at in range(begin + n - 1, end):
            # Only one multiplication and one sum depend on the n-gram before; the rest runs ahead.
            value = value * BASE + (np.uint64(codes[at]) - leaving * gone)
            gone = np.uint64(codes[at - n + 1])
            out[size] = mixed(value)
            size += 1


@compiled_uncounted
def intersections(sets: U64, starts: I64, one: I64, other: I64, out: OutI64) -> None:
    """Write how many members sets one[i] and other[i] share; each is sorted, without repeats."""
    for i in range(len(one)):
        small, large = one[i], other[i]
        if starts[small + 1] - starts[small] > starts[large + 1] - starts[large]:
            small, large = large, small
        a, a_end = starts[small], starts[small + 1]
        b, b_end = starts[large], starts[large + 1]
        both = 0
        if b_end - b > UNEVEN * (a_end - a):
            for at in range(a, a_end):
                b = _place(sets, b, b_end, sets[at])
                both += b < b_end and sets[b] == sets[at]
        else:
            while a < a_end and b < b_end:
                left, right = sets[a], sets[b]
                both += left == right
                a += left <= right
                b += right <= left
        out[i] = both


@compiled_uncounted
def runs(one: I64, other: I64, lengths: I64, most: int, seen: OutI64, ends: OutI64) -> Int:
    """Write where each run of pairs ends whose documents together have about `most` bytes.

    Returns how many there are.  `seen`: 0 for each document; becomes the last run it was in.
    """
    count, held = 0, 0
    for i in range(len(one)):
        a, b = one[i], other[i]
        size = lengths[a] * (seen[a] != count + 1)
        size += lengths[b] * (a != b and seen[b] != count + 1)
        if held and held + size > most:
            ends[count] = i
            count += 1
            held = 0
            size = lengths[a] + lengths[b] * (a != b)
        held += size
        seen[a] = count + 1
        seen[b] = count + 1
    if len(one):
        ends[count] = len(one)
        count += 1
    return count


@compiled_uncounted
def _place(sets: U64, begin: Int, end: Int, value: np.uint64) -> Int:
    """The first place from `begin` on whose member is not below `value`."""
    while begin < end:
        middle = (begin + end) // 2
        if sets[middle] < value:
            begin = middle + 1
        else:
            end = middle
    return begin
