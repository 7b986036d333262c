"""The upsampling curve: it never falls, has the wanted mean, and keeps under its cap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.curve import fit, places_of
from corpus_pipeline.products.export.recipe import Curve

EVEN = (np.arange(10_000) + 0.5) / 10_000


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.1, 3),
    st.floats(0, 0.8),
    st.floats(0.01, 0.5),
    st.floats(1.2, 20),
)
def test_the_promises_of_a_curve(seed, mean, drop_below, top, room):
    """Of any masses: 0 below, rising, the mean exact, the best no more often than the cap."""
    draw = np.random.default_rng(seed)
    mass = draw.pareto(1.5, 3000) + 1
    places = places_of(draw.random(3000), mass)
    curve = Curve(drop_below=drop_below, top=top, cap=min(mean / (1 - drop_below) * room, 100))
    copies = fit(places, mass, mean, curve, "all").copies(places, curve)
    order = np.argsort(places)
    best = places >= 1 - top

    assert (copies[places < drop_below] == 0).all()
    assert (np.diff(copies[order]) >= 0).all()
    assert (mass * copies).sum() == pytest.approx(mean * mass.sum())
    assert (mass * copies)[best].sum() / mass[best].sum() <= curve.cap * (1 + 1e-9)


def test_the_values_of_dolma_reach_the_cap():
    """Dropping 40 %, the best 5 % are there 7 times, and the corpus stays as large as it was."""
    curve = Curve()
    found = fit(EVEN, np.ones(EVEN.size), 1.0, curve, "all")
    copies = found.copies(EVEN, curve)

    assert copies[EVEN >= 0.95].mean() == pytest.approx(7, rel=1e-3)
    assert copies.mean() == pytest.approx(1)
    assert 0 <= found.power <= 5
    assert 0 <= found.growth <= 2


def test_the_curve_is_the_formula():
    """Numbers and copies agree: C · uᵖ · e^(λu), written out here once more."""
    curve = Curve(drop_below=0.25, cap=4)
    found = fit(EVEN, np.ones(EVEN.size), 1.0, curve, "all")
    place = 0.7
    above = (place - 0.25) / 0.75
    by_hand = found.scale * above**found.power * np.exp(found.growth * above)

    assert found.copies(np.array([place]), curve)[0] == pytest.approx(by_hand)


def test_of_curves_that_reach_the_cap_the_flattest_is_taken():
    """Whatever power is taken, no other that reaches the cap has less spread."""
    curve = Curve(drop_below=0.4, cap=5)
    found = fit(EVEN, np.ones(EVEN.size), 1.0, curve, "all")
    spread = (found.copies(EVEN, curve) ** 2).mean()
    above = np.clip((EVEN - 0.4) / 0.6, 0, 1)
    others = []
    for power in np.linspace(0, 5, 60):
        for growth in np.linspace(0, 2, 80):
            value = np.where(EVEN >= 0.4, above**power * np.exp(growth * above), 0)
            value /= value.mean()
            if abs(value[EVEN >= 0.95].mean() - 5) < 0.02:
                others.append((value**2).mean())

    assert len(others) > 20
    assert spread <= min(others) * 1.02


def test_a_target_beyond_the_cap_is_refused():
    """Where even an even curve repeats the best more often than the cap: what to change."""
    with pytest.raises(PipelineError, match=r"would need 5\.00 copies of its best.*cap is 4"):
        fit(EVEN, np.ones(EVEN.size), 3.0, Curve(cap=4), "finance")


def test_nothing_above_the_bound_is_refused():
    """Documents of one quality share one place; a bound above it leaves none."""
    places = places_of(np.zeros(9), np.ones(9))

    assert places.tolist() == [0.5] * 9
    with pytest.raises(PipelineError, match="nothing above drop_below"):
        fit(places, np.ones(9), 1.0, Curve(drop_below=0.6), "all")


def test_equal_documents_are_repeated_equally():
    """Ties share a place, whatever their order."""
    values = np.array([0.2, 0.9, 0.9, 0.5, 0.9])
    places = places_of(values, np.array([1.0, 2, 3, 1, 1]))

    assert len(set(places[values == 0.9])) == 1
    assert places.tolist() == pytest.approx([0.0625, 0.625, 0.625, 0.1875, 0.625])
