"""How often the tests for careless annotators are wrong, and how often they find one.

    python -m scripts.annotation_alarms [--projects 400] [--answers 50] [--weak] [--fit]

Enters: nothing.  Leaves: on standard output a table of false alarms and of careless people found,
by test, from simulated projects with odd seeds (`--answers`: those in which a person gives at least
so many; `--weak`: attentive people see the truth in 45 to 95 % of the cases, not 65 to 95); with
`--fit` the sweep over even seeds from which the numbers of `quality.yaml` were taken.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from corpus_pipeline.products.annotation.panel import Panel
from corpus_pipeline.products.annotation.quality import Asked, Numbers, numbers, standings
from corpus_pipeline.products.annotation.standing import Standing
from scripts.annotation_votes import KINDS, Crowd, votes

TESTS = ("careless", "one_label", "too_fast")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated: the least number of answers a person, and how attentive people are."""

    answers: int = 0
    skill: tuple[float, float] = (0.65, 0.95)


def project(
    seed: int, careless: str | None, limits: Numbers, setting: Setting = Setting()
) -> list[Standing]:
    """The standings of everybody in one simulated project of a drawn shape."""
    rng = np.random.default_rng(seed)
    shapes = [(t, p) for t in (60, 120, 400) for p in (4, 6, 10) if 3 * t // p >= setting.answers]
    tasks, people = shapes[int(rng.integers(len(shapes)))]
    wide = int(rng.choice((2, 3, 6)))
    prior = (  # even, uneven, or nearly all of one label
        np.full(wide, 1 / wide),
        rng.dirichlet(np.full(wide, 4.0)),
        np.array([0.95, *np.full(wide - 1, 0.05 / (wide - 1))]),
    )[int(rng.integers(3))]
    truth = rng.choice(wide, tasks, p=prior)
    found = votes(truth, prior, Crowd(people, 3, careless, setting.skill), rng)
    names = tuple(f"{number}" for number in range(people))
    units, labels = (tuple(map(str, range(size))) for size in (tasks, wide))
    panel = Panel(units, names, labels, found.task, found.who, found.label)
    times = {
        (names[who], units[task]): float(took)
        for task, who, took in zip(found.task, found.who, found.seconds, strict=True)
    }
    return standings(names, [Asked(panel, {})], times, limits)


def measured(
    seeds: range, limits: Numbers, setting: Setting = Setting()
) -> dict[str, dict[str, float]]:
    """By what person 0 is: the share of projects in which each test flags person 0.

    Last, of all attentive people: the share that each test flags, in all projects.
    """
    out: dict[str, dict[str, float]] = {}
    alarms: Counter[str] = Counter()
    attentive = 0
    for careless in (None, *KINDS):
        found: Counter[str] = Counter()
        for seed in seeds:
            people = project(seed, careless, limits, setting)
            honest = people[careless is not None :]
            attentive += len(honest)
            alarms.update(flag.name for person in honest for flag in person.flags)
            alarms["any"] += sum(bool(person.flags) for person in honest)
            found.update(flag.name for flag in people[0].flags)
            found["any"] += bool(people[0].flags)
        if careless:
            out[careless] = {test: found[test] / len(seeds) for test in (*TESTS, "any")}
    out[f"attentive ({attentive:,} people)"] = {
        test: alarms[test] / attentive for test in (*TESTS, "any")
    }
    return out


def table(rows: dict[str, dict[str, float]]) -> str:
    """The shares as a table of Markdown."""
    lines = [f"| annotator | {' | '.join(TESTS)} | any |", "|---" + "|---:" * 4 + "|"]
    lines += [
        f"| {name} | " + " | ".join(f"{row[test]:.2%}" for test in (*TESTS, "any")) + " |"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=400)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--answers", type=int, default=0)
    parser.add_argument("--weak", action="store_true")
    given = parser.parse_args()
    limits = numbers()
    setting = Setting(given.answers, (0.45, 0.95) if given.weak else Setting().skill)
    if not given.fit:
        print(table(measured(range(1, 2 * given.projects, 2), limits, setting)))
        return
    even = range(0, 2 * given.projects, 2)
    for name, values in (
        ("share", (0.3, 0.4, 0.5, 0.6, 0.7)),
        ("fast", (1.0, 1.5, 2.0, 2.5, 3.0)),
        ("least", (5, 10, 20, 40)),
    ):
        for value in values:
            tried = replace(limits, **{name: value})
            print(f"\n{name} {value}\n\n{table(measured(even, tried, setting))}")


if __name__ == "__main__":
    main()
