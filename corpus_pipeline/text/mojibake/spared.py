"""What a repair leaves as it is: letters and signs beside garbled ones that are not garbled.

Enters: the units of a text (`Units`), as `reading_kernel` cut its bytes.
Leaves: which units keep their own characters instead of a reading.
Refuses: to spare what is the rest of a garbled character that lost bytes; that is U+FFFD.

`Müller` and `25°` beside garbled text have bytes too, but no reading: ü is no UTF-8 alone.  A byte
without a reading is damage inside garbled text, and its own character where it stands apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F32, I64, U16, U32, Bool
from corpus_pipeline.text.mojibake import reading_kernel as read

#: Which of the ASCII characters are letters; and one entry for all others.
_LETTER = np.array([chr(code).isalpha() for code in range(0x80)] + [False])
#: Bits of a character so rare that a single one beside a Latin word is two letters (é» in Café»),
#: and of one so unusual that it is where the word goes on with the second (`ül` in Müller).  Of the
#: single characters beside Latin words in real texts nearly all are marks and 的, 和, 在: below 10.
_RARE, _UNUSUAL = 16.0, 11.0


class Units(NamedTuple):
    """The units of a text; `at`, `owner` and `starts` have one entry more, that of its end."""

    at: I64  # first symbol of each
    out: U32  # the code point that it reads as
    won: F32  # the bits that this wins
    owner: I64  # position in the text of the character that the first symbol belongs to
    starts: Bool  # whether that is the first symbol of the character
    symbols: U16  # of the whole text


def spared(units: Units, costs: F32) -> Bool:
    """For each unit whether it keeps its own characters; `costs` are the bits of characters."""
    first, width = units.symbols[units.at[:-1]], np.diff(units.at)
    plain = (first < 0x80) | (first == read.BREAK)
    gone = (units.symbols == read.LOST) | (units.symbols == read.QUESTION)
    holes = np.diff(np.append(0, gone.cumsum())[units.at]) > 0
    unread = (units.out == read.REPLACEMENT) & ~holes & ~plain
    letter = _LETTER[np.minimum(np.where(plain, first, 0), 0x80)]
    before, after = np.append(False, letter[:-1]), np.append(letter[1:], False)
    # A letter and the one after it may be a pair by chance: `ül` in Müller, `é»` in Café».
    beside = plain | unread
    pair = (width == 2) & ~unread & ~plain & (units.out < 0xFFFD)
    pair &= np.append(True, beside[:-1]) & np.append(beside[1:], True)
    second = units.symbols[np.minimum(units.at[:-1] + 1, units.symbols.size - 1)]
    bits = costs[np.minimum(units.out, 65535)]
    kept: Bool = pair & (second < 0x80) & (before | after) & (bits >= _UNUSUAL)
    kept |= pair & (before | (second < 0x80)) & (bits >= _RARE)
    kept |= pair & (second < 0x80) & (units.won < 0)
    kept |= unread & _standing(units, unread, plain, letter)
    # Characters of two bytes stay whole, or not at all.
    for _ in range(2):
        kept &= units.starts[1:] | np.append(kept[1:], False)
        kept &= units.starts[:-1] | np.append(False, kept[:-1])
    return kept


def _standing(units: Units, unread: Bool, plain: Bool, letter: Bool) -> Bool:
    """For each unit whether its run of unread ones stands for itself.

    A single character does, and a run apart from garbled text; one with the beginning of a
    character in it only where it ends a Latin word.
    """
    ends = np.diff(np.concatenate([[0], unread.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(ends == 1), np.flatnonzero(ends == -1)
    apart = np.append(True, plain)[starts] & np.append(plain, True)[stops]
    size = units.owner[stops] - units.owner[starts]
    alone = units.at[stops] - units.at[starts] == stops - starts
    good = np.where(alone, apart | (size == 1), apart & np.append(False, letter)[starts])
    marks = np.zeros(unread.size + 1, dtype=np.int64)
    np.add.at(marks, starts[good], 1)
    np.add.at(marks, stops[good], -1)
    kept: Bool = marks[:-1].cumsum() > 0
    return kept


def restored(units: Units, kept: Bool, codes: U32, first: int, end: int) -> U32:
    """The code points of the units from `first` to `end`, spared ones as `codes` has them."""
    out, spare = units.out[first:end], kept[first:end]
    if not spare.any():
        return out
    owner = units.owner[first : end + 1] + ~units.starts[first : end + 1]
    size = np.where(spare, np.diff(owner), 1)
    result = np.repeat(out, size)
    place = np.append(0, size.cumsum())
    for unit in np.flatnonzero(spare).tolist():
        result[place[unit] : place[unit + 1]] = codes[owner[unit] : owner[unit + 1]]
    return result
