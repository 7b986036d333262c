"""Take stretches out of texts, and say where they were.

Enters: the bytes of documents laid end to end and stretches of them, sorted and apart.
Leaves: the texts without them; characters instead of bytes; the bytes that a key character had.
Refuses: to move or change a character that stays, other than blank lines where a cut was made:
a cut leaves no second blank line behind, no line of its own, and none at either end of a text.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.dedup.key import KeyTable
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW
from corpus_pipeline.text.dedup.spans_kernel import count_characters, find_spots, remove
from corpus_pipeline.text.unicode.utf8 import column


def merged(doc: I64, begins: I64, ends: I64) -> tuple[I64, I64]:
    """Stretches in order and apart: those of one document that touch or overlap become one.

    >>> begin, end = merged(np.array([1, 0, 0]), np.array([9, 0, 3]), np.array([12, 4, 9]))
    >>> begin.tolist(), end.tolist()
    ([0, 9], [9, 12])
    """
    order = np.lexsort((ends, begins))
    doc, begins, ends = doc[order], begins[order], np.maximum.accumulate(ends[order])
    fresh = (begins[1:] > ends[:-1]) | (doc[1:] != doc[:-1])
    new = np.concatenate([[True], fresh])[: len(begins)]
    last = np.concatenate([fresh, [True]])[: len(begins)]
    return begins[new], ends[last]


def without(data: U8, offsets: I64, begins: I64, ends: I64) -> pl.Series:
    r"""The documents without the stretches (`merged`, none across two documents).

    >>> from corpus_pipeline.text.unicode.utf8 import buffers
    >>> data, offsets = buffers(pl.Series(["首\n\n甲\n\n尾", "乙丙"]))
    >>> without(data, offsets, np.array([5, 16]), np.array([9, 19])).to_list()
    ['首\n\n尾', '乙']
    """
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)
    made = np.zeros(len(offsets), dtype=np.int64)
    size = remove(data, offsets, begins, ends, out, made)
    return column(out[:size].copy(), made)


def characters(data: U8, offsets: I64, doc: I64, at: I64) -> I64:
    """Bytes into characters of their document; `at` goes up.

    >>> data = np.frombuffer("中文ab".encode(), dtype=np.uint8)
    >>> characters(data, np.array([0, 3, 8]), np.array([0, 1, 1]), np.array([3, 6, 8])).tolist()
    [1, 1, 3]
    """
    found = np.zeros(len(at), dtype=np.int64)
    count_characters(data, offsets, doc, at, found)
    return found


def spots(data: U8, bounds: I64, keyed: I64, table: KeyTable) -> tuple[I64, I64]:
    """First byte and end of what each key character stood for.

    `bounds` are those of the lines in `data`, `keyed` those of their key texts.  Where that cannot
    be told in a line, its characters begin after it and end before it: nothing of it is covered.
    """
    begin = np.empty(int(keyed[-1]), dtype=np.int64)
    end = np.empty_like(begin)
    slow = np.zeros(len(bounds) - 1, dtype=np.bool_)
    find_spots(data, bounds, keyed, table.fast, begin, end, slow)
    for line in np.flatnonzero(slow).tolist():
        text = data[bounds[line] : bounds[line + 1]].tobytes().decode()
        pieces = _pieces(text, table)
        here = slice(int(keyed[line]), int(keyed[line + 1]))
        if len(pieces) == here.stop - here.start:
            edges = np.array(pieces, dtype=np.int64).reshape(-1, 2) + bounds[line]
            begin[here], end[here] = edges[:, 0], edges[:, 1]
        else:
            begin[here], end[here] = bounds[line + 1], bounds[line]
    return begin, end


def _pieces(text: str, table: KeyTable) -> list[tuple[int, int]]:
    """Bytes of the piece of text behind each key character: a character and its marks."""
    edges = [i for i, char in enumerate(text) if not i or not unicodedata.combining(char)]
    found, at = [], 0
    for first, end in pairwise([*edges, len(text)]):
        piece = text[first:end]
        size = len(piece.encode())
        images = [_image(char, table.fast) for char in piece]
        if SLOW in images:
            plain = unicodedata.normalize("NFKC", piece)
            images = [_image(char, table.fast, table.after) for char in plain]
        found += [(at, at + size)] * sum(image != 0 for image in images)
        at += size
    return found


def _image(char: str, *tables: U32) -> int:
    """What the first table that knows the character makes of it."""
    code, image = ord(char), 0
    for table in tables:
        image = int(table[code]) if code < LIMIT else 0
        if image != SLOW:
            break
    return image
