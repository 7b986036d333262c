"""The lines of documents and the keys by which equal lines are known.

Enters: texts, and the character table of the key (`dedup.key`).  Leaves: where each line lies in
the bytes of its batch, and for each line a 64-bit key and the upper halves of its neighbours' keys.

A line ends with a line feed, which belongs to it.  Its key is the hash of its key text (no
punctuation, no width, no script): the polynomial and the last step of `dedup.ngrams`, begun with 1.
A line without a key text (rules, brackets, blank lines) is no neighbour of anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32, U64, Bool
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.line_keys_kernel import hash_lines
from corpus_pipeline.text.unicode.utf8 import buffers, column

#: What `neighbours` gives where no line stands: the line itself has no key, the document begins
#: before it, the document ends after it.
NONE, START, END = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Lines:
    """All lines of a batch in order: line i is data[bounds[i]:bounds[i + 1]], and texts[i]."""

    data: U8
    bounds: I64  # in bytes; one more than there are lines
    docs: I64  # the first line of each document; one more than there are documents
    texts: pl.Series

    @property
    def doc(self) -> I64:
        """The document of each line."""
        return np.repeat(np.arange(len(self.docs) - 1), np.diff(self.docs))


@dataclass(frozen=True, slots=True)
class LineKeys:
    """The key texts of lines laid end to end (code points), and the key of each."""

    codes: U32
    offsets: I64  # one more than there are lines
    key: U64  # 0: the line has no key text
    wordy: Bool  # the key text has other characters than digits

    @property
    def size(self) -> I64:
        """Characters of each key text."""
        return np.diff(self.offsets)


def split_lines(texts: pl.Series) -> Lines:
    r"""Cut documents into lines; an empty document has none.

    >>> lines = split_lines(pl.Series(["一\n\n二", "", "三\n"]))
    >>> lines.texts.to_list(), lines.docs.tolist()
    (['一\n', '\n', '二', '三\n'], [0, 3, 3, 4])
    """
    data, offsets = buffers(texts)
    feeds = np.flatnonzero(data[offsets[0] : offsets[-1]] == ord("\n")) + offsets[0] + 1
    bounds = np.concatenate([offsets, feeds])
    bounds.sort(kind="stable")
    bounds = bounds[np.concatenate([[True], bounds[1:] != bounds[:-1]])]
    return Lines(data, bounds, np.searchsorted(bounds, offsets), column(data, bounds))


def line_keys(lines: pl.Series, table: KeyTable) -> LineKeys:
    r"""The keys of lines (String, a null has none).

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table = parse_key_table("keep\t4e00\t9fff\nkeep\t30\t39\nhan\t頁\t页")
    >>> keys = line_keys(pl.Series(["下一頁 >>", "【下一页】", "——", "12"]), table)
    >>> bool(keys.key[0] == keys.key[1]), keys.size.tolist(), keys.wordy.tolist()
    (True, [3, 3, 0, 2], [True, True, False, False])
    """
    parts = list(fold(lines, table))
    codes = np.concatenate([np.empty(0, dtype=np.uint32), *(part.codes for part in parts)])
    sizes = [np.diff(part.offsets) for part in parts]
    offsets = np.cumsum(np.concatenate([[0], *sizes]), dtype=np.int64)
    key = np.zeros(len(offsets) - 1, dtype=np.uint64)
    wordy = np.zeros(len(key), dtype=np.bool_)
    hash_lines(codes, offsets, key, wordy)
    return LineKeys(codes, offsets, key, wordy)


def neighbours(key: U64, doc: I64) -> tuple[U32, U32]:
    """For each line with a key the upper 32 bits of the keys before and after it.

    Lines without a key get `NONE` twice and are no neighbours of others.  `doc` is
    the document of each line.

    >>> key = np.array([7 << 32, 0, 9 << 32, 5 << 32], dtype=np.uint64)
    >>> before, after = neighbours(key, np.array([0, 0, 0, 1]))
    >>> before.tolist(), after.tolist()
    ([1, 0, 7, 1], [9, 0, 2, 2])
    """
    at = np.flatnonzero(key)
    short = np.maximum((key[at] >> np.uint64(32)).astype(np.uint32), np.uint32(END + 1))
    same_doc = doc[at][1:] == doc[at][:-1]
    before = np.full(len(key), NONE, dtype=np.uint32)
    after = before.copy()
    before[at] = np.concatenate([[START], np.where(same_doc, short[:-1], START)])[: len(at)]
    after[at] = np.concatenate([np.where(same_doc, short[1:], END), [END]])[: len(at)]
    return before, after
