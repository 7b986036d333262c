"""From several votes about a unit to one answer: majority, Wawa, Dawid and Skene.

Enters: a `Panel`, and the known answers of some units.  Leaves: for each unit the probability of
each label, and each person's skill where the method has one.
The figures are those of crowd-kit 1.4 (checked to 1e-6); unlike there, a tie is no
answer, so that skills of Wawa are the same where no majority is tied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from corpus_pipeline.products.annotation.panel import Panel, summed, tied
from corpus_pipeline.text.arrays import F64, I64

MAJORITY: Final = "majority"
WAWA: Final = "wawa"
DAWID_SKENE: Final = "dawid-skene"
#: The methods by their names on the command line.
METHODS: Final = (MAJORITY, WAWA, DAWID_SKENE)
#: No probability is smaller, so that each has a logarithm (as in crowd-kit).
_LEAST: Final = 1e-10
#: Iterations at most, and the gain of the bound a vote below which they end (crowd-kit's).
ROUNDS: Final = 100
GAIN: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Fit:
    """Probabilities by unit and label; skills by person (nan: unknown); iterations that it took."""

    chances: F64
    skills: F64
    rounds: int = 0


def aggregated(panel: Panel, method: str, known: Mapping[str, str] | None = None) -> Fit:
    """The answers by one of `METHODS`; `known`: the right label of some units."""
    if method == MAJORITY:
        return Fit(majority(panel), agreement_with(panel, answers_of(majority(panel))))
    if method == WAWA:
        return wawa(panel)
    return dawid_skene(panel, known or {})


def majority(panel: Panel) -> F64:
    """The share of the votes for each label."""
    return _shares(panel.counts)


def _shares(sums: F64) -> F64:
    whole = sums.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(sums, whole, out=np.zeros_like(sums), where=whole > 0))


def answers_of(chances: F64) -> I64:
    """The most probable label of each unit; -1: a tie, or no vote at all."""
    if not chances.size:
        return np.full(len(chances), -1, np.int64)
    return np.where(tied(chances), -1, chances.argmax(axis=1)).astype(np.int64)


def agreement_with(panel: Panel, answers: I64) -> F64:
    """Each person's share of votes that are the answer (-1: no answer, left out)."""
    judged = answers[panel.unit] >= 0
    right = judged & (answers[panel.unit] == panel.label)
    people = len(panel.people)
    whole = np.bincount(panel.who, judged.astype(float), people)
    good = np.bincount(panel.who, right.astype(float), people)
    return np.asarray(np.divide(good, whole, out=np.full(people, np.nan), where=whole > 0))


def wawa(panel: Panel) -> Fit:
    """Votes weighted by how often a person agrees with the majority.

    A tie says nothing about anybody (crowd-kit lets the order of its columns decide it); whoever
    has voted in ties alone weighs as much as the others do on average.
    """
    skills = agreement_with(panel, answers_of(majority(panel)))
    known = skills[~np.isnan(skills)]
    weights = np.where(np.isnan(skills), known.mean() if known.size else 1.0, skills)
    return Fit(_shares(summed(panel, weights[panel.who])), skills, 1)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of person and label that occur: `of` a vote, `order` of votes by pair."""

    of: I64
    order: I64
    starts: I64
    people: I64
    heads: I64


def _pairs(panel: Panel) -> _Pairs:
    keys = panel.who * len(panel.labels) + panel.label
    found, of = np.unique(keys, return_inverse=True)
    order = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[order], np.arange(found.size))
    people = found // len(panel.labels)
    heads = np.searchsorted(people, np.unique(people))
    return _Pairs(
        of, order, starts, np.repeat(np.arange(heads.size), _widths(heads, people.size)), heads
    )


def _widths(starts: I64, end: int) -> I64:
    return np.diff(np.append(starts, end))


def dawid_skene(
    panel: Panel, known: Mapping[str, str], rounds: int = ROUNDS, gain: float = GAIN
) -> Fit:
    """Dawid and Skene (1979) by expectation and maximisation, beginning with the majority."""
    people = len(panel.people)
    if not panel.size:
        return Fit(np.zeros((len(panel.units), len(panel.labels))), np.full(people, np.nan))
    units, truths = _known(panel, known)
    pairs, tasks = _pairs(panel), np.searchsorted(panel.unit, np.arange(len(panel.units)))
    chances = _corrected(majority(panel), units, truths)
    prior, errors = chances.mean(axis=0), _errors(panel, pairs, chances)
    bound, done = -np.inf, 0
    for done in range(1, rounds + 1):  # noqa: B007 - how many there were is told
        logs = np.add.reduceat(np.log(errors)[pairs.of], tasks, axis=0)
        chances = _softmax(logs + np.log(np.maximum(prior, _LEAST)))
        chances = _corrected(chances, units, truths)
        prior, errors = chances.mean(axis=0), _errors(panel, pairs, chances)
        new = _bound(panel, pairs, chances, prior, errors)
        if new - bound < gain:
            break
        bound = new
    return Fit(chances, _diagonal(panel, errors, prior), done)


def _known(panel: Panel, known: Mapping[str, str]) -> tuple[I64, I64]:
    """Units whose label is known, and the label's number."""
    place = {label: number for number, label in enumerate(panel.labels)}
    rows = [
        (number, place[known[unit]])
        for number, unit in enumerate(panel.units)
        if known.get(unit) in place
    ]
    units, truths = zip(*rows, strict=True) if rows else ((), ())
    return np.array(units, np.int64), np.array(truths, np.int64)


def _corrected(chances: F64, units: I64, truths: I64) -> F64:
    chances[units] = 0.0
    chances[units, truths] = 1.0
    return chances


def _errors(panel: Panel, pairs: _Pairs, chances: F64) -> F64:
    """For each pair of person and label: the chance that the person says it, by true label."""
    sums = np.add.reduceat(chances[panel.unit[pairs.order]], pairs.starts, axis=0)
    sums = np.maximum(sums, _LEAST)
    whole = np.add.reduceat(sums, pairs.heads, axis=0)
    return np.asarray(sums / whole[pairs.people])


def _softmax(logs: F64) -> F64:
    likely = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def _bound(panel: Panel, pairs: _Pairs, chances: F64, prior: F64, errors: F64) -> float:
    """What grows from round to round, a vote (crowd-kit's, so that both stop in one round)."""
    logs = np.log(errors)[pairs.of] + np.log(np.maximum(prior, _LEAST))
    joint = float((chances[panel.unit] * logs).sum())
    sure = np.maximum(chances, _LEAST)
    return (joint - float((sure * np.log(sure)).sum())) / panel.size


def _diagonal(panel: Panel, errors: F64, prior: F64) -> F64:
    """Each person's chance of saying the true label."""
    found = np.unique(panel.who * len(panel.labels) + panel.label)
    label, who = found % len(panel.labels), found // len(panel.labels)
    right = errors[np.arange(found.size), label] * prior[label]
    return np.bincount(who, right, len(panel.people)).astype(np.float64)
