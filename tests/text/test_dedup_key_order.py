"""Sorting keys by one word each gives what a stable sort gives, whatever the keys are."""

from __future__ import annotations

import numpy as np
import pytest

from corpus_pipeline.text.dedup.key_order import key_order

RANDOM = np.random.default_rng(7)
HASHES = RANDOM.integers(0, 2**64, 5000, dtype=np.uint64)
KEYS = {
    "none": HASHES[:0],
    "one": HASHES[:1],
    "hashes": HASHES,
    "each several times": RANDOM.choice(HASHES[:500], 5000),
    "small numbers": RANDOM.integers(0, 100, 5000, dtype=np.uint64),
    "few that differ below": (HASHES & ~np.uint64(0xFFFFFF))
    | RANDOM.integers(0, 3, 5000).astype("u8"),
    "many that differ below": RANDOM.integers(0, 9, 20_000, dtype=np.uint64) << np.uint64(10)
    | RANDOM.integers(0, 9, 20_000, dtype=np.uint64),
    "falling": np.arange(5000, dtype=np.uint64)[::-1].copy(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_as_a_stable_sort(kind):
    """Keys rise, and equal ones stay in their order."""
    keys = KEYS[kind]

    assert key_order(keys).tolist() == np.argsort(keys, kind="stable").tolist()
