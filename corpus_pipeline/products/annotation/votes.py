"""Votes: who answered what about which task, and what of it does not count, and why.

Enters: the rows of files, the project, its tasks.  Leaves: a `Ballot`.
Refuses: a file with answers of another project, or none of this one (`PipelineError`).
Does not count, and is listed: an unknown task, question, label or role; an answer without a person;
an annotation given up; the same answer twice (once it does); all but the latest of contradicting
answers, or all of them where no time tells; a review by whoever annotates.

A person is shown by a number, or a role and a number, where that is how the file calls them; all
others become `person-1`, `person-2` … in the order of their names, of which nothing else is
written (a digest of a name is the name to whoever tries names: docs/decisions/008).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.project import SEVERAL, Answer, Project, Question
from corpus_pipeline.products.annotation.vote_files import Role, Row, rows_of
from corpus_pipeline.products.audit.results_file import read_bytes

ROLES: tuple[Role, ...] = ("annotator", "reviewer")
#: How a person may be called so that the name is no name.
_PLAIN = re.compile(r"(?:a|r|u|w|p|user|worker|annotator|reviewer|标注员|审核员)?[-_ ]?[0-9]{1,6}")
#: What is said of what does not count, or counts otherwise than it stands there.
REMARKS: Mapping[str, str] = {
    "unknown_task": "not counted: the project has no such task",
    "unknown_question": "not counted: the project has no such question",
    "unknown_label": "not counted: the question has no such answer",
    "unknown_role": "not counted: a role is annotator or reviewer",
    "no_annotator": "not counted: nobody is named",
    "cancelled": "not counted: the annotation was given up",
    "empty": "not counted: an annotation without an answer",
    "duplicate": "counted once: the same answer of the same person",
    "replaced": "not counted: the same person answered otherwise later",
    "contradicting": "not counted: one person gave several answers, and no time tells the later",
    "own_review": "not counted: a review of one's own annotation",
    "both_roles": "not counted: a review by somebody who annotates in this project",
    "odd_seconds": "counted, its time is not: the seconds are no positive number",
    "missing_task": "nobody answered",
    "few_votes": "fewer answers than the project asks for",
}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer to one question about one task."""

    project: str
    task: str
    annotator: str
    role: Role
    question: str
    answer: Answer
    seconds: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something that does not count, or is missing; `said` never holds more than a few words."""

    kind: str
    task: str = ""
    annotator: str = ""
    question: str = ""
    said: str = ""

    def __str__(self) -> str:
        """Where it is, in a few words."""
        parts = (("task", self.task), ("by", self.annotator), ("question", self.question))
        where = " ".join(f"{word} {value}" for word, value in parts if value)
        return f"{where} ({self.said})" if self.said else where


@dataclass(frozen=True, slots=True)
class Ballot:
    """The votes that count, in order; `files`: name, sha256 and answers of what was read."""

    votes: tuple[Vote, ...]
    remarks: tuple[Remark, ...]
    files: tuple[Mapping[str, object], ...]
    hidden: int = 0

    def of(self, role: Role) -> list[Vote]:
        """The votes of one role."""
        return [vote for vote in self.votes if vote.role == role]

    def told(self) -> list[str]:
        """A line for each kind of remark: how many, and the first of them."""
        counts = Counter(remark.kind for remark in self.remarks)
        first: dict[str, Remark] = {}
        for remark in self.remarks:
            first.setdefault(remark.kind, remark)
        lines = [
            f"{counts[kind]} {REMARKS[kind]}: {first[kind]}" for kind in REMARKS if counts[kind]
        ]
        if self.hidden:
            lines.append(
                f"{self.hidden} people are shown as person-1, …, by the order of their names"
            )
        return lines


@dataclass(slots=True)
class _Reader:
    """What is known while rows become votes."""

    project: Project
    tasks: Collection[str]
    names: Mapping[str, str]
    remarks: list[Remark] = field(default_factory=list)
    spelt: dict[str, tuple[Question, dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spelt = {
            question.name: (question, _spellings(question)) for question in self.project.questions
        }

    def vote(self, row: Row) -> Vote | None:
        """The vote in a row; None, and a remark, where there is none."""
        person = self.names.get(_same(row.person), "")
        known = (row.task if row.task in self.tasks else _few(row.task), person)
        kind = self._problem(row, person)
        if kind:
            self.remarks.append(Remark(kind, *known, _few(row.question)))
            return None
        question, spelt = self.spelt[row.question]
        try:
            answer = _answer(question, spelt, row.answer)
        except ValueError:
            self.remarks.append(Remark("unknown_label", *known, row.question, _few(row.answer)))
            return None
        seconds = _seconds(row.seconds)
        if seconds is None and row.seconds not in (None, ""):
            self.remarks.append(Remark("odd_seconds", *known, row.question, _few(row.seconds)))
        role: Role = "reviewer" if row.role == "reviewer" else "annotator"
        given = (self.project.project, row.task, person, role, row.question, answer)
        return Vote(*given, seconds, _moment(row.at))

    def _problem(self, row: Row, person: str) -> str:
        """Why a row is no vote, whatever it answers."""
        if row.task not in self.tasks:
            return "unknown_task"
        if not person:
            return "no_annotator"
        if row.role not in ROLES:
            return "unknown_role"
        if row.state != "answered":
            return row.state
        return "" if row.question in self.spelt else "unknown_question"


def read_votes(
    project: Project, tasks: Sequence[str], results: Sequence[Path], reviews: Sequence[Path] = ()
) -> Ballot:
    """The votes in files of annotators and of reviewers."""
    rows: list[Row] = []
    files = []
    given: list[tuple[Path, Role]] = [(path, "annotator") for path in results]
    for path, role in [*given, *((path, ROLES[1]) for path in reviews)]:
        raw = read_bytes(path, "results")
        found = rows_of(path, raw, role, project)
        _all_of(project, path, found)
        rows += found
        name = concealed(escaped(path.name))
        files.append({"path": name, "sha256": sha256(raw).hexdigest(), "answers": len(found)})
    names = _names(row.person for row in rows)
    reader = _Reader(project, frozenset(tasks), names)
    votes = [vote for row in rows if (vote := reader.vote(row)) is not None]
    votes = _once(votes, reader.remarks)
    votes = _apart(votes, reader.remarks)
    remarks = [*reader.remarks, *_missing(project, tasks, votes)]
    hidden = sum(name.startswith("person-") for name in names.values())
    votes.sort(key=lambda vote: (vote.task, vote.question, vote.role, vote.annotator))
    return Ballot(tuple(votes), tuple(sorted(remarks)), tuple(files), hidden)


def _all_of(project: Project, path: Path, rows: Sequence[Row]) -> None:
    """`PipelineError` where a file holds answers of another project, or no answer at all."""
    others = [row.project for row in rows if row.project != project.project]
    if others:
        named = next(filter(None, others), "")
        whose = f"of project {_few(named)}" if named else "of no project"
        raise PipelineError(
            f"results {path.name}: {len(others)} of {len(rows)} answers are {whose}, not of "
            f"{project.project}; nothing was written"
        )
    if not rows:
        raise PipelineError(f"results {path.name}: has no answers")


def _same(person: str) -> str:
    """A person's name in one spelling: width, case and spaces do not make two people of one."""
    return " ".join(unicodedata.normalize("NFKC", person).casefold().split())


