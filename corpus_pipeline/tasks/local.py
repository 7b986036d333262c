"""The engine without processes: for tests, the debugger, and small inputs.

Enters: tasks.  Leaves: results, one after the other.  Refuses: to survive a native crash; that
takes the Ray engine, whose workers are processes of their own.
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
        """There is nothing to let go of."""
