"""A project as plain files: JSON lines for doccano, and a table to fill in.

Enters: a project and its tasks.  Leaves: bytes.  In the table nothing is a formula.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

import orjson

from corpus_pipeline.products.annotation.project import Project, Task, flat
from corpus_pipeline.products.evidence.table import harmless

#: The columns of the table; those that are empty are filled in by the annotator.
COLUMNS = (
    "project", "task", "annotator", "role", "question", "answer", "seconds",
    "asked", "answers", "suggested", "title", "text",
)  # fmt: skip


def doccano(project: Project, tasks: Sequence[Task]) -> bytes:
    """A line a task: `id`, `text`, `label` (suggestions as `question:value`), and the project."""
    lines = []
    for task in tasks:
        text = f"{task.title}\n{task.text}" if task.title else task.text
        line = {
            "id": task.task,
            "text": text,
            "label": flat(task.suggested),
            "project": project.project,
        }
        lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    return b"".join(lines)


def table(project: Project, tasks: Sequence[Task]) -> bytes:
    """A row for each task and question, in UTF-8 with the mark that spreadsheets look for."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    asked = [
        (question.name, f"{question.zh} {question.en}", "|".join(question.values))
        for question in project.questions
    ]
    for task in tasks:
        title, text = harmless(task.title), harmless(task.text, lines=True)
        for name, words, answers in asked:
            given = flat({name: task.suggested[name]}) if name in task.suggested else []
            suggested = "|".join(label.partition(":")[2] for label in given)
            row = (project.project, task.task, "", "", name, "", "", words, answers, suggested)
            writer.writerow((*row, title, text))
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()
