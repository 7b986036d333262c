"""Which packs have passed their own examples on this machine: they are not tried again.

Enters: everything that a proof depends on: content of assets, options, and by themselves the
sources of the package and the versions of libraries.  Leaves: an empty file for each proof
that was passed, in `<root>/proofs-<state>` beside the compiled kernels (`text/kernel_cache.py`).
A pack, a model or a line of code that changed is proved again; where nothing can be written, all
are proved each time.  Trying all examples takes a fifth of a process's start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xxhash

from corpus_pipeline.text import kernel_cache

#: Distributions that decide, with this package, what a rule finds.
_LIBRARIES = (
    *("ahocorasick-rs", "fasttext-community", "jieba", "numba", "numpy", "opencc"),
    *("phonenumbers", "polars", "rjieba", "selectolax", "tldextract"),
)

_PACKAGE = __name__.partition(".")[0] + "."

_KNOWN: ContextVar[bool] = ContextVar("known", default=False)


def known() -> bool:
    """Whether the examples of the packs that are being built were tried before."""
    return _KNOWN.get()


@contextmanager
def remembered(content: str, maker: Callable[..., Any]) -> Iterator[None]:
    """Build packs here; `content` names all that their proofs depend on beside the `maker`'s code.

    Where that was built before, `known` is true inside; else it is noted at the end, unless an
    error was raised.  The code of a maker outside this package may change unseen: it always proves.
    """
    ours = maker.__module__.startswith(_PACKAGE)
    home = _home() if ours and not known() else None
    if home is None:
        yield
        return
    name = xxhash.xxh3_128_hexdigest(f"{maker.__module__} {maker.__qualname__} {content}".encode())
    done = (home / name).exists()
    token = _KNOWN.set(done)
    try:
        yield
    finally:
        _KNOWN.reset(token)
    if not done:
        with suppress(OSError):  # full, or removed by another process
            (home / name).touch()


@cache
def _home() -> Path | None:
    """The folder for this state of code and libraries; None where it cannot be written to."""
    root = kernel_cache.root()
    if root is None:
        return None
    home = root / f"proofs-{_state()}"
    return home if kernel_cache.prepared(home) else None


def _state() -> str:
    package = Path(__file__).parents[1]
    total = xxhash.xxh3_128(sys.version.encode())
    for name in _LIBRARIES:
        total.update(f"{name} {version(name)}\n".encode())
    for path in sorted(package.rglob("*.*")):
        if path.suffix != ".pyc" and path.is_file():
            data = path.read_bytes()
            total.update(f"{path.relative_to(package).as_posix()} {len(data)}\n".encode())
            total.update(data)
    return total.hexdigest()[:16]
