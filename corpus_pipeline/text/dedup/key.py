"""The key text of a document: what it says, without script, width, case and punctuation.

Enters: texts and the frozen character table `assets/dedup_key.tsv`.  Leaves: their key texts, as
one flat array of code points (u32) with offsets (i64, one more than there are documents).  Keys are
for hashing and comparing; they never replace a text.

The key of a text is NFKC, lower case, every Han character simplified one by one (OpenCC's
characters, no phrases), and of that only letters, marks, digits and Han.  A page in traditional
script, in full-width forms or with other punctuation has the key of its simplified twin.  Digits
stay: statutes and notices that differ in a date or a number alone are different documents.

Nearly every text takes one table look-up per character; NFKC itself (21 MB/s) runs only on
texts with a character that expands (Ⅱ, ㎡) or may merge with the one before (combining marks).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32, Bool
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW, look_up
from corpus_pipeline.text.unicode.utf8 import buffers, runs

#: Characters handled at once: the arrays of one step stay in the processor's cache.
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The image of each code point below `LIMIT`: 0 = removed, `SLOW` = NFKC has to come first."""

    fast: U32
    after: U32  # of characters that NFKC leaves as they are


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of documents `first` … `first + len(self)` of a batch, laid end to end."""

    first: int
    codes: U32
    offsets: I64  # in code points; one more than there are documents

    def __len__(self) -> int:
        """How many documents."""
        return len(self.offsets) - 1


def parse_key_table(table: str) -> KeyTable:
    r"""Read the table (lines of cells between tabs); later sections overrule earlier ones.

    >>> table = parse_key_table("keep\t4e00\t9fff\nmove\t41\t5a\t61\nhan\t灣體\t湾体")
    >>> key_text("台灣，字體ABC。", table)
    '台湾字体abc'
    """
    fast = np.zeros(LIMIT, dtype=np.uint32)
    after = np.zeros(LIMIT, dtype=np.uint32)
    for line in table.splitlines():
        if line.startswith("#") or not line:
            continue
        kind, *cells = line.split("\t")
        if kind == "han":
            fast[_codes(cells[0])] = _codes(cells[1])
            continue
        first, last = int(cells[0], 16), int(cells[1], 16)
        image = int(cells[2], 16) if len(cells) > 2 else first
        if kind == "slow":
            fast[first : last + 1] = SLOW
        else:
            target = after if kind == "after" else fast
            target[first : last + 1] = np.arange(image, image + last - first + 1)
    return KeyTable(fast, after)


@cache
def unfolded() -> KeyTable:
    """The table that leaves every character as it is: the key of a text is the text.

    >>> key_text("台灣，ＡＢＣ。", unfolded())
    '台灣，ＡＢＣ。'
    """
    every = np.arange(LIMIT, dtype=np.uint32)
    return KeyTable(every, every)


def key_text(text: str, table: KeyTable) -> str:
    r"""The key of one text, as a string.

    >>> table = parse_key_table("keep\t4e00\t9fff\nmove\tff10\tff19\t30")
    >>> key_text("第１条（２０２３年）", table)
    '第1条2023年'
    """
    [keys] = fold([text], table)
    return keys.codes.astype("<u4").tobytes().decode("utf-32-le")


def fold(texts: Sequence[str] | pl.Series, table: KeyTable, chunk: int = CHUNK) -> Iterator[Keys]:
    """The keys of the texts in order, in chunks of about `chunk` characters; null is empty."""

    def images(data: U8, offsets: I64, after: U32) -> Images:
        codes, ends, slow = room(offsets)
        size = look_up(data, offsets, table.fast, after, codes, ends, slow)
        return codes[:size], ends, np.flatnonzero(slow)

    return Folding(images, table.fast, table.after).keys(texts, chunk)


#: Code points of all documents, where each ends (and a 0 before), and which were slow.
Images = tuple[U32, I64, I64]


def room(offsets: I64) -> tuple[U32, I64, Bool]:
    """Empty arrays for a kernel: code points, ends of documents and flags of slow ones."""
    codes = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint32)
    ends = np.zeros(len(offsets), dtype=np.int64)
    return codes, ends, np.zeros(len(offsets) - 1, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Folding:
    """A kernel that makes keys, with its tables: NFKC is asked where the kernel cannot know."""

    #: Data, offsets and the table that follows `fast`.
    images: Callable[[U8, I64, U32], Images]
    fast: U32
    after: U32
    #: Changes a slow text ahead of NFKC.
    before: Callable[[str], str] = str

    def keys(self, texts: Sequence[str] | pl.Series, chunk: int) -> Iterator[Keys]:
        """The keys of the texts in order, in chunks of about `chunk` characters."""
        data, offsets = buffers(_series(texts))
        # A Han character has three bytes.
        for first, end in runs(offsets, 3 * chunk):
            yield self._folded(first, data, offsets[first : end + 1])

    def _folded(self, first: int, data: U8, offsets: I64) -> Keys:
        codes, ends, slow = self.images(data, offsets, self.fast)
        if not len(slow):
            return Keys(first, codes, ends)
        # The key of a slow text is empty so far; characters that NFKC leaves as they are have their
        # image in the second table.
        originals = [data[offsets[i] : offsets[i + 1]].tobytes().decode() for i in slow.tolist()]
        texts = [unicodedata.normalize("NFKC", self.before(text)) for text in originals]
        images, begins, _ = self.images(*buffers(_series(texts)), self.after)
        parts, copied = [], 0
        for end, start, stop in zip(
            ends[slow].tolist(), begins[:-1].tolist(), begins[1:].tolist(), strict=True
        ):
            parts += [codes[copied:end], images[start:stop]]
            copied = end
        grown = np.zeros(len(ends), dtype=np.int64)
        grown[slow + 1] = np.diff(begins)
        return Keys(first, np.concatenate([*parts, codes[copied:]]), ends + np.cumsum(grown))


def _series(texts: Sequence[str] | pl.Series) -> pl.Series:
    return texts if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)


def _codes(text: str) -> U32:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
