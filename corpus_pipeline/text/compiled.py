"""The decorator for loops that NumPy cannot fuse: compiled once, cached, the same on every CPU.

Enters: a function of NumPy arrays and numbers.  Leaves: the same function as machine code; the
first call on a machine compiles it (a second or two), later processes load it.
Refuses: fast-math and threads; a result must not depend on the machine.

Measured against NumPy in docs/decisions/001-compiled-kernels.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile `function` on its first call.

    >>> @compiled
    ... def total(numbers):
    ...     found = 0
    ...     for number in numbers:
    ...         found += number
    ...     return found
    >>> import numpy as np
    >>> int(total(np.array([1, 2, 3])))
    6
    """
    try:
        made: Callable[_P, _R] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder to keep machine code in: compile in each process
        made = numba.njit(nogil=True)(function)
    return made
