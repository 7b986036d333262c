"""The key text with the signs that say something: what `exact_dedup` compares.

Enters: texts, the table of the key and the frozen table `assets/dedup_signs.tsv`.  Leaves: `Keys`,
as `key.fold`.

C++ is not C#, 36-5 not 365, a>b not a<b, 3.5% not 35%, 10² not 102.  The key text has none of these
signs, because they are also bullets, rulers, emphasis and separators, which copies of one text do
not share.  Here a sign is kept where its neighbours make it one:

- math (+ < > = × ÷ ≤ → …) behind a term on its line or directly before a letter or digit;
- % ‰ behind a number, currency before one, a decimal point or a colon between digits;
- - / * # & ^ @ | ~ directly beside Latin letters or digits (each with its own rule in the kernel);
- brackets where they touch such a sign; a raised digit behind a digit as ^ and the digit;
- between two digits that anything else separates, one blank: 36 5 is not 365, but 1,000 is 1000.

Texts without any of them have their key text unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.dedup import signed_key_kernel as kernel
from corpus_pipeline.text.dedup.key import CHUNK, Folding, Images, Keys, KeyTable, room
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW

_KINDS = {
    name: getattr(kernel, name.upper())
    for name in (
        *("blank", "line", "open", "close", "comma", "colon", "bang", "dot", "math", "percent"),
        *("money", "dash", "star", "slash", "hash", "join", "tilde", "unseen"),
    )
}
_RAISED = re.compile("(?<=[0-9０-９)])(?=[⁰¹²³⁴-⁹])")


@dataclass(frozen=True, slots=True)
class SignTable:
    """The tables of the key, and kind and image of each sign."""

    fast: U32
    after: U32
    kinds: U8
    signs: U32


def parse_sign_table(table: str, key: KeyTable) -> SignTable:
    r"""Read the table of signs and lay it over the table of the key.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> key = parse_key_table("keep\t30\t39\nkeep\t61\t7a\nkeep\t4e00\t9fff")
    >>> signs = parse_sign_table("math\t2b\t2b\ndash\t2d\t2d\nblank\t20\t20", key)
    >>> signed_key_text("36-5，a + b。\n- 甲", signs)
    '36-5a+b甲'
    """
    fast, after = key.fast.copy(), key.after.copy()
    kinds = np.zeros(LIMIT, dtype=np.uint8)
    signs = np.zeros(LIMIT, dtype=np.uint32)
    for line in table.splitlines():
        if line.startswith("#") or not line:
            continue
        kind, code, image = line.split("\t")
        place = int(code, 16)
        if kind == "slow":
            fast[place], after[place] = SLOW, 0
            continue
        if kind == "raised":
            fast[place] |= kernel.RAISED_MARK
            continue
        kinds[place], signs[place] = _KINDS[kind], int(image, 16)
        if kernel.MATH <= kinds[place] < kernel.UNSEEN:
            fast[place] = 1 << kernel.MARK_BIT
            after[place] = 1 << kernel.MARK_BIT
    return SignTable(fast, after, kinds, signs)


def signed_key_text(text: str, table: SignTable) -> str:
    """The signed key of one text, as a string."""
    [keys] = fold_signed([text], table)
    return keys.codes.astype("<u4").tobytes().decode("utf-32-le")


def fold_signed(
    texts: Sequence[str] | pl.Series, table: SignTable, chunk: int = CHUNK
) -> Iterator[Keys]:
    """The signed keys of the texts in order, in chunks of about `chunk` characters."""

    def images(data: U8, offsets: I64, after: U32) -> Images:
        codes, ends, slow = room(offsets)
        size = kernel.look_up_signed(
            data, offsets, table.fast, after, table.kinds, table.signs, codes, ends, slow
        )
        return codes[:size], ends, np.flatnonzero(slow)

    return Folding(images, table.fast, table.after, _powers).keys(texts, chunk)


def _powers(text: str) -> str:
    """NFKC makes ² a plain 2: a caret before it keeps 10² apart from 102."""
    return _RAISED.sub("^", text)
