"""Answers of people, read and weighed: votes, one answer a question, everybody's standing.

Enters: an annotation project, files of results and of reviews, a method, a rate card.
Leaves: `Imported`; nothing is written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.aggregation import METHODS, wawa
from corpus_pipeline.products.annotation.answers import (
    REVIEW,
    Known,
    Settled,
    Tally,
    known_units,
    tallies,
    units_of,
)
from corpus_pipeline.products.annotation.panel import UNSURE
from corpus_pipeline.products.annotation.pay import RateCard, read_card
from corpus_pipeline.products.annotation.project import (
    Answer,
    Project,
    Task,
    read_gold,
    read_project,
    read_tasks,
)
from corpus_pipeline.products.annotation.quality import Asked, Numbers, numbers, standings
from corpus_pipeline.products.annotation.standing import Share, Standing
from corpus_pipeline.products.annotation.votes import Ballot, Vote, read_votes

#: Task and person of an item → its seconds.
Times = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Options:
    """How results are read: the method, the rate card, and the day of votes that have no time."""

    method: str = "majority"
    rates: Path | None = None
    reviews: Sequence[Path] = ()
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything that came of an import; `voted`: what the annotators' votes alone say."""

    project: Project
    tasks: Sequence[Task]
    gold: Known
    ballot: Ballot
    method: str
    tallies: Sequence[Tally]
    people: Sequence[Standing]
    times: Times
    card: RateCard | None
    day: date | None
    limits: Numbers

    @property
    def settled(self) -> dict[tuple[str, str], Settled]:
        """The answers by task and question."""
        return {(one.task, one.question): one for tally in self.tallies for one in tally.settled}

    def voted(self) -> dict[tuple[str, str], Answer | None]:
        """What the annotators' votes say, as if nobody had reviewed and nothing were known."""
        votes = self.ballot.of("annotator")
        if len(votes) == len(self.ballot.votes):  # only reviewed answers are held against them
            return {}
        keys = [task.task for task in self.tasks]
        found = tallies(self.project, keys, votes, {}, self.method)
        return {(one.task, one.question): one.answer for tally in found for one in tally.settled}


def read_results(folder: Path, results: Sequence[Path], options: Options) -> Imported:
    """Everything that the files say, before anything is written."""
    if options.method not in METHODS:
        known = ", ".join(METHODS)
        raise PipelineError(f"no method {options.method!r} of aggregation: {known}")
    project = read_project(folder)
    card = read_card(options.rates) if options.rates else None
    if card:
        card.rate(project.question_set)
    tasks, gold = read_tasks(folder), read_gold(folder)
    keys = [task.task for task in tasks]
    ballot = read_votes(project, keys, results, options.reviews)
    found = tallies(project, keys, ballot.votes, gold, options.method)
    votes, limits = ballot.of("annotator"), numbers()
    times = _times(votes)
    people = _people(found, votes, gold, times, limits)
    _review(people, votes, found)
    return Imported(
        project,
        tasks,
        gold,
        ballot,
        options.method,
        found,
        people,
        times,
        card,
        options.day,
        limits,
    )


def _times(votes: Sequence[Vote]) -> dict[tuple[str, str], float]:
    """Seconds of each person and task: an annotation says its own beside each of its answers."""
    times: dict[tuple[str, str], float] = {}
    for vote in votes:
        if vote.seconds is not None:
            key = (vote.annotator, vote.task)
            times[key] = max(times.get(key, 0.0), vote.seconds)
    return times


def _people(
    found: Sequence[Tally], votes: Sequence[Vote], gold: Known, times: Times, limits: Numbers
) -> list[Standing]:
    """The standing of each annotator; the skill is that of Wawa, the mean over questions."""
    names = sorted({vote.annotator for vote in votes})
    asked = [
        Asked(
            tally.panel,
            known_units(tally.question, tally.panel, gold),
            units_of(tally.panel),
        )
        for tally in found
        if tally.panel is not None
    ]
    people = standings(names, asked, times, limits)
    items: dict[str, set[str]] = {name: set() for name in names}
    for vote in votes:
        items[vote.annotator].add(vote.task)
    skills: dict[str, list[float]] = {}
    for tally in found:
        if tally.panel is None:
            continue
        for name, skill in zip(tally.panel.people, wawa(tally.panel).skills.tolist(), strict=True):
            if not math.isnan(skill):
                skills.setdefault(name, []).append(skill)
    for standing in people:
        own = skills.get(standing.person, [])
        standing.items = len(items[standing.person])
        standing.skill = sum(own) / len(own) if own else None
    return people


def _review(people: Sequence[Standing], votes: Sequence[Vote], found: Sequence[Tally]) -> None:
    """Count the answers that a reviewer gave too."""
    reviewed = {
        (one.task, one.question): one.answer
        for tally in found
        for one in tally.settled
        if one.by == REVIEW and one.answer is not None
    }
    place = {standing.person: standing for standing in people}
    for vote in votes:
        answer = reviewed.get((vote.task, vote.question))
        if answer is not None and vote.answer != UNSURE:
            standing = place[vote.annotator]
            passed = standing.passed
            standing.passed = Share(passed.right + (vote.answer == answer), passed.total + 1)
