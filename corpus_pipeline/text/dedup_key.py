"""The text that duplicates share: what is left of a document when its spelling is taken away.

Enters: texts and the frozen character table `assets/dedup_key.tsv`.  Leaves: their key texts, as
one flat array of code points with an offset per document.  Refuses: to be shown to anybody: a key
is for hashing only and never replaces a text.

The key of a text is NFKC, lower case, every Han character simplified one by one (OpenCC's
characters, no phrases), and of that only letters, marks, digits and Han.  A page in traditional
script, in full-width forms or with other punctuation has the key of its simplified twin.  Digits
stay: statutes and notices that differ in a date or a number alone are different documents.

Nearly every text is done by one table look-up per character; NFKC itself (21 MB/s) runs only on
texts with a character that expands (Ⅱ, ㎡) or may merge with the one before (combining marks).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CodePoints = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]

#: Code points from here on (tags, variation selectors, private use) are no part of a key.
LIMIT = 0x34000
SLOW = 0xFFFFFFFF
#: Characters handled at once: the arrays of one step stay in the processor's cache.
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class KeyTable:
    """What becomes of each code point: its image, 0 = nothing, `SLOW` = ask NFKC first."""

    fast: CodePoints
    after: CodePoints  # for what NFKC left standing


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of documents `first` … `first + len(self)` of a batch, laid end to end."""

    first: int
    codes: CodePoints
    offsets: Offsets  # one more than there are documents

    def __len__(self) -> int:
        """How many documents."""
        return len(self.offsets) - 1


def parse_key_table(table: str) -> KeyTable:
    r"""Read the table; later sections lie over earlier ones.

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


def key_text(text: str, table: KeyTable) -> str:
    r"""The key of one text, as a string.

    >>> table = parse_key_table("keep\t4e00\t9fff\nmove\tff10\tff19\t30")
    >>> key_text("第１条（２０２３年）", table)
    '第1条2023年'
    """
    [keys] = fold([text], table)
    return keys.codes.astype("<u4").tobytes().decode("utf-32-le")


def fold(texts: Sequence[str], table: KeyTable, chunk: int = CHUNK) -> Iterator[Keys]:
    """The keys of the texts, in order, in chunks of about `chunk` characters."""
    start = size = 0
    for i, text in enumerate(texts):
        if size and size + len(text) > chunk:
            yield _folded(start, texts[start:i], table)
            start, size = i, 0
        size += len(text)
    if start < len(texts):
        yield _folded(start, texts[start:], table)


def _folded(first: int, texts: Sequence[str], table: KeyTable) -> Keys:
    images, ends = _images(texts, table)
    slow = np.flatnonzero(images == SLOW)
    if len(slow):
        # NFKC leaves the other texts as they are in effect: their characters stand alone.
        hit = np.unique(np.searchsorted(ends, slow, side="right") - 1)
        changed = list(texts)
        for i in hit.tolist():
            changed[i] = unicodedata.normalize("NFKC", texts[i])
        images, ends = _images(changed, table)
        slow = np.flatnonzero(images == SLOW)
        codes = _codes("".join(changed))
        images[slow] = table.after[codes[slow]]
    kept = np.flatnonzero(images)
    return Keys(first, images[kept], np.searchsorted(kept, ends))


def _images(texts: Sequence[str], table: KeyTable) -> tuple[CodePoints, Offsets]:
    codes = _codes("".join(texts))
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=ends[1:])
    # LIMIT - 1 has no image: what lies beyond the table is dropped.
    return table.fast.take(codes, mode="clip"), ends


def _codes(text: str) -> CodePoints:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
