"""The loop of `fluency`: a character model read over texts, and the lines that are no sentences.

Enters: UTF-8 with offsets, the tables of a `CharModel`.  Leaves: sums per text, in eighths of a
bit and in characters, and the gain of each window.  Integers only, so that every machine agrees.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import (
    I64,
    U8,
    U16,
    U64,
    Int,
    OutI64,
    OutI64Grid,
    OutU64,
    OutU64Grid,
)
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns of `sums`: characters scored, their cost, their gain over single characters, those that
#: fit worse than anywhere; visible characters, Han, lines, characters in lines without a mark, in
#: lines that are cut off, in lines that end like sentences.
SCORED, COST, GAIN, MISFITS, VISIBLE, HAN, LINES, BARE, CUT, ENDED = range(10)
SUMS = 10
#: Characters of a window.
WINDOW = 64
#: A character that costs so many eighths of a bit more than by itself is a misfit.
MISFIT = 8
#: Bits of `signs`.
BLANK, MARK, END, CUTTING, STOP, IDEOGRAPH = 1, 2, 4, 8, 16, 32
#: Symbols: unknown, a blank, a digit, a Latin letter, a line break; the rest are characters.
UNKNOWN, SPACE, DIGIT, LETTER, BREAK = range(5)
_NEWLINE = 0x0A
#: A free place of a table.  A pair lies in one word with its two costs, a triple with its own, so
#: that a look-up waits for memory once: three arrays took 2.5 times as long.
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
#: Look-ups that are made ahead.
BLOCK = 256
_BYTE, _TWO_BYTES = np.uint64(8), np.uint64(16)
#: A table has at most 2**24 places, which the upper bits of the product number.
_SPREAD, _DOWN, _ONE = np.uint64(0x9E3779B97F4A7C15), np.uint64(40), np.uint64(1)


@compiled_uncounted
def place_of(table: U64, key: Int, shift: np.uint64) -> Int:
    """The place of a key in a table of 2**n words, or of the first free one after it."""
    mask, wanted = np.uint64(table.size - 1), np.uint64(key)
    at = wanted * _SPREAD >> _DOWN & mask
    while table[at] >> shift != wanted and table[at] != _EMPTY:
        at = at + _ONE & mask
    return np.int64(at)


@compiled_uncounted
def fill_pairs(entries: I64, costs: U8, backs: U8, table: OutU64) -> None:
    """Write pairs with their costs into a table of free places."""
    for entry in range(entries.size):
        place = place_of(table, entries[entry], _TWO_BYTES)
        word = np.uint64(entries[entry]) << _TWO_BYTES
        table[place] = word | np.uint64(costs[entry]) << _BYTE | np.uint64(backs[entry])


@compiled_uncounted
def fill_triples(entries: I64, costs: U8, table: OutU64) -> None:
    """Write triples with their costs into a table of free places."""
    for entry in range(entries.size):
        place = place_of(table, entries[entry], _BYTE)
        table[place] = np.uint64(entries[entry]) << _BYTE | np.uint64(costs[entry])


@compiled_uncounted
def read(
    data: U8,
    at: I64,
    symbols: U16,
    signs: U8,
    single: U8,
    single_back: U8,
    pairs: U64,
    triples: U64,
    trail: OutI64,
    room: OutU64Grid,
    sums: OutI64Grid,
    windows: OutI64,
    bounds: OutI64,
) -> None:
    """Fill `sums` (texts × `SUMS`), `windows` (gains) and `bounds` (where a text's windows end).

    `trail`: room for the symbols of the longest text; `room`: four rows for `BLOCK` look-ups.
    """
    written: Int = 0
    for text in range(at.size - 1):
        count = _walk(data, at[text], at[text + 1], symbols, signs, trail, sums[text])
        written = _score(
            trail, count, single, single_back, pairs, triples, room, sums[text], windows, written
        )
        bounds[text + 1] = written


@compiled_uncounted
def _walk(
    data: U8, begin: Int, end: Int, symbols: U16, signs: U8, trail: OutI64, row: OutI64
) -> Int:
    """Count the characters and lines of a text, and list its symbols; returns how many there are.

    A number, a Latin word and a break are one symbol each, however long.
    """
    count = 0
    position: Int = begin
    before: Int = -1
    size, marked, stopped, last = 0, 0, 0, 0
    blank = False
    while position < end:
        code, position = decoded(data, position)
        small = code < symbols.size
        sign = signs[code] if small else 0
        if code == _NEWLINE:
            _close(row, size, marked, stopped, last)
            size, marked, stopped = 0, 0, 0
        elif not sign & BLANK:
            size += 1
            marked |= sign & MARK
            stopped |= sign & STOP
            last = sign
            row[VISIBLE] += 1
            row[HAN] += sign & IDEOGRAPH != 0
        symbol: Int = np.int64(symbols[code]) if small else UNKNOWN
        if symbol == SPACE:
            blank = True
            continue
        again = symbol == before and DIGIT <= symbol <= BREAK and (symbol == BREAK or not blank)
        blank = False
        if not again:
            trail[count] = symbol
            count += 1
            before = symbol
    _close(row, size, marked, stopped, last)
    return count


@compiled_uncounted
def _look_up(
    table: U64, shift: np.uint64, keys: U64, size: Int, words: OutU64, rest: OutU64
) -> None:
    """The words of `size` keys.

    Each look-up waits for memory: with no branch between them that depends on what they find, they
    wait together.  Those that found another key go on alone.
    """
    mask = np.uint64(table.size - 1)
    left = 0
    for step in range(size):
        key = keys[step]
        word = table[key * _SPREAD >> _DOWN & mask]
        words[step] = word
        rest[left] = step
        left += word >> shift != key and word != _EMPTY
    for number in range(left):
        again = rest[number]
        words[again] = table[place_of(table, np.int64(keys[again]), shift)]


@compiled_uncounted
def _score(
    trail: I64,
    count: Int,
    single: U8,
    single_back: U8,
    pairs: U64,
    triples: U64,
    room: OutU64Grid,
    row: OutI64,
    windows: OutI64,
    written: Int,
) -> Int:
    """Add up the costs of the symbols of a text; returns how many windows are written by now.

    A triple is looked up for the second symbol of a text, too, and not used.
    """
    keys, rest, pair_words, triple_words = room[0], room[1], room[2], room[3]
    back: Int = 0
    gain: Int = 0
    costs: Int = 0
    gains: Int = 0
    misfits: Int = 0
    filled = 0
    for begin in range(1, count, BLOCK):
        size = min(BLOCK, count - begin)
        for step in range(size):
            keys[step] = trail[begin + step - 1] << 16 | trail[begin + step]
        _look_up(pairs, _TWO_BYTES, keys, size, pair_words, rest)
        for step in range(size):
            keys[step] |= np.uint64(trail[max(begin + step - 2, 0)] << 32)
        _look_up(triples, _BYTE, keys, size, triple_words, rest)
        for step in range(size):
            before, symbol = trail[begin + step - 1], trail[begin + step]
            pair, triple = pair_words[step], triple_words[step]
            known = pair != _EMPTY
            rare = np.int64(single_back[before]) + np.int64(single[symbol])
            cost = np.int64(pair >> _BYTE & np.uint64(0xFF)) if known else rare
            # What a branch would guess wrong one time in four.
            new = np.int64(triple == _EMPTY)
            longer = (cost + back) * new + np.int64(triple & np.uint64(0xFF)) * (1 - new)
            cost = cost if begin + step == 1 else longer
            back = np.int64(pair & np.uint64(0xFF)) if known else np.int64(0)
            won = np.int64(single[symbol]) - cost
            costs += cost
            misfits += won < -MISFIT
            gain += won
            filled += 1
            if filled == WINDOW:
                windows[written] = gain
                written += 1
                gains += gain
                gain = 0
                filled = 0
    row[SCORED] += max(count - 1, 0)
    row[COST] += costs
    row[GAIN] += gains + gain
    row[MISFITS] += misfits
    return written


@compiled_uncounted
def _close(row: OutI64, size: Int, marked: Int, stopped: Int, last: Int) -> None:
    """Count a line that ends here."""
    if size:
        row[LINES] += 1
        row[BARE] += 0 if marked else size
        row[CUT] += size if last & CUTTING and not stopped else 0
        row[ENDED] += size if last & END else 0
