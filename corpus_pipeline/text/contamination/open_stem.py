"""Whether a stem that asks by breaking off is left open in a text, or closed by an answer.

Enters: a text and a place in its key.  Leaves: what stands there in the text itself, whose
punctuation the key has lost.  Refuses: to search; the place is known (`overlap`).
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.contamination.question import is_open
from corpus_pipeline.text.dedup.key import KeyTable, fold


def around(text: str, position: int, table: KeyTable, most: int = 40) -> tuple[str, str]:
    r"""The character of a text at which its key has so many characters, and what follows it.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> around("首都，是（ ）。", 3, parse_key_table("keep\t4e00\t9fff"))
    ('是', '（ ）。')
    """
    start, pieces_ = 0, text.splitlines(keepends=True)
    for _ in range(2):  # first the line, then the character in it
        sizes = np.concatenate([np.diff(keys.offsets) for keys in fold(pieces_, table)])
        ends = np.cumsum(sizes)
        place = min(int(np.searchsorted(ends, position)), len(pieces_) - 1)
        position -= int(ends[place] - sizes[place])
        start += sum(map(len, pieces_[:place]))
        pieces_ = list(pieces_[place])
    return text[start : start + 1], text[start + 1 : start + 1 + most]


def left_open(text: str, position: int, left: U32, table: KeyTable) -> bool:
    r"""Whether a stem is left open in a text.

    At `position` of the text's key ends what is sure of the stem; `left` should follow, its first
    character edited or deleted.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> table, left = parse_key_table("keep\t4e00\t9fff"), np.array([ord(c) for c in "的是"])
    >>> [left_open(text, 2, left, table) for text in ("首都得是（ ）", "首都是（ ）", "首都是北京")]
    [True, True, False]
    """
    before, rest = around(text, position, table)
    if not len(left):
        return is_open(before, rest)
    follows = np.concatenate([keys.codes for keys in fold([rest], table)])
    # Of a last character nothing would be left to tell a deletion by.
    for missing in (0, 1) if len(left) > 1 else (0,):
        start, end = 1 - missing, len(left) - missing
        same = np.array_equal(follows[start:end], left[1:])
        if same and is_open(*around(text, position + end, table)):
            return True
    return False
