"""Find a text of one set in another, word for word or nearly.

Enters: two columns of texts.  Leaves: the first pair that is alike, or none.
MinHash of character 5-grams proposes pairs, the exact Jaccard similarity decides, as in the stage
`near_dedup`; texts of less than 5 characters are compared as they are.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U64
from corpus_pipeline.text.dedup.key import fold, unfolded
from corpus_pipeline.text.dedup.minhash import band_keys, signatures
from corpus_pipeline.text.dedup.ngrams import shingles

#: The Jaccard similarity and the bands of `near_dedup`.
ALIKE, GRAM, BANDS, ROWS = 0.7, 5, 24, 4
#: Texts of a bucket that are compared: a template fills a bucket, and one pair is enough.
MOST = 8


def copied_pair(one: pl.Series, other: pl.Series) -> tuple[int, int, float] | None:
    """Places of the first text of `other` that is alike a text of `one`, and how alike they are."""
    exact = {text: place for place, text in reversed(list(enumerate(one)))}
    for place, text in enumerate(other):
        if text in exact:
            return exact[text], place, 1.0
    buckets: dict[int, list[int]] = defaultdict(list)
    for place, keys in _banded(one):
        for key in keys:
            if len(buckets[key]) < MOST:
                buckets[key].append(place)
    for place, keys in _banded(other):
        for near in sorted({at for key in keys for at in buckets.get(key, ())}):
            alike = jaccard(one[near], other[place])
            if alike >= ALIKE:
                return near, place, alike
    return None


def jaccard(one: str, other: str) -> float:
    """The share of the 5-grams of two texts that both have.

    >>> jaccard("一二三四五六", "一二三四五六"), jaccard("一二三四五", "六七八九十")
    (1.0, 0.0)
    """
    a, b = ({text[at : at + GRAM] for at in range(len(text) - GRAM + 1)} for text in (one, other))
    return len(a & b) / max(len(a | b), 1)


def _banded(texts: pl.Series) -> list[tuple[int, list[int]]]:
    """The place of each text that has a 5-gram, and the keys of its bands."""
    found: list[tuple[int, list[int]]] = []
    for keys in fold(texts, unfolded()):
        hashes, starts = shingles(keys.codes, keys.offsets, GRAM)
        alive: I64 = np.flatnonzero(np.diff(starts))
        edges = np.append(starts[alive], len(hashes))
        bands: U64 = band_keys(signatures(hashes, edges, BANDS * ROWS), BANDS)
        places = (alive + keys.first).tolist()
        found += list(zip(places, bands.tolist(), strict=True))
    return found
