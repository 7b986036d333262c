"""Winnowing: the documented choice, its guarantee, and its density."""

from itertools import pairwise

import numpy as np
import pytest

from corpus_pipeline.text.dedup.winnowing import covered, fingerprints, stretches


def naive(hashes, window):
    """Robust winnowing as the paper words it, window by window."""
    chosen = []
    for first in range(len(hashes) - window + 1):
        inside = hashes[first : first + window]
        least = min(inside)
        if chosen and chosen[-1] >= first and hashes[chosen[-1]] == least:
            continue
        chosen.append(first + window - 1 - inside[::-1].index(least))
    return chosen


@pytest.mark.parametrize("window", [1, 2, 5, 9])
@pytest.mark.parametrize("values", [2, 5, 1 << 40])
def test_scheme(window, values):
    """The chosen n-grams are those of the paper's rule, ties included."""
    rng = np.random.default_rng(window)
    sizes = [0, 1, window - 1, window, 40, 200]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    hashes = rng.integers(0, values, int(starts[-1])).astype(np.uint64)

    chosen, ends = fingerprints(hashes, starts, window)

    for doc, (start, end) in enumerate(pairwise(starts)):
        mine = [start + at for at in naive(hashes[start:end].tolist(), window)]
        assert chosen[ends[doc] : ends[doc + 1]].tolist() == mine


def test_guarantee():
    """A run of as many n-grams as a window holds gives a common fingerprint, whatever is around."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        shared = rng.integers(0, 1 << 60, 9)
        sets = []
        for _ in range(2):
            before, after = (rng.integers(0, 1 << 60, rng.integers(0, 30)) for _ in range(2))
            hashes = np.concatenate([before, shared, after]).astype(np.uint64)
            chosen, _ = fingerprints(hashes, np.array([0, len(hashes)]), 9)
            sets.append(set(hashes[chosen].tolist()))
        assert sets[0] & sets[1] & set(shared.tolist())


def test_density():
    """Two in w + 1 are chosen of a random text, one in w where all are equal."""
    many = np.random.default_rng(4).integers(0, 1 << 60, 200_000).astype(np.uint64)
    starts = np.array([0, 200_000])

    assert len(fingerprints(many, starts, 9)[0]) / 200_000 == pytest.approx(0.2, abs=0.005)
    assert len(fingerprints(many * 0, starts, 9)[0]) / 200_000 == pytest.approx(1 / 9, abs=0.005)


def test_covered_and_stretches():
    """What flagged n-grams cover is found as runs, and nothing is covered by none."""
    chosen = np.array([0, 4, 20])

    inside = covered(chosen, np.array([True, True, True]), 22, 5)
    first, end = stretches(inside)

    assert (first.tolist(), end.tolist()) == ([0, 20], [9, 22])
    assert not covered(chosen, np.zeros(3, dtype=bool), 22, 5).any()
