"""Simulated votes about a project: attentive people, and careless ones of several kinds.

    python -m scripts.annotation_votes PROJECT --careless random --output votes.json

Enters: an annotation project.  Leaves: a Label Studio export as its annotators would have left it,
and with `--reviews FILE` one of a reviewer.  The truth is the gold answer where there is one, else
the suggested one, else a draw; so the figures say nothing about the documents.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus_pipeline.products.annotation.project import read_gold, read_project, read_tasks

#: How somebody can be careless: labels at random, labels as often as others but anywhere, always
#: the commonest label, attentive labels that nobody can have read, the first two fast.
KINDS = ("random", "shuffled", "one_label", "fast", "fast_random")


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who votes: `people` of whom one is careless in a way of `KINDS` (or none), `overlap` a task.

    `skill`: the least and the highest chance of seeing the truth; the rest is a draw of labels.
    Times are log-normal: a person's own pace (`pace`), and the spread of a person's times.
    """

    people: int = 6
    overlap: int = 3
    careless: str | None = None
    skill: tuple[float, float] = (0.65, 0.95)
    seconds: float = 20.0
    pace: float = 0.35
    spread: float = 0.6


@dataclass(frozen=True, slots=True)
class Votes:
    """One entry a vote: task, person, label, seconds; person 0 is the careless one."""

    task: np.ndarray
    who: np.ndarray
    label: np.ndarray
    seconds: np.ndarray


def votes(truth: np.ndarray, prior: np.ndarray, crowd: Crowd, rng: np.random.Generator) -> Votes:
    """Votes about tasks of this truth, whose labels have these shares."""
    tasks, labels = truth.size, prior.size
    overlap = min(crowd.overlap, crowd.people)
    who = np.argsort(rng.random((tasks, crowd.people)), axis=1)[:, :overlap].ravel()
    task = np.repeat(np.arange(tasks), overlap)
    skills = rng.uniform(*crowd.skill, crowd.people)
    hard = rng.normal(0, 0.08, tasks)[task]  # some tasks are harder for all
    sees = rng.random(who.size) < np.clip(skills[who] + hard, 0, 1)
    label = np.where(sees, truth[task], rng.integers(0, labels, who.size))
    pace = rng.normal(0, crowd.pace, crowd.people)[who]
    seconds = np.exp(np.log(crowd.seconds) + pace + rng.normal(0, crowd.spread, who.size))
    mine = who == 0
    if crowd.careless in ("random", "fast_random"):
        label = np.where(mine, rng.integers(0, labels, who.size), label)
    elif crowd.careless == "shuffled":
        label = np.where(mine, rng.choice(labels, who.size, p=prior), label)
    elif crowd.careless == "one_label":
        label = np.where(mine, int(prior.argmax()), label)
    if crowd.careless in ("fast", "fast_random"):
        seconds = np.where(mine, np.exp(np.log(2.0) + rng.normal(0, 0.4, who.size)), seconds)
    return Votes(task, who, label, seconds)


def label_studio(
    project: Any, tasks: Sequence[Any], gold: Any, crowd: Crowd, seed: int
) -> list[Any]:
    """An export of Label Studio with the votes of a crowd about all tasks."""
    rng = np.random.default_rng(seed)
    answers: list[dict[str, dict[int, Any]]] = [{} for _ in tasks]
    seconds: list[dict[int, float]] = [{} for _ in tasks]
    for question in project.questions:
        values = list(question.values) or ["1", "2", "3"]
        prior = np.full(len(values), 1 / len(values))
        truth = np.array([_truth(question, values, one, gold, rng) for one in tasks])
        found = votes(truth, prior, crowd, np.random.default_rng(seed))
        for at, who, label, took in zip(
            found.task, found.who, found.label, found.seconds, strict=True
        ):
            answers[at].setdefault(question.name, {})[int(who)] = values[label]
            seconds[at][int(who)] = round(float(took), 2)
    return [_exported(project, *row) for row in zip(tasks, answers, seconds, strict=True)]


def _truth(question: Any, values: list[str], task: Any, gold: Any, rng: Any) -> int:
    known = gold.get(task.task, {}).get(question.name, task.suggested.get(question.name))
    known = known[0] if isinstance(known, tuple) and known else known
    return values.index(known) if known in values else int(rng.integers(len(values)))


def _exported(project: Any, task: Any, answers: Any, seconds: Any) -> dict[str, Any]:
    """A task as Label Studio exports it."""
    kinds = {question.name: question.type for question in project.questions}
    annotations = [
        {
            "completed_by": who + 1,
            "was_cancelled": False,
            "lead_time": took,
            "created_at": f"2026-11-{1 + who % 28:02}T08:00:00Z",
            "result": [
                {"from_name": name, "type": "number", "value": {"number": float(given[who])}}
                if kinds[name] == "number"
                else {"from_name": name, "type": "choices", "value": {"choices": [given[who]]}}
                for name, given in sorted(answers.items())
                if who in given
            ],
        }
        for who, took in sorted(seconds.items())
    ]
    data = {"task": task.task, "project": project.project, "text": task.text}
    return {"data": data, "annotations": annotations}


def reviewed(project: Any, tasks: Sequence[Any], gold: Any, person: int, seed: int) -> list[Any]:
    """The export of a second project, in which one more person looked at every task."""
    crowd = Crowd(people=1, overlap=1, skill=(1.0, 1.0))
    found = label_studio(project, tasks, gold, crowd, seed)
    for task in found:
        for annotation in task["annotations"]:
            annotation["completed_by"] = person
    return found


def main() -> None:
    """Write the exports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--careless", choices=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--reviews", type=Path)
    given = parser.parse_args()
    project = read_project(given.project)
    tasks, gold = read_tasks(given.project), read_gold(given.project)
    crowd = Crowd(given.people, project.overlap, given.careless)
    export = label_studio(project, tasks, gold, crowd, given.seed)
    given.output.write_text(json.dumps(export, ensure_ascii=False), "utf-8")
    if given.reviews:
        export = reviewed(project, tasks, gold, given.people + 1, given.seed)
        given.reviews.write_text(json.dumps(export, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
