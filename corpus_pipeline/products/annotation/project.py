"""An annotation project as a folder: questions, tasks, and the answers that are known.

Enters: a `Project`, its tasks and its gold answers, or a folder that holds them.
Leaves: `project.json` (sealed, written last, naming every other file with its digest),
`tasks.jsonl`, `gold.jsonl`, which annotators never get; or the same as typed values.
Refuses: a folder that is no project, a file that was changed since, a line that is no task, a gold
answer that its question does not know (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, ValidationError, model_validator

from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, sha256_file
from corpus_pipeline.model import PipelineError, digest
from corpus_pipeline.rules.settings import Strict

#: What a folder's manifest says that it is, and how its files are called.
KIND = "annotation_project"
PROJECT, TASKS, GOLD = "project.json", "tasks.jsonl", "gold.jsonl"
#: Where answers are put: files that servers and people send back.
RESULTS = "results"
#: Hex digits of the id of a project and of a task.
_DIGITS = 16
#: What parts several answers to one question in a cell of a table.
SEVERAL = "|"
#: What parts a question from its answer in a flat label (doccano has one list of labels).
OF_QUESTION = ":"

#: One of the labels, any number of them, or a number.
QuestionType = Literal["choice", "choices", "number"]
#: An answer: the value of a label, several of them, or a number.
Answer = str | tuple[str, ...] | float


class Label(Strict):
    """An answer that may be chosen: what files hold, and what people read."""

    value: str
    zh: str
    en: str


class Question(Strict):
    """What is asked about each document; `least` and `most` bound the answer to a number."""

    name: str
    type: QuestionType
    labels: tuple[Label, ...] = ()
    required: bool = True
    zh: str = ""
    en: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The values of its labels, in their order."""
        return tuple(label.value for label in self.labels)

    def answer(self, given: object) -> Answer:
        """An answer as it is kept: several in the order of the labels, each once.

        Raises `ValueError` for one that this question does not have.
        """
        if self.type == "number":
            return self._number(given)
        listed = given if isinstance(given, list | tuple) else [given]
        chosen = {str(value) for value in listed}
        unknown = sorted(chosen - set(self.values))
        if unknown:
            raise ValueError(f"{self.name} has no answer {unknown[0]!r}")
        if self.type == "choices":
            return tuple(value for value in self.values if value in chosen)
        if len(chosen) != 1:
            raise ValueError(f"{self.name} takes one answer, not {len(chosen)}")
        return chosen.pop()

    def _number(self, given: object) -> float:
        try:
            number = float(str(given))
        except ValueError:
            raise ValueError(f"{self.name} takes a number, not {given!r}") from None
        low = -float("inf") if self.least is None else self.least
        high = float("inf") if self.most is None else self.most
        if not low <= number <= high:
            raise ValueError(f"{self.name} is {number}, which is not in {low} to {high}")
        return number


class Passing(Strict):
    """Which answers to which question let a document pass an audit, and for which aspect."""

    aspect: str
    question: str
    values: tuple[str, ...]


class Project(Strict):
    """What `project.json` says: where tasks come from, how they were drawn, what is asked.

    `run`: the seal of the run.  `drawing`: strata, size and whatever else decided the draw.
    `overlap`: annotators that each task is to have.  `tasks`, `gold`: how many there are.
    """

    project: str = Field(pattern=rf"^[0-9a-f]{{{_DIGITS}}}$")
    run: str
    seed: int
    drawing: Mapping[str, Any]
    question_set: str
    questions: tuple[Question, ...] = Field(min_length=1)
    overlap: int = Field(ge=1)
    tasks: int = Field(ge=0)
    gold: int = Field(ge=0)
    passing: Passing | None = None

    @model_validator(mode="after")
    def _questions_are_told_apart(self) -> Project:
        names = [question.name for question in self.questions]
        if len(set(names)) < len(names):
            raise ValueError("two questions have one name")
        return self

    def question(self, name: str) -> Question:
        """The question of this name; `ValueError` where there is none."""
        for question in self.questions:
            if question.name == name:
                return question
        raise ValueError(f"there is no question {name!r}")

    def answers(self, given: Mapping[str, object]) -> dict[str, Answer]:
        """Answers by question, each as its question keeps it; `ValueError` for the first wrong."""
        return {name: self.question(name).answer(value) for name, value in given.items()}

    def of_flat(self, labels: Iterable[str]) -> dict[str, Answer]:
        """The answers in flat labels, `risks:A1f`; `ValueError` for the first wrong one."""
        found: dict[str, list[str]] = {}
        for label in labels:
            name, _, value = label.partition(OF_QUESTION)
            found.setdefault(name, []).append(value)
        return self.answers(
            {
                name: values if self.question(name).type == "choices" else _only(name, values)
                for name, values in found.items()
            }
        )


