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
_BYTE, _TWO_BYTES = np.uint64(8), np.uint64(16)


@compiled_uncounted
def place_of(table: U64, key: Int, shift: np.uint64) -> Int:
    """The place of a key in a table of 2**n words, or of the first free one after it."""
    mask = table.size - 1
    at = ((key ^ key >> 21) * 0x9E3779B1 >> 12) & mask
    wanted = np.uint64(key)
    while table[at] >> shift != wanted and table[at] != _EMPTY:
        at = (at + 1) & mask
    return at


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
    sums: OutI64Grid,
    windows: OutI64,
    bounds: OutI64,
) -> None:
    """Fill `sums` (texts × `SUMS`), `windows` (gains) and `bounds` (where a text's windows end)."""
    written = 0
    for text in range(at.size - 1):
        row = sums[text]
        position, end = at[text], at[text + 1]
        before: Int = -1
        earlier: Int = -1
        back: Int = 0
        size, marked, stopped, last, filled = 0, 0, 0, 0, 0
        gain: Int = 0
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
            # A number, a Latin word and a break are one symbol each, however long.
            again = symbol == before and DIGIT <= symbol <= BREAK and (symbol == BREAK or not blank)
            blank = False
            if again:
                continue
            if before >= 0:
                cost, back = _cost(
                    single, single_back, pairs, triples, earlier, before, symbol, back
                )
                won = np.int64(single[symbol]) - cost
                row[SCORED] += 1
                row[COST] += cost
                row[GAIN] += won
                row[MISFITS] += won < -MISFIT
                gain += won
                filled += 1
                if filled == WINDOW:
                    windows[written] = gain
                    written += 1
                    gain = 0
                    filled = 0
            earlier, before = before, symbol
        _close(row, size, marked, stopped, last)
        bounds[text + 1] = written


@compiled_uncounted
def _cost(
    single: U8,
    single_back: U8,
    pairs: U64,
    triples: U64,
    earlier: Int,
    before: Int,
    symbol: Int,
    back: Int,
) -> tuple[Int, Int]:
    """The cost of a symbol after two others (`earlier` -1: after one), and the pair's `back`."""
    pair = pairs[place_of(pairs, before << 16 | symbol, _TWO_BYTES)]
    known = pair != _EMPTY
    cost = np.int64(single_back[before]) + np.int64(single[symbol])
    if known:
        cost = np.int64(pair >> _BYTE & np.uint64(0xFF))
    if earlier >= 0:
        triple = triples[place_of(triples, earlier << 32 | before << 16 | symbol, _BYTE)]
        if triple != _EMPTY:
            cost = np.int64(triple & np.uint64(0xFF))
        else:
            cost += np.int64(back)
    return cost, np.int64(pair & np.uint64(0xFF)) if known else np.int64(0)


@compiled_uncounted
def _close(row: OutI64, size: Int, marked: Int, stopped: Int, last: Int) -> None:
    """Count a line that ends here."""
    if size:
        row[LINES] += 1
        row[BARE] += 0 if marked else size
        row[CUT] += size if last & CUTTING and not stopped else 0
        row[ENDED] += size if last & END else 0
