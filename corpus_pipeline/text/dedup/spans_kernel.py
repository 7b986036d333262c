"""The loops of `spans`: stretches of bytes taken out, bytes counted as characters.

Enters: UTF-8 with offsets, and stretches of it.  Leaves: the UTF-8 without them; positions.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, OutBool, OutI64, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW
from corpus_pipeline.text.unicode.utf8_kernel import decoded

_FEED = 0x0A


@compiled_uncounted
def remove(data: U8, offsets: I64, begins: I64, ends: I64, out: OutU8, new_offsets: OutI64) -> int:
    """Write the documents without the stretches and their offsets; returns the bytes written."""
    size, cut = 0, 0
    for doc in range(len(offsets) - 1):
        first, at, stop = size, offsets[doc], offsets[doc + 1]
        edited = False
        while cut < len(begins) and begins[cut] < stop:
            edited = True
            while at < begins[cut]:
                out[size] = data[at]
                size += 1
                at += 1
            at = ends[cut]
            at_line_start = size == first or out[size - 1] == _FEED
            if at_line_start and at < stop and data[at] == _FEED and data[at - 1] != _FEED:
                at += 1
            blank = size == first or (
                at_line_start and (size - first < 2 or out[size - 2] == _FEED)
            )
            while blank and at < stop and data[at] == _FEED:
                at += 1
            cut += 1
        tail = at == stop
        while at < stop:
            out[size] = data[at]
            size += 1
            at += 1
        while edited and tail and size > first and out[size - 1] == _FEED:
            size -= 1
        new_offsets[doc + 1] = size
    return size


@compiled_uncounted
def count_characters(data: U8, offsets: I64, doc: I64, at: I64, counts: OutI64) -> None:
    """Write to `counts` how many characters of its document lie before each byte position `at`."""
    current_doc, count, spot = np.int64(-1), 0, np.int64(0)
    for i in range(len(at)):
        if doc[i] != current_doc:
            current_doc, count, spot = doc[i], 0, offsets[doc[i]]
        while spot < at[i]:
            count += (data[spot] & 0xC0) != 0x80
            spot += 1
        counts[i] = count


@compiled_uncounted
def find_spots(
    data: U8,
    bounds: I64,
    keyed: I64,
    fast: U32,
    begin: OutI64,
    end: OutI64,
    slow: OutBool,
) -> None:
    """First byte and end of the character behind each key character; `slow` lines are left out."""
    for line in range(len(bounds) - 1):
        at, size = bounds[line], keyed[line]
        while at < bounds[line + 1]:
            code, after = decoded(data, at)
            image = fast[code] if code < LIMIT else np.uint32(0)
            if image == SLOW:
                slow[line] = True
                break
            if image:
                begin[size] = at
                end[size] = after
                size += 1
            at = after
