"""A run's sample as an annotation project, ready to be handed out.

Enters: a finished run, what is wanted, a folder, the function that masks.
Leaves: `project.json`, `tasks.jsonl`, `gold.jsonl`; `label_studio/config.xml` and `tasks.json`;
`doccano.jsonl`; `answers.csv`, to be filled in; `guideline.html` and `guideline.md`.
Refuses: a folder that holds another project or something else (`PipelineError`, nothing written).
"""

from __future__ import annotations

from pathlib import Path

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation import flat_files, label_studio
from corpus_pipeline.products.annotation.guideline import guideline
from corpus_pipeline.products.annotation.project import (
    PROJECT,
    Project,
    read_project,
    write_project,
)
from corpus_pipeline.products.annotation.tasks import Wanted, tasks_of
from corpus_pipeline.products.runs import Run
from corpus_pipeline.products.tune.effect import Mask

#: Where the files of Label Studio lie in a project.
CONFIG, TASKS = "label_studio/config.xml", "label_studio/tasks.json"


def export_project(run: Run, wanted: Wanted, folder: Path, mask: Mask) -> Project:
    """Draw the tasks and write the project; the same run and wishes give the same bytes."""
    _refuse_inside(run, folder)
    project, tasks, gold = tasks_of(run, wanted, mask)
    _refuse_other(folder, project)
    handed = {
        CONFIG: label_studio.config(wanted.questions),
        TASKS: label_studio.tasks(project, tasks),
        "doccano.jsonl": flat_files.doccano(project, tasks),
        "answers.csv": flat_files.table(project, tasks),
        **guideline(wanted.questions, wanted.overlap),
    }
    write_project(folder, project, tasks, gold, handed)
    return project


def _refuse_inside(run: Run, folder: Path) -> None:
    if folder.resolve().is_relative_to(run.root.resolve()):
        raise PipelineError(f"{folder} lies inside the run: choose another folder")


def _refuse_other(folder: Path, project: Project) -> None:
    """`PipelineError` where the folder is taken by something else."""
    if (folder / PROJECT).exists():
        there = read_project(folder)
        if there.project != project.project:
            raise PipelineError(
                f"{folder} holds another project ({there.project}): choose another folder"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PipelineError(f"{folder} is no annotation project and not empty")
