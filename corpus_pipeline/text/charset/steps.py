"""Bytes of GB 18030 and Big5 that are out of step: the character pairs begin one byte too late.

Enters: bytes, and what the character of each pair costs (`step_costs`).
Leaves: the same number of bytes; those that belong to no character are 0xFF, and every other one is
in the character that the costs believe in.
Refuses: to touch text that reads well.

A byte that was lost or put in makes a decoder pair the wrong bytes up to the next byte that cannot
be the second of a pair; often that is the end of the line, and nothing says so.  Wrong pairs are
rare characters.  So a line of them, or one with a byte that has no character, is cut anew: into the
characters that together cost the fewest bits, where a byte that is left out costs some as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.text.arrays import F32, I64, U8
from corpus_pipeline.text.charset.characters import pairs
from corpus_pipeline.text.charset.steps_kernel import doubts, settle

#: The charsets whose pairs may be out of step, and the row of `step_costs` that reads them.
ROWS = {"gb18030": 0, "big5": 1, "big5-hkscs": 1}
#: Bytes that are cut at a time, and those at the end of them that are cut once more.
_WINDOW, _AGAIN = 1 << 18, 64
#: Bits of a pair that Big5-HKSCS reads as two characters.
_TWO = 24.0


@dataclass(frozen=True, slots=True)
class StepBounds:
    """When bytes are out of step; `rules/packs/decode.yaml` has the numbers and reasons."""

    usual_bits: float
    doubt_bits: float
    lost_bits: float


def step_costs(costs: Mapping[str, F32]) -> F32:
    """Bits of each pair of bytes, of shape (2, 65536): GB 18030 and Big5; -1 where there is none.

    Han cost what they cost in Chinese; other characters what they cost in any writing.
    """
    clear = np.minimum(costs["hans"], costs["hant"])
    other = np.ones(65536, dtype=bool)
    other[0x3400:0xA000] = other[0xF900:0xFB00] = False
    clear = np.where(other, np.minimum(clear, costs["any"]), clear)
    table = np.full((2, 65536), -1, dtype=np.float32)
    for row, charset in enumerate(("gb18030", "big5")):
        code = pairs(charset)
        known = np.flatnonzero(code)
        table[row, known] = np.where(code < 65536, clear[np.minimum(code, 65535)], _TWO)[known]
    for second in (0x62, 0x64, 0xA3, 0xA5):
        table[1, 0x88 << 8 | second] = _TWO
    return table


@dataclass(frozen=True, slots=True)
class Steps:
    """What is needed to cut bytes into characters: the table of `step_costs`, and the bounds."""

    costs: F32
    bounds: StepBounds


def in_step(data: bytes, charset: str, steps: Steps) -> bytes:
    """The bytes with 0xFF in place of each that is in no character."""
    byte, bounds = np.frombuffer(data, dtype=np.uint8), steps.bounds
    row, four = steps.costs[ROWS[charset]], charset == "gb18030"
    spans = np.empty((byte.size // 2 + 1, 2), dtype=np.int64)
    count = doubts(byte, row, four, bounds.usual_bits, bounds.doubt_bits, spans)
    return _cut(byte, spans[:count], charset, steps.costs, bounds.lost_bits) if count else data


def cut(data: bytes, charset: str, costs: F32, lost_bits: float) -> bytes:
    """The same for all of the bytes, not only where they look out of step."""
    byte = np.frombuffer(data, dtype=np.uint8)
    return _cut(byte, np.array([[0, byte.size]]), charset, costs, lost_bits)


def _cut(byte: U8, spans: I64, charset: str, costs: F32, lost_bits: float) -> bytes:
    row, four = costs[ROWS[charset]], charset == "gb18030"
    room = min(int((spans[:, 1] - spans[:, 0]).max()), _WINDOW)
    best, step = np.empty(room + 1, dtype=np.float32), np.empty(room, dtype=np.uint8)
    cut = byte.copy()
    for start, end in spans.tolist():
        at = start
        while at < end:
            last = min(at + room, end)
            sure = last if last == end else last - _AGAIN
            at = settle(cut, at, last, sure, row, four, lost_bits, best, step)
    return cut.tobytes()