def _only(name: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise ValueError(f"{name} takes one answer, not {len(values)}")
    return values[0]


def flat(answers: Mapping[str, Answer]) -> list[str]:
    """Answers as flat labels.

    >>> flat({"safety": "unsafe", "risks": ("A1f", "A1h")})
    ['safety:unsafe', 'risks:A1f', 'risks:A1h']
    """
    return [
        f"{name}{OF_QUESTION}{value}"
        for name, answer in answers.items()
        for value in (answer if isinstance(answer, tuple) else (answer,))
    ]


@dataclass(frozen=True, slots=True)
class Task:
    """A document that people are asked about; text, title and what is shown are masked."""

    task: str
    document: str
    source: str
    stratum: Mapping[str, str]
    title: str
    text: str
    shown: Mapping[str, str] = field(default_factory=dict)
    suggested: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gold:
    """A task whose answers are known, to hold annotators against."""

    task: str
    answers: Mapping[str, Answer]


def project_id(
    run: str, questions: object, seed: int, drawing: Mapping[str, Any], gold: object = None
) -> str:
    """The id of a project: the same questions about the same draw of the same run have the same."""
    said = {"run": run, "questions": questions, "seed": seed, "drawing": drawing, "gold": gold}
    return digest(said)[:_DIGITS]


def task_id(project: str, document: str) -> str:
    """The id of a task: another in every project.

    >>> task_id("0" * 16, "a" * 32) == task_id("0" * 16, "a" * 32) != task_id("1" * 16, "a" * 32)
    True
    """
    return digest([project, document])[:_DIGITS]


def write_project(
    folder: Path,
    project: Project,
    tasks: Iterable[Task],
    gold: Iterable[Gold],
    more: Mapping[str, bytes],
) -> None:
    """Write a project; `more`: path in the folder → content of what is made for annotators."""
    told = {
        TASKS: b"".join(_line(task) for task in tasks),
        GOLD: b"".join(_line(one) for one in gold),
        **more,
    }
    (folder / PROJECT).unlink(missing_ok=True)
    for path, content in told.items():
        commit_bytes(folder / path, content)
    entries = [manifest.file_entry(folder, folder / path) for path in sorted(told)]
    said = project.model_dump(mode="json")
    manifest.write(folder / PROJECT, {"kind": KIND, **said, "files": entries})


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def read_project(folder: Path) -> Project:
    """The project in this folder."""
    return _project(folder, _content(folder))


def _content(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise PipelineError(f"no such annotation project: {folder} is not a folder")
    if not (folder / PROJECT).exists():
        raise PipelineError(f"not an annotation project: {folder} (there is no {PROJECT})")
    content = manifest.read(folder / PROJECT)
    if content.get("kind") != KIND:
        raise PipelineError(f"not an annotation project: {folder / PROJECT}")
    return content


def _project(folder: Path, content: Mapping[str, Any]) -> Project:
    known = {name: content[name] for name in Project.model_fields if name in content}
    try:
        return Project.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PipelineError(f"{folder / PROJECT}: {where}: {first['msg']}") from None


def read_tasks(folder: Path) -> list[Task]:
    """The tasks of the project in this folder, in their order."""
    return [_task(folder, number, row) for number, row in _rows(folder, TASKS)]


def read_gold(folder: Path) -> dict[str, dict[str, Answer]]:
    """Task → known answers by question, of the project in this folder."""
    project = read_project(folder)
    found = {}
    for number, row in _rows(folder, GOLD):
        try:
            found[str(row["task"])] = project.answers(row["answers"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise PipelineError(f"{folder / GOLD}, line {number}: {error}") from None
    return found


def _task(folder: Path, number: int, row: Mapping[str, Any]) -> Task:
    try:
        suggested = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in row.get("suggested", {}).items()
        }
        return Task(**{**row, "suggested": suggested})
    except (TypeError, AttributeError):
        raise PipelineError(f"{folder / TASKS}, line {number}: is no task") from None


def _rows(folder: Path, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a file of the project, which has to be as it was written."""
    path = folder / name
    entries = {entry["path"]: entry["sha256"] for entry in _content(folder).get("files", [])}
    try:
        if sha256_file(path) != entries.get(name):
            raise PipelineError(f"{path} was changed since the project was written")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise PipelineError(f"cannot read {path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        row = orjson.loads(line)
        if not isinstance(row, dict):
            raise PipelineError(f"{path}, line {number}: not an object")
        yield number, row
