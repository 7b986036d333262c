"""The engine on Ray Core: one task a split, on a laptop as on a cluster.

Enters: tasks.  Leaves: results as workers finish.  Paths go to the workers and counts come back; no
data goes through the object store.  This is the only `import ray` of the project, and only a run on
Ray imports this module.

A cluster of our own listens on the loopback address alone, demands a token, and belongs to a keeper
(`tasks/keeper.py`) with which it ends; see `docs/cluster.md` for the clusters of others.

Plain tasks instead of Ray Data: measured 2.0 s against 4.1 s for 20 tasks of 0.2 s on two cores,
with stable file names and an exception per task instead of a lost block.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from corpus_pipeline.model import ClusterLost, PipelineError
from corpus_pipeline.tasks import environment, keeper
from corpus_pipeline.tasks.answers import silence
from corpus_pipeline.tasks.ask import Ask, Asks, one_core
from corpus_pipeline.tasks.base import Engine, Result, Task, WorkerDied, perform

LOOPBACK = "127.0.0.1"

#: Paths and counts only pass through the object store.
OBJECT_STORE_BYTES = 200 << 20

#: A task that lost its node this often (after Ray's own retries) ends the run: on a cluster that
#: loses nodes faster than tasks finish nothing will.
LOST_NODES = 3

#: Seconds after which a waiting driver checks that its cluster still answers.
LOOK_S = 2
#: Seconds after which it is lost: where nothing listens any more, and where the head is silent, as
#: one may be that swaps (Ray itself would end the process after 60 s).
GONE_S, SILENT_S = 5, 30
#: Seconds to join a cluster that answers; it takes three.
JOIN_S = 60
#: Seconds after which what a node wrote must be seen by the driver.
LATE_S = 60
#: Seconds without a node that fits a task, after which that is said.
UNFIT_S = 10

log = logging.getLogger(__name__)


def _fits(node: Mapping[str, Any], ask: Ask) -> bool:
    """Whether a node could take such a task when it has nothing else to do."""
    has, labels = node["Resources"], node.get("Labels") or {}
    plain = {
        name: value for name, value in ask.labels.items() if value.isascii() and value.isalnum()
    }
    return (
        has.get("CPU", 0) >= ask.cpus
        and has.get("memory", 0) >= (ask.memory_mb or 0) << 20
        and all(labels.get(name) == value for name, value in plain.items())
    )


def _own_signals() -> None:
    """Put the program's own handler of SIGTERM back.

    Ray's, in native code, prints a stack and aborts the process three seconds later.
    """
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def keep() -> None:
    """Keep a cluster of our own: the main function of the keeper's process."""
    keeper.keep(_start_head)


def _start_head(folder: Path, cores: int) -> tuple[str, list[keeper.Process]]:
    """Start the two daemons that a cluster cannot do without: its address, the daemons.

    `ray.init` and `ray start` add a dashboard, an autoscaler and a log monitor: three more
    interpreters, and 1.5 s of waiting for the first.
    """
    from ray._private.node import Node  # noqa: PLC0415 – only the keeper starts a cluster
    from ray._private.parameter import RayParams  # noqa: PLC0415 – same

    class Head(Node):
        def start_api_server(self, **_options: Any) -> None:
            self._webui_url = ""

    parameters = RayParams(
        num_cpus=cores,
        num_gpus=0,
        node_ip_address=LOOPBACK,
        object_store_memory=OBJECT_STORE_BYTES,
        temp_dir=str(folder),
        include_dashboard=False,
        include_log_monitor=False,  # type: ignore[arg-type]  # ray: its annotation is wrong
        no_monitor=True,
        min_worker_port=0,
        max_worker_port=0,
    )
    node = Head(parameters, head=True, shutdown_at_exit=False, spawn_reaper=True)
    daemons = [info.process for infos in node.all_processes.values() for info in infos]
    return node.gcs_address, daemons


#: Keepers of clusters of our own that no engine has taken yet, by their cores.
_BEGUN: dict[int, keeper.Keeper] = {}


