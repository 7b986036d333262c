"""How well each person worked: gold tasks, agreement, reviews, speed, and who does not look.

Enters: panels of the annotators' votes with the answers that are known, times, reviews.
Leaves: a `Standing` for each person, whose flags say what was measured and against what.

An answer is held against the gold answer where there is one, else against what most others said;
the label `unsure` is neither right nor wrong.
`careless`: the agreement above chance, kappa = (P - P_e) / (1 - P_e), is less than `share` of the
median kappa of the others even at the upper end of its Wilson interval; P_e is the chance of
agreeing for somebody who clicks this person's labels in any order.  Or so is S, the same with a
chance of one in as many labels as there are: where nearly all documents are of one label, nobody's
kappa says anything, and S tells who clicks at random (not of questions with several answers).
Each question is tested for itself.
`one_label`: where others chose something else than this person's favourite label, the share in
which this person did too is, at the upper end, less than `share` of the others' median.
`too_fast`: the median of the logarithm of the seconds lies more than `fast` times 1.4826 MAD of the
others' below their median.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Annotated

import numpy as np

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.products.annotation.panel import UNSURE, Panel, by_others
from corpus_pipeline.products.annotation.standing import Share, Standing
from corpus_pipeline.rules.pack import Pack, load
from corpus_pipeline.rules.settings import Settings
from corpus_pipeline.text.arrays import F64, I64, Bool
from corpus_pipeline.text.arrays import Numbers as Figures
from corpus_pipeline.text.measures.shares import wilson

#: A standard deviation of normal figures, in median absolute deviations.
_MAD = 1.4826
#: People up to whom each is held against the others alone; beyond, own times are lost in the crowd.
_FEW = 200


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of `quality.yaml`."""

    alarm: float
    share: float
    least: int
    fast: float
    item: float


class _Quality(Pack):
    numbers: Annotated[Numbers, Settings()]


def numbers() -> Numbers:
    """The numbers that decide who is flagged."""
    name = "package:products/annotation/quality.yaml"
    return load(resolve(name, Path()), _Quality).numbers


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's panel and the known label of some of its units; `weight`: units a task."""

    panel: Panel
    known: Mapping[str, str]
    weight: int = 1


@dataclass(slots=True)
class _Held:
    """Sums over all questions, one entry a person: what the tests are made of.

    `seen`: answers for which there is a truth; `total`: those that are not unsure; `right`, and
    right by `chance`, or by clicking all labels `evenly`; `asked`: where the truth is not the
    favourite label; `found`: of those the ones that are not it either.
    """

    seen: F64
    total: F64
    right: F64
    chance: F64
    evenly: F64
    asked: F64
    found: F64

    def add(self, other: _Held) -> None:
        """Add the sums of another question."""
        self.seen += other.seen
        self.total += other.total
        self.right += other.right
        self.chance += other.chance
        self.evenly += other.evenly
        self.asked += other.asked
        self.found += other.found


def standings(
    people: Sequence[str],
    asked: Sequence[Asked],
    times: Mapping[tuple[str, str], float],
    limits: Numbers,
) -> list[Standing]:
    """Everybody's standing; `times`: seconds of each person and task."""
    place = {person: number for number, person in enumerate(people)}
    out = [Standing(person) for person in people]
    tests = max(len(people) * len(asked), 1)
    z = NormalDist().inv_cdf(1 - limits.alarm / tests)
    sums = _Held(*(np.zeros(len(people)) for _ in range(7)))
    for one in asked:
        held = _Held(*(np.zeros(len(people)) for _ in range(7)))
        _hold(one, place, out, held)
        _judge(one, out, held, limits, z)
        sums.add(held)
    _sum_up(out, sums)
    _time(out, times, limits)
    return out


def _hold(one: Asked, place: Mapping[str, int], out: Sequence[Standing], held: _Held) -> None:
    """Add what one question says about each person; who is unsure is neither right nor wrong."""
    panel, size = one.panel, len(one.panel.people)
    unsure = panel.labels.index(UNSURE) if UNSURE in panel.labels else -2
    others = by_others(panel)
    others[others == unsure] = -1
    gold, sure = _gold(panel, one.known)[panel.unit], panel.label != unsure
    mine = np.array([place[person] for person in panel.people], np.int64)
    columns = (
        np.bincount(panel.who, minlength=size) // one.weight,
        np.bincount(panel.who[~sure], minlength=size),
        _shares(panel, others, sure),
        _shares(panel, gold, sure),
    )
    for at, answers, doubts, agreed, known in zip(mine, *columns, strict=True):
        standing = out[at]
        standing.answers += int(answers)
        standing.unsure += int(doubts)
        standing.agreed = _plus(standing.agreed, agreed)
        standing.gold = _plus(standing.gold, known)
    sums = _sums(panel, np.where(gold >= 0, gold, others), sure)
    held_sums = (
        held.seen,
        held.total,
        held.right,
        held.chance,
        held.evenly,
        held.asked,
        held.found,
    )
    for field_, value in zip(held_sums, sums, strict=True):
        np.add.at(field_, mine, value / one.weight)


def _sums(panel: Panel, truth: I64, sure: Bool) -> tuple[Figures, ...]:
    """By person the sums of `_Held`, in its order."""
    size, wide = len(panel.people), max(len(panel.labels), 1)

    def table(labels: I64, judged: Bool) -> Figures:
        cells = panel.who[judged] * wide + labels[judged]
        return np.bincount(cells, minlength=size * wide).reshape(size, wide)

    judged = truth >= 0
    held = judged & sure
    said, meant = table(panel.label, held), table(truth, held)
    total = said.sum(axis=1)
    chance = (said * meant).sum(axis=1) / np.maximum(total, 1)
    favourite = table(panel.label, judged).argmax(axis=1)[panel.who]
    other = judged & (truth != favourite)
    return (
        np.bincount(panel.who, judged, size),
        total,
        np.bincount(panel.who, held & (panel.label == truth), size),
        chance,
        total / max(sum(label != UNSURE for label in panel.labels), 1),
        np.bincount(panel.who, other, size),
        np.bincount(panel.who, other & (panel.label != favourite), size),
    )


