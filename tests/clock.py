"""CPU time of a call, for tests that promise speed: at one size, and as the size grows."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

#: What four times the size may cost: a linear method gives 4, caches and the allocator make 6 of
#: it, a quadratic one gives 16.
GROWTH = 8.0
#: Below this many seconds the clock and the allocator decide, not the method.
NOISE = 0.02
#: Rounds of both sizes; the best of each counts.  More than one are run only on a machine that is
#: too busy to tell at once.
MOST = 12


def cpu_seconds(work: Callable[[Any], Any], argument: Any) -> float:
    """CPU seconds of `work(argument)` over all threads of this process."""
    gc.collect()
    start = time.process_time()
    work(argument)
    return time.process_time() - start


@contextmanager
def frozen() -> Iterator[None]:
    """What lives already, of other tests too, is out of sight of the garbage collector meanwhile.

    A collection under the clock would walk all of it, and the more often the larger the argument.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def linear(work: Callable[[Any], Any], make: Callable[[int], Any], size: int, most: float) -> None:
    """Fail unless `work(make(size))` takes some `most` CPU s at most, and grows as the size does.

    Timed are half the size and twice the size.  `make` builds the argument of a size and is not
    timed.  A small call goes first, so that nothing is compiled or loaded under the clock; the
    lower of two counts for the half, so that a moment's delay there hides no growth.  Every call
    gets an argument that is a little larger than the last: what `work` has kept of an argument
    would make a second call with the same one free.
    """
    work(make(max(size // 100, 1)))
    half = twice = float("inf")
    growing = count(size, max(size // 50, 1))
    with frozen():
        for _ in range(MOST):
            first, second = next(growing), next(growing)
            half = min(half, cpu_seconds(work, make(first // 2)))
            twice = min(twice, cpu_seconds(work, make(2 * first)))
            half = min(half, cpu_seconds(work, make(second // 2)))
            if twice <= 2 * most and twice <= GROWTH * half + NOISE:
                return

    assert twice <= 2 * most, f"{twice:.2f} s of CPU at size {2 * size}"
    said = f"{half:.3f} s at {size // 2}, {twice:.3f} s at {2 * size}"
    assert twice <= GROWTH * half + NOISE, said