@contextmanager
def begun(workers: int | None) -> Iterator[None]:
    """Begin to start a cluster of our own for the engine that is made inside.

    It takes three seconds; a command reads its config and its inputs meanwhile.  One that no engine
    took ends with the context.
    """
    cores = _cores(workers)
    _BEGUN[cores] = _kept(cores)
    try:
        yield
    finally:
        left = _BEGUN.pop(cores, None)
        if left is not None:
            left.end()


def _cores(workers: int | None) -> int:
    return workers or os.cpu_count() or 1


def _kept(cores: int) -> keeper.Keeper:
    environment.place_cache()
    return keeper.Keeper(f"{__name__}:keep", cores, environment.of_own_cluster())


class RayEngine(Engine):
    """Ray Core tasks, at most two per core in flight."""

    def __init__(
        self, workers: int | None = None, address: str | None = None, asks: Asks = one_core
    ) -> None:
        """Begin to start a quiet local cluster of `workers` cores, or to join the one at `address`.

        Starting takes seconds and goes on beside whatever the caller does until the first task.
        """
        environment.place_cache()
        self.workers = _cores(workers)
        self._requested, self._address, self._asks = workers, address, asks
        self.shared = address is not None
        self._keeper: keeper.Keeper | None = None
        if address is None:
            if os.environ.get("RAY_ADDRESS"):
                log.warning("RAY_ADDRESS is set and not used: --address auto joins that cluster")
            self._keeper = _BEGUN.pop(self.workers, None) or _kept(self.workers)
        elif (found := silence(address)) is not None:
            raise PipelineError(f"no Ray cluster answers at {address}: {found.why}")
        self._cluster: keeper.Cluster | None = None
        self._gcs = address or ""
        self._failed: Exception | None = None
        self._perform: Any = None
        self._lost = False
        self._seen = False
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._thread.start()

    def _start(self) -> None:
        try:
            variables: dict[str, str | None] = {
                name: os.environ.get(name, value) for name, value in environment.QUIET.items()
            }
            if self._keeper is None:
                variables |= environment.token_mode()
            with environment.variables(variables):
                import ray  # noqa: PLC0415 – after the environment is set, and only when wanted

                self._ray = ray
                if self._keeper is None:
                    self._join(str(self._address), {"env_vars": environment.of_workers()})
                else:
                    self._cluster = self._keeper.cluster()
                    self._join_own(self._cluster)
            self._gcs = ray.get_runtime_context().gcs_address
        except Exception as error:  # noqa: BLE001 – it is raised where the engine is used
            self._failed = error

    def _join_own(self, cluster: keeper.Cluster) -> None:
        from ray._private import ray_constants  # noqa: PLC0415 – as `import ray`

        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(cluster.token)}
        clusters_of_many = ray_constants.ENABLE_RAY_CLUSTER
        # See `environment.OWN`; Ray read the variable at its import.
        ray_constants.ENABLE_RAY_CLUSTER = False
        try:
            with environment.variables({**dict.fromkeys(environment.FOREIGN), **token}):
                self._join(cluster.address, None)
        finally:
            ray_constants.ENABLE_RAY_CLUSTER = clusters_of_many

    def _join(self, address: str, runtime_env: dict[str, Any] | None) -> None:
        # An earlier engine of this process may have left another mode and token.
        raylet: Any = self._ray._raylet  # noqa: SLF001 – Ray's own tests do the same
        raylet.Config.initialize("")
        raylet.AuthenticationTokenLoader.instance().reset_cache()
        self._ray.init(
            address=address,
            runtime_env=runtime_env,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )

    def _started(self) -> Any:
        """Wait until Ray runs; the module `ray`.  `PipelineError` says why it does not."""
        self._thread.join(None if self._address is None else JOIN_S)
        if self._thread.is_alive():
            found = silence(str(self._address))
            why = f"it does not within {JOIN_S} s" if found is None else found.why
            self._lost = True
            raise ClusterLost(f"cannot join the Ray cluster at {self._address}: {why}")
        if self._failed is not None:
            raise self._not_started(self._failed)
        _own_signals()
        # Whatever asks a cluster that is gone waits for a minute, and then Ray ends the process:
        # cores and function are asked for once, and only while the cluster answers.
        self._answering()
        if self._perform is None:
            self._measure()
            self._perform = self._ray.remote(num_cpus=1)(perform)
        return self._ray

    def _answering(self) -> None:
        """Return when the cluster answers; `PipelineError` where it is gone or silent too long."""
        since = time.monotonic()
        while (found := silence(self._gcs, LOOK_S)) is not None:
            if time.monotonic() - since >= (GONE_S if found.gone else SILENT_S):
                raise self._lost_cluster(found.why)
            time.sleep(LOOK_S / 4)

    def _not_started(self, error: Exception) -> PipelineError:
        """What keeps the engine from starting, as the user may mend it."""
        if isinstance(error, PipelineError):
            return error
        line = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        if self._address is None:
            return PipelineError(f"cannot start Ray: {line}")
        where = f"cannot join the Ray cluster at {self._address}"
        said = "".join(traceback.format_exception(error))
        if type(error).__name__ == "AuthenticationError":
            why = "no token was found: set RAY_AUTH_TOKEN_PATH to its file"
        elif "InvalidAuthToken" in said and environment.token_mode()["RAY_AUTH_MODE"] == "token":
            why = "it demands another token than the one given (RAY_AUTH_TOKEN_PATH)"
        elif "InvalidAuthToken" in said:
            why = "it demands a token: set RAY_AUTH_TOKEN_PATH to its file, RAY_AUTH_MODE to token"
        else:
            return PipelineError(f"{where}: {line}")
        return PipelineError(f"{where}: {why}; see docs/cluster.md")

    def _measure(self) -> None:
        """Note how large the cluster is: one that scales by itself grows while tasks wait."""
        cores = int(self._ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]  # ray: untyped
        self.workers = min(self._requested, cores) if self._requested else max(cores, 1)
        self.nodes = max(self.nodes, self._working())

    def attempt(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | WorkerDied]]:
        """Perform the tasks on the cluster, results as they come."""
        if not tasks:
            return
        ray = self._started()
        waiting = list(reversed(tasks))
        running: dict[Any, Task] = {}
        lost: dict[str, int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._in_flight:
                    task = waiting.pop()
                    function = self._perform.options(**self._options(task))
                    running[function.remote(task)] = task
                for reference in self._wait(running):
                    task = running.pop(reference)
                    outcome = self._outcome(reference)
                    if outcome is not None:
                        self._check_marker(task, outcome)
                        yield task, outcome
                        continue
                    lost[task.name] = lost.get(task.name, 0) + 1
                    self._check_nodes(task, lost[task.name])
                    waiting.append(task)
        finally:
            for reference in () if self._lost else running:
                with suppress(Exception):  # the cluster may be gone
                    ray.cancel(reference, force=True)

    @property
    def _in_flight(self) -> int:
        """Tasks under way at once: on a shared cluster those that were asked for.

        Elsewhere its size is the limit, and a second task per core waits in line; where a cluster
        scales by itself, such tasks make it grow.
        """
        return self.workers if self._address and self._requested else 2 * self.workers

    def _options(self, task: Task) -> dict[str, Any]:
        """What Ray is asked for; labels only choose between nodes, so not on our own machine."""
        ask = self._asks(task.name)
        if self._keeper is not None and ask.cpus > self.workers:
            raise PipelineError(
                f"{task.name} asks for {ask.cpus:g} cpus and Ray has {self.workers} (--workers)"
            )
        options: dict[str, Any] = {"max_retries": task.retries, "num_cpus": ask.cpus}
        if ask.memory_mb is not None:
            options["memory"] = ask.memory_mb << 20
        if ask.labels and self._keeper is None:
            options["label_selector"] = dict(ask.labels)
        return options

    def _wait(self, running: Mapping[Any, Task]) -> list[Any]:
        """The tasks that ended first, none where the cluster grew; a lost one is an error."""
        started, warned, size = time.monotonic(), False, self.workers
        while True:
            ended: list[Any]
            ended, _ = self._ray.wait(list(running), num_returns=1, timeout=LOOK_S)
            if ended:
                return ended
            if self._keeper is not None and not self._keeper.alive():
                raise self._lost_cluster()
            self._answering()
            if self._keeper is None:
                self._measure()
                if self.workers > size:
                    return []
                if not warned and time.monotonic() - started >= UNFIT_S:
                    warned = self._says_unfit(running.values())

    def _says_unfit(self, tasks: Iterable[Task]) -> bool:
        """Say once that no node of the cluster can take a task; true where it was said."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # ray: untyped
        for task in tasks:
            ask = self._asks(task.name)
            if not any(_fits(node, ask) for node in nodes):
                log.warning(
                    "no node of the Ray cluster at %s can take %s, which asks for %s: waiting for "
                    "one (resources: in the config)",
                    self._address,
                    task.name,
                    ask,
                )
                return True
        return False

    def _check_marker(self, task: Task, outcome: Result | WorkerDied) -> None:
        """What the first task of another node wrote must be seen here: it is not on its own disk.

        A network file system may show a file half a minute late.
        """
        if self._seen or not self.shared or isinstance(outcome, WorkerDied):
            return
        deadline = time.monotonic() + LATE_S
        while not task.marker.exists():
            if time.monotonic() > deadline:
                raise PipelineError(
                    f"{task.marker} was written by a node and is not here: --output must lie on a "
                    "file system that all nodes share, or on a store"
                )
            time.sleep(LOOK_S / 4)
        self._seen = True

    def _check_nodes(self, task: Task, times: int) -> None:
        """Go on after the loss of a node, unless it was the last or one of too many."""
        if self._keeper is not None or silence(self._gcs) is not None:
            raise self._lost_cluster()
        if not self._alive():
            raise PipelineError(
                f"the Ray cluster at {self._address} has lost its last node; "
                "the same command continues where it stopped"
            )
        if times >= LOST_NODES:
            raise PipelineError(
                f"{task.name} lost its node {times} times on the Ray cluster at {self._address}; "
                "the same command continues where it stopped"
            )

    def _working(self) -> int:
        """The nodes that are alive and have cores: the head of many a cluster has none."""
        nodes = self._ray.nodes()  # type: ignore[no-untyped-call]  # ray: untyped
        return sum(bool(node["Alive"]) and node["Resources"].get("CPU", 0) > 0 for node in nodes)

    def _alive(self) -> int:
        """The nodes of the cluster that are alive."""
        return sum(bool(node["Alive"]) for node in self._ray.nodes())  # type: ignore[no-untyped-call]  # ray: untyped

    def _lost_cluster(self, why: str = "") -> PipelineError:
        which = f"the Ray cluster at {self._address}" if self._address else "Ray"
        self._lost = True
        cause = why or "killed, or out of memory?"
        return ClusterLost(
            f"{which} ended in the middle of the run ({cause}); "
            "the same command continues where it stopped"
        )

    def _outcome(self, reference: Any) -> Result | WorkerDied | None:
        """The result of a task or the death of its worker; None if its node was lost."""
        errors = self._ray.exceptions
        try:
            result: Result = self._ray.get(reference)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            return WorkerDied(type(error).__name__)
        except (errors.NodeDiedError, errors.LocalRayletDiedError):
            return None
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            raise (cause if isinstance(cause, PipelineError) else error) from None
        return result

    def close(self) -> None:
        """Leave the cluster; one of our own is killed, and its folder removed."""
        if self._lost and self._keeper is None:
            # To take leave of a cluster that is gone takes a minute.
            atexit.unregister(self._ray.shutdown)
        else:
            self._thread.join()
            if self._failed is None:
                self._ray.shutdown()
        if self._keeper is not None:
            self._keeper.end()
        sys.stderr.flush()
