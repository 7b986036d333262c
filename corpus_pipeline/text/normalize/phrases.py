"""Characters and phrases exchanged for others of the same length, in one pass over the text.

Enters: characters and phrases, each with its other form, and string columns.  Leaves: the columns
after the exchange, and per text how many characters changed and how many were choices: characters
that have more than one other form.
Refuses: a phrase whose other form has another length (`ValueError`).

The phrase that begins first is exchanged, the longest of those that begin together; where there is
no phrase, the character's own form is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I32, I64, U8, U32
from corpus_pipeline.text.normalize.phrases_kernel import (
    CHOICE,
    COUNTED,
    MARK,
    NAME,
    OPENER,
    OTHERS,
    STOP,
    SURNAME,
    exchange_all,
    spot,
)
from corpus_pipeline.text.unicode.utf8 import buffers, column, runs
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END

#: Bytes at once: what bounds the memory of a pass.
_BLOCK = 1 << 22


class Signature(NamedTuple):
    """How a work is signed, as in 《红楼梦》，曹雪芹著: there the mark keeps its form."""

    mark: str = ""
    surnames: str = ""
    others: str = ""  # what may stand between the name and the mark: 曹雪芹等著
    openers: str = "》」』〉）)（([【,，、　 \n"
    stops: str = "。，；、）)】］]》」』,;　 \n"


class Exchange(NamedTuple):
    """A column after the exchange, and the characters changed, chosen and counted in each row."""

    texts: pl.Series
    changed: U32
    chosen: U32
    counted: U32


class Phrases:
    """Characters and phrases, compiled for one pass over a text.

    >>> phrases = Phrases({"這": "这", "著": "着"}, {"名著": "名著"}, "著")
    >>> result = phrases.exchange(pl.Series(["這部名著，看著它", ""]))
    >>> result.texts.to_list(), result.changed.tolist(), result.chosen.tolist()
    (['这部名著，看着它', ''], [2, 0], [2, 0])
    """

    def __init__(
        self,
        characters: Mapping[str, str],
        phrases: Mapping[str, str],
        choices: Collection[str] = "",
        signature: Signature | None = None,
        counted: Collection[str] = "",
    ) -> None:
        """Build the tables; `ValueError` where a form has another length than its original.

        `counted`: characters whose number the caller wants.
        """
        for old, new in [*characters.items(), *phrases.items()]:
            if len(old) != len(new):
                raise ValueError(f"{old} and {new} differ in length")
        self._table = np.arange(UNICODE_END + 1, dtype=np.uint32)
        self._table[[*map(ord, characters)]] = [*map(ord, characters.values())]
        self._flags = _flags(choices, signature or Signature(), counted)
        self._trie = _trie({old: new for old, new in phrases.items() if len(old) > 1})

    def exchange(self, texts: pl.Series) -> Exchange:
        """Exchange the texts of a column (String, no nulls)."""
        data, offsets = buffers(texts)
        counts = np.zeros((3, len(texts)), dtype=np.uint32)
        parts = [pl.Series(dtype=pl.String)]
        for first, end in runs(offsets, _BLOCK):
            part = offsets[first : end + 1]
            size = int(part[-1] - part[0])
            # Three bytes can become four.
            out = np.empty(size + size // 3 + 4, dtype=np.uint8)
            ends = np.zeros(len(part), dtype=np.int64)
            cps = np.empty(int(np.diff(part).max(initial=0)) + 2, dtype=np.uint32)
            exchange_all(
                data, part, self._table, self._flags, *self._trie, cps, out, ends, counts, first
            )
            parts.append(column(out[: ends[-1]], ends))
        return Exchange(pl.concat(parts, rechunk=True).alias(texts.name), *counts)


def _flags(choices: Collection[str], signature: Signature, counted: Collection[str]) -> U8:
    flags = np.zeros(UNICODE_END + 1, dtype=np.uint8)
    for low, high in ((0x3400, 0x9FFF), (0x20000, 0x323AF)):
        flags[low : high + 1] |= NAME
    flags[UNICODE_END] |= STOP | OPENER
    for characters, flag in (
        (choices, CHOICE),
        (counted, COUNTED),
        (signature.mark, MARK),
        (signature.stops, STOP),
        (signature.openers, OPENER),
        (signature.surnames, SURNAME),
        (signature.others, OTHERS),
        ("·・‧•", NAME),
    ):
        flags[[ord(char) for char in characters]] |= flag
    return flags


def _trie(phrases: Mapping[str, str]) -> tuple[I32, I64, I32, I32, U32]:
    """The phrases as a trie: nodes are numbers, 0 is the root.

    Returns the child of the root for each code point, the edges as a hash table (keys: parent << 21
    | code point; nodes), where in the last array the form of each node begins (-1: no phrase ends
    there), and the forms of all phrases end to end.
    """
    olds = sorted(phrases)
    lengths = np.fromiter(map(len, olds), dtype=np.int64, count=len(olds))
    width = int(lengths.max(initial=1))
    codes = np.array(olds, dtype=f"U{width}").view(np.uint32).reshape(-1, width)
    # A prefix is new where the phrase before, in order, has another one.
    new = np.ones(codes.shape, dtype=np.bool_)
    new[1:] = np.logical_or.accumulate(codes[1:] != codes[:-1], axis=1)
    new &= np.arange(width) < lengths[:, None]
    node = np.where(new, np.cumsum(new).reshape(new.shape), 0)
    node = np.maximum.accumulate(node, axis=0)
    first = np.zeros(UNICODE_END + 1, dtype=np.int32)
    first[codes[:, 0]] = node[:, 0]
    inner = new[:, 1:]
    edges = (node[:, :-1][inner] << 21) | codes[:, 1:][inner]
    form_starts = np.full(int(new.sum()) + 1, -1, dtype=np.int32)
    form_starts[node[np.arange(len(olds)), lengths - 1]] = np.cumsum(lengths) - lengths
    forms = np.frombuffer("".join(phrases[old] for old in olds).encode("utf-32-le"), np.uint32)
    size = 1 << max(len(form_starts) * 2, 2).bit_length()
    return first, *_hashed(edges, node[:, 1:][inner], size), form_starts, forms


def _hashed(edges: I64, nodes: I64, size: int) -> tuple[I64, I32]:
    """A table in which `spot` finds edges, each at the first free place from its own on."""
    keys, values = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int32)
    places = np.fromiter((spot(edge, size) for edge in edges.tolist()), np.int64, len(edges))
    while len(edges):
        free = np.flatnonzero(keys[places] == -1)
        taken, chosen = np.unique(places[free], return_index=True)
        keys[taken], values[taken] = edges[free[chosen]], nodes[free[chosen]]
        left = keys[places] != edges
        edges, nodes, places = edges[left], nodes[left], (places[left] + 1) & (size - 1)
    return keys, values