def _gold(panel: Panel, known: Mapping[str, str]) -> I64:
    """The number of the known label of each unit; -1: none is known."""
    place = {label: number for number, label in enumerate(panel.labels)}
    return np.array([place.get(known.get(unit, ""), -1) for unit in panel.units], np.int64)


def _shares(panel: Panel, truth: I64, sure: Bool) -> list[Share]:
    """Of each person, the answers that are the truth of those for which there is one."""
    judged, size = (truth >= 0) & sure, len(panel.people)
    total = np.bincount(panel.who[judged], minlength=size)
    right = np.bincount(panel.who[judged & (truth == panel.label)], minlength=size)
    return [Share(int(r), int(t)) for r, t in zip(right, total, strict=True)]


def _plus(one: Share, other: Share) -> Share:
    return Share(one.right + other.right, one.total + other.total)


def _sum_up(out: Sequence[Standing], held: _Held) -> None:
    """The figures over all questions."""
    chance = held.chance / np.maximum(held.total, 1e-9)
    defined = (held.total > 0) & (chance < 1 - 1e-9)
    share = held.right / np.maximum(held.total, 1e-9)
    kappa = (share - chance) / np.where(defined, 1 - chance, 1)
    for number, standing in enumerate(out):
        standing.kappa = float(kappa[number]) if defined[number] else None
        standing.other = Share(round(held.found[number]), round(held.asked[number]))


def _judge(one: Asked, out: Sequence[Standing], held: _Held, limits: Numbers, z: float) -> None:
    """Who agrees with the others no more than by chance, or always says one thing."""
    total = np.maximum(held.total, 1e-9)
    kinds = [("kappa", held.chance), ("S", held.evenly)][: 1 if one.weight > 1 else 2]
    chances = [np.minimum(sums / total, 1 - 1e-9) for _, sums in kinds]
    above = [(held.right / total - chance) / (1 - chance) for chance in chances]
    enough, seen = (sums >= limits.least for sums in (held.total, held.seen))
    found = held.found / np.maximum(held.asked, 1e-9)
    for number, standing in enumerate(out):
        if not seen[number]:
            continue
        others = enough.copy()
        others[number] = False
        if not others.any():
            continue
        _, high = wilson(round(held.right[number]), round(held.total[number]), z)
        for (name, _), chance, kappa in zip(kinds, chances, above, strict=True):
            peers, by_chance = float(np.median(kappa[others])), float(chance[number])
            best = (high - by_chance) / (1 - by_chance)
            if enough[number] and peers > 0 and best < limits.share * peers:
                measured = f"{name} {kappa[number]:.2f}, at most {best:.2f}"
                standing.flag("careless", f"{measured}; the others' median is {peers:.2f}")
        share = Share(round(held.found[number]), round(held.asked[number]))
        _one_label(standing, share, float(np.median(found[others])), z, limits)


def _one_label(standing: Standing, share: Share, peers: float, z: float, limits: Numbers) -> None:
    _, high = wilson(share.right, share.total, z)
    if share.total and high < limits.share * peers:
        said = (
            f"gave another label in {share.right} of {share.total} cases in which others did, "
            f"at most {high:.0%}; the others' median is {peers:.0%}"
        )
        standing.flag("one_label", said)


def _time(out: Sequence[Standing], times: Mapping[tuple[str, str], float], limits: Numbers) -> None:
    """Who is far faster than the others, and which items are."""
    place = {standing.person: number for number, standing in enumerate(out)}
    who = np.fromiter((place[person] for person, _ in times), np.int64, len(times))
    logs = np.log(np.fromiter(times.values(), np.float64, len(times)))
    order = np.argsort(who, kind="stable")
    own = np.split(logs[order], np.searchsorted(who[order], np.arange(1, len(out))))
    crowd = _spread(logs) if len(out) > _FEW else None
    for number, standing in enumerate(out):
        mine = own[number] if len(times) else logs
        if not mine.size:
            continue
        standing.seconds = float(np.exp(np.median(mine)))
        middle, spread = crowd or _spread(logs[who != number])
        if not spread:
            continue
        standing.speed = (float(np.median(mine)) - middle) / spread
        apart = (mine - middle) / spread
        standing.fast, standing.slow = (
            int((apart < -limits.item).sum()),
            int((apart > limits.item).sum()),
        )
        if mine.size >= limits.least and standing.speed < -limits.fast:
            said = (
                f"median {standing.seconds:.1f} s of {mine.size} items; the others' is "
                f"{math.exp(middle):.1f} s, {-standing.speed:.1f} of their spreads away"
            )
            standing.flag("too_fast", said)


def _spread(logs: F64) -> tuple[float, float]:
    """The median, and the median absolute deviation as a standard deviation; 0: there is none."""
    if not logs.size:
        return 0.0, 0.0
    middle = float(np.median(logs))
    return middle, _MAD * float(np.median(np.abs(logs - middle)))


def fast_items(
    times: Mapping[tuple[str, str], float], limits: Numbers
) -> frozenset[tuple[str, str]]:
    """Items that took so much less than the median of all that nobody can have read them."""
    logs = np.log(np.fromiter(times.values(), np.float64, len(times)))
    middle, spread = _spread(logs)
    if not spread:
        return frozenset()
    floor = math.exp(middle - limits.item * spread)
    return frozenset(item for item, seconds in times.items() if seconds < floor)
