"""Agreement and aggregation are those of other libraries, on votes of six shapes.

`tests/cases/annotation_peers.json` is what crowd-kit, krippendorff, statsmodels and scikit-learn
make of them; `scripts/annotation_peers.py` says how it was recorded.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from corpus_pipeline.products.annotation import agreement
from corpus_pipeline.products.annotation.aggregation import (
    aggregated,
    dawid_skene,
    majority,
    wawa,
)
from corpus_pipeline.products.annotation.panel import by_others, panel_of, tied

PEERS = json.loads((Path(__file__).parents[1] / "cases/annotation_peers.json").read_text("utf-8"))
SHAPES = sorted(PEERS.keys() - {"versions"})


@pytest.fixture(params=SHAPES)
def shape(request):
    peer = PEERS[request.param]
    return request.param, peer, panel_of(tuple(map(tuple, peer["votes"])))


def test_probabilities_are_those_of_crowd_kit(shape):
    """Majority, Wawa, Dawid and Skene after as many rounds: within 1e-6, with known answers too."""
    name, peer, panel = shape

    assert np.allclose(majority(panel), peer["majority"], atol=1e-6)
    if name != "tied":
        fit = wawa(panel)
        assert np.allclose(fit.chances, peer["wawa"], atol=1e-6)
        assert np.allclose(fit.skills, peer["skills"], atol=1e-6)
    for rounds in (1, 5, 100):
        for kind, known in (("free", {}), ("known", peer["known"])):
            fit, other = dawid_skene(panel, known, rounds), peer[f"{kind} {rounds}"]
            assert fit.rounds == other["rounds"]
            assert np.abs(fit.chances - np.array(other["chances"])).max() < 1e-6


def test_agreement_is_that_of_other_libraries(shape):
    """Krippendorff's alpha at three levels, Fleiss' and Cohen's kappa: within 1e-9."""
    _, peer, panel = shape
    counts, places = panel.counts, range(len(panel.labels))
    alphas = [
        agreement.alpha(counts),
        agreement.alpha(counts, "ordinal"),
        agreement.alpha(counts, "interval", places),
    ]
    pairs = {f"{pair.one} {pair.other}": pair for pair in agreement.pairs(panel) if pair.units >= 5}

    assert np.allclose(alphas, peer["alpha"], atol=1e-9)
    assert agreement.fleiss(counts) == pytest.approx(peer["fleiss"], abs=1e-9)
    assert pairs.keys() == peer["cohen"].keys()
    for name, kappa in peer["cohen"].items():
        assert pairs[name].kappa == (None if kappa is None else pytest.approx(kappa, abs=1e-9))
    numbers = agreement.alpha_of_numbers(panel.unit, panel.label.astype(float))
    assert numbers == pytest.approx(peer["alpha"][2], abs=1e-9)


def test_order_of_votes_is_nothing(shape):
    """The same votes in another order give the same bytes."""
    _, peer, panel = shape
    other = panel_of(sorted(map(tuple, peer["votes"]), key=lambda row: row[::-1]), panel.labels)

    for method in ("majority", "wawa", "dawid-skene"):
        one, two = (aggregated(votes, method).chances for votes in (panel, other))
        assert one.tobytes() == two.tobytes()


def test_a_tie_is_no_answer():
    """Two against two, and no vote at all, are ties; others' votes about one's own unit may be."""
    panel = panel_of([("a", "p", "x"), ("a", "q", "y"), ("a", "r", "y"), ("b", "p", "x")])

    assert tied(np.array([[0.5, 0.5], [0.7, 0.3], [0.0, 0.0]])).tolist() == [True, False, True]
    assert by_others(panel).tolist() == [1, -1, -1, -1]


def test_what_is_not_defined_is_none():
    """One label everywhere, or one vote a unit: no kappa and no alpha, whatever else holds."""
    same = np.array([[3.0, 0.0], [2.0, 0.0]])

    assert (agreement.alpha(same), agreement.fleiss(same), agreement.percent(same)) == (
        None,
        None,
        1.0,
    )
    assert agreement.alpha(np.eye(2)) is None
    assert agreement.with_interval(np.eye(2), "nominal", (), 0).to_list() == [None, None, None]
    assert agreement.alpha_of_numbers(np.array([0, 0, 1, 1]), np.full(4, 1e12)) is None
    far = np.array([1.0, 1.0, 2.0, 2.0]) + 1e9
    assert agreement.alpha_of_numbers(np.array([0, 0, 1, 1]), far) == pytest.approx(1.0)


def test_intervals_cover(shape):
    """An interval holds its figure and is the same every time; another seed, another interval."""
    _, _, panel = shape
    one = agreement.with_interval(panel.counts, "nominal", (), 1)
    again = agreement.with_interval(panel.counts, "nominal", (), 1)
    other = agreement.with_interval(panel.counts, "nominal", (), 2)

    assert one.low < one.value < one.high
    assert one == again != other


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Of 100 samples of 100 units each, about 95 intervals hold the alpha of 20,000 units."""
    rng = np.random.default_rng(3)

    def votes(units: int) -> np.ndarray:
        truth = rng.integers(0, 2, units)
        seen = np.where(rng.random((units, 3)) < 0.8, truth[:, None], 1 - truth[:, None])
        return np.stack([(seen == label).sum(axis=1) for label in (0, 1)], axis=1).astype(float)

    truth = agreement.alpha(votes(20_000))
    figures = [agreement.with_interval(votes(100), "nominal", (), 0) for _ in range(100)]

    assert 88 <= sum(figure.low <= truth <= figure.high for figure in figures) <= 100
