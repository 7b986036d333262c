"""MinHash: recomputable, unbiased, and the same whatever stands beside it."""

import random

import numpy as np
import pytest
from datasketch import MinHashLSH

from corpus_pipeline.text.dedup import minhash
from corpus_pipeline.text.dedup.minhash import band_keys, bands_for, multipliers, signatures
from corpus_pipeline.text.dedup.ngrams import shingles


def hashes_of(sizes, seed=1):
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return rng.integers(0, 1 << 64, int(starts[-1]), dtype=np.uint64), starts


def test_scheme():
    """A signature holds the minima of the documented permutations."""
    hashes, starts = hashes_of([3, 1, 50])
    factors = [int(a) for a in multipliers(40)]
    for i, row in enumerate(signatures(hashes, starts, 40)):
        mine = [int(h) >> 32 for h in hashes[starts[i] : starts[i + 1]]]
        assert row.tolist() == [min(a * x % (1 << 32) for x in mine) for a in factors]


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_do_not_show(block, monkeypatch):
    """Documents cut by block edges have the signature they have in one piece."""
    hashes, starts = hashes_of([1, 64, 200, 5, 64, 1, 1, 300])
    whole = signatures(hashes, starts, 24)
    monkeypatch.setattr(minhash, "BLOCK", block)
    assert np.array_equal(signatures(hashes, starts, 24), whole)


def test_no_documents():
    """Nothing in, nothing out."""
    assert signatures(*hashes_of([]), 16).shape == (0, 16)


def test_estimate_is_sound():
    """Over 300 pairs the estimate errs as theory says (sd = √(J(1-J)/128)) and leans nowhere."""
    rng = random.Random(5)
    errors, variance = [], []
    for _ in range(300):
        common, left, right = rng.randint(100, 600), rng.randint(0, 200), rng.randint(0, 200)
        pool, _ = hashes_of([common + left + right], seed=rng.randrange(1 << 16))
        a, b = pool[: common + left], np.concatenate([pool[:common], pool[common + left :]])
        both = np.concatenate([a, b])
        rows = signatures(both, np.array([0, len(a), len(both)]), 128)
        true = common / (common + left + right)
        errors.append(float((rows[0] == rows[1]).mean()) - true)
        variance.append(true * (1 - true) / 128)
    assert abs(np.mean(errors)) < 3 * np.sqrt(np.mean(variance) / 300)
    spread = np.sqrt(np.mean(np.square(errors)))
    assert spread == pytest.approx(np.sqrt(np.mean(variance)), rel=0.15)


def test_band_keys_are_spread():
    """Keys of different bands differ for equal values, and their high bits are used evenly."""
    rows = signatures(*hashes_of([20] * 4000), 16)
    keys = band_keys(rows, 4)
    assert len(np.unique(keys)) == keys.size
    share = np.bincount((keys.ravel() >> np.uint64(60)).astype(np.int64), minlength=16) / keys.size
    assert share.min() > 0.05
    assert share.max() < 0.075


def test_signatures_are_pinned():
    """The signature of a known text, from its characters on, never changes."""
    codes = np.array([ord(char) for char in "台湾的电脑第12条abc"], dtype=np.uint32)
    [row] = signatures(*shingles(codes, np.array([0, len(codes)]), 5), 128)
    assert row[:4].tolist() == [127251272, 1211840368, 372088931, 458901096]
    assert row[-2:].tolist() == [956220328, 220332075]
    assert int(row.sum(dtype=np.uint64)) == 63106680616


@pytest.mark.parametrize("permutations", [16, 64, 128])
def test_the_best_bands_are_those_of_datasketch(permutations):
    """Every threshold gets the split that datasketch integrates for it."""
    # Above .93 the best split of 16 is one band, which datasketch refuses.
    for hundredth in range(1, 94 if permutations == 16 else 99):
        threshold = hundredth / 100
        theirs = MinHashLSH(threshold, permutations, weights=(0.2, 0.8))

        assert bands_for(threshold, permutations) == (theirs.b, theirs.r)


def test_the_strictest_threshold_has_one_band():
    """Where datasketch refuses a single band, equal signatures are asked for, and no error."""
    assert bands_for(1.0, 128) == (1, 128)
