"""The decorator for loops that NumPy cannot fuse: compiled once, cached, the same on every CPU.

Enters: a function of arrays and numbers, its parameters annotated with the types of `arrays`.
Leaves: the same function as machine code for exactly these types, made by the first call and kept
on disk (`kernel_cache`); later processes load it.  An argument that does not fit is a `TypeError`.
Refuses: fast-math and threads, because a result must not depend on the machine.

Kernels stand in files named `*_kernel.py`, which import NumPy, numba, each other, this module and
`arrays`, nothing else: a digest of these files is the key of the cache.

Measured against NumPy in docs/decisions/001-compiled-kernels.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from numba.core import types
from numba.core.caching import Cache, CompileResultCacheImpl, _CacheLocator
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher
from numba.core.runtime.nrt import rtsys

from corpus_pipeline.text import kernel_cache

_P = ParamSpec("_P")
_R = TypeVar("_R")

_OPTIONS = {"nopython": True, "nogil": True, "no_cfunc_wrapper": True}
_lock = kernel_cache.Lock()
#: Every kernel of this process by file, name and types.
KERNELS: list[Kernel] = []


class _Locator(_CacheLocator):
    """The folder of the kernels' state, whatever folder the sources lie in."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file  # the name that numba's warnings look for
        self._function = function

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator:
        return cls(py_func, py_file)

    def get_cache_path(self) -> str:
        return str(kernel_cache.folder())

    def get_source_stamp(self) -> str:
        return kernel_cache.digest()

    def get_disambiguator(self) -> str:
        package = self._function.__module__.rpartition(".")[0].rpartition(".")[2]
        return f"{package}-{self._function.__code__.co_firstlineno}"


class _Stored(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012 – numba's own is no class variable either


class _KernelCache(Cache):
    """Numba's cache of one function, under the lock that lets one process compile at a time."""

    _impl_class: Any = _Stored
    locked = False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code from the cache; None where this process has to compile."""
        loaded = self._loaded(sig, target_context)
        home = Path(self.cache_path)
        if loaded is None and kernel_cache.prepared(home):
            _lock.take(home)
            self.locked = True
            loaded = self._loaded(
                sig, target_context
            )  # another process may have compiled it meanwhile
        if loaded is None:
            kernel_cache.tell_compiling(home)
        return loaded

    def _loaded(self, sig: Any, target_context: Any) -> Any:
        # Not numba's `load_overload`: before it loads, it imports all that it compiles with, a
        # third of a second.  Its compiler imports that by itself.
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]  # numba
        except Exception:  # noqa: BLE001 – damaged files unpickle to anything; compiling mends them
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the machine code to the cache; a folder that cannot be written is no error."""
        with suppress(OSError):  # read-only, full, or removed by another process
            try:
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]  # numba
            except OSError:
                raise
            except Exception:  # noqa: BLE001 – a damaged index unpickles to anything; begin a new one
                self.flush()  # type: ignore[no-untyped-call]  # numba
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]  # numba

    def release(self) -> None:
        """Release the lock, if it is held, so that the next process can compile."""
        if self.locked:
            self.locked = False
            _lock.release()


class Kernel(CPUDispatcher):
    """A function compiled for the types of its annotations and for no others.

    Numba would compile it anew for each kind of argument: for a literal 0, for a read-only array.
    """

    changes: Mapping[str, str] = {}  # types of parameters that differ from the annotation

    def signature(self) -> tuple[Any, ...]:
        """The machine types of the parameters."""
        notes = {**self.py_func.__annotations__, **self.changes}
        names = self.py_func.__code__.co_varnames[: self.py_func.__code__.co_argcount]
        return tuple(_machine_types()[notes[name]] for name in names)

    def compile(self, sig: Any) -> Any:  # noqa: ARG002 – numba passes what it saw; the annotations decide
        """Load or compile the machine code; returns its entry point."""
        with global_compiler_lock:
            if not self.overloads:
                if kernel_cache.folder() is not None:
                    self._cache = _KernelCache(self.py_func)  # type: ignore[no-untyped-call]  # numba
                else:
                    kernel_cache.tell_compiling(None)
                try:
                    super().compile(self.signature())
                finally:
                    if isinstance(self._cache, _KernelCache):
                        self._cache.release()
                self.disable_compile()
            result: Any
            [result] = self.overloads.values()
            return result.entry_point

    def _compile_for_args(self, *_args: Any, **_kws: Any) -> Any:
        """Called by numba at the first call; it calls what is returned, with the arguments."""
        self.compile(())
        return self  # once more, now through the check of types


@cache
def _machine_types() -> dict[str, Any]:
    """The machine type that each annotation of a kernel stands for."""
    table: dict[str, Any] = {
        "int": types.int64,
        "Int": types.int64,
        "bool": types.boolean,
        "float": types.float64,
        "np.uint64": types.uint64,
    }
    for name, kind in (
        ("U8", types.uint8),
        ("U16", types.uint16),
        ("U32", types.uint32),
        ("U64", types.uint64),
        ("I32", types.int32),
        ("I64", types.int64),
        ("F32", types.float32),
        ("F64", types.float64),
        ("Bool", types.boolean),
    ):
        for end, dimensions in (("", 1), ("Grid", 2)):
            table[name + end] = types.Array(kind, dimensions, "C", readonly=True)
            table[f"Out{name}{end}"] = types.Array(kind, dimensions, "C")
    return table


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile `function` on its first call, for the types of its annotations.

    >>> from corpus_pipeline.text.unicode.utf8_kernel import decoded
    >>> import numpy as np
    >>> decoded(np.frombuffer("中".encode(), dtype=np.uint8), 0)
    (20013, 3)
    """
    kernel = Kernel(function, targetoptions=dict(_OPTIONS))
    KERNELS.append(kernel)
    return kernel


def compiled_uncounted(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Like `compiled`, for a kernel that makes no array: it counts no references to its own.

    Numba would count them around each call of a helper, and that takes longer than a short helper
    does: a walk over bytes with helpers for names and blanks runs three times as fast without.
    Refused by numba, when the kernel is compiled: a kernel that makes an array.
    """
    kernel = Kernel(function, targetoptions={**_OPTIONS, "_nrt": False})
    KERNELS.append(kernel)
    return kernel


def compiled_inline(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Like `compiled_uncounted`, for a helper that is written out in each kernel that calls it.

    A call passes each array as seven words: where a helper of ten arrays is called for every third
    character, that is half of the time.
    """
    options = {**_OPTIONS, "_nrt": False, "inline": "always"}
    kernel = Kernel(function, targetoptions=options)
    KERNELS.append(kernel)
    return kernel


def variant(kernel: Callable[_P, _R], **changes: str) -> Callable[..., _R]:
    """The same kernel for other types of some parameters, given by their names in `arrays`."""
    kernel_variant = Kernel(kernel.py_func, targetoptions=dict(_OPTIONS))  # type: ignore[attr-defined]  # numba's name
    kernel_variant.changes = changes
    KERNELS.append(kernel_variant)
    return kernel_variant


def compile_all() -> list[Kernel]:
    """Import every kernel file, load or compile all kernels, and return them."""
    base = Path(__file__).parents[2]
    for path in kernel_cache.sources():
        importlib.import_module(".".join(path.relative_to(base).with_suffix("").parts))
    for kernel in KERNELS:
        kernel.compile(())
    return KERNELS
