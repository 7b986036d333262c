"""The stretch of each text that is densest with the words of a kind of offer.

Enters: texts, and a `Vocabulary`: terms, each with its weight for one kind or several, and words of
telling, which lower what stands beside them.  Leaves: for each text and kind the weight of its
densest window, the window, and the hits in it.

Read are the characters in lower case, full-width letters as ASCII, traditional Han as simplified;
up to two symbols or invisible characters may stand between those of a term (办*证).  The nth
occurrence of a term in a window counts 1/n of its weight.  A hit within a longer one of its kind
does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.spam import density_kernel as kernel
from corpus_pipeline.text.terms.trie import Vocabulary
from corpus_pipeline.text.unicode.utf8 import buffers

#: The kind of words that tell of a thing and do not offer it.
TOLD = "told"


@dataclass(frozen=True, slots=True)
class Densest:
    """By kind, one entry per text: the weight of its densest window (0: no hit), and where it is.

    `begin` and `end` are code points.
    """

    weight: Mapping[str, I64]
    begin: Mapping[str, I64]
    end: Mapping[str, I64]


def densest(texts: pl.Series, words: Vocabulary, width: int, reach: int) -> Densest:
    """The densest window of `width` characters of each text, for each kind; null is empty.

    Words of telling that stand in a window, or up to `reach` characters before it, lower it; those
    behind its last hit do not.
    """
    data, at = buffers(texts)
    count = len(words.kinds)
    best = np.zeros((len(texts), 3 * count), dtype=np.int64)
    kernel.densest(
        data, at, words.fold, words.first, words.keys, words.targets, words.term, words.inner,
        words.slots_of, words.slot_kinds, words.slot_weights, words.marks, words.pairs,
        words.kinds.index(TOLD), width, reach, *words.room(at),
        np.zeros((2, count * kernel.RING), dtype=np.int64),
        np.zeros((7, count + 1), dtype=np.int64),
        np.zeros(words.slot_weights.size, dtype=np.int64), best,
    )  # fmt: skip

    def columns(part: int) -> dict[str, I64]:
        return {kind: best[:, 3 * n + part] for n, kind in enumerate(words.kinds) if kind != TOLD}

    return Densest(columns(kernel.WEIGHT), columns(kernel.BEGIN), columns(kernel.END))
