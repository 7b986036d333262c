"""Characters and phrases exchanged for others of the same length, in one pass over the text.

Enters: a table of characters, phrases with what stands for them, and string columns.  Leaves: the
columns after the exchange, how many characters changed, and how many of them were a choice.
Refuses: a phrase whose other form has another length, and to guess: the phrase that begins first
holds, the longest of those that begin together, and the table where no phrase does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I32, I64, U8, U32, Int
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.classes import UNICODE_END
from corpus_pipeline.text.unicode.utf8 import buffers, column, decoded, encoded, runs

#: Bytes at once: what bounds the memory of a pass.
_BLOCK = 1 << 22
#: What a character is beside its place in the table: a choice, an author's mark, what may stand
#: behind that mark, before the author's name, and at its beginning; Han and the dot inside names.
CHOICE, MARK, STOP, OPENER, SURNAME, NAME, OTHERS = 1, 2, 4, 8, 16, 32, 64
#: No name of an author is longer.
_LONGEST_NAME = 12


class Signature(NamedTuple):
    """How a work is signed, as in 《红楼梦》，曹雪芹著: there the mark keeps its form."""

    mark: str = ""
    surnames: str = ""
    others: str = ""  # what may stand between the name and the mark: 曹雪芹等著
    openers: str = "》」』〉）)（([【,，、　 \n"
    stops: str = "。，；、）)】］]》」』,;　 \n"


class Exchange(NamedTuple):
    """A column after the exchange, with two counts per row."""

    texts: pl.Series
    changed: U32
    chosen: U32


class Phrases:
    """Characters and phrases, compiled.

    >>> phrases = Phrases({"這": "这", "著": "着"}, {"名著": "名著"}, "著")
    >>> done = phrases.exchange(pl.Series(["這部名著，看著它", ""]))
    >>> done.texts.to_list(), done.changed.tolist(), done.chosen.tolist()
    (['这部名著，看着它', ''], [2, 0], [2, 0])
    """

    def __init__(
        self,
        characters: Mapping[str, str],
        phrases: Mapping[str, str],
        choices: Collection[str] = "",
        signature: Signature | None = None,
    ) -> None:
        """Build the tables; a phrase and its other form must have one length."""
        for old, new in [*characters.items(), *phrases.items()]:
            if len(old) != len(new):
                raise ValueError(f"{old} and {new} differ in length")
        self._table = np.arange(UNICODE_END + 1, dtype=np.uint32)
        for old, new in characters.items():
            self._table[ord(old)] = ord(new)
        self._flags = _flags(choices, signature or Signature())
        self._trie = _trie({old: new for old, new in phrases.items() if len(old) > 1})

    def exchange(self, texts: pl.Series) -> Exchange:
        """The column, without a null, and its counts."""
        data, offsets = buffers(texts)
        counts = np.zeros((2, len(texts)), dtype=np.uint32)
        parts = [pl.Series(dtype=pl.String)]
        for first, end in runs(offsets, _BLOCK):
            here = offsets[first : end + 1]
            size = int(here[-1] - here[0])
            # Three bytes can become four.
            out = np.empty(size + size // 3 + 4, dtype=np.uint8)
            ends = np.zeros(len(here), dtype=np.int64)
            cps = np.empty(int(np.diff(here).max(initial=0)) + 2, dtype=np.uint32)
            _exchange(
                data, here, self._table, self._flags, *self._trie, cps, out, ends,
                counts[:, first:end],
            )  # fmt: skip
            parts.append(column(out[: ends[-1]], ends))
        return Exchange(pl.concat(parts, rechunk=True).alias(texts.name), counts[0], counts[1])


def _flags(choices: Collection[str], signature: Signature) -> U8:
    flags = np.zeros(UNICODE_END + 1, dtype=np.uint8)
    for low, high in ((0x3400, 0x9FFF), (0x20000, 0x323AF)):
        flags[low : high + 1] |= NAME
    flags[UNICODE_END] |= STOP | OPENER
    for characters, flag in (
        (choices, CHOICE),
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
    """First nodes by character, edges in a hash table, what each node says, and other forms."""
    children: list[dict[str, int]] = [{}]
    says: list[int] = [-1]
    forms: list[int] = []
    for old, new in sorted(phrases.items()):
        node = 0
        for char in old:
            if char not in children[node]:
                children[node][char] = len(children)
                children.append({})
                says.append(-1)
            node = children[node][char]
        says[node] = len(forms)
        forms += map(ord, new)
    first = np.zeros(UNICODE_END + 1, dtype=np.int32)
    for char, node in children[0].items():
        first[ord(char)] = node
    size = 1 << max(len(children) * 2, 2).bit_length()
    keys, nodes = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int32)
    for parent, edges in enumerate(children[1:], 1):
        for char, node in edges.items():
            key = parent << 21 | ord(char)
            spot = _spot(key, size)
            while keys[spot] != -1:
                spot = (spot + 1) & (size - 1)
            keys[spot], nodes[spot] = key, node
    return first, keys, nodes, np.array(says, dtype=np.int32), np.array(forms, dtype=np.uint32)


@compiled
def _spot(key: Int, size: int) -> Int:
    """Where the search for a key begins: Fibonacci hashing within 63 bits."""
    return ((key * 0x9E3779B1) >> 16) & (size - 1)


@compiled
def _exchange(  # noqa: PLR0917 – a kernel takes its arrays one by one
    data: U8,
    offsets: I64,
    table: U32,
    flags: U8,
    first: I32,
    keys: I64,
    nodes: I32,
    says: I32,
    forms: U32,
    cps: U32,
    out: U8,
    ends: I64,
    counts: U32,
) -> None:
    size = 0
    for doc in range(len(offsets) - 1):
        at, end, length = offsets[doc], offsets[doc + 1], 1
        cps[0] = UNICODE_END
        while at < end:
            code, at = decoded(data, at)
            cps[length] = code
            length += 1
        cps[length] = UNICODE_END
        here, changed, chosen = 1, 0, 0
        while here < length:
            code = np.int64(cps[here])
            node = first[code]
            if node:
                stop, form = _longest(cps, here, node, keys, nodes, says)
                if stop and not (stop == here + 2 and _signed_by_many(cps, here, flags)):
                    for position in range(here, stop):
                        new = forms[form + position - here]
                        changed += new != cps[position]
                        chosen += flags[cps[position]] & CHOICE
                        size = encoded(np.int64(new), out, size)
                    here = stop
                    continue
            new = table[code]
            flag = flags[code]
            if flag & (CHOICE | MARK):
                chosen += flag & CHOICE
                if flag & MARK and _signed(cps, here, flags):
                    new = cps[here]
            changed += new != code
            size = encoded(np.int64(new), out, size)
            here += 1
        ends[doc + 1] = size
        counts[0, doc], counts[1, doc] = changed, chosen


@compiled
def _longest(  # noqa: PLR0917 – a kernel takes its arrays one by one
    cps: U32, here: int, node: int, keys: I64, nodes: I32, says: I32
) -> tuple[int, int]:
    """The end of the longest phrase that begins here, and where its other form lies; or 0."""
    stop, form, ahead = 0, 0, here + 1
    while True:
        key = np.int64(node) << 21 | np.int64(cps[ahead])
        spot = _spot(key, len(keys))
        while keys[spot] not in (-1, key):
            spot = (spot + 1) & (len(keys) - 1)
        if keys[spot] == -1:
            return stop, form
        node = nodes[spot]
        ahead += 1
        if says[node] >= 0:
            stop, form = ahead, says[node]


@compiled
def _signed(cps: U32, mark: int, flags: U8) -> bool:
    """Whether the mark ends a signature: opener, a name that begins with a surname, mark, stop."""
    if not flags[cps[mark + 1]] & STOP:
        return False
    start = mark
    while start > 0 and mark - start <= _LONGEST_NAME and flags[cps[start - 1]] & NAME:
        start -= 1
    if mark - start < 2 or not flags[cps[start]] & SURNAME or not flags[cps[start - 1]] & OPENER:
        return False
    alone = cps[mark + 1] in (UNICODE_END, 0x0A) and mark - start <= 4
    while cps[start - 1] == 0x3001:
        # 曹雪芹、高鹗著: one name after the other.
        end = start - 1
        start = end
        while start > 0 and end - start <= _LONGEST_NAME and flags[cps[start - 1]] & NAME:
            start -= 1
        if end - start < 2 or not flags[cps[start]] & SURNAME:
            return False
    before = cps[start - 1]
    if before not in (UNICODE_END, 0x0A, 0x20, 0x3000, 0xFF0C, 0x2C):
        return True
    # After a comma or a space the title has to end there; a line of its own is a signature too.
    position = start - 1
    while position > 0 and cps[position] in (0x20, 0x3000, 0xFF0C, 0x2C):
        position -= 1
    if cps[position] in (0x300B, 0x3009, 0x300D, 0x300F):
        return True
    return alone and cps[position] in (UNICODE_END, 0x0A)


@compiled
def _signed_by_many(cps: U32, here: int, flags: U8) -> bool:
    """曹雪芹等著: the two last characters are a phrase elsewhere."""
    return (
        flags[cps[here]] & OTHERS != 0
        and flags[cps[here + 1]] & MARK != 0
        and _signed(cps, here + 1, flags)
    )
