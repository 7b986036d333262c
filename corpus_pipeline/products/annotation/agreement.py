"""How far people agree: percent agreement, Cohen's and Fleiss' kappa, Krippendorff's alpha.

Enters: a `Panel`; numbers as (unit, number).  Leaves: figures, None where a figure is not defined
(one label everywhere, nobody in common), with intervals from a seeded bootstrap over units.

With n_ul the votes of unit u for label l and m_u their sum, over units with two votes or more:
percent agreement = mean of Σ_l n_ul(n_ul - 1) / (m_u(m_u - 1));
Fleiss = (P - P_e) / (1 - P_e), P the above, P_e = Σ_l p_l², p_l the share of all these votes;
alpha = 1 - D_o / D_e, with the coincidences o_lk = Σ_u (n_ul n_uk - [l=k] n_ul) / (m_u - 1),
n_l = Σ_k o_lk, n = Σ_l n_l, D_o = Σ o_lk d_lk / n, D_e = Σ_(l≠k) n_l n_k d_lk / (n(n - 1)) and
d = [l≠k] (nominal), (Σ_(l≤g≤k) n_g - (n_l + n_k) / 2)² (ordinal), (l - k)² (interval);
Cohen = (P - P_e) / (1 - P_e) of two people, P_e from the shares of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from corpus_pipeline.products.annotation.panel import Panel
from corpus_pipeline.text.arrays import F64, I64

Level = Literal["nominal", "ordinal", "interval"]
#: Draws of a bootstrap, and numbers that one block of it holds.
DRAWS, _BLOCK = 400, 4_000_000
#: Labels at most for which an ordinal alpha gets an interval: a row of the bootstrap is its square.
_WIDE = 16
#: Votes of a unit at most from which pairs of people are made: pairs grow with the square.
CROWD = 64


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval; None: not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_list(self) -> list[float | None]:
        """The figure and both ends, rounded to six places."""
        parts = (self.value, self.low, self.high)
        return [None if part is None else round(part, 6) for part in parts]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people: units in common, the share on which they agree, Cohen's kappa."""

    one: str
    other: str
    units: int
    agreement: float
    kappa: float | None


def _shared(counts: F64) -> F64:
    return np.asarray(counts[counts.sum(axis=1) >= 2])


def percent(counts: F64) -> float | None:
    """The chance that two votes about a unit agree.

    >>> percent(np.array([[2.0, 0.0], [1.0, 1.0]]))
    0.5
    """
    counts = _shared(counts)
    if not len(counts):
        return None
    votes = counts.sum(axis=1)
    return float(((counts * (counts - 1)).sum(axis=1) / (votes * (votes - 1))).mean())


def fleiss(counts: F64) -> float | None:
    """Fleiss' kappa; units may have different numbers of votes."""
    counts, observed = _shared(counts), percent(counts)
    if observed is None:
        return None
    return _above_chance(observed, float(((counts.sum(axis=0) / counts.sum()) ** 2).sum()))


def _above_chance(observed: float, chance: float) -> float | None:
    return None if chance >= 1 - 1e-12 else (observed - chance) / (1 - chance)


def cohen(table: F64) -> float | None:
    """Cohen's kappa of a square table: what one person said by what the other said.

    >>> cohen(np.array([[20.0, 5.0], [10.0, 15.0]]))
    0.4
    """
    whole = float(table.sum())
    if not whole:
        return None
    chance = float(table.sum(axis=0) @ table.sum(axis=1)) / whole**2
    kappa = _above_chance(float(np.trace(table)) / whole, chance)
    return None if kappa is None else round(kappa, 12)


def alpha(counts: F64, level: Level = "nominal", values: Sequence[float] = ()) -> float | None:
    """Krippendorff's alpha; `values`: what the labels mean, for `interval`; they are in order."""
    counts = _shared(counts)
    if not len(counts):
        return None
    other = counts / (counts.sum(axis=1, keepdims=True) - 1)
    return _alpha_of(counts.T @ other - np.diag(other.sum(axis=0)), level, values)


def _alpha_of(together: F64, level: Level, values: Sequence[float]) -> float | None:
    """Alpha of a matrix of coincidences."""
    each = together.sum(axis=0)
    far = _distances(each, level, values)
    whole = each.sum()
    expected = float(each @ far @ each) / max(whole * (whole - 1), 1e-300)
    if expected <= 0:
        return None
    return float(1 - float((together * far).sum()) / float(whole) / expected)


def _distances(each: F64, level: Level, values: Sequence[float]) -> F64:
    if level == "nominal":
        return 1 - np.eye(each.size)
    if level == "interval":
        places = np.asarray(values, np.float64)
        return (places[:, None] - places[None, :]) ** 2
    upto = np.cumsum(each)
    low = np.minimum.outer(np.arange(each.size), np.arange(each.size))
    high = np.maximum.outer(np.arange(each.size), np.arange(each.size))
    between = upto[high] - upto[low] + each[low]
    return np.where(low == high, 0.0, (between - (each[low] + each[high]) / 2) ** 2)


def alpha_of_numbers(units: I64, numbers: F64) -> float | None:
    """Krippendorff's alpha (interval) of numbers, each about the unit of that number."""
    return _of_moments(_moments(units, numbers).sum(axis=0))


def numbered(rows: Iterable[tuple[str, float]]) -> tuple[I64, F64]:
    """Units by number, and their numbers."""
    names, values = zip(*rows, strict=True) if (rows := list(rows)) else ((), ())
    place = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([place[name] for name in names], np.int64), np.array(values, np.float64)


