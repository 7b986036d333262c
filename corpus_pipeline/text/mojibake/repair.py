"""Repair of text that was decoded in a wrong charset: 涓枃 becomes 中文 again.

Enters: a text, and tables of what characters cost and which bytes they stood for.
Leaves: the text with its garbled stretches repaired, the kinds of mistakes, how many characters
were restored and how many could not be (each of those is one U+FFFD).
Refuses: a repair that the costs do not favour clearly, and examples in a text about mojibake.

Each mistake is undone by its reverse: characters become bytes in the wrong charset, and the bytes
are read in the right one.  Every character of that reading wins or loses bits; stretches that win
many are replaced, wherever they are in the document.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F32, I64, U8, U16, U32, Bool, Integers
from corpus_pipeline.text.charset.characters import pairs
from corpus_pipeline.text.mojibake import reading_kernel as read
from corpus_pipeline.text.mojibake.holes import full_stops, holes
from corpus_pipeline.text.mojibake.tables import (
    CHINESE_MODELS,
    LANGUAGE_MODELS,
    ONLY_IN_RUNS,
    SINGLE,
    Tables,
    written,
)
from corpus_pipeline.text.unicode.utf8 import buffers


class Kind(NamedTuple):
    """A mistake: text in `right` was read as `wrong`."""

    name: str
    right: str
    wrong: str


KINDS = (
    Kind("utf8-as-gbk", "utf-8", "gb18030"),
    Kind("utf8-as-gbk", "utf-8", "cp936"),
    Kind("utf8-as-latin1", "utf-8", "windows-1252"),
    Kind("utf8-as-macroman", "utf-8", "mac-roman"),
    Kind("utf8-as-big5", "utf-8", "big5"),
    Kind("gbk-as-latin1", "gb18030", "windows-1252"),
    Kind("gbk-as-macroman", "gb18030", "mac-roman"),
    Kind("gbk-as-big5", "gb18030", "big5"),
    Kind("big5-as-latin1", "big5", "windows-1252"),
    Kind("big5-as-gbk", "big5", "gb18030"),
)
#: Words of texts about garbling, which show it on purpose; and of texts that may be about it.
_TALK = re.compile(r"乱码|亂碼|文字化け|mojibake", re.IGNORECASE)
_NEAR_TALK = re.compile(
    r"编码|編碼|字符集|字元集|\b(?:utf-?8|gbk|gb2312|gb18030|big5|latin-?1|charset|encoding)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,2000}>")


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
    min_shown: int


class Repair(NamedTuple):
    """A repaired text."""

    text: str
    kinds: tuple[str, ...]  # names of the mistakes, sorted
    characters: int  # how many were restored
    lost: int  # how many became U+FFFD


class Stretch(NamedTuple):
    """Characters of a text that one kind of mistake explains better."""

    kind: Kind
    start: int  # in code points of the text
    end: int
    codes: U32  # the repaired code points
    bits: float  # won by the repair
    each: float  # mean bits per repaired character beyond ASCII
    lost: int  # U+FFFD among the repaired code points


def suspects(texts: pl.Series, tables: Tables, limits: Limits) -> list[int]:
    """The rows that may hold garbled text: few of the clean ones, nearly all of the garbled."""
    data, offsets = buffers(texts)
    return np.flatnonzero(_scores(data, offsets, tables) >= limits.suspicion).tolist()


def repairs(texts: pl.Series, tables: Tables, limits: Limits) -> dict[int, Repair]:
    """The repaired texts under the positions of their rows; null and clean rows have none."""
    results = {row: repair(texts[row], tables, limits) for row in suspects(texts, tables, limits)}
    return {row: result for row, result in results.items() if result}


def repair(text: str, tables: Tables, limits: Limits) -> Repair | None:
    """The repaired text, or null where nothing is clearly garbled."""
    data = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
    whole = _codes(text)
    # Only suspicious parts and their neighbours are read; the others hold no stretch.
    parts = _parts(whole)
    suspicious = np.flatnonzero(_scores(data, _parts(data), tables) >= limits.part_suspicion)
    near = np.unique(np.clip(suspicious[:, None] + np.arange(-2, 3), 0, parts.size - 2)).tolist()
    codes = np.concatenate([whole[:0], *(whole[parts[i] : parts[i + 1]] for i in near)])
    kinds: set[str] = set()
    restored = lost = 0
    for _ in range(limits.rounds):
        stretches = _chosen(codes, tables, limits)
        if not kinds and stretches:
            stretches = _without_examples(text, whole, codes, stretches, limits)
            ruling = _ruling(whole, codes, stretches, limits.ruling_share)
            if ruling:
                near, codes = list(range(parts.size - 1)), whole
                stretches = _best_reading(whole, ruling, tables, limits)
        if not stretches:
            break
        pieces, at = [], 0
        for stretch in sorted(stretches, key=attrgetter("start")):
            pieces += [codes[at : stretch.start], stretch.codes]
            at = stretch.end
            restored += int((stretch.codes >= 0x80).sum()) - stretch.lost
            lost += stretch.lost
            kinds.add(stretch.kind.name)
        codes = np.concatenate([*pieces, codes[at:]])
    if not kinds:
        return None
    repaired, new, at = [], _parts(codes), 0
    for number, i in enumerate(near):
        repaired += [whole[at : parts[i]], codes[new[number] : new[number + 1]]]
        at = parts[i + 1]
    result = _text(np.concatenate([*repaired, whole[at:]]))
    return Repair(result, tuple(sorted(kinds)), restored, lost)


def candidates(
    codes: U32, kind: Kind, tables: Tables, limits: Limits, *, least: float, edge_bits: float
) -> list[Stretch]:
    """The stretches of `codes` that the mistake `kind` explains better by at least `least` bits.

    `edge_bits` is what a stretch may lose in a line to take in the characters beside it.
    """
    symbols, bits, owner, first = _bytes_of(codes, kind.wrong, tables, limits)
    size = symbols.size
    at, won = np.empty(size + 1, dtype=np.int64), np.empty(size, dtype=np.float32)
    out = np.empty(size, dtype=np.uint32)
    if kind.right == "utf-8":
        clear = tables.clear if kind.wrong in SINGLE else tables.clear_of_pairs
        count = read.read_utf8(symbols, bits, clear, at, out, won)
        full_stops(symbols, at[:count], out[:count])
        if kind.wrong not in SINGLE:
            private = bool(((codes >= 0xE000) & (codes < 0xE766)).any())
            holes(symbols, at[:count], out[:count], tables, private=private)
    else:
        room, step = np.empty(size + 1, dtype=np.float32), np.empty(size, dtype=np.int64)
        costs, named = tables.pairs[kind.right], pairs(kind.right)
        count = read.read_pairs(symbols, bits, costs, named, at, out, won, room, step)
    at[count] = size
    at, out, won = at[: count + 1], out[:count], won[:count]
    owner = np.append(owner, codes.size)
    starts = np.append(first, [True])[at]
    spans = np.empty((count // 2 + 1, 2), dtype=np.int64)
    spans = spans[: read.stretches(won, least, limits.slack_bits, spans)]
    for number, span in enumerate(spans.tolist()):
        spans[number] = _extended(span, starts, out, won, edge_bits)
    distinct = limits.min_distinct if least > 1 and kind.right != "utf-8" else 0
    return _weighed(kind, spans, (owner[at], out, won), tables, distinct_least=distinct)


def _weighed(
    kind: Kind,
    spans: I64,
    units: tuple[I64, U32, F32],
    tables: Tables,
    *,
    distinct_least: int,
) -> list[Stretch]:
    """The stretches with what they are worth.

    `spans` (n, 2) holds first unit and end of each; `units` are the position of each unit in the
    text, its code point, and the bits that it wins.
    """
    if not len(spans):  # nearly always: the kernel's table of characters would cost more
        return []
    owner, out, won = units
    # Pairs of a Chinese charset must be Chinese: its kana and hangul are EUC-JP's and EUC-KR's.
    used = CHINESE_MODELS if kind.right != "utf-8" else LANGUAGE_MODELS
    if kind.wrong in SINGLE and kind.right == "utf-8":
        used += 1  # accented letters, or what was garbled twice
    bits, each = np.empty(len(spans)), np.empty(len(spans))
    lost, distinct = np.empty(len(spans), dtype=np.int64), np.empty(len(spans), dtype=np.int64)
    read.weighed(spans, out, won, tables.models, used, bits, each, lost, distinct)
    rows = np.flatnonzero(np.isfinite(each) & (distinct >= distinct_least))
    return [
        Stretch(kind, int(owner[a]), int(owner[b]), out[a:b], *numbers)
        for (a, b), *numbers in zip(
            spans[rows].tolist(),
            bits[rows].tolist(),
            each[rows].tolist(),
            lost[rows].tolist(),
            strict=True,
        )
    ]


def _bytes_of(codes: U32, wrong: str, tables: Tables, limits: Limits) -> tuple[U16, F32, I64, Bool]:
    """The bytes that the characters stood for.

    Four arrays with an entry per symbol: the symbol, its bits, the position of its character in
    `codes`, and whether it is the first of its character.
    """
    small, high, lost = np.minimum(codes, 65535), codes >= 0x80, codes == read.REPLACEMENT
    value = np.where(high, written(wrong)[small], codes).astype(np.uint16)
    two = value > 0xFF
    value[high & (value == 0)] = read.BREAK
    value[lost] = read.LOST
    two &= ~lost
    if wrong in SINGLE:
        stood = tables.single[small]
        stood[1:] += limits.run_bits * (high[1:] & high[:-1])
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
    return symbols, (stood[owner] / (1 + pair)).astype(np.float32), owner, first


def _extended(span: list[int], starts: Bool, out: U32, won: F32, budget: float) -> tuple[int, int]:
    """A stretch extended by the rest of a cut character, and by characters that lose little."""
    a, b = span
    while not starts[b] and won[b] > -read.STRAY / 2:
        b += 1
    b = read.widened(won, out, b, 1, budget)
    a = read.widened(won, out, a - 1, -1, budget) + 1
    while a < b and not starts[a]:
        a += 1
    while b > a and not starts[b]:
        b -= 1
    return a, b


def _chosen(codes: U32, tables: Tables, limits: Limits) -> list[Stretch]:
    """The stretches to replace: those that win clearly, and others of the same kinds."""
    letters = tables.weights[np.minimum(codes, 65535)] >= ONLY_IN_RUNS
    single = int((letters[1:] & letters[:-1]).sum()) >= limits.min_letters
    euro = bool((codes == ord("€")).any())
    stretches = [
        s
        for kind in KINDS
        if (single or kind.wrong not in SINGLE) and (euro or kind.wrong != "cp936")
        for s in candidates(
            codes, kind, tables, limits, least=limits.follow_bits, edge_bits=limits.edge_bits
        )
        if s.each <= limits.max_bits_each
        and s.lost <= limits.max_lost_share * (s.codes >= 0x80).sum()
    ]
    sure = {s.kind for s in stretches if s.bits >= limits.least_bits}
    return _apart([s for s in stretches if s.kind in sure])


def _apart(stretches: list[Stretch]) -> list[Stretch]:
    """The best of stretches that overlap; a page of garbled lines has tens of thousands."""
    chosen: list[Stretch] = []
    taken: list[tuple[int, int]] = []  # spans of `chosen`, in order
    for s in sorted(stretches, key=lambda s: -s.bits):
        place = bisect_left(taken, (s.end,))
        if place == 0 or taken[place - 1][1] <= s.start:
            taken.insert(place, (s.start, s.end))
            chosen.append(s)
    return chosen


def _ruling(whole: U32, codes: U32, chosen: list[Stretch], share: float) -> list[Kind]:
    """The kinds of the mistake that garbled nearly all of a text, if there is one."""
    size: dict[str, int] = {}
    for s in chosen:
        high = int((codes[s.start : s.end] >= 0x80).sum())
        size[s.kind.name] = size.get(s.kind.name, 0) + high
    most = share * int((whole >= 0x80).sum())
    return [kind for kind in KINDS if size.get(kind.name, 0) >= max(most, 1)]


def _best_reading(codes: U32, kinds: list[Kind], tables: Tables, limits: Limits) -> list[Stretch]:
    """The stretches of the one of these kinds that wins the most bits in the whole text."""
    readings = [
        _apart(
            candidates(codes, kind, tables, limits, least=0.5, edge_bits=limits.ruling_edge_bits)
        )
        for kind in kinds
    ]
    return max(readings, key=lambda stretches: sum(s.bits for s in stretches))


def _without_examples(
    text: str, whole: U32, codes: U32, chosen: list[Stretch], limits: Limits
) -> list[Stretch]:
    """The stretches without those that a text about garbling shows as examples."""
    garbled = sum(int((codes[s.start : s.end] >= 0x80).sum()) for s in chosen)
    if 2 * garbled >= int((whole >= 0x80).sum()):
        return chosen
    words = _TAG.sub(" ", text)
    if _TALK.search(words):
        return []
    if _NEAR_TALK.search(words):
        return [s for s in chosen if (s.codes >= 0x80).sum() >= limits.min_shown]
    return chosen


def _scores(data: U8, offsets: I64, tables: Tables) -> F32:
    scores = np.empty(offsets.size - 1, dtype=np.float32)
    read.suspicion(data, offsets, tables.weights, scores)
    return scores


def _parts(symbols: Integers) -> I64:
    """Where parts begin, after line breaks and around tags, and the end of the last one.

    No charset has these characters in its pairs.
    """
    ends = (symbols == ord("\n")) | (symbols == ord("<")) | (symbols == ord(">"))
    inner = np.flatnonzero(ends[:-1]) + 1
    return np.concatenate([[0], inner, [symbols.size]]).astype(np.int64)


def _codes(text: str) -> U32:
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)


def _text(codes: U32) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "replace")
