"""Tasks to a Label Studio server, and answers back.

Enters: a project folder and a `Server`.  Leaves: on the server one project a role, with each task
once, however often it is pushed; in the folder `results/`, the server's JSON export, in which
addresses and names of people are numbers.
Refuses: a project of the server whose tasks are another project's (`PipelineError`, one line).

What is there is known by asking: a project by its title, which ends in the project's id, and a task
by `data.task`.  Nothing is remembered here, so that an interrupted push continues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.export import CONFIG
from corpus_pipeline.products.annotation.label_studio import task_data
from corpus_pipeline.products.annotation.project import (
    RESULTS,
    Project,
    Task,
    read_project,
    read_tasks,
)
from corpus_pipeline.products.annotation.server import Server

Role = Literal["annotator", "reviewer"]
#: Tasks in one request, and characters of their texts.
_BATCH, _CHARACTERS = 500, 4_000_000
#: Tasks on a page, when the server is asked what it has.
_PAGE = 500
#: Pages that are asked for at most: ten million tasks.
_PAGES = 20_000
#: Called as tasks are sent: sent so far, in all.
OnSent = Callable[[int, int], object]
#: Keys whose values say who somebody is; their number stays.
_PERSONAL = frozenset(
    {"email", "first_name", "last_name", "username", "avatar", "phone", "initials"}
)
#: An address in a remark of the server, such as who made an annotation.
_EMAIL = re.compile(r"[^\s@,;<>\"']{1,64}@[^\s@,;<>\"']{1,255}")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: the server's number of the project, tasks sent and there before."""

    number: int
    sent: int
    there: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: the file, tasks with answers, and annotations."""

    path: Path
    tasks: int
    annotations: int


def push(
    folder: Path, server: Server, role: Role = "annotator", on_sent: OnSent | None = None
) -> Pushed:
    """Put the project's tasks on the server, those that are not there yet."""
    project = read_project(folder)
    tasks = read_tasks(folder)
    page = _page(folder)
    number = _find(server, project, role)
    have: set[str] = set()
    if number is None:
        number = _create(server, project, role, page)
    else:
        have = _there(server, project, number)
    missing = [task for task in tasks if task.task not in have]
    sent = 0
    for batch in _batches(missing):
        content = [task_data(project, task) for task in batch]
        if role == "reviewer":  # a reviewer sees what a machine thinks as little as who said what
            content = [{"data": one["data"]} for one in content]
        server.post(f"/api/projects/{number}/import?return_task_ids=false", content)
        sent += len(batch)
        if on_sent is not None:
            on_sent(sent, len(missing))
    return Pushed(number, sent, len(have))


def pull(folder: Path, server: Server, role: Role = "annotator") -> Pulled:
    """Write the server's JSON export of the project below `results/`."""
    project = read_project(folder)
    number = _find(server, project, role)
    if number is None:
        raise PipelineError(f"{server.url} has no project {_title(project, role)!r}: push it first")
    content = server.get(f"/api/projects/{number}/export?exportType=JSON")
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise PipelineError(f"{server.url}: the export of project {number} is no list of tasks")
    _of_this(server, project, [one.get("data") for one in content])
    people: dict[str, str] = {}
    without = [_impersonal(one, people) for one in content]
    path = folder / RESULTS / f"label_studio_{role}.json"
    commit_bytes(
        path, orjson.dumps(without, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return Pulled(path, len(content), sum(len(one.get("annotations") or ()) for one in content))


def _title(project: Project, role: Role) -> str:
    """What the server calls the project; within the fifty characters that it takes."""
    return f"{project.question_set[:20]} {role} {project.project}"


def _page(folder: Path) -> str:
    try:
        return (folder / CONFIG).read_text("utf-8")
    except OSError as error:
        raise PipelineError(f"cannot read {folder / CONFIG}: {error.strerror}") from None


def _find(server: Server, project: Project, role: Role) -> int | None:
    """The server's number of the project, or None."""
    title = _title(project, role)
    for page in range(1, _PAGES):
        found = server.get(f"/api/projects?page={page}&page_size=100&include=id,title")
        if not isinstance(found, dict) or not isinstance(found.get("results"), list):
            raise PipelineError(f"{server.url} is no Label Studio server: it answers otherwise")
        for one in found["results"]:
            if one.get("title") == title:
                return int(one["id"])
        if not found.get("next"):
            return None
    return None


def _create(server: Server, project: Project, role: Role, page: str) -> int:
    content = {
        "title": _title(project, role),
        "label_config": page,
        "maximum_annotations": 1 if role == "reviewer" else project.overlap,
        "show_collab_predictions": role == "annotator",
        "sampling": "Uniform sampling",
    }
    made = server.post("/api/projects", content)
    if not isinstance(made, dict) or not isinstance(made.get("id"), int):
        raise PipelineError(f"{server.url} is no Label Studio server: it answers otherwise")
    return int(made["id"])


def _there(server: Server, project: Project, number: int) -> set[str]:
    """The tasks that the server has of the project."""
    have: set[str] = set()
    for page in range(1, _PAGES):
        query = f"project={number}&page={page}&page_size={_PAGE}&fields=task_only&include=id,data"
        found = server.get(f"/api/tasks?{query}")
        if not isinstance(found, dict) or not isinstance(found.get("tasks"), list):
            raise PipelineError(f"{server.url} is no Label Studio server: it answers otherwise")
        rows = [one.get("data") for one in found["tasks"]]
        _of_this(server, project, rows)
        have |= {str(data["task"]) for data in rows if isinstance(data, dict)}
        if page * _PAGE >= int(found.get("total") or 0):
            break
    return have


def _of_this(server: Server, project: Project, rows: Sequence[Any]) -> None:
    """`PipelineError` where a task on the server is none of this project."""
    for data in rows:
        if not isinstance(data, dict) or data.get("project") != project.project:
            said = f"holds a task that is none of project {project.project}"
            raise PipelineError(f"{server.url}: {said}: somebody changed it there")


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """The tasks in batches that one request carries."""
    batch: list[Task] = []
    characters = 0
    for task in tasks:
        if batch and (len(batch) == _BATCH or characters + len(task.text) > _CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(task)
        characters += len(task.text)
    if batch:
        yield batch


def _impersonal(value: Any, people: dict[str, str]) -> Any:
    """An export in which people are numbers; tasks' data and all else as the server wrote it."""
    if isinstance(value, dict):
        return {
            key: one
            if key == "data"
            else _number(one, people)
            if key in _PERSONAL and isinstance(one, str) and one
            else _impersonal(one, people)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_impersonal(one, people) for one in value]
    if isinstance(value, str) and "@" in value:
        return _EMAIL.sub(lambda found: _number(found[0], people), value)
    return value


def _number(name: str, people: dict[str, str]) -> str:
    """A number for a person: the same in one export."""
    return people.setdefault(name, f"person {len(people) + 1}")
