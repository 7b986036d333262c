"""The loops of `steps`: lines of pairs that may be out of step, and the step that explains them.

Enters: bytes as uint8, and the bits of the character of each pair.
Leaves: the parts that look out of step; the bytes of those parts that belong to no character.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U8, I64Grid, Int, OutF32, OutI64Grid, OutU8
from corpus_pipeline.text.charset.embedded_kernel import is_private
from corpus_pipeline.text.compiled import compiled_uncounted

#: What a byte that belongs to no character becomes: no charset of pairs has it.
LOST = 0xFF
#: What stands for the bits of a pair without a character.
NONE = 0xFF
#: Bits of an ASCII character, of four bytes of GB 18030, and of 0x80, the euro of page 936.
PLAIN, FOUR, EURO = 5, 20, 17
#: Bits of one ASCII character that may be the second of a pair, between bytes that are not ASCII: a
#: small letter (seldom), a capital (A股, T恤, K歌), a sign (甲_乙, 甲|乙).
SMALL, CAPITAL, SIGN = 22, 14, 9
#: Bits of a character that also stands one, two or three places before: 啊啊啊 and ◆◆◆ say nothing
#: about the step, whatever they cost.
AGAIN = 3


@compiled_uncounted
def _is_four(byte: U8, at: int) -> bool:
    """Whether four bytes from `at` on have the form of a character of GB 18030."""
    if at + 3 >= byte.size or not 0x30 <= byte[at + 1] <= 0x39 or not 0x30 <= byte[at + 3] <= 0x39:
        return False
    first = byte[at]
    return bool((0x81 <= first <= 0x84 or 0x90 <= first <= 0xE3) and 0x81 <= byte[at + 2] <= 0xFE)


@compiled_uncounted
def _between(letter: Int) -> int:
    """Bits of an ASCII character that may be the second of a pair, between such that are not."""
    if 0x61 <= letter <= 0x7A:
        return SMALL
    return CAPITAL if 0x41 <= letter <= 0x5A else SIGN


@compiled_uncounted
def _again(byte: U8, at: int, start: int) -> bool:
    """Whether the pair at `at` also stands one, two or three pairs before, after `start`."""
    for back in range(at - 2, max(at - 7, start - 1), -2):
        if byte[back] == byte[at] and byte[back + 1] == byte[at + 1]:
            return True
    return False


@compiled_uncounted
def doubts(
    byte: U8, costs: U8, four: bool, usual: int, most: int, spans: OutI64Grid
) -> tuple[int, bool]:
    """Write first byte and end of each part that may be out of step to `spans`; return how many.

    A part lies between bytes that are never the second of a pair, so that it is in step where it
    begins.  It may be out of step if a byte has no character, or if the characters from some place
    on cost `most` bits more than `usual` ones.  `four` says that the charset is GB 18030, which has
    characters of four bytes and 0x80 for the euro; for it the second result is whether there is one
    of the pairs that GB 18030-2022 moved.
    """
    count, at, start, size = 0, 0, 0, byte.size
    total: Int = 0
    doubt, moved = False, False
    while at < size:
        first = np.int64(byte[at])
        if first < 0x80:
            at += 1
            inner = first >= 0x40 and start < at - 1 and at < size
            if inner and byte[at - 2] >= 0x80 and byte[at] >= 0x80:
                total += _between(first) - PLAIN
                if total > most:
                    doubt = True
            if first < 0x30 or 0x39 < first < 0x40:
                if doubt:
                    spans[count, 0], spans[count, 1] = start, at - 1
                    count += 1
                start, total, doubt = at, 0, False
            continue
        second = np.int64(byte[at + 1]) if at + 1 < size else 0
        bits: Int = np.int64(costs[first << 8 | second])
        if bits != NONE:
            if bits > usual:
                moved = moved or is_private(first, second)
                if _again(byte, at, start):
                    bits = AGAIN
            at += 2
        elif four and _is_four(byte, at):
            bits = FOUR
            at += 4
        elif four and first == 0x80:
            bits = EURO
            at += 1
        else:
            bits = usual
            doubt = True
            at += 1
        total = max(total + bits - usual, 0)
        if total > most:
            doubt = True
    if doubt:
        spans[count, 0], spans[count, 1] = start, size
        count += 1
    return count, moved


@compiled_uncounted
def settle(
    byte: OutU8,
    parts: I64Grid,
    costs: U8,
    four: bool,
    lost: float,
    again: int,
    best: OutF32,
    step: OutU8,
) -> bool:
    """Make the bytes of the parts that belong to no character `LOST`.

    Of all ways to cut a part into characters, the one with the fewest bits wins; a byte that
    belongs to none costs `lost`.  `best` (one entry more than `step`) and `step` are room to work
    in.  A part for which there is no room is cut piece by piece, the last `again` bytes of each
    once more.
    Returns whether there is a pair that GB 18030-2022 moved.
    """
    moved = False
    for part in range(parts.shape[0]):
        at, end = parts[part, 0], parts[part, 1]
        while at < end:
            last = min(at + step.size, end)
            _cheapest(byte, at, last, costs, four, lost, best, step)
            sure = last if last == end else last - again
            start = at
            while at < sure:
                length: Int = np.int64(step[at - start])
                if length == 0:
                    byte[at] = LOST
                    length = 1
                elif length == 2:
                    moved = moved or is_private(np.int64(byte[at]), np.int64(byte[at + 1]))
                at += length
    return moved


@compiled_uncounted
def _cheapest(
    byte: OutU8, start: int, end: int, costs: U8, four: bool, lost: float, best: OutF32, step: OutU8
) -> None:
    """Write the length of the character at each byte from `start` to `end` into `step`.

    It is 0 for a byte that belongs to none, in the cheapest cut from there to `end`; `best` are the
    bits of that cut.
    """
    size = end - start
    best[size] = 0.0
    for place in range(size - 1, -1, -1):
        here = start + place
        first = np.int64(byte[here])
        least, chosen = np.float64(best[place + 1]) + lost, 0
        if first < 0x80:
            bits: Int = PLAIN
            if first >= 0x40 and 0 < place < size - 1:
                between = byte[here - 1] >= 0x80 and byte[here + 1] >= 0x80
                bits = _between(first) if between else PLAIN
            least, chosen = np.float64(best[place + 1]) + bits, 1
        elif first == 0x80 and four:
            least, chosen = np.float64(best[place + 1]) + EURO, 1
        if first >= 0x80 and place + 1 < size:
            bits = np.int64(costs[first << 8 | np.int64(byte[here + 1])])
            if bits != NONE:
                if bits > AGAIN and _again(byte, here, start):
                    bits = AGAIN
                if best[place + 2] + bits <= least:
                    least, chosen = np.float64(best[place + 2]) + bits, 2
            elif (
                four
                and place + 3 < size
                and _is_four(byte, here)
                and best[place + 4] + FOUR <= least
            ):
                least, chosen = np.float64(best[place + 4]) + FOUR, 4
        best[place], step[place] = least, chosen
