"""The one place where inputs are opened.

Enters: the path of an input, as text; before that, the files that are opened next, where they are
known.  Leaves: its file, open for reading.  Small objects of a store are asked for ahead, some at a
time: a request is under way for 1 to 50 ms, the reading of 3 kB takes 0.02.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, Final, TypeVar, cast

from corpus_pipeline.io.fs import StorePath, place

#: Requests that are under way at a time.
REQUESTS: Final = 16
#: Objects of up to so many bytes are fetched ahead, so many of them: 32 MiB at most in memory.
#: A larger one is under way for as long as its bytes take, not its request.
SMALL: Final = 1 << 20
WAITING: Final = 2 * REQUESTS

T = TypeVar("T")
R = TypeVar("R")


class _Ahead:
    """Objects that are asked for in the order in which they will be opened."""

    def __init__(self, paths: Iterator[str], pool: ThreadPoolExecutor) -> None:
        self._paths, self._pool = paths, pool
        self._asked: dict[str, Future[bytes | None]] = {}
        self._ask()

    def _ask(self) -> None:
        for path in islice(self._paths, WAITING - len(self._asked)):
            self._asked[path] = self._pool.submit(cast(StorePath, place(path)).small, SMALL)

    def take(self, path: str) -> bytes | None:
        """The object, once; None where it was not asked for or has grown; errors as `opened`."""
        found = self._asked.pop(path, None)
        if found is None:
            return None
        self._ask()
        return found.result()


def at_a_time(
    work: Callable[[T], R], things: Iterable[T], *, distant: bool
) -> Iterator[tuple[T, R]]:
    """Each thing and what `work` makes of it, in order; where that waits for a store, many at once.

    >>> list(at_a_time(abs, [-1, 2], distant=True))
    [(-1, 1), (2, 2)]
    """
    stream = iter(things)
    with ThreadPoolExecutor(REQUESTS) as pool:
        while window := list(islice(stream, WAITING * REQUESTS)):
            yield from zip(window, (pool.map if distant else map)(work, window), strict=True)


_ahead: _Ahead | None = None


@contextmanager
def ahead(files: Iterable[tuple[str, int]]) -> Iterator[None]:
    """Inside, `opened` finds the small objects among these files fetched: each the first time.

    `files`: path and size, in the order in which they will be opened.  An object comes whole by one
    request, as it is at that moment: whether it is what an earlier look saw is for the caller.
    """
    global _ahead  # noqa: PLW0603 – of this process, whose tasks come one after the other
    small = [path for path, size in files if "://" in path and 0 < size <= SMALL]
    if len(small) < 2:
        yield
        return
    before, pool = _ahead, ThreadPoolExecutor(REQUESTS)
    _ahead = _Ahead(iter(dict.fromkeys(small)), pool)
    try:
        yield
    finally:
        _ahead = before
        pool.shutdown(wait=False, cancel_futures=True)


def opened(path: str) -> BinaryIO:
    """A file open for reading; `OSError` where it cannot be."""
    if "://" in path:  # a `Path` of this machine has no two slashes
        data = None if _ahead is None else _ahead.take(path)
        return cast(BinaryIO, place(path).open("rb")) if data is None else io.BytesIO(data)
    return open(path, "rb")  # noqa: PTH123 - half the time of a `Path`, and a million files


def beginning(path: str, size: int) -> bytes:
    """The first bytes of a file that has `size` or more; of an object, by one request."""
    if "://" in path:
        return cast(StorePath, place(path)).beginning(size)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # a file object costs twice as much
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)
