"""The stretches of a text that one mistake explains better than chance does.

Enters: code points of a text, the mistake, and the tables of what characters cost.
Leaves: `Stretch`es: where they lie, what they read as, how many bits that wins.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F32, F64, I64, U16, U32, Bool
from corpus_pipeline.text.charset.characters import pairs
from corpus_pipeline.text.mojibake import reading_kernel as read
from corpus_pipeline.text.mojibake.holes import full_stops, holes
from corpus_pipeline.text.mojibake.kinds import Kind, possible
from corpus_pipeline.text.mojibake.spared import Units, restored, spared
from corpus_pipeline.text.mojibake.tables import (
    CHINESE_MODELS,
    LANGUAGE_MODELS,
    SINGLE,
    Tables,
    written,
)

#: Bits that the characters which a repair spares can add to the mean of a stretch.
_CLEARLY = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a repair counts as better; `rules/packs/decode.yaml` has the numbers and reasons."""

    suspicion: float
    part_suspicion: float
    rounds: int  # a text may have been garbled more than once
    least_bits: float
    follow_bits: float
    slack_bits: float
    edge_bits: float
    run_bits: float
    kana_bits: float
    max_bits_each: float
    max_lost_share: float
    min_distinct: int
    min_letters: int
    ruling_share: float
    ruling_edge_bits: float
    peeled_share: float
    min_shown: int


class Stretch(NamedTuple):
    """Characters of a text that one kind of mistake explains better."""

    kind: Kind
    start: int  # in code points of the text
    end: int
    codes: U32  # the repaired code points
    bits: float  # won by the repair
    each: float  # mean bits per repaired character beyond ASCII
    lost: int  # U+FFFD among the repaired code points
    restored: int  # characters beyond ASCII that the repair brought back


class Bytes(NamedTuple):
    """The bytes that a text stood for: arrays with an entry per symbol."""

    symbols: U16  # see `reading_kernel`
    bits: F32
    owner: I64  # the position of its character in the text
    first: Bool  # whether it is the first of its character


def candidates(
    codes: U32,
    kind: Kind,
    tables: Tables,
    limits: Limits,
    *,
    least: float,
    edge_bits: float,
    clear: F32 | None = None,
) -> list[Stretch]:
    """The stretches of `codes` that the mistake `kind` explains better by at least `least` bits.

    `edge_bits` is what a stretch may lose in a line to take in the characters beside it; `clear`
    are the bits of characters that UTF-8 gives, in place of those of a text.
    """
    units = units_of(codes, kind, bytes_of(codes, kind.wrong, tables, limits), tables, clear)
    return within(codes, kind, units, tables, limits, least=least, edge_bits=edge_bits)


def within(
    codes: U32,
    kind: Kind,
    units: Units,
    tables: Tables,
    limits: Limits,
    *,
    least: float,
    edge_bits: float,
    most_each: float = np.inf,
) -> list[Stretch]:
    """The same of units that were read before.

    None where the mean of the bits of a character is clearly above `most_each` everywhere.
    """
    spans = _spans(units.won, least, limits.slack_bits)
    if not len(spans):
        return []
    for number, span in enumerate(spans.tolist()):
        spans[number] = _extended(span, units, edge_bits)
    distinct_least = limits.min_distinct if least > 1 and kind.right != "utf-8" else 0
    if most_each < np.inf:  # most texts end here
        _, each, _, distinct = _worth(kind, spans, units.out, units.won, tables)
        if not ((each <= most_each + _CLEARLY) & (distinct >= distinct_least)).any():
            return []
    return _weighed(codes, kind, spans, units, tables, distinct_least=distinct_least)


