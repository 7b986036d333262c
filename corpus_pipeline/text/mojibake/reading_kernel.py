"""The loops of mojibake repair: the bytes that garbled characters stood for, read in a charset.

Enters: symbols (uint16: a byte, `LOST` for a byte that became U+FFFD, `BREAK` for a character that
no byte of the wrong charset stands for), the bits of each symbol in the garbled text, and the bits
of characters.
Leaves: units (first symbol, code point, bits won), the stretches of units that are worth a repair,
and the suspicion of documents.  No charset is known by name; `repair` decides.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import (
    F32,
    I64,
    U8,
    U16,
    U32,
    F32Grid,
    I64Grid,
    OutF32,
    OutF64,
    OutI64,
    OutI64Grid,
    OutU32,
)
from corpus_pipeline.text.compiled import compiled, compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Symbols beyond the 256 bytes.
LOST, BREAK = 0x100, 0x200
#: What a lost byte became where U+FFFD could not be written.
QUESTION = 0x3F
#: Bits that a unit loses: an ASCII character (so that no stretch ends with one), a byte that fits
#: nowhere, a character of another charset; and the bits of a character with a lost byte.
PLAIN, STRAY, WALL, HOLE = 0.25, 30.0, 1e6, 14.0
REPLACEMENT = 0xFFFD


@compiled_uncounted
def read_utf8(
    symbols: U16, bits: F32, costs: F32, units: OutI64, codes: OutU32, won: OutF32
) -> int:
    """Read symbols as UTF-8; return the number of units.  A character may lack one byte.

    Writes first symbol, code point and bits won of each unit into `units`, `codes` and `won`.
    """
    at, count, size = 0, 0, symbols.size
    while at < size:
        lead = np.int64(symbols[at])
        units[count], codes[count], won[count] = at, REPLACEMENT, -STRAY
        length, short = 1, False
        if lead < 0x80:
            codes[count], won[count] = lead, -PLAIN
        elif lead == BREAK:
            won[count] = -WALL
        elif lead == LOST:
            won[count] = 0.0
            # Two trail bytes directly after it belong to nothing else: it was their lead byte.
            if (
                at + 2 < size
                and symbols[at + 1] & 0x3C0 == 0x80
                and symbols[at + 2] & 0x3C0 == 0x80
            ):
                length = 3
        elif 0xC2 <= lead <= 0xF4:
            need = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
            code = lead & (0x3F >> need)
            have, hole, spot = 0, False, at + 1
            while have < need and spot < size:
                byte = np.int64(symbols[spot])
                if byte & 0x3C0 == 0x80:
                    code = code << 6 | byte & 0x3F
                elif byte == LOST or byte == QUESTION:
                    hole = True
                    # A question mark stands for all missing bytes, unless more of them follow.
                    more = spot + 1 < size and (
                        symbols[spot + 1] & 0x3C0 == 0x80 or symbols[spot + 1] == QUESTION
                    )
                    if byte == QUESTION and not more:
                        have += 1
                        spot += 1
                        break
                else:
                    break
                have += 1
                spot += 1
            low = 0x80 if need == 1 else 0x800 if need == 2 else 0x10000
            bad = code < low or code > 0x10FFFF
            if have == need and not hole and not bad and not 0xD800 <= code < 0xE000:
                length, codes[count], won[count] = need + 1, code, 0.0
            elif need > 1 and have > 0:
                length, won[count], short = spot - at, 0.0, not hole
        if won[count] == 0.0:
            total = 0.0
            for spot in range(at, at + length):
                total += bits[spot]
            code = np.int64(codes[count])
            if code == REPLACEMENT:
                won[count] = total - HOLE - (0.0 if length > 1 else 3.0) - (12.0 if short else 0.0)
            else:
                won[count] = total - (costs[code] if code < 0x10000 else 22.0)
        at += length
        count += 1
    return count


@compiled_uncounted
def read_pairs(
    symbols: U16,
    bits: F32,
    pairs: F32,
    characters: U32,
    units: OutI64,
    codes: OutU32,
    won: OutF32,
    best: OutF32,
    step: OutI64,
) -> int:
    """Read symbols as a charset of one and two bytes with the most bits won; return the units.

    `pairs[first << 8 | second]` are the bits of the character of a pair, negative where there is
    none, and `characters` holds its code point; `best` (size of the symbols + 1) and `step` are
    room to work in.  The results are written as in `read_utf8`.
    """
    size = symbols.size
    best[size] = 0.0
    for at in range(size - 1, -1, -1):
        first = np.int64(symbols[at])
        second = np.int64(symbols[at + 1]) if at + 1 < size else BREAK
        if first == BREAK:
            best[at], step[at] = best[at + 1] - 1000.0, 1
            continue
        if first < 0x80:
            best[at], step[at] = best[at + 1] - PLAIN, 1
            continue
        alone = bits[at] - HOLE - 3.0 if first == LOST else -STRAY
        best[at], step[at] = best[at + 1] + alone, 1
        if second == BREAK:
            continue
        gain = -WALL
        together = bits[at] + bits[at + 1]
        if first == LOST:
            if 0x40 <= second < LOST and second != 0x7F:
                gain = together - HOLE
        elif second == LOST or second == QUESTION:
            gain = together - HOLE
        elif pairs[first << 8 | second] >= 0:
            gain = together - pairs[first << 8 | second]
        if at + 2 <= size and gain + best[at + 2] > best[at]:
            best[at], step[at] = gain + best[at + 2], 2
    at, count = 0, 0
    while at < size:
        units[count] = at
        end = at + step[at]
        first = np.int64(symbols[at])
        won[count] = -WALL if first == BREAK else best[at] - best[end]
        codes[count] = first if first < 0x80 else REPLACEMENT
        if end == at + 2 and first < LOST and symbols[at + 1] < LOST:
            character = characters[first << 8 | np.int64(symbols[at + 1])]
            codes[count] = character or REPLACEMENT
        at = end
        count += 1
    return count


@compiled_uncounted
def stretches(won: F32, least: float, slack: float, spans: OutI64Grid) -> int:
    """Find stretches of units that together win `least` bits, and never lose `slack` in between.

    Writes first unit and end of each into the rows of `spans`; returns how many.
    """
    count, at, size = 0, 0, won.size
    while at < size:
        if won[at] <= 0:
            at += 1
            continue
        total, top, first, end = 0.0, 0.0, at, at
        while at < size:
            total += won[at]
            at += 1
            if total > top:
                top, end = total, at
            elif total <= 0 or total < top - slack:
                break
        if top >= least:
            spans[count, 0], spans[count, 1] = first, end
            count += 1
        at = max(end, first + 1)
    return count


@compiled_uncounted
def widened(won: F32, codes: U32, at: int, step: int, budget: float) -> int:
    """The position up to which a stretch that ends before `at` can be extended.

    `step` is 1, or -1 at the beginning of a stretch.  The extension consists of whole runs of
    characters that fit and lose few bits, as single common characters do; in each line they lose
    at most `budget` bits.
    """
    far, spot, loss, plain = at, at, 0.0, True
    while 0 <= spot < won.size:
        if codes[spot] < 0x80:
            if not plain:
                far = spot
            plain = True
            if codes[spot] == 10:
                loss = 0.0
        else:
            plain = False
            loss -= min(won[spot], np.float32(0.0))
            if loss > budget:
                return far
        spot += step
    return far if plain else spot


@compiled
def weighed(
    spans: I64Grid,
    codes: U32,
    won: F32,
    models: F32Grid,
    used: int,
    bits: OutF64,
    each: OutF64,
    lost: OutI64,
    distinct: OutI64,
) -> None:
    """Write what each stretch (a row of `spans`) is worth, an entry per stretch.

    `bits` are those won.  `each` is the mean of the bits per character beyond ASCII, in the best of
    the first `used` models, and infinite where there are none.  `lost` counts U+FFFD, `distinct`
    the different characters beyond ASCII.  A character that repeats is weak evidence: a stretch
    wins at most 1.5 times what the first occurrences of its characters win.
    """
    seen = np.zeros(0x110000, dtype=np.int32)  # the last stretch that had the character
    sums = np.zeros(used, dtype=np.float64)
    for span in range(spans.shape[0]):
        total, first, high, gone, kinds = 0.0, 0.0, 0, 0, 0
        sums[:] = 0.0
        for at in range(spans[span, 0], spans[span, 1]):
            code = np.int64(codes[at])
            total += won[at]
            fresh = seen[code] != span + 1
            if fresh:
                seen[code] = span + 1
                first += won[at]
            if code == REPLACEMENT:
                gone += 1
            elif code >= 0x80:
                high += 1
                kinds += fresh
                place = code if code < 65536 else 65535
                for model in range(used):
                    sums[model] += models[model, place]
        least = np.inf
        for model in range(used):
            if high and sums[model] / high < least:
                least = sums[model] / high
        bits[span], each[span] = min(total, 1.5 * first), least
        lost[span], distinct[span] = gone, kinds


@compiled_uncounted
def suspicion(data: U8, offsets: I64, weight: F32, score: OutF32) -> None:
    """Write how garbled the worst place of each document looks: its highest sum of weights.

    Document `row` is the UTF-8 in `data[offsets[row]:offsets[row + 1]]`.  A letter of a single-byte
    charset weighs only after another one: bytes that were read one by one give runs of them.
    """
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        total, top, before = np.float32(0), np.float32(0), False
        while at < end:
            lead = np.int64(data[at])
            if lead < 0x80:
                total = max(total + weight[lead], np.float32(0))
                before = False
                at += 1
                continue
            code, at = decoded(data, at)
            step = weight[min(code, 0xFFFF)]
            if step >= 50:  # `ONLY_IN_RUNS` of `tables` was added
                step = step - 100 if before else np.float32(0)
                before = True
            else:
                before = False
            total = max(total + step, np.float32(0))
            top = max(top, total)
        score[row] = top
