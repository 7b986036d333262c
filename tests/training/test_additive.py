"""Curves that are fitted to rows of two classes tell the classes apart."""

import numpy as np
import pytest

from corpus_pipeline.training.additive import fitted


def odds(offset, curves, columns):
    return offset + sum(np.interp(columns[c.measure], c.knots, c.points) for c in curves)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(7)
    good = np.arange(2000) % 2 == 0
    # The good lie in a band of `width` and anywhere in `noise`.
    width = np.where(good, rng.normal(0.5, 0.1, good.size), rng.uniform(-1, 2, good.size))
    return {"width": width, "noise": rng.uniform(0, 1, good.size)}, good


def test_a_band_is_found_and_noise_is_flat(rows):
    """A measure whose middle is good gets a hill; one without information nearly a flat line."""
    columns, good = rows
    offset, curves = fitted(columns, good)
    scores = odds(offset, curves, columns)
    spread = {curve.measure: np.ptp(curve.points) for curve in curves}

    assert ((scores > 0) == good).mean() > 0.85
    assert spread["width"] > 4 * spread["noise"]


def test_nothing_is_learnt_beyond_the_middle_of_the_good(rows):
    """No knot of `at_most` lies above the median of the good rows, none of `at_least` below."""
    columns, good = rows
    middle = np.median(columns["width"][good])
    _, (capped, _) = fitted(columns, good, at_most=["width"])
    _, (floored, _) = fitted(columns, good, at_least=["width"])

    assert max(capped.knots) == pytest.approx(middle)
    assert min(floored.knots) == pytest.approx(middle)


def test_a_column_of_one_value_is_no_error():
    """A constant measure gets a flat curve."""
    good = np.arange(100) % 2 == 0
    _, [curve] = fitted({"same": np.ones(100)}, good)

    assert np.ptp(curve.points) < 0.1
