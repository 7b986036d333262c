"""n-gram hashes: recomputable, and blind to neighbours."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.dedup.ngrams import distinct, occurrences, shared, shingles
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
    pairs = [(i, j) for i in range(len(sets)) for j in range(len(sets))]
    one, other = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    assert shared(flat, starts, one, other).tolist() == [len(sets[i] & sets[j]) for i, j in pairs]


def test_uneven_sets():
    """A set that is searched in another, much larger one, has the same members in common."""
    rng = random.Random(1)
    sets = [sorted(rng.sample(range(4000), size)) for size in (0, 1, 7, 90, 2000, 3999)]
    starts = np.cumsum([0, *map(len, sets)])
    flat = np.array([member for one in sets for member in one], dtype=np.uint64)
    for i, one in enumerate(sets):
        both = shared(flat, starts, np.full(len(sets), i), np.arange(len(sets)))
        assert both.tolist() == [len(set(one) & set(other)) for other in sets]


@given(WORDS)
@settings(max_examples=50, deadline=None)
def test_occurrences(texts):
    """Two texts share as many occurrences as the multisets of their characters do."""
    codes, offsets = laid(texts)
    flat = occurrences(codes, offsets)
    counted = [Counter(text) for text in texts]
    pairs = [(i, j) for i in range(len(texts)) for j in range(len(texts))]
    one, other = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    both = [(counted[i] & counted[j]).total() for i, j in pairs]
    assert shared(flat, offsets, one, other).tolist() == both
