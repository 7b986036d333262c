"""Files that are either whole or absent: temporary name, fsync, rename, fsync of the folder.

Enters: bytes, or a function that writes to a path.  Leaves: a complete file under its final name.
A half-written file has a temporary name, which readers pass by; a killed attempt leaves it behind.
On an object store a file is written in the scratch folder and put in its place in one step.
Raises `PipelineError` for a full disk, missing permissions and the like.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from corpus_pipeline.io.fs import StorePath, local_copy, scratch, upload
from corpus_pipeline.model import PipelineError

#: Every temporary name starts so; readers, `verify` and the planner pass such files by.
TEMPORARY = ".tmp-"
#: Where intermediate files of a run lie, and in it the file that its only writer holds.
WORK, LOCK = "work", "lock"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of a known cause into a `PipelineError` of one line that names `path`."""
    try:
        yield
    except OSError as error:
        message = {
            errno.ENOSPC: "no space left on the device",
            errno.EDQUOT: "disk quota exceeded",
            errno.EACCES: "permission denied",
            errno.EROFS: "read-only file system",
            errno.EPERM: "operation not permitted",
            errno.EFBIG: "larger than this system lets a file be (ulimit -f)",
            errno.EMFILE: "too many open files (ulimit -n)",
            errno.ENFILE: "too many open files in the whole system",
            errno.ENOTDIR: "a part of the path is no folder",
            errno.ENAMETOOLONG: "the name is too long",
        }.get(error.errno or 0)
        if message is None:
            raise
        raise PipelineError(f"cannot write {path}: {message}") from error


def sync_folder(folder: Path) -> None:
    """Make a rename durable: without this a power cut may lose the folder's new entry."""
    if isinstance(folder, StorePath):
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def begin(path: Path) -> Path:
    """A temporary name beside `path`, new for every attempt: a killed worker may still write.

    Of a path on a store, in the scratch folder.
    """
    name = f"{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:12]}-{path.name}"
    if isinstance(path, StorePath):
        return scratch() / name
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(name)


def finish(temporary: Path, path: Path) -> None:
    """Make what was written under the temporary name durable and put it in place in one step."""
    if isinstance(path, StorePath):
        upload(temporary, path)
        temporary.unlink()
        return
    with disk_errors(path):
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
        sync_folder(path.parent)


def commit(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step."""
    temporary = begin(path)
    try:
        with disk_errors(path):
            write(temporary)
        finish(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def commit_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    if isinstance(path, StorePath):
        path.write_bytes(data)
        return
    commit(path, lambda temporary: temporary.write_bytes(data))


def copy(source: Path, target: Path) -> None:
    """Commit the bytes of one file as another, from or to a store."""
    both = isinstance(source, StorePath) and isinstance(target, StorePath)
    if both and source.parts[:2] == target.parts[:2]:
        assert isinstance(source, StorePath)
        assert isinstance(target, StorePath)
        source.copy_to(target)
        return
    commit(target, lambda temporary: shutil.copyfile(local_copy(source), temporary))


def sha256_file(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_free(folder: Path) -> bool:
    """Whether nothing stands here: no folder, or one in which a writer's lock is all there is."""
    if not folder.exists():
        return True
    return folder.is_dir() and all(
        path.name == WORK and {file.name for file in path.iterdir()} <= {LOCK}
        for path in folder.iterdir()
    )


def remove_leftovers(root: Path) -> None:
    """Delete the temporary files of killed attempts below `root`; nobody else may be writing.

    On a store there are none.
    """
    if isinstance(root, StorePath):
        return
    for path in root.rglob(f"{TEMPORARY}*"):
        with suppress(OSError):
            path.unlink()


def remove_tree(root: Path) -> None:
    """Delete a folder of intermediate files; absent is fine."""
    if isinstance(root, StorePath):
        root.remove_below()
        return
    shutil.rmtree(root, ignore_errors=True)
