"""n-gram hashes: recomputable, and blind to neighbours."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.dedup.ngrams import distinct, shared, shingles
from corpus_pipeline.text.dedup.ngrams_kernel import BASE, FINAL

WORDS = st.lists(st.text(st.sampled_from("天地玄黄宇宙洪荒𠮷"), max_size=12), max_size=8)
MASK = (1 << 64) - 1


def by_hand(gram: str) -> int:
    """The documented scheme, in Python integers."""
    value = 0
    for char in gram:
        value = (value * int(BASE) + ord(char)) & MASK
    value ^= value >> 32
    value = (value * int(FINAL)) & MASK
    return value ^ (value >> 32)


def laid(texts):
    codes = np.array([ord(char) for text in texts for char in text], dtype=np.uint32)
    return codes, np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)


@given(WORDS, st.integers(1, 14))
@settings(max_examples=200, deadline=None)
def test_scheme(texts, n):
    """Every n-gram of every document is there, in order, hashed as documented; none crosses."""
    hashes, starts = shingles(*laid(texts), n)
    for i, text in enumerate(texts):
        expected = [by_hand(text[j : j + n]) for j in range(len(text) - n + 1)]
        assert hashes[starts[i] : starts[i + 1]].tolist() == expected


@given(WORDS)
@settings(max_examples=100, deadline=None)
def test_sets(texts):
    """`distinct` and `shared` agree with Python's sets."""
    flat, starts = distinct(*shingles(*laid(texts), 2))
    sets = [{by_hand(text[j : j + 2]) for j in range(len(text) - 1)} for text in texts]
    assert [flat[a:b].tolist() for a, b in pairwise(starts.tolist())] == [
        sorted(one) for one in sets
    ]
    if sets:
        one = np.array(sorted(sets[0]), dtype=np.uint64)
        assert shared(one, flat, starts).tolist() == [len(sets[0] & other) for other in sets]
