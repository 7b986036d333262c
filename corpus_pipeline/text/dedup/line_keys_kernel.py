"""The loop of `line_keys`: the key of each line.

Enters: key texts laid end to end.  Leaves: a 64-bit key a line, 0 without a key text.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, OutBool, OutU64
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, mixed


@compiled_uncounted
def hash_lines(codes: U32, offsets: I64, out: OutU64, wordy: OutBool) -> None:
    """The key of each line that has a key text, and whether that is more than digits."""
    for line in range(len(out)):
        begin, end = offsets[line], offsets[line + 1]
        if begin == end:
            continue
        value = np.uint64(1)
        for at in range(begin, end):
            value = value * BASE + np.uint64(codes[at])
            if codes[at] < 0x30 or codes[at] > 0x39:
                wordy[line] = True
        out[line] = max(mixed(value), np.uint64(1))
