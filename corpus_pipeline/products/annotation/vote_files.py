"""Files of answers as people and servers hand them back: Label Studio, doccano, CSV.

Enters: files, and the role of whoever answered.  Leaves: `Row`s, one for each answer to a question,
as they stand there; what they mean is for `votes` to say.
Refuses: a file that is none of these, or has another shape (`PipelineError`, one line).
Read of Label Studio: JSON, JSON lines and JSON-MIN; of doccano: JSON lines, whose annotator is
`annotator`, `user`, or the name of the file, as doccano writes one a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.project import OF_QUESTION, SEVERAL, Project
from corpus_pipeline.products.audit.results_file import decoded

Role = Literal["annotator", "reviewer"]
#: What a table has to have, and what it may have.
_COLUMNS = ("project", "task", "annotator", "question", "answer")
_MORE = ("role", "seconds", "created_at")
#: How Label Studio calls what an answer holds.
_VALUES = ("choices", "number", "rating", "taxonomy", "text")
#: What an annotation was: answered, given up, or sent without an answer.
State = Literal["answered", "cancelled", "empty"]


@dataclass(frozen=True, slots=True)
class Row:
    """An answer as a file has it; `seconds` and `at` may be anything, `person` a real name."""

    project: str
    task: str
    person: str
    role: str
    question: str
    answer: object
    seconds: object = None
    at: object = None
    state: State = "answered"


def rows_of(path: Path, raw: bytes, role: Role, project: Project) -> list[Row]:
    """The answers in a file."""
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head == b"[":
        return [row for one in _parsed(path, raw) for row in _of_object(path, one, role, project)]
    if head == b"{":
        return list(_of_lines(path, raw, role, project))
    return list(_of_table(path, raw, role, project))


def _parsed(path: Path, raw: bytes) -> list[Any]:
    value = _json(path, raw.lstrip(b"\xef\xbb\xbf"), "")
    if not isinstance(value, list):
        raise PipelineError(f"results {path.name}: not a list of tasks")
    return value


def _json(path: Path, raw: bytes, where: str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        said = str(error).split(": line", 1)[0]
        raise PipelineError(f"results {path.name}{where}: not JSON ({said})") from None


def _of_lines(path: Path, raw: bytes, role: Role, project: Project) -> Iterator[Row]:
    """The answers in JSON lines, or in one object."""
    lines = raw.lstrip(b"\xef\xbb\xbf").split(b"\n")
    if len(lines) > 1 and lines[0].rstrip() in (b"{", b"{\r"):  # one object, written over lines
        lines = [raw.lstrip(b"\xef\xbb\xbf")]
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _json(path, line, f", line {number}")
            yield from _of_object(path, value, role, project)


def _of_object(path: Path, one: Any, role: Role, project: Project) -> Iterator[Row]:
    """The answers in one object of a JSON file: a task, or an annotation."""
    if not isinstance(one, dict):
        raise PipelineError(f"results {path.name}: {_kind(one)} where a task is expected")
    if "annotations" in one or "data" in one:
        return _of_task(path, one, role, project)
    if "annotation_id" in one or ("annotator" in one and "label" not in one):
        return _of_minimal(one, role, project)
    return _of_doccano(path, one, role, project)


def _kind(value: object) -> str:
    """What a value of JSON is, for people."""
    names = {list: "a list", dict: "an object", str: "a text", type(None): "null"}
    return names.get(type(value), "a number")


def _of_task(path: Path, one: Mapping[str, Any], role: Role, project: Project) -> Iterator[Row]:
    """The answers in a task of a Label Studio export."""
    data, annotations = one.get("data"), one.get("annotations") or []
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise PipelineError(f"results {path.name}: a task has no data, or annotations are no list")
    named = (_text(data.get("project")), _text(data.get("task")))
    for annotation in annotations:
        if not isinstance(annotation, dict):
            said = f"{_kind(annotation)} where an annotation is expected"
            raise PipelineError(f"results {path.name}: {said}")
        person = annotation.get("completed_by")
        if isinstance(person, dict):
            person = person.get("id") or person.get("email")
        about = (annotation.get("lead_time"), annotation.get("created_at"))
        known = (*named, _text(person), role)
        if annotation.get("was_cancelled"):
            yield Row(*known, "", None, *about, "cancelled")
            continue
        answers = list(_answers(path, annotation.get("result"), project))
        for question, answer in answers:
            yield Row(*known, question, answer, *about)
        if not answers:
            yield Row(*known, "", None, *about, "empty")


def _answers(path: Path, result: object, project: Project) -> Iterator[tuple[str, object]]:
    """Questions and answers of an annotation; remarks in free text are nobody's answer."""
    if not isinstance(result, list):
        raise PipelineError(f"results {path.name}: {_kind(result)} where results are expected")
    names = {question.name for question in project.questions}
    for item in result:
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, dict):
            raise PipelineError(f"results {path.name}: a result without a value")
        name = _text(item.get("from_name"))
        found = next((value[kind] for kind in _VALUES if kind in value), None)
        if name in names or item.get("type") != "textarea":
            yield name, found


