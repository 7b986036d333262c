"""The folder of a run: which run it belongs to, who is writing, what `--overwrite` removes.

Enters: the folder, and the digests of all that decides the run's output.  Leaves: `run.json`, which
claims the folder, and `work/lock`, held while somebody writes.  Refuses: a folder that holds other
files or another run's results, and a second writer.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from corpus_pipeline.engine.lease import leased
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.storage import LOCK, WORK, disk_errors, remove_tree
from corpus_pipeline.model import PipelineError, digest

#: What a run writes; `--overwrite` removes these and nothing else.
FILES = (
    *("run.json", "manifest.json", "manifest.json.sig", "metrics.json", "report.html"),
    "erased.parquet",  # of an index: `io.traces`
)
FOLDERS = ("kept", "dropped", "quarantine", "manifests", "dataset")
INDEX_FOLDERS = ("sketch", "facts", "texts")
#: Intermediate files that are written before the folder is claimed.
BEFORE_CLAIM = ("scan", "metrics")


@contextmanager
def lock(root: Path) -> Iterator[Callable[[], None]]:
    """Be the only writer to this folder; the lock ends with the process that holds it.

    Leaves: what raises `PipelineError` when the lock was lost, which happens on a store alone.
    Raises `PipelineError` where another process (named by number and host) is writing, and where
    what is done here fails because somebody removed the folder.
    """
    path = root / WORK / LOCK
    if isinstance(path, StorePath):
        with leased(path) as lease:
            yield lease.check
        return
    handle = _locked(root, path)
    try:
        yield lambda: None
    except Exception as error:
        if isinstance(error, PipelineError) or _is_open(path, handle):
            raise
        raise PipelineError(removed(root)) from error
    finally:
        # A finished run removes `work/`: the file there now may be the next writer's.
        with suppress(OSError):  # a folder that cannot be written to any more: that was said
            if _is_open(path, handle):
                path.unlink()
        handle.close()
        with suppress(OSError):  # nothing was written: leave no empty folders behind
            path.parent.rmdir()
            root.rmdir()


def removed(root: Path) -> str:
    """What is said of a folder that is gone."""
    return f"{root} was removed while the run was writing to it; start again with --overwrite"


def refuse_removed(root: Path) -> None:
    """Raise `PipelineError` where the claim on the folder is gone: its files are, too."""
    if not (root / "run.json").exists():
        raise PipelineError(removed(root))


def _locked(root: Path, path: Path) -> BinaryIO:
    if root.exists() and not root.is_dir():
        raise PipelineError(f"the output {root} is a file")
    while True:
        with disk_errors(root):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = _holder(handle.read())
            handle.close()
            raise PipelineError(f"another run is writing to {root}{holder}") from None
        except OSError:
            break  # a file system without locks: nothing can be said of other writers
        if _is_open(path, handle):
            break
        handle.close()  # the writer before finished meanwhile, and took the file away
    with disk_errors(root):
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
        handle.flush()
    return handle


def _is_open(path: Path, handle: BinaryIO) -> bool:
    """Whether the open file is still the one at this path."""
    try:
        return path.stat().st_ino == os.fstat(handle.fileno()).st_ino
    except FileNotFoundError:
        return False


def _holder(content: bytes) -> str:
    """Who wrote the lock, for the message."""
    try:
        holder = json.loads(content)
        return f" (process {holder['pid']} on {holder['host']})"
    except (ValueError, KeyError, TypeError):  # it has not written its name yet
        return ""


def refuse_foreign(root: Path, *, overwrite: bool = False) -> None:
    """Raise `PipelineError` where the folder holds files that no run or index writes."""
    names = {path.name for path in root.iterdir()} if root.is_dir() else set()
    strangers = sorted(names - {*FILES, *FOLDERS, *INDEX_FOLDERS, WORK})
    if overwrite and strangers:
        raise PipelineError(f"{root} holds other files ({strangers[0]}); choose another folder")
    if names and not overwrite and "run.json" not in names and names != {WORK}:
        raise PipelineError(f"{root} is not empty; choose another folder, or --overwrite")


def clear(root: Path) -> None:
    """Remove what runs and indexes write into a folder; the lock stays."""
    for name in (*FOLDERS, *INDEX_FOLDERS):
        remove_tree(root / name)
    clear_work(root)
    for name in reversed(FILES):  # `run.json` says that the folder is ours: it goes last
        (root / name).unlink(missing_ok=True)


def clear_work(root: Path) -> None:
    """Remove the intermediate files of a run; the lock stays."""
    work = root / WORK
    if isinstance(work, StorePath):
        work.remove_below(but=LOCK)
        return
    for path in work.iterdir() if work.is_dir() else ():
        if path.is_dir():
            remove_tree(path)
        elif path.name != LOCK:
            path.unlink(missing_ok=True)


def claim(root: Path, key: str, decides: Mapping[str, Any]) -> dict[str, Any] | None:
    """Make `root` the folder of the run with this key; a finished manifest of it is returned.

    `decides`: what the key is made of, by name; kept as digests, so that another run's claim can
    say what differs.  A claim of another run that has finished no split yet is replaced.
    """
    parts = {name: digest(value) for name, value in decides.items()}
    start = manifest.read_if_sound(root / "run.json")
    if start is not None and start.get("key") == key:
        return manifest.read_if_sound(root / "manifest.json")
    if start is not None and not _has_results(root):
        for name in (*FOLDERS, *INDEX_FOLDERS):
            remove_tree(root / name)
        (root / "run.json").unlink()
        start = None
    others = [path.name for path in root.iterdir() if path.name != WORK] if root.exists() else []
    if others:
        content = f"another run ({_difference(start, parts)})" if start else "other files"
        raise PipelineError(f"{root} holds {content}; choose another folder, or --overwrite")
    # What lies in `work/` without a claim was left by another run, or by one whose folder was
    # removed under it: a marker there may speak of files that are gone.
    for path in (root / WORK).iterdir() if (root / WORK).is_dir() else ():
        if path.name not in (LOCK, *BEFORE_CLAIM):
            remove_tree(path)
    manifest.write(root / "run.json", {"kind": "start", "key": key, "decides": parts})
    return None


def by_name(decides: Mapping[str, Any]) -> dict[str, Any]:
    """What decides a run, by the names a user knows: inputs, config keys, stages, libraries."""
    stages = {f"stage {stage['name']}": stage for stage in decides["stages"]}
    config = {f"config {key}": value for key, value in decides["config"].items()}
    return {
        "inputs": decides["inputs"],
        "files left out": decides["left_out"],
        **config,
        # Where only options differ, the config's key says it already.
        **{name: [stage["version"], stage["assets"]] for name, stage in stages.items()},
        "versions of libraries": decides["code"],
        "splits": decides["split_bytes"],
        "--against": decides["against"],
    }


def _has_results(root: Path) -> bool:
    """Whether a split was finished, here or on the way to the global stages."""
    homes = (root / "manifests", root / WORK / "local" / "manifests")
    finished = any(home.is_dir() and any(home.glob("split-*.json")) for home in homes)
    return finished or any((root / name).exists() for name in ("manifest.json", "dataset"))


def _difference(start: Mapping[str, Any], parts: Mapping[str, str]) -> str:
    """Which of the things that decide a run differ from those in the claim that stands."""
    theirs = start.get("decides")
    if not isinstance(theirs, dict):
        return "inputs, config or versions differ"
    names = [*parts, *(name for name in theirs if name not in parts)]
    changed = [name for name in names if theirs.get(name) != parts.get(name)]
    return f"what differs: {', '.join(changed)}"
