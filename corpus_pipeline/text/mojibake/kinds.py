"""The mistakes that garble a text: written in one charset, read in another.

Enters: the code points of a text.
Leaves: `KINDS`, and those of them that the text's characters allow (`possible`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.mojibake.tables import (
    FAMILIAR_BIT,
    ONLY_IN_RUNS,
    SINGLE,
    Tables,
)

#: Charsets of one byte as the names of kinds have them.
_SHORT = {"windows-1252": "latin1", "mac-roman": "macroman"}


class Kind(NamedTuple):
    """A mistake: text in `right` was read as `wrong`."""

    name: str
    right: str
    wrong: str


KINDS = (
    Kind("utf8-as-gbk", "utf-8", "gb18030"),
    Kind("utf8-as-gbk", "utf-8", "cp936"),
    Kind("utf8-as-big5", "utf-8", "big5"),
    Kind("gbk-as-big5", "gb18030", "big5"),
    Kind("big5-as-gbk", "big5", "gb18030"),
    *(
        Kind(f"{name}-as-{_SHORT.get(wrong, wrong)}", right, wrong)
        for wrong in SINGLE
        for name, right in (("utf8", "utf-8"), ("gbk", "gb18030"), ("big5", "big5"))
    ),
)


def possible(codes: U32, tables: Tables, min_letters: int) -> list[Kind]:
    """The kinds that may have garbled the text: it has the letters that their charset gives.

    A charset of one byte leaves at least `min_letters` neighbouring letters; one that is not
    `FAMILIAR` also leaves neighbours of which the familiar one lacks one or both.
    """
    small = np.minimum(codes, 65535)
    letters = tables.weights[small] >= ONLY_IN_RUNS / 2
    readers = tables.readers[small]
    beside = letters[1:] & letters[:-1]
    together = (readers[1:] & readers[:-1])[beside]
    odd = (readers[1:] & readers[:-1])[beside & ((readers[1:] & readers[:-1] & FAMILIAR_BIT) == 0)]
    found = int(np.bitwise_or.reduce(odd)) | FAMILIAR_BIT
    fits = {
        charset: found >> bit & 1 and np.count_nonzero(together & 1 << bit) >= min_letters
        for bit, charset in enumerate(SINGLE)
    }
    euro = bool((codes == ord("€")).any())
    return [
        kind for kind in KINDS if fits.get(kind.wrong, True) and (euro or kind.wrong != "cp936")
    ]
