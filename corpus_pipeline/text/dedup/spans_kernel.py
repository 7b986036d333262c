"""The loops of `spans`: stretches of bytes taken out, bytes counted as characters.

Enters: UTF-8 with offsets, and stretches of it.  Leaves: the UTF-8 without them; positions.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, OutBool, OutI64, OutU8
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW
from corpus_pipeline.text.unicode.utf8_kernel import decoded

_FEED = 0x0A


@compiled
def remove(data: U8, offsets: I64, begins: I64, ends: I64, out: OutU8, made: OutI64) -> int:
    """The documents without the stretches, end to end; returns their bytes."""
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
            fresh = size == first or out[size - 1] == _FEED
            if fresh and at < stop and data[at] == _FEED and data[at - 1] != _FEED:
                at += 1
            blank = size == first or (fresh and (size - first < 2 or out[size - 2] == _FEED))
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
        made[doc + 1] = size
    return size


@compiled
def count_characters(data: U8, offsets: I64, doc: I64, at: I64, found: OutI64) -> None:
    """How many characters of its document lie before each byte."""
    here, count, spot = np.int64(-1), 0, np.int64(0)
    for i in range(len(at)):
        if doc[i] != here:
            here, count, spot = doc[i], 0, offsets[doc[i]]
        while spot < at[i]:
            count += (data[spot] & 0xC0) != 0x80
            spot += 1
        found[i] = count


@compiled
def find_spots(
    data: U8,
    bounds: I64,
    keyed: I64,
    fast: U32,
    begin: OutI64,
    end: OutI64,
    slow: OutBool,
) -> None:
    """First byte and end of what each key character stood for; of a slow line, nothing."""
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
