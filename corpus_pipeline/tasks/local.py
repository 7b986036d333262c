"""The engine without processes: for tests, the debugger, and small inputs.

Enters: tasks.  Leaves: results, one after the other.  A crash in native code ends this process and
so the run; the Ray engine, whose workers are processes of their own, survives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus_pipeline.tasks.base import Engine, Result, Task, WorkerDied, perform


class LocalEngine(Engine):
    """Everything in this process, in order."""

    def attempt(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | WorkerDied]]:
        """Perform the tasks in order."""
        for task in tasks:
            yield task, perform(task)

    def close(self) -> None:
        """Do nothing: there are no other processes."""
