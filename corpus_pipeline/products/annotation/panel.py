"""The answers to one question as arrays: who said which label of which unit.

Enters: rows of (task, annotator, label).  Leaves: a `Panel`; units, annotators and labels are
numbered in sorted order, so that equal votes in any order make equal arrays.
A unit is a task; of a question with several answers (`choices`) it is a task and a label, and the
labels are whether it was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from corpus_pipeline.text.arrays import F64, I64

#: The labels of the units of a question with several answers.
NOT_CHOSEN, CHOSEN = "0", "1"
#: The label of somebody who cannot tell: no answer, and nobody's fault.
UNSURE = "unsure"
#: Probabilities that differ by less are equal: a tie.
TIE = 1e-9


@dataclass(frozen=True, slots=False)
class Panel:
    """Votes by number: `unit`, `who` and `label` have one entry a vote, sorted by unit and who."""

    units: tuple[str, ...]
    people: tuple[str, ...]
    labels: tuple[str, ...]
    unit: I64
    who: I64
    label: I64

    @cached_property
    def counts(self) -> F64:
        """Votes of each unit (rows) for each label (columns)."""
        return summed(self, np.ones(self.unit.size))

    @property
    def size(self) -> int:
        """How many votes there are."""
        return int(self.unit.size)


def panel_of(rows: Iterable[tuple[str, str, str]], labels: Sequence[str] | None = None) -> Panel:
    """The panel of rows (unit, person, label); `labels`: their order where it is not the sorted.

    >>> panel = panel_of([("b", "p", "坏"), ("a", "p", "好"), ("a", "q", "坏")])
    >>> panel.units, panel.labels, panel.counts.tolist()
    (('a', 'b'), ('坏', '好'), [[1.0, 1.0], [1.0, 0.0]])
    """
    columns: list[tuple[str, ...]] = [*zip(*rows, strict=True)] or [(), (), ()]
    units, people, found = (sorted(set(column)) for column in columns)
    names = [*labels] if labels is not None else found
    arrays = [
        _numbered(column, kinds)
        for column, kinds in zip(columns, (units, people, names), strict=True)
    ]
    order = np.lexsort((arrays[1], arrays[0]))
    unit, who, label = (array[order] for array in arrays)
    return Panel(tuple(units), tuple(people), tuple(names), unit, who, label)


def _numbered(column: Sequence[str], kinds: Sequence[str]) -> I64:
    place = {name: number for number, name in enumerate(kinds)}
    return np.fromiter((place[value] for value in column), np.int64, len(column))


def summed(panel: Panel, weights: F64) -> F64:
    """The sum of the votes' weights by unit and label."""
    wide = len(panel.labels)
    cells = panel.unit * wide + panel.label
    flat = np.bincount(cells, weights, len(panel.units) * wide).astype(np.float64)
    return flat.reshape(len(panel.units), wide)


def tied(chances: F64) -> Any:
    """For each row, whether two labels are the most probable ones, or none is.

    >>> tied(np.array([[.5, .5], [.6, .4], [0., 0.]])).tolist()
    [True, False, True]
    """
    if not chances.size:
        return np.zeros(len(chances), dtype=bool)
    best = chances.max(axis=1, keepdims=True)
    return ((chances >= best - TIE).sum(axis=1) > 1) | (best[:, 0] <= 0)


def by_others(panel: Panel) -> I64:
    """For each vote the label that most of the others gave the unit; -1: a tie, or nobody did."""
    others = panel.counts[panel.unit]
    others[np.arange(panel.size), panel.label] -= 1
    best = others.argmax(axis=1).astype(np.int64) if others.size else np.zeros(0, np.int64)
    return np.where(tied(others), -1, best)
