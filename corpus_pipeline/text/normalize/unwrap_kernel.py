"""The loop of `unwrap`: which texts may have wrapped lines.

Enters: UTF-8 with offsets.  Leaves: a flag per text.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, Int, OutBool
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Columns (a Han character is two).  Couplets of seven characters have 32, a page has 60 to 80.
NARROWEST, WIDEST = 36, 160
#: How many columns a line may stay short of the edge, because of a mark that must not begin a line
#: or of a Latin word.
RAGGED = 3
#: How many wraps at the same edge prove that the text was wrapped.
EVIDENCE = 3


@compiled
def mark_wrapped(data: U8, offsets: I64, likely: OutBool) -> None:
    """Flag texts with lines of the same width near one another that stop in mid-sentence."""
    recent = np.zeros(16, dtype=np.int64)
    for doc in range(len(offsets) - 1):
        at, end, count = offsets[doc], offsets[doc + 1], 0
        width, soft = np.int64(0), np.int64(0)
        last: Int = np.int64(0)
        recent[:] = 0
        while at < end:
            code, at = decoded(data, at)
            if code == 0x0A:
                # Lines that stop at Latin letters are no evidence: most texts with them are code.
                ideograph = 0x3400 <= last <= 0x9FFF or _is_comma(last)
                soft = width if ideograph and NARROWEST <= width <= WIDEST else np.int64(0)
                width = np.int64(0)
                continue
            if width == 0 and soft:
                # After an empty line, a bullet, a heading or a border nothing goes on.
                if not _begins_anew(code):
                    near = 1
                    for other in recent:
                        near += int(abs(other - soft) <= RAGGED)
                    if near >= EVIDENCE:
                        likely[doc] = True
                        break
                    recent[count % len(recent)] = soft
                    count += 1
                soft = np.int64(0)
            if code != 0x0D:
                width += 2 if code >= 0x1100 else 1
                if code not in (0x20, 0x3000):
                    last = code


# Comparisons one by one: `in` takes ten times as long to compile.


@compiled
def _is_comma(code: Int) -> bool:
    """、 and both widths of the comma."""
    return code == 0x3001 or code == 0xFF0C or code == 0x2C


@compiled
def _begins_anew(code: Int) -> bool:
    """An empty line, a bullet, a heading, a quote, code, a border."""
    if code == 0x0D or code == 0x23 or code == 0x2A or code == 0x2D:
        return True
    if code == 0x3C or code == 0x3E or code == 0x60 or code == 0x7C:
        return True
    return code == 0x2502 or code == 0x251C
