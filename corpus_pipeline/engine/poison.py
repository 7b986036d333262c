"""Finds the documents on which a worker process dies (a crash in native code, too little memory).

Enters: a split whose worker died after all retries.  Leaves: the content of its manifest, those
documents in quarantine as `worker_died`.  The batch that the worker had begun is bisected, each
half in a fresh worker, until one document is left; all others are processed as usual.  On an object
store, where notes are requests, the split is done once more to note where it dies.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.engine.split_pass import SplitTask, probe
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.base import Engine, Result, Task, WorkerDied

#: A split with more such documents has another fault: too little memory, a broken library.
LIMIT = 20


def survive(engine: Engine, task: Task) -> Result:
    """Finish a split that kills its workers; the documents at fault go to quarantine."""
    for _ in range(LIMIT):
        progress = _noted(task.argument.progress)
        if progress is None and isinstance(task.argument.progress, StorePath):
            task = replace(task, argument=replace(task.argument, noted=True))
            (outcome,) = (outcome for _, outcome in engine.attempt([task]))
            if not isinstance(outcome, WorkerDied):
                return outcome
            progress = _noted(task.argument.progress)
        if progress is None:
            break
        suspected = _without_suspect(engine, task, progress)
        if suspected == task.argument:
            break  # rows that kill only together: no single document is to blame
        task = replace(task, argument=suspected)
        (outcome,) = (outcome for _, outcome in engine.attempt([task]))
        if not isinstance(outcome, WorkerDied):
            return outcome
    raise PipelineError(
        f"split {task.argument.split.index} kills every worker that touches it "
        f"({', '.join(piece.locator for piece in task.argument.split.pieces[:3])}): "
        "too little memory, or a broken library"
    )


def _noted(path: Path) -> dict[str, Any] | None:
    try:
        progress: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return progress


def _without_suspect(engine: Engine, task: Task, progress: dict[str, Any]) -> SplitTask:
    split: SplitTask = task.argument
    if "rows" not in progress:
        return replace(split, stop=progress["reading"])
    first, last = progress["rows"]
    while last - first > 1:
        middle = (first + last) // 2
        if _kills(engine, task, first, middle):
            last = middle
        elif _kills(engine, task, middle, last):
            first = middle
        else:
            return split
    return replace(split, skip=split.skip | {first})


def _kills(engine: Engine, task: Task, first: int, last: int) -> bool:
    name = f"{task.name}-probe-{first}-{last}"
    rows = set(range(first, last))
    if rows <= task.argument.skip:
        return False
    attempt = Task(
        name=name,
        function=probe,
        argument=(task.argument, first, last),
        marker=task.argument.work / "probes" / f"{name.replace('/', '-')}.json",
        key=task.key,
        metrics=task.argument.work / "probes" / f"{name.replace('/', '-')}.metrics",
        retries=0,  # its death is the answer
    )
    return any(isinstance(outcome, WorkerDied) for _, outcome in engine.attempt([attempt]))
