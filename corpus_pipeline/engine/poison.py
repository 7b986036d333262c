"""The hunt for documents that kill the process that touches them.

Enters: a split whose worker died again and again.  Leaves: its manifest, the killers in quarantine.
Refuses: to lose a good document for a bad one: the rows the dead worker had under its hands are
bisected, each half in a fresh worker.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.engine.split_pass import SplitTask, probe
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.base import Engine, Result, Task, WorkerDied

#: A split with more killers than this has another fault: too little memory, a broken library.
LIMIT = 20


def survive(engine: Engine, task: Task) -> Result:
    """Finish a split that kills its workers; the killers end in quarantine."""
    for _ in range(LIMIT):
        progress = _noted(task.argument.progress)
        if progress is None:
            break
        accused = _accused(engine, task, progress)
        if accused == task.argument:
            break  # rows that kill only together: no single document is to blame
        task = replace(task, argument=accused)
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


def _accused(engine: Engine, task: Task, progress: dict[str, Any]) -> SplitTask:
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
