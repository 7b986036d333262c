"""What an engine is: it performs tasks, in any order, and each task commits its own result.

Enters: tasks (a function, an argument, the marker that proves it done).  Leaves: their results,
in the order of the tasks; a task whose marker is there already is not performed again.
A task's argument and result are paths and counts; data goes through files.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import forget_copies
from corpus_pipeline.tasks.memory import keep_freed

Result = dict[str, Any]

#: How often a task is tried again after a worker died, before the split is searched for a document
#: that kills: a lost node or an out-of-memory kill may have nothing to do with the documents.
RETRIES = 2

#: Called as tasks finish: phase, tasks done, tasks in all, the result.
OnDone = Callable[[str, int, int, Result], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work and of restart."""

    name: str  # "local/00003": for progress, messages and metrics
    function: Callable[[Any], Result]  # top-level, so that it can be sent to a worker
    argument: Any
    marker: Path  # written last; its existence with this key is the commit
    key: str
    metrics: Path  # how long it took: no part of any sealed file
    retries: int = RETRIES  # fresh workers it gets after deaths, before `WorkerDied`


class WorkerDied(Exception):  # noqa: N818 – it says what happened
    """The process that performed the task is gone (signal, native crash, out of memory)."""


def perform(task: Task) -> Result:
    """Perform and commit the task: its function writes the data, then metrics, then the marker."""
    keep_freed()
    started, cpu = time.perf_counter(), time.process_time()
    try:
        result = task.function(task.argument)
    finally:
        forget_copies()
    spent = {
        "wall_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu,
        **result.pop("metrics", {}),
    }
    task.metrics.parent.mkdir(parents=True, exist_ok=True)
    task.metrics.write_text(json.dumps(spent))  # no fsync: a run is whole without its times
    return manifest.write(task.marker, {**result, "key": task.key})


def finished(task: Task) -> Result | None:
    """The committed result of an earlier attempt, or None."""
    content = manifest.read_if_sound(task.marker)
    return content if content is not None and content.get("key") == task.key else None


class Engine(ABC):
    """What performs tasks; implemented in process (`LocalEngine`) and on Ray (`RayEngine`)."""

    #: Tasks under way at once; it never changes what is written.
    workers: int = 1
    #: Machines that perform tasks, and whether they belong to others too.
    nodes: int = 1
    shared: bool = False

    @abstractmethod
    def attempt(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | WorkerDied]]:
        """Perform the tasks, results as they come; a task whose worker died gives `WorkerDied`."""

    @abstractmethod
    def close(self) -> None:
        """End the processes that the engine started."""

    def run(
        self,
        tasks: Sequence[Task],
        on_done: Callable[[Task, Result], None] = lambda _task, _result: None,
        on_death: Callable[[Task, WorkerDied], Result] | None = None,
    ) -> list[Result]:
        """The results of all tasks, in order; what an earlier attempt committed is not done again.

        `on_death` may find the cause and give the result; without it `WorkerDied` is raised.
        """
        results: dict[str, Result] = {}
        todo = []
        for task in tasks:
            committed = finished(task)
            if committed is None:
                todo.append(task)
            else:
                results[task.name] = committed
                on_done(task, committed)
        for task, outcome in self.attempt(todo):
            if isinstance(outcome, WorkerDied):
                if on_death is None:
                    raise outcome
                outcome = on_death(task, outcome)  # noqa: PLW2901 – the death became a result
            results[task.name] = outcome
            on_done(task, outcome)
        return [results[task.name] for task in tasks]