def _names(people: Iterable[str]) -> dict[str, str]:
    """How each person is shown."""
    known = sorted({_same(person) for person in people} - {""})
    plain = {name: name.replace(" ", "-") for name in known if _PLAIN.fullmatch(name)}
    hidden = [name for name in known if name not in plain]
    return plain | {name: f"person-{number}" for number, name in enumerate(hidden, 1)}


def _few(value: object) -> str:
    """The beginning of a value from a file, harmless to show."""
    if isinstance(value, list | tuple):
        value = SEVERAL.join(_few(one) for one in value[:_SHOWN])
    text = value if isinstance(value, str) else str(value)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return concealed(escaped(short))


def _spellings(question: Question) -> dict[str, str]:
    """What a label may be called: its value, or its Chinese or English where one has it alone."""
    names = Counter(name for label in question.labels for name in {label.zh, label.en})
    other = {
        name: label.value
        for label in question.labels
        for name in (label.zh, label.en)
        if names[name] == 1
    }
    return other | {value: value for value in question.values}


def _answer(question: Question, spelt: Mapping[str, str], given: object) -> Answer:
    if question.type == "number":
        answer = question.answer(given[0] if isinstance(given, list) and len(given) == 1 else given)
        if not isinstance(answer, float) or not math.isfinite(answer):
            raise ValueError(question.name)
        return answer
    listed = given if isinstance(given, list) else [given]
    return question.answer([spelt.get(str(value).strip(), value) for value in listed])


