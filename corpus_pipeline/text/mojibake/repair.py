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
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F32, I64, U8, U32, Integers
from corpus_pipeline.text.mojibake import reading_kernel as read
from corpus_pipeline.text.mojibake.kinds import KINDS, Kind
from corpus_pipeline.text.mojibake.layers import outer_layer
from corpus_pipeline.text.mojibake.stretches import Limits, Stretch, apart, candidates, chosen
from corpus_pipeline.text.mojibake.tables import Tables
from corpus_pipeline.text.unicode.utf8 import buffers

#: Words of texts about garbling, which show it on purpose; and of texts that may be about it.
_TALK = re.compile(r"乱码|亂碼|文字化け|mojibake", re.IGNORECASE)
_NEAR_TALK = re.compile(
    r"编码|編碼|字符集|字元集|\b(?:utf-?8|gbk|gb2312|gb18030|big5|latin-?1|charset|encoding)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,2000}>")


class Repair(NamedTuple):
    """A repaired text."""

    text: str
    kinds: tuple[str, ...]  # names of the mistakes, sorted
    characters: int  # how many were restored
    lost: int  # how many became U+FFFD


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
    for left in range(limits.rounds, 0, -1):
        (stretches, formed), clear = chosen(codes, tables, limits), None
        if not stretches and formed and left > 1:
            stretches = outer_layer(codes, formed, tables, limits, left - 1)
            clear = tables.unread
        if not kinds and stretches:
            stretches = _without_examples(text, whole, codes, stretches, limits)
            ruling = _ruling(whole, codes, stretches, limits.ruling_share)
            if ruling:
                near, codes = list(range(parts.size - 1)), whole
                stretches = _best_reading(whole, ruling, tables, limits, clear)
        if not stretches:
            break
        pieces, at = [], 0
        for stretch in sorted(stretches, key=attrgetter("start")):
            pieces += [codes[at : stretch.start], stretch.codes]
            at = stretch.end
            restored += stretch.restored
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


def _ruling(whole: U32, codes: U32, chosen: list[Stretch], share: float) -> list[Kind]:
    """The kinds of the mistake that garbled nearly all of a text, if there is one."""
    size: dict[str, int] = {}
    for s in chosen:
        high = int((codes[s.start : s.end] >= 0x80).sum())
        size[s.kind.name] = size.get(s.kind.name, 0) + high
    most = share * int((whole >= 0x80).sum())
    return [kind for kind in KINDS if size.get(kind.name, 0) >= max(most, 1)]


def _best_reading(
    codes: U32, kinds: list[Kind], tables: Tables, limits: Limits, clear: F32 | None
) -> list[Stretch]:
    """The stretches of the one of these kinds that wins the most bits in the whole text."""
    edge = limits.ruling_edge_bits
    readings = [
        apart(candidates(codes, kind, tables, limits, least=0.5, edge_bits=edge, clear=clear))
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
        return [s for s in chosen if s.restored + s.lost >= limits.min_shown]
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