def _spans(won: F32, least: float, slack: float) -> I64:
    """First unit and end of each stretch that wins `least` bits, in rows."""
    spans = np.empty((won.size // 2 + 1, 2), dtype=np.int64)
    return spans[: read.stretches(won, least, slack, spans)]


def units_of(
    codes: U32, kind: Kind, stood: Bytes, tables: Tables, clear: F32 | None = None
) -> Units:
    """The bytes that a text stood for, cut into characters of the right charset."""
    return _filled(codes, kind, stood, _cut(kind, stood, tables, clear), tables)


class _Cut(NamedTuple):
    """Units before lost bytes are filled; `at` has one entry more, that of the end."""

    at: I64
    out: U32
    won: F32

    def may_be_utf8(self, least: int) -> bool:
        """Whether `_has_form` may hold once lost bytes are filled; a byte alone has lost none."""
        high = int(np.count_nonzero(self.out >= 0x80))
        if high < least:
            return False
        stray = (self.out == read.REPLACEMENT) & (np.diff(self.at) == 1)
        return high > 2 * int(np.count_nonzero(stray))


def _cut(kind: Kind, stood: Bytes, tables: Tables, clear: F32 | None = None) -> _Cut:
    """The units of `stood`, as the right charset cuts them."""
    symbols, bits, size = stood.symbols, stood.bits, stood.symbols.size
    at, won = np.empty(size + 1, dtype=np.int64), np.empty(size, dtype=np.float32)
    out = np.empty(size, dtype=np.uint32)
    if kind.right == "utf-8":
        if clear is None:
            clear = tables.clear if kind.wrong in SINGLE else tables.clear_of_pairs
        count = read.read_utf8(symbols, bits, clear, at, out, won)
    else:
        room, step = np.empty(size + 1, dtype=np.float32), np.empty(size, dtype=np.int64)
        costs, named = tables.pairs[kind.right], pairs(kind.right)
        count = read.read_pairs(symbols, bits, costs, named, at, out, won, room, step)
    at[count] = size
    return _Cut(at[: count + 1], out[:count], won[:count])


def _filled(codes: U32, kind: Kind, stood: Bytes, cut: _Cut, tables: Tables) -> Units:
    """The units with lost bytes filled where only one character is likely."""
    at, out, won = cut
    if kind.right == "utf-8":
        full_stops(stood.symbols, at[:-1], out)
        if kind.wrong not in SINGLE:
            private = bool(((codes >= 0xE000) & (codes < 0xE766)).any())
            holes(stood.symbols, at[:-1], out, tables, private=private)
    owner, starts = np.append(stood.owner, codes.size)[at], np.append(stood.first, [True])[at]
    return Units(at, out, won, owner, starts, stood.symbols)


def _weighed(
    codes: U32, kind: Kind, spans: I64, units: Units, tables: Tables, *, distinct_least: int
) -> list[Stretch]:
    """The stretches with what they are worth; `spans` (n, 2) holds first unit and end of each."""
    kept = spared(units, tables.clear)
    out = np.where(kept, np.uint32(0x20), units.out)
    won = np.where(kept, np.float32(-read.PLAIN), units.won)
    bits, each, lost, distinct = _worth(kind, spans, out, won, tables)
    rows = np.flatnonzero(np.isfinite(each) & (distinct >= distinct_least))
    high = np.append(0, (out >= 0x80).cumsum())
    return [
        Stretch(
            kind,
            int(units.owner[a]),
            int(units.owner[b]),
            restored(units, kept, codes, a, b),
            worth,
            mean,
            gone,
            int(high[b] - high[a]) - gone,
        )
        for (a, b), worth, mean, gone in zip(
            spans[rows].tolist(),
            bits[rows].tolist(),
            each[rows].tolist(),
            lost[rows].tolist(),
            strict=True,
        )
    ]


def _worth(kind: Kind, spans: I64, out: U32, won: F32, tables: Tables) -> tuple[F64, F64, I64, I64]:
    """Bits, mean bits of a character, U+FFFD and different characters of each span."""
    # Pairs of a Chinese charset must be Chinese: its kana and hangul are EUC-JP's and EUC-KR's.
    used = CHINESE_MODELS if kind.right != "utf-8" else LANGUAGE_MODELS
    if kind.wrong in SINGLE and kind.right == "utf-8":
        used += 1  # accented letters, or what was garbled twice
    bits, each = np.empty(len(spans)), np.empty(len(spans))
    lost, distinct = np.empty(len(spans), dtype=np.int64), np.empty(len(spans), dtype=np.int64)
    read.weighed(spans, out, won, tables.models, used, bits, each, lost, distinct)
    return bits, each, lost, distinct


def bytes_of(codes: U32, wrong: str, tables: Tables, limits: Limits) -> Bytes:
    """The bytes that the characters stood for in the wrong charset."""
    small, high, lost = np.minimum(codes, 65535), codes >= 0x80, codes == read.REPLACEMENT
    value = np.where(high, written(wrong)[small], codes).astype(np.uint16)
    two = value > 0xFF
    value[high & (value == 0)] = read.BREAK
    value[lost] = read.LOST
    two &= ~lost
    if wrong in SINGLE:
        stood = tables.single[small]
        stood[1:] += limits.run_bits * (high[1:] & high[:-1] & ~tables.joined[small[1:]])
    else:
        stood = tables.stands[small]
        rare = (tables.japanese[small] >= 17) & high
        kana = (codes >= 0x3040) & (codes < 0x3100)
        stood[1:] += limits.kana_bits * (kana[1:] & rare[:-1])
        stood[:-1] += limits.kana_bits * (kana[:-1] & rare[1:])
    stood[lost] = read.HOLE
    owner = np.repeat(np.arange(codes.size), 1 + two)
    first = np.diff(owner, prepend=-1) > 0
    each, pair = value[owner], two[owner]
    symbols = np.where(pair, np.where(first, each >> 8, each & 0xFF), each).astype(np.uint16)
    return Bytes(symbols, (stood[owner] / (1 + pair)).astype(np.float32), owner, first)


def _extended(span: list[int], units: Units, budget: float) -> tuple[int, int]:
    """A stretch extended by the rest of a cut character, and by characters that lose little."""
    (a, b), starts, won = span, units.starts, units.won
    while not starts[b] and won[b] > -read.STRAY / 2:
        b += 1
    b = read.widened(won, units.out, b, 1, budget)
    a = read.widened(won, units.out, a - 1, -1, budget) + 1
    while a < b and not starts[a]:
        a += 1
    while b > a and not starts[b]:
        b -= 1
    return a, b


def chosen(codes: U32, tables: Tables, limits: Limits) -> tuple[list[Stretch], list[Kind]]:
    """The stretches to replace: those that win clearly, and others of the same kinds.

    And the kinds whose form the text has, whatever comes out: it may be garbled itself.
    """
    stretches, formed = [], []
    stood: dict[str, Bytes] = {}
    for kind in possible(codes, tables, limits.min_letters):
        if kind.wrong not in stood:
            stood[kind.wrong] = bytes_of(codes, kind.wrong, tables, limits)
        cut = _cut(kind, stood[kind.wrong], tables)
        formed_so = kind.right == "utf-8" and cut.may_be_utf8(limits.min_letters)
        # Nearly always there is neither.
        if not formed_so and not _spans(cut.won, limits.follow_bits, limits.slack_bits).size:
            continue
        units = _filled(codes, kind, stood[kind.wrong], cut, tables)
        if formed_so and _has_form(units, limits.min_letters):
            formed.append(kind)
        stretches += [
            s
            for s in within(
                codes,
                kind,
                units,
                tables,
                limits,
                least=limits.follow_bits,
                edge_bits=limits.edge_bits,
                most_each=limits.max_bits_each,
            )
            if s.each <= limits.max_bits_each
            and s.lost <= limits.max_lost_share * (s.restored + s.lost)
        ]
    sure = {s.kind for s in stretches if s.bits >= limits.least_bits}
    return apart([s for s in stretches if s.kind in sure]), formed


def _has_form(units: Units, least: int) -> bool:
    """Whether more of the bytes beyond ASCII are characters of UTF-8 than are none."""
    high = int(np.count_nonzero(units.out >= 0x80))
    return high >= least and high > 2 * int(np.count_nonzero(units.out == read.REPLACEMENT))


def apart(stretches: list[Stretch]) -> list[Stretch]:
    """The best of stretches that overlap; a page of garbled lines has tens of thousands."""
    chosen: list[Stretch] = []
    taken: list[tuple[int, int]] = []  # spans of `chosen`, in order
    for s in sorted(stretches, key=lambda s: -s.bits):
        place = bisect_left(taken, (s.end,))
        if place == 0 or taken[place - 1][1] <= s.start:
            taken.insert(place, (s.start, s.end))
            chosen.append(s)
    return chosen