def _seconds(value: object) -> float | None:
    """How long an answer took; None: not said, or no length of time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < math.inf else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _once(votes: Sequence[Vote], remarks: list[Remark]) -> list[Vote]:
    """One vote of each person in a role about a question of a task."""
    groups: dict[tuple[str, str, str, str], list[Vote]] = {}
    for vote in votes:
        groups.setdefault((vote.annotator, vote.role, vote.task, vote.question), []).append(vote)
    kept = []
    for (person, _, task, question), group in groups.items():
        if len(group) == 1:
            kept += group
            continue
        where = (task, person, question)
        answers = list(dict.fromkeys(vote.answer for vote in group))
        chosen = _latest(group) if len(answers) > 1 else _first(group)
        if chosen is None:
            remarks += [Remark("contradicting", *where, _few(vote.answer)) for vote in group]
            continue
        kept.append(chosen)
        kinds = ["duplicate" if vote.answer == chosen.answer else "replaced" for vote in group]
        kinds.remove("duplicate")
        remarks += [Remark(kind, *where) for kind in kinds]
    return kept


def _first(group: Sequence[Vote]) -> Vote:
    """One of equal votes: with the time that it took, if any says it."""
    times = [vote.seconds for vote in group if vote.seconds is not None]
    moments = [vote.at for vote in group if vote.at is not None]
    return replace(group[0], seconds=min(times, default=None), at=min(moments, default=None))


def _latest(group: Sequence[Vote]) -> Vote | None:
    """The vote that was given last; None where times do not tell."""
    if any(vote.at is None for vote in group):
        return None
    ordered = sorted(group, key=lambda vote: vote.at or datetime.min.replace(tzinfo=UTC))
    last = [vote for vote in ordered if vote.at == ordered[-1].at]
    return last[-1] if len({vote.answer for vote in last}) == 1 else None


def _apart(votes: Sequence[Vote], remarks: list[Remark]) -> list[Vote]:
    """The votes without reviews by people who annotate."""
    annotated = {(vote.annotator, vote.task) for vote in votes if vote.role == "annotator"}
    annotators = {person for person, _ in annotated}
    kept = []
    for vote in votes:
        if vote.role == "annotator" or vote.annotator not in annotators:
            kept.append(vote)
            continue
        own = (vote.annotator, vote.task) in annotated
        kind = "own_review" if own else "both_roles"
        remarks.append(Remark(kind, vote.task, vote.annotator, vote.question))
    return kept


def _missing(project: Project, tasks: Sequence[str], votes: Sequence[Vote]) -> list[Remark]:
    """Tasks with no answers, or fewer than asked for."""
    people: dict[str, set[str]] = {}
    for vote in votes:
        if vote.role == "annotator":
            people.setdefault(vote.task, set()).add(vote.annotator)
    counts = {task: len(people.get(task, ())) for task in tasks}
    found = [Remark("missing_task", task) for task in tasks if not counts[task]]
    return found + [
        Remark("few_votes", task, said=f"{counts[task]} of {project.overlap}")
        for task in tasks
        if 0 < counts[task] < project.overlap
    ]
