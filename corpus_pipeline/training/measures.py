"""What a trained score is worth on texts of sources that it never saw.

Enters: scores from 0 to 1, classes, sources.  Leaves: numbers and rows of tables: the AUC with its
interval, precision, recall and share kept at cuts, calibration, the AUC of the source alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.text.arrays import F64, Bool

#: Of a normal distribution, 95 % lie within so many deviations.
Z = 1.96
CUTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
BINS = 10


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the ROC curve, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def area(scores: F64, good: Bool) -> Area:
    """The chance that a good text scores above a bad one, ties one half; interval after DeLong.

    >>> str(area(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])))
    '1.000 (1.000–1.000)'
    """
    high, low = scores[good], scores[~good]
    above = _placed(high, low)  # of each good text: the share of bad ones below it
    below = 1 - _placed(low, high)
    value = float(above.mean())
    spread = _variance(above) / max(high.size, 1) + _variance(below) / max(low.size, 1)
    reach = Z * math.sqrt(spread)
    return Area(value, max(value - reach, 0.0), min(value + reach, 1.0))


def _placed(values: F64, others: F64) -> F64:
    ordered = np.sort(others)
    left, right = (np.searchsorted(ordered, values, side=s) for s in ("left", "right"))
    placed: F64 = (left + right) / (2 * max(others.size, 1))
    return placed


def _variance(values: F64) -> float:
    return float(values.var(ddof=1)) if values.size > 1 else 0.0


def cut_rows(scores: F64, good: Bool) -> list[tuple[str, ...]]:
    """For each cut: precision and recall of what stays, share that stays, bad texts that stay."""
    rows: list[tuple[str, ...]] = []
    for cut in CUTS:
        kept = scores >= cut
        right = int((kept & good).sum())
        rows.append(
            (
                f"{cut:g}",
                f"{right / max(int(kept.sum()), 1):.3f}",
                f"{right / max(int(good.sum()), 1):.3f}",
                f"{kept.mean():.3f}",
                f"{(kept & ~good).sum() / max(int((~good).sum()), 1):.3f}",
            )
        )
    return rows


def found_at(scores: F64, sought: Bool, precision: float) -> float:
    """The largest share of what is sought that some cut finds with at least this precision.

    >>> found_at(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True]), 1.0)
    0.6666666666666666
    """
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(sought[order])
    # Texts of one score stay together: a cut lies between scores.
    ends = np.append(scores[order][1:] < scores[order][:-1], True)
    enough = ends & (right >= precision * np.arange(1, right.size + 1))
    return float(right[enough].max(initial=0)) / max(int(sought.sum()), 1)


def calibration_rows(scores: F64, right: Bool) -> tuple[list[tuple[str, ...]], float]:
    """For each tenth of the scale: texts, mean score, share that is right; and the mean error."""
    place = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    rows: list[tuple[str, ...]] = []
    error = 0.0
    for tenth in range(BINS):
        own = place == tenth
        if own.any():
            said, true = float(scores[own].mean()), float(right[own].mean())
            error += abs(said - true) * float(own.mean())
            span = f"{tenth / BINS:.1f}–{(tenth + 1) / BINS:.1f}"
            rows.append((span, str(int(own.sum())), f"{said:.3f}", f"{true:.3f}"))
    return rows, error


def source_area(scores: F64, good: Bool, sources: Sequence[str]) -> Area:
    """The AUC of a score that knows only the source of a text: its mean score."""
    names = np.array(sources)
    alone = np.empty_like(scores)
    for name in set(sources):
        alone[names == name] = scores[names == name].mean()
    return area(alone, good)


def source_rows(scores: F64, good: Bool, sources: Sequence[str]) -> list[tuple[str, ...]]:
    """For each source: good and bad texts, quantiles of the score, its AUC where it has both."""
    names = np.array(sources)
    rows: list[tuple[str, ...]] = []
    for name in sorted(set(sources)):
        own = names == name
        both = good[own].any() and not good[own].all()
        spread = np.quantile(scores[own], (0.05, 0.5, 0.95))
        counts = (str(int(good[own].sum())), str(int((~good[own]).sum())))
        within = str(area(scores[own], good[own])) if both else "–"
        rows.append((name, *counts, *(f"{value:.3f}" for value in spread), within))
    return rows


def label_rows(truths: Sequence[str], saids: Sequence[str]) -> tuple[list[tuple[str, ...]], float]:
    """For each label: texts, precision, recall, F1; and the mean F1."""
    rows: list[tuple[str, ...]] = []
    total = 0.0
    labels = sorted(set(truths))
    for label in labels:
        both = sum(t == label == s for t, s in zip(truths, saids, strict=True))
        has, gets = sum(t == label for t in truths), sum(s == label for s in saids)
        f1 = 2 * both / (has + gets)
        total += f1
        rows.append(
            (label, str(has), f"{both / max(gets, 1):.3f}", f"{both / has:.3f}", f"{f1:.3f}")
        )
    return rows, total / len(labels)
