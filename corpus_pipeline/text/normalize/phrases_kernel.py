"""The loops of `phrases`: characters and phrases exchanged for others of the same length.

Enters: UTF-8 with offsets, the tables and the trie of `phrases`.  Leaves: UTF-8 with offsets, and
per document how many characters changed and how many were choices.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I32, I64, U8, U32, Int, OutI64, OutU8, OutU32, OutU32Grid
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

#: Flags of a character: it has several forms; it is the mark behind an author's name (著); it may
#: follow that mark; it may stand before the name; it is a surname; it may be part of a name; it may
#: stand between the name and the mark (等); it is counted for the caller.
CHOICE, MARK, STOP, OPENER, SURNAME, NAME, OTHERS, COUNTED = 1, 2, 4, 8, 16, 32, 64, 128
#: No name of an author is longer.
_LONGEST_NAME = 12


@compiled_uncounted
def spot(key: Int, size: int) -> Int:
    """Where the search for a key begins: Fibonacci hashing within 63 bits."""
    return ((key * 0x9E3779B1) >> 16) & (size - 1)


@compiled_uncounted
def exchange_all(
    data: U8,
    offsets: I64,
    table: U32,
    flags: U8,
    first: I32,
    keys: I64,
    nodes: I32,
    form_starts: I32,
    forms: U32,
    cps: OutU32,
    out: OutU8,
    ends: OutI64,
    counts: OutU32Grid,
    row: int,
) -> None:
    """Write each document into `out`, and its counts into column `row` + document of `counts`.

    `cps` has room for the longest document and two more.  `first`, `keys`, `nodes`, `form_starts`
    and `forms` are the trie of `phrases`.  Row 0 of `counts` has the characters that changed, row 1
    those that are choices, row 2 those that are counted.
    """
    size = 0
    for doc in range(len(offsets) - 1):
        at, end, length = offsets[doc], offsets[doc + 1], 1
        cps[0] = UNICODE_END
        while at < end:
            code, at = decoded(data, at)
            cps[length] = code
            length += 1
        cps[length] = UNICODE_END
        place, changed, chosen, counted = 1, 0, 0, 0
        while place < length:
            code = np.int64(cps[place])
            node = first[code]
            if node:
                stop, form = _longest(cps, place, node, keys, nodes, form_starts)
                if stop and not (stop == place + 2 and _signed_by_many(cps, place, flags)):
                    for position in range(place, stop):
                        new = forms[form + position - place]
                        changed += new != cps[position]
                        chosen += flags[cps[position]] & CHOICE
                        counted += flags[cps[position]] & COUNTED
                        size = encoded(np.int64(new), out, size)
                    place = stop
                    continue
            new = table[code]
            flag = flags[code]
            if flag & (CHOICE | MARK | COUNTED):
                chosen += flag & CHOICE
                counted += flag & COUNTED
                if flag & MARK and _signed(cps, place, flags):
                    new = cps[place]
            changed += new != code
            size = encoded(np.int64(new), out, size)
            place += 1
        ends[doc + 1] = size
        counts[0, row + doc], counts[1, row + doc] = changed, chosen
        counts[2, row + doc] = counted // COUNTED


@compiled_uncounted
def _longest(
    cps: U32, start: int, node: int, keys: I64, nodes: I32, form_starts: I32
) -> tuple[int, int]:
    """The end of the longest phrase at `start` (0: none), and where in `forms` its form begins."""
    stop, form, ahead = 0, 0, start + 1
    while True:
        key = np.int64(node) << 21 | np.int64(cps[ahead])
        place = spot(key, len(keys))
        while keys[place] != -1 and keys[place] != key:
            place = (place + 1) & (len(keys) - 1)
        if keys[place] == -1:
            return stop, form
        node = nodes[place]
        ahead += 1
        if form_starts[node] >= 0:
            stop, form = ahead, form_starts[node]


@compiled_uncounted
def _signed(cps: U32, mark: int, flags: U8) -> bool:
    """Whether the mark ends a signature: opener, a name that begins with a surname, mark, stop."""
    if not flags[cps[mark + 1]] & STOP:
        return False
    start = mark
    while start > 0 and mark - start <= _LONGEST_NAME and flags[cps[start - 1]] & NAME:
        start -= 1
    if mark - start < 2 or not flags[cps[start]] & SURNAME or not flags[cps[start - 1]] & OPENER:
        return False
    alone = _at_edge(cps[mark + 1]) and mark - start <= 4
    while cps[start - 1] == 0x3001:
        # 曹雪芹、高鹗著: one name after the other.
        end = start - 1
        start = end
        while start > 0 and end - start <= _LONGEST_NAME and flags[cps[start - 1]] & NAME:
            start -= 1
        if end - start < 2 or not flags[cps[start]] & SURNAME:
            return False
    before = cps[start - 1]
    if not (_at_edge(before) or _between_words(before)):
        return True
    # After a comma or a space the title has to end there; a line of its own is a signature too.
    position = start - 1
    while position > 0 and _between_words(cps[position]):
        position -= 1
    code = cps[position]
    if code == 0x300B or code == 0x3009 or code == 0x300D or code == 0x300F:
        return True
    return alone and _at_edge(code)


@compiled_uncounted
def _at_edge(code: int) -> bool:
    """Where a text or a line begins or ends."""
    return code == UNICODE_END or code == 0x0A


@compiled_uncounted
def _between_words(code: int) -> bool:
    """A space or a comma of either width."""
    return code == 0x20 or code == 0x3000 or code == 0xFF0C or code == 0x2C


@compiled_uncounted
def _signed_by_many(cps: U32, start: int, flags: U8) -> bool:
    """曹雪芹等著: the two last characters are a phrase elsewhere."""
    return (
        flags[cps[start]] & OTHERS != 0
        and flags[cps[start + 1]] & MARK != 0
        and _signed(cps, start + 1, flags)
    )
