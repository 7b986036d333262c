"""The loop of `key`: the image of each character in one table look-up.

Enters: UTF-8 with offsets and the tables of `key.KeyTable`.  Leaves: code points with offsets, and
flags of the documents that NFKC has to change first.
"""

from __future__ import annotations

from corpus_pipeline.text.arrays import I64, U8, U32, OutBool, OutI64, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Code points from here on (tags, variation selectors, private use) are no part of a key.
LIMIT = 0x34000
#: The image of a character that NFKC may expand or merge with the one before.
SLOW = 0xFFFFFFFF


@compiled_uncounted
def look_up(
    data: U8,
    offsets: I64,
    fast: U32,
    after: U32,
    codes: OutU32,
    ends: OutI64,
    slow: OutBool,
) -> int:
    """Write the images of all documents without a `SLOW` character; returns their number."""
    size = 0
    for doc in range(len(offsets) - 1):
        begin, at, stop = size, offsets[doc], offsets[doc + 1]
        while at < stop:
            code, at = decoded(data, at)
            if code >= LIMIT:
                continue
            image = fast[code]
            if image == SLOW:
                image = after[code]
                if image == SLOW:
                    slow[doc] = True
                    size = begin
                    break
            codes[size] = image
            size += image != 0
        ends[doc + 1] = size
    return size
