"""Who writes to a folder of an object store: a lock without a clock.

Enters: the URL of the lock.  Leaves: an object that the writer renews every `BEAT_S` seconds.  A
writer that was killed leaves it behind; who comes next watches it for `EXPIRY_S` seconds, and takes
it over when it was not renewed meanwhile (at once, when its process was of this machine and is
gone).  Each step is a conditional put, so of two that come together one gets it.
Refuses: a folder whose lock is being renewed, by the process and host in it (`PipelineError`).
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from corpus_pipeline.io.fs import StorePath, create, replace_if
from corpus_pipeline.model import PipelineError

BEAT_S = 3.0
#: Four beats: a store that answers slowly, or a busy machine, loses no lock.
EXPIRY_S = 12.0
LOOK_S = 0.5


class Lease:
    """A lock that is held as long as its thread renews it."""

    def __init__(self, path: StorePath) -> None:
        """Take the lock at `path`; `PipelineError` where another process holds it."""
        self._path = path
        self._beat = 0
        self._nonce = uuid.uuid4().hex
        self._take()
        self._renewed = time.monotonic()
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def _content(self) -> bytes:
        self._beat += 1
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "boot": boot()}
        return json.dumps({**holder, "nonce": self._nonce, "beat": self._beat}).encode()

    def _take(self) -> None:
        while not create(self._path, self._content()):
            try:
                tag = self._abandoned()
            except FileNotFoundError:
                continue  # its writer finished meanwhile
            if replace_if(self._path, self._content(), tag):
                return

    def _abandoned(self) -> str:
        """The `e_tag` of a lock that nobody renews; `PipelineError` when somebody does."""
        first = str(self._path.facts()["e_tag"])
        holder = _parsed(self._path.read_bytes())
        if _is_dead(holder):
            return first
        deadline = time.monotonic() + EXPIRY_S
        while time.monotonic() < deadline:
            time.sleep(LOOK_S)
            if str(self._path.facts()["e_tag"]) != first:
                root = self._path.parents[1]
                named = f" (process {holder['pid']} on {holder['host']})" if holder else ""
                raise PipelineError(f"another run is writing to {root}{named}")
        return first

    def _renew(self) -> None:
        """Write a new beat where our last one stands; an absent lock, or another's, is lost."""
        while not self._ended.wait(BEAT_S):
            try:
                tag = str(self._path.facts()["e_tag"])
                if _parsed(self._path.read_bytes()).get("nonce") != self._nonce:
                    self._lost = True
                    return
                # Where it fails, the next look says why: an answer that was lost, or another run.
                if replace_if(self._path, self._content(), tag):
                    self._renewed = time.monotonic()
            except FileNotFoundError:
                self._lost = True
                return
            except PipelineError:  # the store does not answer: `check` counts the seconds
                continue

    def check(self) -> None:
        """Raise `PipelineError` where the lock was lost: another run may be writing."""
        if self._lost or time.monotonic() - self._renewed > EXPIRY_S:
            why = "another run took it over" if self._lost else "the store did not answer"
            raise PipelineError(
                f"the lock {self._path} was lost: {why}; "
                "the same command continues where it stopped"
            )

    def release(self) -> None:
        """Give the lock back."""
        self._ended.set()
        self._thread.join()
        with suppress(FileNotFoundError, PipelineError):
            if _parsed(self._path.read_bytes()).get("nonce") == self._nonce:
                self._path.unlink()


@contextmanager
def leased(path: StorePath) -> Iterator[Lease]:
    """Hold the lock at `path`."""
    lease = Lease(path)
    try:
        yield lease
    finally:
        lease.release()


def boot() -> str:
    """What names this start of this machine, as numbers of processes are its own."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) and {"pid", "host"} <= set(content) else {}


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine, which is gone."""
    here = (socket.gethostname(), boot())
    if not holder or (holder["host"], holder.get("boot")) != here or not here[1]:
        return False
    try:
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False
