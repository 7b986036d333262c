"""The loop of `unwrap`: which texts may have wrapped lines.

Enters: UTF-8 with offsets.  Leaves: a flag per text.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, Int, OutBool
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns (a Han character is two).  Couplets of seven characters have 32, a page has 60 to 80;
#: what is narrower than `NARROW` is a newspaper's column, or verse, and has to prove more.
NARROWEST, NARROW, WIDEST = 24, 36, 160
#: How many columns a line may stay short of the edge, because of a mark that must not begin a line
#: or of a Latin word.
RAGGED = 3
#: How many wraps at the same edge prove that the text was wrapped.
EVIDENCE = 3


@compiled
def mark_wrapped(data: U8, offsets: I64, likely: OutBool) -> None:
    """Flag texts with lines of the same width near one another that stop in mid-sentence."""
    recent = np.zeros(16, dtype=np.int64)
    inner = np.zeros(16, dtype=np.bool_)
    for doc in range(len(offsets) - 1):
        at, end, count = offsets[doc], offsets[doc + 1], 0
        width, soft, empty = np.int64(0), np.int64(0), False
        last: Int = np.int64(0)
        recent[:] = 0
        stops, stopped = False, False
        while at < end:
            code, at = decoded(data, at)
            if code == 0x0D:
                continue
            if code == 0x0A:
                if width == 0 and soft and not empty:
                    # One empty line may stand between the lines of a block.
                    empty = True
                    continue
                empty = False
                # Lines that stop at Latin letters are no evidence: most texts with them are code.
                ideograph = 0x3400 <= last <= 0x9FFF or _is_comma(last)
                stopped, stops = stops, False
                soft = width if ideograph and NARROWEST <= width <= WIDEST else np.int64(0)
                width = np.int64(0)
                continue
            if width == 0 and soft:
                # Before a bullet, a heading or a border nothing goes on.
                if not _begins_anew(code):
                    near, ends = 1, int(stopped)
                    for place in range(len(recent)):
                        if abs(recent[place] - soft) <= RAGGED:
                            near += 1
                            ends += int(inner[place])
                    # Verse is as even as a narrow column, and ends no sentence within its lines.
                    narrow = soft < NARROW
                    least = 2 if narrow or empty else 0
                    if near >= EVIDENCE + int(narrow) and ends >= least:
                        likely[doc] = True
                        break
                    recent[count % len(recent)] = soft
                    inner[count % len(recent)] = stopped
                    count += 1
                soft = np.int64(0)
            width += 2 if code >= 0x1100 else 1
            stops |= code == 0x3002 or code == 0xFF1B or code == 0xFF1F or code == 0xFF01
            if code not in (0x20, 0x3000):
                last = code


# Comparisons one by one: `in` takes ten times as long to compile.


@compiled
def _is_comma(code: Int) -> bool:
    """、 and both widths of the comma."""
    return code == 0x3001 or code == 0xFF0C or code == 0x2C


@compiled
def _begins_anew(code: Int) -> bool:
    """A bullet, a heading, a quote, code, a border."""
    if code == 0x23 or code == 0x2A or code == 0x2D:
        return True
    if code == 0x3C or code == 0x3E or code == 0x60 or code == 0x7C:
        return True
    return code == 0x2502 or code == 0x251C
