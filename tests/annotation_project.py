"""A small annotation project for tests, and votes about it."""

import json
from pathlib import Path
from typing import Any

from corpus_pipeline.products.annotation.project import (
    Gold,
    Label,
    Passing,
    Project,
    Question,
    Task,
    project_id,
    task_id,
    write_project,
)


def labels(*values: tuple[str, str]) -> tuple[Label, ...]:
    return tuple(Label(value=value, zh=zh, en=value) for value, zh in values)


SAFETY = Question(
    name="safety", type="choice", labels=labels(("safe", "安全"), ("unsafe", "不安全"))
)
RISKS = Question(
    name="risks",
    type="choices",
    labels=labels(("A1f", "虚假信息"), ("A1h", "其他")),
    required=False,
)
SCORE = Question(name="score", type="number", least=0, most=5, required=False)


def write(
    folder: Path,
    documents: list[tuple[str, str, str]],
    *,
    questions: tuple[Question, ...] = (SAFETY, RISKS, SCORE),
    gold: dict[int, dict[str, Any]] | None = None,
    run: str = "s" * 64,
    seed: int = 0,
    overlap: int = 2,
) -> tuple[Project, list[Task]]:
    """A project about documents (id, source, text); `gold`: number of a task → answers."""
    key = project_id(run, ["q"], seed, {"by": ["state"]})
    tasks = [
        Task(task_id(key, document), document, source, {}, "标题", text)
        for document, source, text in documents
    ]
    known = [Gold(tasks[number].task, answers) for number, answers in (gold or {}).items()]
    project = Project(
        project=key,
        run=run,
        seed=seed,
        drawing={},
        question_set="safety",
        questions=questions,
        overlap=overlap,
        tasks=len(tasks),
        gold=len(known),
        passing=Passing(aspect="content", question="safety", values=("safe",)),
    )
    write_project(folder, project, tasks, known, {})
    return project, tasks


def annotation(
    person: Any, *, seconds: Any = 9.5, at: str = "2026-11-02T08:00:00Z", **answers: Any
):
    """An annotation as Label Studio exports it."""
    result = [
        {"from_name": name, "type": "number", "value": {"number": value}}
        if isinstance(value, float)
        else {"from_name": name, "type": "choices", "value": {"choices": [value]}}
        if isinstance(value, str)
        else {"from_name": name, "type": "choices", "value": {"choices": value}}
        for name, value in answers.items()
    ]
    return {
        "completed_by": person,
        "was_cancelled": False,
        "lead_time": seconds,
        "created_at": at,
        "result": result,
    }


def export(path: Path, project: Project, task_annotations: list[tuple[Any, list[Any]]]) -> Path:
    """A Label Studio export: tasks (or their ids) with annotations."""
    content = [
        {
            "data": {"project": project.project, "task": getattr(task, "task", task)},
            "annotations": found,
        }
        for task, found in task_annotations
    ]
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path
