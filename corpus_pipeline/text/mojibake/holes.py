"""Garbled characters that lost a byte, restored where only one character is likely.

Enters: the symbols of a garbled text (uint16, see `reading_kernel`), the first symbol of each
unit, and the code points that the units were read as.
Leaves: the same code points with some U+FFFD filled, in place.
Refuses: filling by frequency alone; a unit that stays ambiguous stays U+FFFD.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U16, U32
from corpus_pipeline.text.mojibake import reading_kernel as read
from corpus_pipeline.text.mojibake.tables import Tables

#: Symbols of a lost byte.
_GONE = {read.LOST, read.QUESTION}
#: Bits by which the best candidate for a character that lost a byte must be likelier than the next.
#: Sweep over garbled documents, filled wrongly: 314 of 1,600 at 1, 72 at 3, 13 at 5.
_LIKELY = 7.0


def full_stops(symbols: U16, at: I64, out: U32) -> None:
    """Restore in `out` the full stops that end a line and lost their last byte: 銆 and U+FFFD.

    Of the characters with the same beginning only closing brackets end a line as well; those are
    ruled out by counting the brackets of the line.
    """
    for i in np.flatnonzero((out == read.REPLACEMENT) & (symbols[at] == 0xE3)).tolist():
        rest = symbols[at[i] + 1 : at[i + 1] if i + 1 < at.size else symbols.size].tolist()
        ends = i + 1 == at.size or chr(out[i + 1]) in "\r\n<"
        if ends and rest and (rest[0] == 0x80 or rest[0] in _GONE) and set(rest[1:]) <= _GONE:
            line = "".join(map(chr, out[max(i - 300, 0) : i])).rpartition("\n")[2]
            if sum(map(line.count, "「『《【〈")) == sum(map(line.count, "」』》】〉")):
                out[i] = ord("。")


def holes(symbols: U16, at: I64, out: U32, tables: Tables, *, private: bool) -> None:
    """Restore in `out` the characters that lost a byte within a line, where only one is likely.

    A byte is lost there if it begins no pair with the next byte: 0x80 always, and in a strict codec
    also those that GBK leaves to its users.  `private` says that the text has private characters,
    so that its codec was not strict.
    """
    ends = np.append(at, symbols.size)
    for i in np.flatnonzero((out == read.REPLACEMENT) & (np.diff(ends) == 3)).tolist():
        unit = symbols[at[i] : at[i] + 4].tolist()
        if not 0xE3 <= unit[0] <= 0xE9 or unit[1:3].count(read.LOST) != 1 or len(unit) < 4:
            continue
        place = unit.index(read.LOST)
        after = unit[place + 1]
        if not 0x80 <= after < read.LOST:
            continue
        byte = tables.unpaired[after][: 1 if private else None]
        first = byte if place == 1 else unit[1]
        last = byte if place == 2 else unit[2]
        code = (unit[0] & 0x0F) << 12 | (first & 0x3F) << 6 | (last & 0x3F)
        cost = tables.clear_of_pairs[code]
        best = int(cost.argmin())
        if np.delete(cost, best).min(initial=99.0) - cost[best] >= _LIKELY and cost[best] <= 14:
            out[i] = code[best]
