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
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F32, I64, U8
from corpus_pipeline.text.charset.characters import pairs
from corpus_pipeline.text.charset.steps_kernel import NONE, doubts, settle

#: The charsets whose pairs may be out of step, and the row of `step_costs` that reads them.
ROWS = {"gb18030": 0, "big5": 1, "big5-hkscs": 1}
#: Bytes that are cut at a time, and those at the end of them that are cut once more.
_WINDOW, _AGAIN = 1 << 18, 64
#: Bits of a pair that Big5-HKSCS reads as two characters.
_TWO = 24


@dataclass(frozen=True, slots=True)
class StepBounds:
    """When bytes are out of step; `rules/packs/decode.yaml` has the numbers and reasons."""

    usual_bits: int
    doubt_bits: int
    lost_bits: float


def step_costs(costs: Mapping[str, F32]) -> U8:
    """Bits of each pair of bytes, of shape (2, 65536): GB 18030 and Big5; `NONE` for no character.

    Han cost what they cost in Chinese; other characters what they cost in any writing.
    """
    clear = np.minimum(costs["hans"], costs["hant"])
    other = np.ones(65536, dtype=bool)
    other[0x3400:0xA000] = other[0xF900:0xFB00] = False
    clear = np.where(other, np.minimum(clear, costs["any"]), clear)
    # Frames and signs come in runs, in tables and lists, however rare they are in sentences.
    for start, end, bits in ((0x2000, 0x2E80, 13), (0x2500, 0x2580, 7), (0x3100, 0x3130, 10)):
        clear[start:end] = np.minimum(clear[start:end], bits)
    table = np.full((2, 65536), NONE, dtype=np.uint8)
    for row, charset in enumerate(("gb18030", "big5")):
        code = pairs(charset)
        known = np.flatnonzero(code)
        table[row, known] = np.where(code < 65536, clear[np.minimum(code, 65535)], _TWO)[
            known
        ].astype(np.uint8)
    for second in (0x62, 0x64, 0xA3, 0xA5):
        table[1, 0x88 << 8 | second] = _TWO
    return table


@dataclass(frozen=True, slots=True)
class Steps:
    """What is needed to cut bytes into characters: the table of `step_costs`, and the bounds."""

    costs: U8
    bounds: StepBounds


class Doubts(NamedTuple):
    """What a look at bytes found."""

    parts: I64  # (n, 2): first byte and end of each part that may be out of step
    moved: bool  # whether there is a pair elsewhere that GB 18030-2022 moved


class Cut(NamedTuple):
    """Bytes in step."""

    data: bytes  # with 0xFF in place of each byte that is in no character
    moved: bool  # whether there is a pair that GB 18030-2022 moved


def look(data: bytes, charset: str, steps: Steps) -> Doubts:
    """The parts of bytes that may be out of step."""
    byte, bounds = np.frombuffer(data, dtype=np.uint8), steps.bounds
    spans = np.empty((byte.size // 2 + 1, 2), dtype=np.int64)
    row, four = steps.costs[ROWS[charset]], charset == "gb18030"
    count, moved = doubts(byte, row, four, bounds.usual_bits, bounds.doubt_bits, spans)
    return Doubts(spans[:count], bool(moved))


def in_step(data: bytes, charset: str, steps: Steps, found: Doubts) -> Cut:
    """The bytes in step; `found` is what a look at them found."""
    if not len(found.parts):
        return Cut(data, found.moved)
    held, moved = _cut(data, found.parts, charset, steps.costs, steps.bounds.lost_bits)
    return Cut(held, moved or found.moved)


def cut(data: bytes, charset: str, costs: U8, lost_bits: float) -> bytes:
    """The bytes in step, all of them in doubt."""
    return _cut(data, np.array([[0, len(data)]]), charset, costs, lost_bits).data


def _cut(data: bytes, parts: I64, charset: str, costs: U8, lost_bits: float) -> Cut:
    held = np.frombuffer(data, dtype=np.uint8).copy()
    room = min(int((parts[:, 1] - parts[:, 0]).max()), _WINDOW)
    best, step = np.empty(room + 1, dtype=np.float32), np.empty(room, dtype=np.uint8)
    row, four = costs[ROWS[charset]], charset == "gb18030"
    moved = settle(held, parts, row, four, lost_bits, _AGAIN, best, step)
    return Cut(held.tobytes(), bool(moved))