def _of_minimal(one: Mapping[str, Any], role: Role, project: Project) -> Iterator[Row]:
    """The answers in an annotation of JSON-MIN."""
    named = (_text(one.get("project")), _text(one.get("task")), _text(one.get("annotator")))
    about = (one.get("lead_time"), one.get("created_at"))
    answered = [question.name for question in project.questions if one.get(question.name)]
    for name in answered:
        value = one[name]
        if isinstance(value, dict):
            value = value.get("choices")
        yield Row(*named, role, name, value, *about)
    if not answered:
        yield Row(*named, role, "", None, *about, "empty")


def _of_doccano(path: Path, one: Mapping[str, Any], role: Role, project: Project) -> Iterator[Row]:
    """The answers in a line of doccano: one list of labels, `question:value`."""
    labels = one.get("label", one.get("labels", one.get("cats")))
    if labels is None:
        raise PipelineError(f"results {path.name}: neither Label Studio nor doccano wrote this")
    flat = [_text(label) for label in (labels if isinstance(labels, list) else [labels])]
    task = _text(one.get("task") or one.get("id"))
    person = _text(one.get("annotator") or one.get("user") or path.stem)
    named = (_text(one.get("project")), task, person, role)
    about = (one.get("seconds"), one.get("created_at"))
    answers: dict[str, list[str]] = {}
    for label in filter(None, flat):
        question, _, value = label.partition(OF_QUESTION)
        if not value and len(project.questions) == 1:
            question, value = project.questions[0].name, label
        answers.setdefault(question, []).append(value)
    for name, values in answers.items():
        yield Row(*named, name, values, *about)
    if not answers:
        yield Row(*named, "", None, *about, "empty")


def _of_table(path: Path, raw: bytes, role: Role, project: Project) -> Iterator[Row]:
    """The answers in a table: a row each; an empty answer is none."""
    text = decoded(path, raw)
    if not text.strip():
        raise PipelineError(f"results {path.name}: the file is empty")
    try:
        frame = pl.read_csv(text.encode(), infer_schema=False, encoding="utf8")
    except pl.exceptions.PolarsError as error:
        said = str(error).splitlines()[0][:120]
        raise PipelineError(f"results {path.name}: not a table ({said})") from None
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        raise PipelineError(f"results {path.name}: has no column {', '.join(missing)}")
    several = {question.name for question in project.questions if question.type == "choices"}
    wanted = [*_COLUMNS, *(name for name in _MORE if name in frame.columns)]
    for row in frame.select(wanted).iter_rows(named=True):
        answer = _text(row["answer"])
        question = _text(row["question"])
        if answer:
            yield Row(
                _text(row["project"]),
                _text(row["task"]),
                _text(row["annotator"]),
                _text(row.get("role")) or role,
                question,
                answer.split(SEVERAL) if question in several else answer,
                row.get("seconds"),
                row.get("created_at"),
            )


def _text(value: object) -> str:
    """A value as text; nothing for what is no text and no whole number."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
