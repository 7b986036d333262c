"""One file that several processes add to: none of them loses what another wrote.

Enters: a path, and what becomes of the bytes that stand there (b"": nothing does).  Leaves: the
file with the new bytes, whole or as it was.
On a disk the writers wait for each other.  On an object store a put depends on the object that was
read; where another was put meanwhile, the change is made again, to that one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from corpus_pipeline.io.fs import StorePath, create, replace_if, replaces
from corpus_pipeline.io.storage import commit_bytes, disk_errors


def change(path: Path, become: Callable[[bytes], bytes]) -> None:
    """Replace the bytes of a file by what they become; the same bytes are not written again.

    `become` may be called several times; what it raises leaves the file as it was.  A store without
    `If-Match` (OSS, COS, OBS, TOS) takes the put whatever stands there: one writer at a time.
    """
    if isinstance(path, StorePath):
        while not _put(path, become):
            pass
        return
    handle = _locked(path)
    try:
        before = path.read_bytes()
        after = become(before)
        if after != before:
            commit_bytes(path, after)
    finally:
        with suppress(OSError):
            if not path.stat().st_size:  # made for the lock alone
                path.unlink()
        handle.close()


def _put(path: StorePath, become: Callable[[bytes], bytes]) -> bool:
    """One attempt; False where another process was faster."""
    try:
        tag = str(path.facts()["e_tag"])
        before = path.read_bytes()  # of a later object: then the put is refused
    except FileNotFoundError:
        return create(path, become(b""))
    after = become(before)
    if after == before:
        return True
    if replaces(path):
        return replace_if(path, after, tag)
    path.write_bytes(after)
    return True


def _locked(path: Path) -> BinaryIO:
    """The file, open and held by this process alone; it is made where there is none."""
    while True:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a+b")
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle.fileno()).st_ino:
                return handle
        handle.close()  # the writer before put another file there
