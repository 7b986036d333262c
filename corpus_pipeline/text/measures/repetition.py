"""How much of a text repeats itself, on character n-grams, for a whole batch at once.

Enters: the code points of many documents end to end, whitespace already taken out, and where each
document starts.  Leaves: one share in [0, 1] per document and measure.  No n-gram crosses from one
document into the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F64, I64, U32, Bool
from corpus_pipeline.text.measures.repetition_kernel import SIZES, come_again, repeat

#: The measures by length of their n-gram, shortest first.
MEASURES = {4: "top_4", 6: "top_6", 8: "top_8", 10: "dup_10", 15: "dup_15", 20: "dup_20"}
assert tuple(MEASURES) == SIZES
#: Shorter lines (`}`, a page number) do not count as repeated: they recur in any text.
SHORTEST_LINE = 4


class Repetition(NamedTuple):
    """Shares by measure name, and which positions start a 4-gram that its document repeats."""

    shares: dict[str, F64]
    repeated: Bool


def repetition(codes: U32, starts: I64) -> Repetition:
    """The repetition measures of every document in `codes`.

    `top_<n>`: the share of characters that the most frequent n-gram covers (of equals the one
    seen last; where it overlaps itself counts once), 0 where no n-gram occurs twice.
    `dup_<n>`: the share of characters inside an n-gram that occurs again later in the document
    (its last occurrence does not count).

    >>> text = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
    >>> repetition(*encode([text])).shares["top_4"]
    array([0.])
    >>> repetition(*encode(["彩票开户" * 10])).shares["dup_10"]
    array([0.9])
    """
    covered = np.zeros((len(MEASURES), starts.size - 1), dtype=np.int64)
    repeated = np.zeros(codes.size, dtype=np.bool_)
    repeat(_frozen(codes), starts, covered, repeated)
    size = np.maximum(np.diff(starts), 1)
    names = zip(MEASURES.values(), covered, strict=True)
    return Repetition({name: chars / size for name, chars in names}, repeated)


def repeated_lines(codes: U32, starts: I64, ends: I64, doc: I64, repeated: Bool) -> Bool:
    """Flags of the lines that come again later in their document; a line is `codes[start:end]`.

    A line can only come again when its first and its last 4-gram do; such lines are compared as
    a whole.

    >>> codes, _ = encode(["上一篇新闻上一篇新闻"])
    >>> line = np.array([0, 5])
    >>> repeated = repetition(codes, np.array([0, 10])).repeated
    >>> repeated_lines(codes, line, line + 5, np.array([0, 0]), repeated)
    array([ True, False])
    """
    candidates = np.flatnonzero(ends - starts >= SHORTEST_LINE)
    candidates = candidates[
        repeated[starts[candidates]] & repeated[ends[candidates] - SHORTEST_LINE]
    ]
    flags = np.zeros(starts.size, dtype=np.bool_)
    if candidates.size:
        flags[candidates] = come_again(
            _frozen(codes), starts[candidates], ends[candidates], doc[candidates]
        )
    return flags


def encode(texts: list[str]) -> tuple[U32, I64]:
    """Code points end to end, and where each text starts (one more entry: where the last ends).

    >>> encode(["一", "", "二三"])[1]
    array([0, 1, 1, 3])
    """
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32), starts


def _frozen(codes: U32) -> U32:
    """The same memory, read-only: a kernel is compiled once for each kind of array."""
    view = codes.view()
    view.flags.writeable = False
    return view
