"""A project folder with all that annotators are given.

Enters: a finished run, what is wanted of it, a folder, and the function that masks.
Leaves: the project's own files, `label_studio/`, `doccano/`, `csv/`, `guideline/`.  The same run,
questions, draw, seed and gold give the same bytes.
Refuses: a folder inside the run, and one that holds another project or anything else
(`PipelineError`, one line).  Results that lie in the folder stay.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from corpus_pipeline.io.storage import is_free
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation import forms, guideline, label_studio
from corpus_pipeline.products.annotation.project import (
    PROJECT,
    Project,
    Task,
    read_project,
    write_project,
)
from corpus_pipeline.products.annotation.question_set import QuestionSet
from corpus_pipeline.products.annotation.tasks import Wanted, tasks_of
from corpus_pipeline.products.runs import Run
from corpus_pipeline.products.tune.effect import Mask

#: Where the labelling page lies, which `push` takes along.
CONFIG = "label_studio/config.xml"


def export(run: Run, wanted: Wanted, folder: Path, mask: Mask) -> Project:
    """Write the project; what it says."""
    if folder.resolve().is_relative_to(run.root.resolve()):
        raise PipelineError(f"{folder} lies inside the run: name a folder beside it")
    earlier = _earlier(folder)
    project, tasks, gold = tasks_of(run, wanted, mask)
    if earlier is not None and earlier != project.project:
        said = f"{folder} holds another project ({earlier}, not {project.project})"
        raise PipelineError(f"{said}: name another folder")
    write_project(folder, project, tasks, gold, _handed(wanted.questions, project, tasks))
    return project


def _earlier(folder: Path) -> str | None:
    """The project that lies there already; `PipelineError` where something else does."""
    if is_free(folder):
        return None
    if not (folder / PROJECT).is_file():
        raise PipelineError(f"{folder} is there and is no annotation project: name another")
    return read_project(folder).project


def _handed(content: QuestionSet, project: Project, tasks: list[Task]) -> dict[str, bytes]:
    """Path in the folder → content of what annotators are given."""
    listed = [label_studio.task_data(project, task) for task in tasks]
    return {
        CONFIG: label_studio.config(content, project).encode(),
        "label_studio/tasks.json": orjson.dumps(listed, option=orjson.OPT_INDENT_2),
        "doccano/tasks.jsonl": forms.doccano(project, tasks),
        "doccano/labels.json": forms.doccano_labels(project),
        "csv/tasks.csv": forms.table(project, tasks),
        "guideline/index.html": guideline.page(content, project.overlap),
        "guideline/guideline.md": guideline.markdown(content, project.overlap),
    }