def _moments(units: I64, numbers: F64) -> F64:
    """By unit with two numbers or more: squared differences in pairs, count, sum, sum of squares.

    Numbers are taken from their middle first: squares of far-off numbers cancel badly.
    """
    numbers = numbers - numbers.mean() if numbers.size else numbers
    votes = np.bincount(units).astype(np.float64)
    first, second = np.bincount(units, numbers), np.bincount(units, numbers**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = 2 * (votes * second - first**2) / (votes - 1)
    rows = np.stack([apart, votes, first, second], axis=1)
    return np.asarray(rows[votes >= 2])


def _of_moments(sums: F64) -> float | None:
    apart, votes, first, second = (float(value) for value in sums)
    expected = 2 * (votes * second - first**2)
    if votes < 2 or expected <= 1e-9 * max(votes * second, 1e-300):
        return None
    return 1 - max(apart, 0.0) / votes / (expected / (votes * (votes - 1)))


def with_interval(counts: F64, level: Level, values: Sequence[float], seed: int) -> Figure:
    """Alpha with its interval; units are drawn again `DRAWS` times."""
    value = alpha(counts, level, values)
    shared, wide = _shared(counts), counts.shape[1]
    if value is None or (level != "nominal" and wide > _WIDE):
        return Figure(value)
    other = shared / (shared.sum(axis=1, keepdims=True) - 1)
    if level == "nominal":  # what agrees and how often each label came is all there is to know
        agreed = (shared * (other - 1 / (shared.sum(axis=1, keepdims=True) - 1))).sum(axis=1)
        sums = np.column_stack([agreed, shared])
        return Figure(value, *_interval(sums, _nominal, seed))
    cells = shared[:, :, None] * other[:, None, :] - other[:, :, None] * np.eye(wide)
    flat = cells.reshape(len(shared), wide * wide)
    return Figure(
        value, *_interval(flat, lambda row: _alpha_of(row.reshape(wide, wide), level, values), seed)
    )


def _nominal(sums: F64) -> float | None:
    agreed, each = float(sums[0]), sums[1:]
    whole = float(each.sum())
    expected = whole * whole - float(each @ each)
    if expected <= 0:
        return None
    return 1 - (whole - agreed) / whole / (expected / (whole * (whole - 1)))


def numbers_with_interval(units: I64, numbers: F64, seed: int) -> Figure:
    """The same of numbers."""
    return Figure(
        alpha_of_numbers(units, numbers), *_interval(_moments(units, numbers), _of_moments, seed)
    )


def _interval(
    rows: F64, figure: Callable[[F64], float | None], seed: int
) -> tuple[float, float] | tuple[None, None]:
    """The middle 95 % of a figure of sums, the rows drawn with replacement."""
    if len(rows) < 2:
        return None, None
    found: list[float] = []
    rng = np.random.default_rng(seed)
    block = max(_BLOCK // len(rows), 1)
    for start in range(0, DRAWS, block):
        draws = min(block, DRAWS - start)
        drawn = rng.integers(0, len(rows), (draws, len(rows)))
        drawn += np.arange(draws)[:, None] * len(rows)
        weights = np.bincount(drawn.ravel(), minlength=draws * len(rows)).reshape(draws, -1)
        values = map(figure, weights.astype(np.float64) @ rows)
        found += [value for value in values if value is not None]
    if not found:
        return None, None
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def by_label(panel: Panel) -> dict[str, tuple[int, float | None, float | None]]:
    """For each label: votes, the chance that another vote is the same, alpha against the rest."""
    shared = _shared(panel.counts)
    rest = shared.sum(axis=1) - 1
    out: dict[str, tuple[int, float | None, float | None]] = {}
    for number, label in enumerate(panel.labels):
        own = shared[:, number]
        whole = float((own * rest).sum())
        same = float((own * (own - 1)).sum()) / whole if whole else None
        split = np.column_stack([own, rest + 1 - own])
        out[label] = (int(panel.counts[:, number].sum()), same, alpha(split))
    return out


def pairs(panel: Panel) -> list[Pair]:
    """Every two people with units in common, in sorted order; crowded units are left out."""
    wide, people = len(panel.labels), len(panel.people)
    votes = np.bincount(panel.unit, minlength=len(panel.units))
    starts = np.concatenate([[0], np.cumsum(votes)])[:-1]
    keys = []
    for size in np.unique(votes[(votes >= 2) & (votes <= CROWD)]):
        rows = starts[votes == size][:, None] + np.arange(size)
        one, other = np.triu_indices(int(size), 1)
        left, right = rows[:, one].ravel(), rows[:, other].ravel()
        pair = panel.who[left] * people + panel.who[right]
        keys.append((pair * wide + panel.label[left]) * wide + panel.label[right])
    if not keys:
        return []
    cells, counts = np.unique(np.concatenate(keys), return_counts=True)
    which, cell = cells // (wide * wide), cells % (wide * wide)
    cuts = np.flatnonzero(np.diff(which)) + 1
    return [
        _pair(panel, int(group[0]), cell_, count_)
        for group, cell_, count_ in zip(
            np.split(which, cuts), np.split(cell, cuts), np.split(counts, cuts), strict=True
        )
    ]


def _pair(panel: Panel, which: int, cell: I64, counts: I64) -> Pair:
    wide = len(panel.labels)
    table = np.zeros(wide * wide)
    table[cell] = counts
    square, whole = table.reshape(wide, wide), int(counts.sum())
    one, other = divmod(which, len(panel.people))
    share = float(np.trace(square)) / whole
    return Pair(panel.people[one], panel.people[other], whole, share, cohen(square))
