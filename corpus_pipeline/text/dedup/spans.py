"""Take stretches out of texts, and translate positions between bytes, characters and keys.

Enters: the bytes of documents laid end to end, and stretches of them, sorted and disjoint.
Leaves: the texts without them; characters instead of bytes; the bytes behind each key character.

A cut changes nothing but line feeds beside it: it leaves no second blank line, no blank line of its
own, and none at either end of a text.
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
    """Sorted, disjoint stretches: those of one document that touch or overlap become one.

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
    r"""The documents without the stretches (bytes of `data`, `merged`, none across two documents).

    >>> from corpus_pipeline.text.unicode.utf8 import buffers
    >>> data, offsets = buffers(pl.Series(["首\n\n甲\n\n尾", "乙丙"]))
    >>> without(data, offsets, np.array([5, 16]), np.array([9, 19])).to_list()
    ['首\n\n尾', '乙']
    """
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)
    new_offsets = np.zeros(len(offsets), dtype=np.int64)
    size = remove(data, offsets, begins, ends, out, new_offsets)
    return column(out[:size].copy(), new_offsets)


def characters(data: U8, offsets: I64, doc: I64, at: I64) -> I64:
    """How many characters of its document lie before each byte position `at` (ascending).

    `doc` is the document of each position.

    >>> data = np.frombuffer("中文ab".encode(), dtype=np.uint8)
    >>> characters(data, np.array([0, 3, 8]), np.array([0, 1, 1]), np.array([3, 6, 8])).tolist()
    [1, 1, 3]
    """
    counts = np.zeros(len(at), dtype=np.int64)
    count_characters(data, offsets, doc, at, counts)
    return counts


def spots(data: U8, bounds: I64, keyed: I64, table: KeyTable) -> tuple[I64, I64]:
    """First byte and end of the text behind each key character.

    `bounds` are the bounds of the lines in `data`, `keyed` those of their key texts.  Where a line
    cannot be resolved, its key characters begin at its end and end at its begin, so that a stretch
    of them covers nothing.
    """
    begin = np.empty(int(keyed[-1]), dtype=np.int64)
    end = np.empty_like(begin)
    slow = np.zeros(len(bounds) - 1, dtype=np.bool_)
    find_spots(data, bounds, keyed, table.fast, begin, end, slow)
    for line in np.flatnonzero(slow).tolist():
        text = data[bounds[line] : bounds[line + 1]].tobytes().decode()
        pieces = _pieces(text, table)
        key_range = slice(int(keyed[line]), int(keyed[line + 1]))
        if len(pieces) == key_range.stop - key_range.start:
            edges = np.array(pieces, dtype=np.int64).reshape(-1, 2) + bounds[line]
            begin[key_range], end[key_range] = edges[:, 0], edges[:, 1]
        else:
            begin[key_range], end[key_range] = bounds[line + 1], bounds[line]
    return begin, end


def _pieces(text: str, table: KeyTable) -> list[tuple[int, int]]:
    """First byte and end of the piece (a character and its marks) behind each key character."""
    edges = [i for i, char in enumerate(text) if not i or not unicodedata.combining(char)]
    spans, at = [], 0
    for first, end in pairwise([*edges, len(text)]):
        piece = text[first:end]
        size = len(piece.encode())
        images = [_image(char, table.fast) for char in piece]
        if SLOW in images:
            plain = unicodedata.normalize("NFKC", piece)
            images = [_image(char, table.fast, table.after) for char in plain]
        spans += [(at, at + size)] * sum(image != 0 for image in images)
        at += size
    return spans


def _image(char: str, *tables: U32) -> int:
    """The image in the first table where it is not `SLOW`, else `SLOW`."""
    code, image = ord(char), 0
    for table in tables:
        image = int(table[code]) if code < LIMIT else 0
        if image != SLOW:
            break
    return image
