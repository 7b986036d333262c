"""The loop of `blind`: SipHash-2-4 of 64-bit numbers.

Enters: numbers, and a key of two numbers.  Leaves: a number for each, which nobody without the key
can compute or undo.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U64, OutU64
from corpus_pipeline.text.compiled import compiled_uncounted

#: The constants of the definition (Aumasson and Bernstein 2012), and the block that says "8 bytes".
V0, V1 = np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D)
V2, V3 = np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573)
LENGTH, END = np.uint64(8 << 56), np.uint64(0xFF)
WORD = np.uint64(64)
R13, R16, R17 = np.uint64(13), np.uint64(16), np.uint64(17)
R21, R32 = np.uint64(21), np.uint64(32)


@compiled_uncounted
def siphash(values: U64, first: np.uint64, second: np.uint64, out: OutU64) -> None:
    """Write SipHash-2-4 of each number (8 bytes, little endian) to `out`."""
    for i in range(len(values)):
        v0, v1, v2, v3 = first ^ V0, second ^ V1, first ^ V2, second ^ V3
        for step in range(3):
            block = values[i] if step == 0 else LENGTH
            rounds = 2
            if step == 2:
                block = np.uint64(0)
                v2 ^= END
                rounds = 4
            v3 ^= block
            for _ in range(rounds):
                v0 += v1
                v1 = (v1 << R13 | v1 >> (WORD - R13)) ^ v0
                v0 = v0 << R32 | v0 >> R32
                v2 += v3
                v3 = (v3 << R16 | v3 >> (WORD - R16)) ^ v2
                v0 += v3
                v3 = (v3 << R21 | v3 >> (WORD - R21)) ^ v0
                v2 += v1
                v1 = (v1 << R17 | v1 >> (WORD - R17)) ^ v2
                v2 = v2 << R32 | v2 >> R32
            v0 ^= block
        out[i] = v0 ^ v1 ^ v2 ^ v3
