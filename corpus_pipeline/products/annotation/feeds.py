"""What audits and training take of an annotation: hand samples, and texts with labels.

Enters: tasks, settled answers, votes.  Leaves: rows for `audit --results` and for `train --data`.
A document is looked at by whoever gave the answer that stands: a reviewer where there was a review,
with the annotators beside; else the annotators.  Gold tasks are nobody's finding and are left out
of the samples.  Of the aspect `annotation` are documents that were annotated and reviewed: they
pass where the reviewer answered every question as the votes of the annotators did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date

from corpus_pipeline.products.annotation.answers import GOLD, REVIEW, Settled
from corpus_pipeline.products.annotation.project import Answer, Project, Task
from corpus_pipeline.products.annotation.vote_files import Role
from corpus_pipeline.products.annotation.votes import Vote

#: The aspect of documents that were annotated and then reviewed.
ANNOTATION = "annotation"
#: Between several people, or labels, in a cell; what stands there for no label.
_AND = "+"
NONE = "none"


@dataclass(frozen=True, slots=True)
class HandSample:
    """A row of `audit --results`."""

    id: str
    verdict: str
    reviewer: str
    date: str
    aspect: str
    annotator: str


@dataclass(frozen=True, slots=True)
class _People:
    """Who answered a question about a task, and when, by role."""

    votes: Mapping[tuple[str, str, Role], Sequence[Vote]]

    def of(self, task: str, question: str, role: Role) -> Sequence[Vote]:
        return self.votes.get((task, question, role), ())


def hand_samples(
    tasks: Sequence[Task],
    settled: Mapping[tuple[str, str], Settled],
    voted: Mapping[tuple[str, str], Answer | None],
    votes: Sequence[Vote],
    *,
    project: Project,
    day: date | None,
) -> list[HandSample]:
    """The rows, in the order of the tasks; `voted`: what the annotators' votes alone say.

    `day`: the day of votes without a time; without any day a vote is signed by nobody, and no row.
    """
    groups: dict[tuple[str, str, Role], list[Vote]] = {}
    for vote in votes:
        groups.setdefault((vote.task, vote.question, vote.role), []).append(vote)
    people, passing = _People(groups), project.passing
    questions = [question.name for question in project.questions]
    out: list[HandSample] = []
    for task in tasks:
        one = settled.get((task.task, passing.question)) if passing else None
        if passing and one and one.answer is not None and one.by != GOLD:
            passed = set(_values(one.answer)) <= set(passing.values)
            out += _row(task, one, people, passed=passed, aspect=passing.aspect, day=day)
        answers = [settled[task.task, name] for name in questions]
        out += _annotated(task, answers, voted, people, day)
    return out


def _values(answer: Answer) -> tuple[object, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _row(
    task: Task, one: Settled, people: _People, *, passed: bool, aspect: str, day: date | None
) -> Iterator[HandSample]:
    """The row of one document, signed by those whose answer it is."""
    annotators = people.of(task.task, one.question, "annotator")
    signed = people.of(task.task, one.question, "reviewer" if one.by == REVIEW else "annotator")
    agreeing = [vote for vote in signed if vote.answer == one.answer] or list(signed)
    last = max((vote.at.astimezone(UTC).date() for vote in agreeing if vote.at), default=day)
    if agreeing and last is not None:
        beside = _names(annotators) if one.by == REVIEW else ""
        verdict = "pass" if passed else "fail"
        names = _names(agreeing)
        yield HandSample(task.document, verdict, names, last.isoformat(), aspect, beside)


def _names(votes: Sequence[Vote]) -> str:
    return _AND.join(sorted({vote.annotator for vote in votes}))


def _annotated(
    task: Task,
    answers: Sequence[Settled],
    voted: Mapping[tuple[str, str], Answer | None],
    people: _People,
    day: date | None,
) -> Iterator[HandSample]:
    """The row of a document that was annotated and reviewed."""
    reviewed = [
        one
        for one in answers
        if one.by == REVIEW and people.of(task.task, one.question, "annotator")
    ]
    if reviewed and all(one.answer is not None for one in reviewed):
        passed = all(voted.get((task.task, one.question)) == one.answer for one in reviewed)
        yield from _row(task, reviewed[0], people, passed=passed, aspect=ANNOTATION, day=day)


def labelled(
    tasks: Sequence[Task], settled: Mapping[tuple[str, str], Settled], questions: Sequence[str]
) -> list[dict[str, object]]:
    """A line for each task with an answer: text, source, and each answer with its confidence.

    Several answers are joined by `+`, none of them is `none`; a question called like a column
    is `answer_` and its name.
    """
    out: list[dict[str, object]] = []
    for task in tasks:
        line: dict[str, object] = {"text": task.text, "source": task.source, "id": task.document}
        names = {name: f"answer_{name}" if name in line else name for name in questions}
        found = False
        for name, column in names.items():
            one = settled.get((task.task, name))
            answer = None if one is None else one.answer
            found = found or answer is not None
            line[column] = (_AND.join(answer) or NONE) if isinstance(answer, tuple) else answer
            confidence = None if one is None or one.confidence is None else one.confidence
            line[f"{column}_confidence"] = None if confidence is None else round(confidence, 6)
        if found:
            out.append(line)
    return out
