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

#: The first bytes of UTF-8 characters in Chinese text: after a garbled character one of them is
#: the beginning of the next, which was cut off.
_LEADS = (0xE2, 0xEF)


class Units(NamedTuple):
    """The units of a text; `at`, `owner` and `starts` have one entry more, that of its end."""

    at: I64  # first symbol of each
    out: U32  # the code point that it reads as
    won: F32  # the bits that this wins
    owner: I64  # position in the text of the character that the first symbol belongs to
    starts: Bool  # whether that is the first symbol of the character
    symbols: U16  # of the whole text


def spared(units: Units) -> Bool:
    """For each unit whether it keeps its own characters."""
    first, width = units.symbols[units.at[:-1]], np.diff(units.at)
    plain = (first < 0x80) | (first == read.BREAK)
    gone = (units.symbols == read.LOST) | (units.symbols == read.QUESTION)
    holes = np.diff(np.append(0, gone.cumsum())[units.at]) > 0
    unread = (units.out == read.REPLACEMENT) & ~holes & ~plain
    apart = np.append(True, plain[:-1]) & np.append(plain[1:], True)
    # A letter and the ASCII letter after it may be a pair by chance: `ül` in Müller.
    second = units.symbols[np.minimum(units.at[:-1] + 1, units.symbols.size - 1)]
    kept: Bool = ~unread & apart & (width == 2) & ~plain & (second < 0x80) & (units.won < 0)
    kept |= unread & _standing(units, unread, plain)
    # Characters of two bytes stay whole, or not at all.
    for _ in range(2):
        kept &= units.starts[1:] | np.append(kept[1:], False)
        kept &= units.starts[:-1] | np.append(False, kept[:-1])
    return kept


def _standing(units: Units, unread: Bool, plain: Bool) -> Bool:
    """For each unit whether its run of unread ones stands for itself."""
    ends = np.diff(np.concatenate([[0], unread.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(ends == 1), np.flatnonzero(ends == -1)
    before, after = np.append(True, plain)[starts], np.append(plain, True)[stops]
    size = units.owner[stops] - units.owner[starts]
    whole = units.at[stops] - units.at[starts] == stops - starts  # no cut sequences, bytes alone
    lead = units.symbols[units.at[starts]]
    cut = ~before & after & (lead >= _LEADS[0]) & (lead <= _LEADS[1])
    letters = np.char.isalpha(np.array([chr(c) for c in range(0x80)]))
    beside = letters[np.append(0, np.where(plain & (units.out < 0x80), units.out, 0))[starts]]
    good = np.where(whole, (before & after) | ((size == 1) & ~cut), before & after & beside)
    return np.repeat(
        np.append(False, np.stack([good, np.zeros_like(good)], axis=1)),
        np.diff(np.concatenate([[0], np.stack([starts, stops], axis=1).ravel(), [unread.size]])),
    )


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
