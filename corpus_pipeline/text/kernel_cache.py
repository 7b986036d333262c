"""Where the machine code of kernels is kept, and who compiles it.

Enters: the sources of all kernels and the versions of numba and llvmlite.  Leaves: one folder for
each state of them, `<root>/kernels-<digest>`, so that an edited kernel or helper never answers from
the code of before.  The root is `CORPUS_PIPELINE_CACHE`, else `corpus-pipeline` in the user's cache
folder.  Where nothing can be written, each process compiles for itself and says so once.

Loaded machine code is unpickled: the root must be a folder that only its users can write to.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO

VARIABLE = "CORPUS_PIPELINE_CACHE"
#: How many folders of other states of the kernels are kept: enough for two checkouts and their
#: last versions.
KEPT = 4
#: How long a process waits for another one that compiles, in seconds.  The slowest kernel takes 2 s
#: with all that it calls; with a hundred workers on few cores it may take longer.
PATIENCE = 120.0
_POLL = 0.05
#: CPU seconds of compiling all kernels, measured (docs/decisions/001-compiled-kernels.md).
SECONDS = 27

_HERE = Path(__file__).parent


def sources() -> list[Path]:
    """Every file that decides what a kernel computes."""
    return [*sorted(_HERE.rglob("*_kernel.py")), _HERE / "arrays.py", _HERE / "compiled.py"]


@cache
def digest() -> str:
    """16 hexadecimal digits that identify the kernel sources, numba and llvmlite."""
    total = hashlib.sha256()
    for path in sources():
        data = path.read_bytes()
        total.update(f"{path.relative_to(_HERE).as_posix()} {len(data)}\n".encode())
        total.update(data)
    total.update(f"numba {version('numba')} llvmlite {version('llvmlite')}".encode())
    return total.hexdigest()[:16]


def root() -> Path | None:
    """The folder of the caches; None for a user without a home."""
    setting = os.environ.get(VARIABLE)
    if setting:
        return Path(setting).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 – `Path.home` raises where there is none
    return Path(home) / "corpus-pipeline" if Path(home).is_absolute() else None


def folder() -> Path | None:
    """The folder of these kernels, whether or not it exists; None where there is no root."""
    parent = root()
    return parent / f"kernels-{digest()}" if parent else None


@cache
def prepared(home: Path) -> bool:
    """Make the folder, and remove old ones; False where it cannot be written to."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError:
        return False
    _remove_stale(home)
    return True


def _remove_stale(home: Path) -> None:
    """Remove all but the `KEPT` newest folders of the same kind for other states.

    A process that still uses one of them compiles anew: a missing file is a miss, never an error.
    """
    try:
        kind = home.name.partition("-")[0]
        others = [path for path in home.parent.glob(f"{kind}-*") if path != home and path.is_dir()]
        others.sort(key=lambda path: path.stat().st_mtime)
    except OSError:  # another process is removing them
        return
    for path in others[: max(len(others) - KEPT, 0)]:
        shutil.rmtree(path, ignore_errors=True)


class Lock:
    """Lets one process compile while the others wait, to load what it compiled.

    Reentrant: a process that takes it several times has to release it as often.  On a file system
    without locks, or after a wait of `PATIENCE`, two processes compile the same kernel; that does
    no harm, because files are written under another name and renamed.
    """

    def __init__(self) -> None:
        """Not taken."""
        self._depth = 0
        self._file: IO[bytes] | None = None

    def take(self, home: Path) -> None:
        """Wait for the lock file in the folder `home`, at most `PATIENCE` seconds."""
        self._depth += 1
        if self._depth > 1:
            return
        try:
            self._file = (home / "lock").open("ab")
            end = time.monotonic() + PATIENCE
            while not self._locked(self._file) and time.monotonic() < end:
                time.sleep(_POLL)
        except OSError:
            self._close()

    @staticmethod
    def _locked(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Undo one `take`; the last one lets the next process compile."""
        self._depth -= 1
        if self._depth == 0:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Notice:
    """Writes its first line to standard error, and no other of this process."""

    written = False

    def __call__(self, line: str) -> None:
        if not self.written:
            self.written = True
            sys.stderr.write(f"corpus-pipeline: {line}\n")
            sys.stderr.flush()


_notice = _Notice()
_ADVICE = "; `corpus-pipeline warm` does it ahead"


def tell_compiling(home: Path | None, advice: str = _ADVICE) -> None:
    """Say once per process, on standard error, that kernels are compiled and how long it takes."""
    if home is not None and prepared(home):
        _notice(f"compiling kernels for this machine, once (about {SECONDS} s){advice}")
        return
    where = f"{home} cannot be written" if home else "the user has no home"
    _notice(
        f"compiling kernels for this process (about {SECONDS} s in all): {where}; "
        f"{VARIABLE} names a folder that keeps them"
    )


def is_empty(home: Path) -> bool:
    """Whether the folder has no compiled kernel yet."""
    return not any(home.glob("*.nbi"))


def announce() -> None:
    """The same line from the driver: where workers compile, their standard error is not shown."""
    home = folder()
    if home is None or is_empty(home):
        tell_compiling(home)
