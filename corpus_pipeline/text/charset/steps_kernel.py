"""The loops of `steps`: lines of pairs that may be out of step, and the step that explains them.

Enters: bytes as uint8, and the bits of the character of each pair, negative where there is none.
Leaves: the parts that look out of step; the bytes of those parts that belong to no character.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import F32, U8, OutF32, OutI64Grid, OutU8
from corpus_pipeline.text.compiled import compiled

#: What a byte that belongs to no character becomes: no charset of pairs has it.
LOST = 0xFF
#: Bits of an ASCII character, of four bytes of GB 18030, and of 0x80, the euro of page 936.
PLAIN, FOUR, EURO = 5.0, 20.0, 17.0
#: Bits of one ASCII character that may be the second of a pair, between bytes that are not ASCII.
BETWEEN = 14.0
#: Bits of a character that also stands one, two or three places before: 啊啊啊 and ◆◆◆ say nothing
#: about the step, whatever they cost.
AGAIN = 3.0


@compiled
def _is_four(byte: U8, at: int) -> bool:
    """Whether four bytes from `at` on have the form of a character of GB 18030."""
    if at + 3 >= byte.size or not 0x30 <= byte[at + 1] <= 0x39 or not 0x30 <= byte[at + 3] <= 0x39:
        return False
    first = byte[at]
    return (0x81 <= first <= 0x84 or 0x90 <= first <= 0xE3) and 0x81 <= byte[at + 2] <= 0xFE


@compiled
def _again(byte: U8, at: int, start: int) -> bool:
    """Whether the pair at `at` also stands one, two or three pairs before, after `start`."""
    for back in range(at - 2, max(at - 7, start - 1), -2):
        if byte[back] == byte[at] and byte[back + 1] == byte[at + 1]:
            return True
    return False


@compiled
def doubts(byte: U8, costs: F32, four: bool, usual: float, most: float, spans: OutI64Grid) -> int:
    """Write first byte and end of each part that may be out of step to `spans`; return how many.

    A part lies between bytes that are never the second of a pair, so that it is in step where it
    begins.  It may be out of step if a byte has no character, or if the characters from some place
    on cost `most` bits more than `usual` ones.  `four` says that the charset is GB 18030, which has
    characters of four bytes and 0x80 for the euro.
    """
    count, at, start, size = 0, 0, 0, byte.size
    total, doubt = 0.0, False
    while at < size:
        first = np.int64(byte[at])
        if first < 0x80:
            at += 1
            if first < 0x30 or 0x39 < first < 0x40:
                if doubt:
                    spans[count, 0], spans[count, 1] = start, at - 1
                    count += 1
                start, total, doubt = at, 0.0, False
            continue
        second = np.int64(byte[at + 1]) if at + 1 < size else 0
        bits = np.float64(costs[first << 8 | second])
        if bits >= 0.0:
            if bits > usual and _again(byte, at, start):
                bits = AGAIN
            at += 2
        elif four and _is_four(byte, at):
            bits = FOUR
            at += 4
        elif four and first == 0x80:
            bits = EURO
            at += 1
        else:
            doubt = True
            at += 1
        total = max(total + bits - usual, 0.0)
        if total > most:
            doubt = True
    if doubt:
        spans[count, 0], spans[count, 1] = start, size
        count += 1
    return count


@compiled
def settle(
    byte: OutU8,
    start: int,
    end: int,
    sure: int,
    costs: F32,
    four: bool,
    lost: float,
    best: OutF32,
    step: OutU8,
) -> int:
    """Make the bytes from `start` on that belong to no character `LOST`; return where it stopped.

    Of all ways to cut the bytes from `start` to `end` into characters, the one with the fewest bits
    wins; a byte that belongs to none costs `lost`.  The cut is kept up to the first character that
    begins at `sure` or later: what comes after `end` may change the rest.  `best` (one entry more
    than there are bytes) and `step` are room to work in.
    """
    size = end - start
    best[size] = 0.0
    for place in range(size - 1, -1, -1):
        first = np.int64(byte[start + place])
        least, chosen = best[place + 1] + lost, 0
        if first < 0x80:
            least, chosen = best[place + 1] + PLAIN, 1
            if first >= 0x40 and 0 < place < size - 1:
                here = start + place
                if byte[here - 1] >= 0x80 and byte[here + 1] >= 0x80:
                    least += BETWEEN - PLAIN
        elif first == 0x80 and four:
            least, chosen = best[place + 1] + EURO, 1
        if first >= 0x80 and place + 1 < size:
            bits = np.float64(costs[first << 8 | np.int64(byte[start + place + 1])])
            if bits >= 0.0:
                if bits > AGAIN and _again(byte, start + place, start):
                    bits = AGAIN
                if best[place + 2] + bits <= least:
                    least, chosen = best[place + 2] + bits, 2
            elif (
                four
                and place + 3 < size
                and _is_four(byte, start + place)
                and best[place + 4] + FOUR <= least
            ):
                least, chosen = best[place + 4] + FOUR, 4
        best[place], step[place] = least, chosen
    place = 0
    while start + place < sure:
        if step[place] == 0:
            byte[start + place] = LOST
            place += 1
        else:
            place += step[place]
    return start + place
