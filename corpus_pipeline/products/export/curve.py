"""The upsampling curve f(x) = C·uᵖ·e^(λu): how often a document is repeated by its quality.

Enters: places by quality (0 to 1) with their mass, the mean that the curve must have, and the cap
of the best.  Leaves: p, λ and C.  The curve never falls, is 0 below `drop_below`, has the wanted
mean exactly, and its mean over the top is at most `cap`.
Errors: `PipelineError` where no such curve exists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export.recipe import Curve
from corpus_pipeline.text.arrays import F64

#: The exponents that are tried, and the largest λ: those of Dolma 3.
POWERS = np.linspace(0, 5, 20)
STEEPEST = 2.0
#: Halvings of the interval of λ: 2⁻³⁹ is below what a copy can show.
HALVINGS = 40
#: Masses are gathered in so many places while p and λ are sought.
PLACES = 2000


class Fitted(NamedTuple):
    """A curve that fits: its numbers, and what they give."""

    power: float
    growth: float
    scale: float
    top_mean: float

    def copies(self, places: F64, curve: Curve) -> F64:
        """The copies of documents at these places, on average."""
        return self.scale * shape(places, curve.drop_below, self.power, self.growth)


def shape(places: F64, drop_below: float, power: float, growth: float) -> F64:
    """The curve without its scale.

    >>> shape(np.array([0.2, 0.5, 1.0]), 0.5, 0.0, 0.0).tolist()
    [0.0, 1.0, 1.0]
    """
    above = np.clip((places - drop_below) / (1 - drop_below), 0, 1)
    value: F64 = np.where(places >= drop_below, above**power * np.exp(growth * above), 0.0)
    return value


def places_of(values: F64, mass: F64) -> F64:
    """The place of each value among the mass, 0 to 1; equal values share the middle of theirs.

    >>> places_of(np.array([3.0, 1.0, 1.0]), np.array([2.0, 1.0, 1.0])).tolist()
    [0.75, 0.25, 0.25]
    """
    order = np.argsort(values, kind="stable")
    kinds, first = np.unique(values[order], return_index=True)
    of_kind = np.add.reduceat(mass[order], first)
    middles = np.cumsum(of_kind) - of_kind / 2
    found: F64 = middles[np.searchsorted(kinds, values)] / max(mass.sum(), 1e-300)
    return found


def fit(places: F64, mass: F64, mean: float, curve: Curve, name: str) -> Fitted:
    """The curve with this mean over the mass; `name`: of the group, for the error."""
    grid, weight = _gathered(places, mass)
    if not weight[grid >= curve.drop_below].sum():
        raise PipelineError(
            f"recipe: curve: {name} has nothing above drop_below={curve.drop_below}"
        )
    best: Fitted | None = None
    flattest = np.inf
    for power in POWERS:
        found = _steepest(grid, weight, mean, curve, float(power))
        if found is None:
            continue
        spread = float((weight * found.copies(grid, curve) ** 2).sum())
        reach = -np.inf if best is None else best.top_mean
        # A millionth of a copy is no difference: among such curves the flattest counts.
        better = found.top_mean > reach + 1e-6
        if better or (found.top_mean > reach - 1e-6 and spread < flattest):
            best, flattest = found, spread
    # From the places of the grid to those of the documents, which target and cap are of.
    for power in (p for p in POWERS[::-1] if best is not None and p <= best.power):
        exact = _steepest(places, mass, mean, curve, float(power))
        if exact is not None:
            return exact
    least = _scaled(places, mass, mean, curve, 0.0, 0.0).top_mean
    raise PipelineError(
        f"recipe: curve: {name} would need {least:.2f} copies of its best to reach the target, "
        f"and cap is {curve.cap:g}: lower the target or drop_below, or raise cap"
    )


def _gathered(places: F64, mass: F64) -> tuple[F64, F64]:
    """The mass in at most `PLACES` places, each where its mass lies on average."""
    bins = np.minimum((places * PLACES).astype(np.int64), PLACES - 1)
    weight: F64 = np.bincount(bins, mass, PLACES).astype(np.float64)
    centre = np.bincount(bins, mass * places, PLACES)
    there = weight > 0
    found: F64 = weight[there]
    return centre[there] / found, found


def _steepest(grid: F64, weight: F64, mean: float, curve: Curve, power: float) -> Fitted | None:
    """The curve of this power whose top comes nearest to the cap from below; None: none does."""
    low, high = 0.0, STEEPEST
    if _scaled(grid, weight, mean, curve, power, low).top_mean > curve.cap:
        return None
    if _scaled(grid, weight, mean, curve, power, high).top_mean <= curve.cap:
        return _scaled(grid, weight, mean, curve, power, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        over = _scaled(grid, weight, mean, curve, power, middle).top_mean > curve.cap
        low, high = (low, middle) if over else (middle, high)
    return _scaled(grid, weight, mean, curve, power, low)


def _scaled(  # noqa: PLR0917 – the grid, what is wanted, and the two numbers that are sought
    grid: F64, weight: F64, mean: float, curve: Curve, power: float, growth: float
) -> Fitted:
    """The curve of these numbers with the wanted mean, and its mean over the top."""
    value = shape(grid, curve.drop_below, power, growth)
    whole = float((weight * value).sum())
    scale = mean * float(weight.sum()) / whole if whole else 0.0
    # The last place may hold more than the top, or all: it always counts.
    top = (grid >= 1 - curve.top) | (grid == grid.max())
    best = float((weight[top] * value[top]).sum() / weight[top].sum())
    return Fitted(power, growth, scale, scale * best)
