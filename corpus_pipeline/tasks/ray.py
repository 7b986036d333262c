"""The engine on Ray Core: one task a split, on a laptop as on a cluster.

Enters: tasks.  Leaves: results as workers finish.  Refuses: to move data through the object store
(paths go to the workers, counts come back) and to be imported by anyone who does not run on Ray:
this is the only `import ray` of the project.

Plain tasks instead of Ray Data: measured 2.0 s against 4.1 s for 20 tasks of 0.2 s on two cores,
with stable file names and an exception per task instead of a lost block.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.base import Engine, Result, Task, WorkerDied, perform

#: Set before the import: Ray reads them once.  No usage statistics, no token in the home folder on
#: a cluster of our own, and an out-of-memory task is retried a few times, not for ever.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_oom_retries": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

#: One task, one core: a thread pool in each library would fight the other workers.
THREADS = dict.fromkeys(
    (
        "POLARS_MAX_THREADS",
        "OMP_NUM_THREADS",
        "ARROW_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ),
    "1",
)

#: Where kernels are kept (`text/kernel_cache.py`), for workers in any folder and on any node.
CACHE = "CORPUS_PIPELINE_CACHE"

#: Deaths that may have nothing to do with the documents (a node went, the kernel chose it) are
#: forgiven this often before the split is searched for a document that kills.
RETRIES = 2


def _environment() -> dict[str, str]:
    """What workers of a shared cluster need to know of ours."""
    passed = ("PYTHONPATH", CACHE)
    return THREADS | {name: os.environ[name] for name in passed if os.environ.get(name)}


def _reach(address: str) -> None:
    """Say at once that nobody answers; `ray.init` would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():  # `auto`: Ray finds the cluster of this machine by itself
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as error:
        raise PipelineError(f"no Ray cluster answers at {address}: {error}") from None


class RayEngine(Engine):
    """Ray Core tasks, at most two per core in flight."""

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        """Begin to start a quiet local cluster of `workers` cores, or to join the one at `address`.

        Starting takes seconds and goes on beside whatever the caller does until the first task.
        """
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        if os.environ.get(CACHE):
            os.environ[CACHE] = os.path.abspath(os.environ[CACHE])  # noqa: PTH100 – a string
        if address is None:
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
            # Workers of our own cluster inherit the environment: the ones Ray starts in advance
            # are the ones it uses, which a runtime environment would not allow.
            os.environ.update(THREADS)
        else:
            _reach(address)
        self.workers = workers or os.cpu_count() or 1
        self._asked, self._address = workers, address
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._failed: Exception | None = None
        self._running, self._leave = threading.Event(), threading.Event()
        self._thread.start()

    def _start(self) -> None:
        import ray  # noqa: PLC0415 – after the environment is set, and only when it is wanted

        self._ray = ray
        common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if self._address is None:
                ray.init(
                    num_cpus=self.workers,
                    include_dashboard=False,
                    object_store_memory=200 << 20,  # paths and counts only
                    **common,
                )
            else:
                ray.init(address=self._address, runtime_env={"env_vars": _environment()}, **common)
        except Exception as error:  # noqa: BLE001 – it is raised where the engine is used
            self._failed = error
        self._running.set()
        # Ray's processes die with the thread that started them: it stays until the end.
        self._leave.wait()
        if self._failed is None:
            ray.shutdown()

    def _started(self) -> Any:
        """Ray, once it runs."""
        self._running.wait()
        if self._failed is not None:
            where = f"the Ray cluster at {self._address}" if self._address else "a Ray cluster"
            line = (str(self._failed).splitlines() or [""])[0]
            raise PipelineError(f"cannot start {where}: {type(self._failed).__name__}: {line}")
        cores = int(self._ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]  # ray: untyped
        self.workers = min(self._asked, cores) if self._asked else cores
        return self._ray

    def attempt(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | WorkerDied]]:
        """Perform the tasks on the cluster, results as they come."""
        if not tasks:
            return
        ray = self._started()
        # On a cluster of our own its size is the limit and a second task per core may wait in
        # line; on a shared one `workers` is the limit.
        in_flight = self.workers if self._address else 2 * self.workers
        perform_there = ray.remote(num_cpus=1, max_retries=RETRIES)(perform)
        waiting = list(reversed(tasks))
        running: dict[Any, Task] = {}
        try:
            while waiting or running:
                while waiting and len(running) < in_flight:
                    task = waiting.pop()
                    running[perform_there.remote(task)] = task
                done, _ = ray.wait(list(running), num_returns=1, timeout=60)
                for reference in done:
                    yield running.pop(reference), self._outcome(reference)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _outcome(self, reference: Any) -> Result | WorkerDied:
        errors = self._ray.exceptions
        try:
            result: Result = self._ray.get(reference)
        except (
            errors.WorkerCrashedError,
            errors.OutOfMemoryError,
            errors.NodeDiedError,
            errors.LocalRayletDiedError,
        ) as error:
            return WorkerDied(type(error).__name__)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            raise (cause if isinstance(cause, PipelineError) else error) from None
        return result

    def close(self) -> None:
        """Leave the cluster; one of our own is stopped."""
        self._running.wait()
        self._leave.set()
        self._thread.join()
        sys.stderr.flush()
