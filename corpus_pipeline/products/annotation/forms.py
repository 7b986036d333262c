"""A project for doccano (JSON lines) and for a spreadsheet (CSV to fill in).

Enters: a `Project` and its tasks.  Leaves: bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from corpus_pipeline.products.annotation.project import SEVERAL, Project, Question, Task, flat
from corpus_pipeline.products.annotation.tables import as_csv

#: The columns of a table of answers, and what stands beside them to read.
_HEADS = ("project", "task", "annotator", "role", "question", "answer", "seconds")
_TO_READ = ("asked", "answers", "suggested", "title", "text", "shown")


def doccano(project: Project, tasks: Sequence[Task]) -> bytes:
    """A line a task: `id`, `text`, `label` (`question:value`), `project`, `task`."""
    return b"".join(
        orjson.dumps(
            {
                "id": task.task,
                "text": task.text,
                "label": flat(task.suggested),
                "project": project.project,
                "task": task.task,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for task in tasks
    )


def doccano_labels(project: Project) -> bytes:
    """The labels of doccano's project, as it imports them."""
    labels = [
        {"text": label}
        for question in project.questions
        for value in question.values
        for label in flat({question.name: value})
    ]
    return orjson.dumps(labels, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def table(project: Project, tasks: Sequence[Task]) -> bytes:
    """A row for each question of each task, `answer` left empty; a text stands once."""
    return as_csv((*_HEADS, *_TO_READ), _rows(project, tasks))


def _rows(project: Project, tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
    for task in tasks:
        shown = "; ".join(f"{name}: {value}" for name, value in task.shown.items())
        for number, question in enumerate(project.questions):
            named = (project.project, task.task, "", "annotator", question.name, "", "")
            told = (question.zh, _answers(question), _suggested(task, question))
            yield (*named, *told, *((task.title, task.text, shown) if not number else ("",) * 3))


def _answers(question: Question) -> str:
    """What may be answered."""
    if question.type == "number":
        return f"{question.least} – {question.most}"
    return SEVERAL.join(f"{label.value}={label.zh}" for label in question.labels)


def _suggested(task: Task, question: Question) -> str:
    answer = task.suggested.get(question.name, "")
    return SEVERAL.join(answer) if isinstance(answer, tuple) else str(answer)
