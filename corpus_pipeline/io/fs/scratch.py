"""The scratch folder: the only place of this machine where a run on stores keeps files.

Enters: paths of stores.  Leaves: local copies, for libraries that open files by themselves, and
room for files that are about to be uploaded.  `CORPUS_PIPELINE_SCRATCH` names the folder in which
each process has one of its own, else the folder for temporary files; it goes with the process, and
what a killed one left goes with the next.
Raises `PipelineError` where there is no room.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import obstore

from corpus_pipeline.io.fs.errors import store_errors
from corpus_pipeline.io.fs.path import StorePath
from corpus_pipeline.model import PipelineError

VARIABLE = "CORPUS_PIPELINE_SCRATCH"
PREFIX = "corpus-scratch-"
LOCK = "lock"


class _Scratch:
    """The folder of this process, made when it is first asked for."""

    def __init__(self) -> None:
        self.owner = 0
        self.folder = Path()
        self.lock: BinaryIO | None = None

    def get(self) -> Path:
        if self.owner != os.getpid():  # a forked child may not use its parent's
            self.folder = self._make()
            self.owner = os.getpid()
            atexit.register(self.remove, self.owner)
        return self.folder

    def _make(self) -> Path:
        base = Path(os.environ.get(VARIABLE) or tempfile.gettempdir())
        try:
            base.mkdir(parents=True, exist_ok=True)
            _remove_stale(base)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            self.lock = (folder / LOCK).open("wb")
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PipelineError(
                f"no scratch folder in {base}: {error.strerror}; name one by {VARIABLE}"
            ) from None
        return folder

    def remove(self, owner: int) -> None:
        if owner != os.getpid() or self.lock is None:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.close()


_own = _Scratch()


def scratch() -> Path:
    """The folder of this process; it is gone when the process ends."""
    return _own.get()


def _remove_stale(base: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in base.glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def local_copy(path: Path, *, kept: bool = False) -> Path:
    """The file on this machine: itself, or a copy of the object as it is now.

    `kept`: the copy stays until the process ends; others go with `forget_copies`.
    Raises `FileNotFoundError` where there is no such object.
    """
    if not isinstance(path, StorePath):
        return path
    facts = path.facts()
    name = hashlib.sha256(f"{path}\n{facts['e_tag']}\n{facts['size']}".encode()).hexdigest()[:32]
    target = scratch() / ("kept" if kept else "copies") / f"{name}{path.suffix}"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        part = target.with_suffix(".part")
        with store_errors(path), part.open("wb") as file:
            for block in obstore.get(path.client, path.key).stream(min_chunk_size=8 << 20):
                file.write(block)
        if part.stat().st_size != facts["size"]:
            raise PipelineError(f"{path} changed while it was read: run the command again")
        part.replace(target)
    return target


def forget_copies() -> None:
    """Remove the copies of this process that are not kept; a task's go when it is done."""
    if _own.owner == os.getpid():
        shutil.rmtree(_own.folder / "copies", ignore_errors=True)
