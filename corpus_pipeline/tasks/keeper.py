"""The process that owns a Ray cluster of our own: nothing of the cluster outlives the driver.

Enters: the function that starts the cluster, and one end of a pipe whose other end only the driver
holds.  Leaves: the address and a private folder, written to standard output as a line of JSON for
the driver; when the driver closes the pipe or ends (killed, too), every process of the cluster is
killed and the folder removed.  What is particular to Ray is in `tasks/ray.py`.

The keeper leads a session of its own (`setsid`).  Ray's daemons, agents and workers change their
process group but stay in the session, so the members of the session are the cluster; the terminal's
Ctrl-C reaches none of them.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from corpus_pipeline.model import PipelineError

PREFIX = "corpus-ray-"
TOKEN, LOCK, RAYS = "token", "lock", "r"

#: <linux/prctl.h>
PR_SET_CHILD_SUBREAPER = 36

#: Ray's sockets lie 66 characters below the folder, whose name has 20 with its slash; the path of
#: a socket has at most 103 on macOS.
LONGEST_BASE = 103 - 66 - 20

#: A folder without a token is left alone for so many seconds: its keeper may be about to lock it.
YOUNG_S = 60

#: Seconds between two checks that driver and cluster are alive; a closed pipe ends the wait.
LOOK_S = 0.5

#: Seconds to wait for killed processes: milliseconds, but for an uninterruptible system call.
PATIENCE_S = 10


class Process(Protocol):
    """What the keeper calls of a process of the cluster (`subprocess.Popen` has it)."""

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""


#: Starts a cluster below a folder, with a number of cores; returns its address and the processes
#: that it cannot do without.
Start = Callable[[Path, int], tuple[str, Sequence[Process]]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: where it is reached, and the folder that holds its token."""

    address: str
    folder: Path

    @property
    def token(self) -> Path:
        """The file with the token, of mode 600."""
        return self.folder / TOKEN


class Keeper:
    """The driver's end: starts the keeper, knows whether it lives, ends it."""

    def __init__(self, entry: str, cores: int, environment: Mapping[str, str]) -> None:
        """Start `entry` ("module:function", which calls `keep`) in a session of its own."""
        module, _, function = entry.partition(":")
        code = f"import sys; sys.path.append(sys.argv[1]); from {module} import {function} as keep"
        root = str(Path(__file__).parents[2])
        # -P: neither the working directory nor a script's folder may shadow a library.
        command = [sys.executable, "-P", "-c", f"{code}; keep()", root, str(cores)]
        self._process = subprocess.Popen(  # noqa: S603 – our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )

    def cluster(self) -> Cluster:
        """Wait until the cluster runs; `PipelineError` says why it does not."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        content = json.loads(line) if line else {"error": "its keeper ended"}
        if "error" in content:
            raise PipelineError(content["error"])
        return Cluster(content["address"], Path(content["folder"]))

    def alive(self) -> bool:
        """Whether the cluster still runs; the keeper ends with it."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the cluster, remove its folder, return when both are gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def keep(start: Start) -> None:
    """Start a cluster, and end with the driver or the cluster; the keeper's main function."""
    driver, cores = os.getppid(), int(sys.argv[2])
    pipe, report = _take_pipes()
    try:
        remove_stale()
        folder = _claim_folder()
    except OSError as error:
        _tell(report, {"error": f"no folder for temporary files: {error}"})
        return
    _adopt_orphans()
    ending = threading.Lock()

    def end() -> None:
        if ending.acquire(blocking=False):  # never released: the first to come ends the process
            _kill_session()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(0)

    signal.signal(signal.SIGTERM, lambda _number, _frame: end())
    threading.Thread(target=_end_with_driver, args=(pipe, driver, end), daemon=True).start()
    try:
        # Ray opens its folder to everybody: it gets one inside ours, which nobody else enters.
        address, processes = start(folder / RAYS, cores)
    except Exception as error:  # noqa: BLE001 – the driver reports it
        line = (str(error).splitlines() or [""])[0]
        _tell(report, {"error": f"{type(error).__name__}: {line}"})
    else:
        _tell(report, {"address": address, "folder": str(folder)})
        # From this thread the processes were started; on Linux they die with it.
        while all(process.poll() is None for process in processes):
            time.sleep(LOOK_S)
    end()
    threading.Event().wait()  # the other thread is ending the process


def _take_pipes() -> tuple[int, int]:
    """Our ends of the driver's pipes; children inherit the null device instead."""
    pipe, report = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return pipe, report


def _tell(report: int, content: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):
        os.write(report, json.dumps(content).encode() + b"\n")


def _end_with_driver(pipe: int, driver: int, end: Callable[[], None]) -> None:
    """Wait until the driver closes the pipe or is gone (a forked child may hold the pipe open)."""
    while os.getppid() == driver:
        ready, _, _ = select.select([pipe], [], [], LOOK_S)
        if ready and not os.read(pipe, 1):
            break
    end()


def _claim_folder() -> Path:
    """A private folder with a token in it, locked as long as this process lives."""
    base = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    if len(os.fsencode(base)) > LONGEST_BASE:
        base = "/tmp"  # noqa: S108 – mkdtemp makes a folder that only the user can enter
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    token = os.open(folder / TOKEN, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(token, secrets.token_hex(32).encode())
    os.close(token)
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(folder / TOKEN)
    return folder


def _pids() -> Iterable[int]:
    if Path("/proc/self").exists():
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    table = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in table.stdout.split()]


def _adopt_orphans() -> None:
    """Become the parent of processes whose parent dies, so that none is left unreaped (Linux).

    In many containers process 1 reaps nobody.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_session() -> None:
    """Kill and reap every process of this session but this one, until there is none."""
    me, deadline = os.getpid(), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        members = []
        for pid in _pids():
            with suppress(ProcessLookupError, PermissionError):
                if pid != me and os.getsid(pid) == me:
                    members.append(pid)
        if not members:
            return
        _kill(members)
        time.sleep(0.02)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def remove_stale() -> None:
    """Remove folders whose keeper was killed itself, with what still runs of their clusters."""
    for base in {os.environ.get("RAY_TMPDIR") or tempfile.gettempdir(), "/tmp"}:  # noqa: S108 – see above
        for folder in Path(base).glob(f"{PREFIX}*"):
            with suppress(OSError):
                if folder.stat().st_uid != os.getuid() or _in_use(folder):
                    continue
                _kill(_users(folder))
                shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    if time.time() - folder.stat().st_mtime < YOUNG_S and not (folder / TOKEN).exists():
        return True
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _users(folder: Path) -> list[int]:
    """The processes with an open file below the folder (Linux; elsewhere none).

    Each process of a cluster has its log there; their environment cannot be asked, because Ray's
    process titles overwrite it.
    """
    users = []
    for pid in _pids():
        with suppress(OSError):
            files = Path(f"/proc/{pid}/fd").iterdir()
            if any(folder in file.readlink().parents for file in files):
                users.append(pid)
    return users
