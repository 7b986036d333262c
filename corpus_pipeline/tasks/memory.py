"""How a process of ours manages memory: what it has freed it keeps, and it seldom looks for cycles.

Leaves: the settings of glibc's allocator (others are let alone) and of Python's collector for this
process.
A batch makes arrays of some megabytes by the hundred.  By default each comes from the kernel as
pages of zeros and goes back at once: a twentieth of a run's time went there.
"""

from __future__ import annotations

import ctypes
import gc
from functools import cache

#: Parameters of `mallopt` (malloc.h): when free memory at the top of the heap is given back, how
#: much is taken at a time, and from which size on an array has pages of its own (at most 32 MiB).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
#: Bytes that a worker may hold freed; its peak grew by 7 to 13 % (970 MB to 1,040 to 1,100).
_HELD = 512 << 20
#: Objects made and not yet freed before the collector looks for cycles among them.  Imports and
#: packs make a million that stay; with Python's 700 a tenth of a process's start went there.
_MADE = 100_000


@cache
def keep_freed() -> None:
    """Set this process's allocator and collector, once."""
    gc.set_threshold(_MADE)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc
        return
    for parameter, value in (
        (_MMAP_THRESHOLD, 32 << 20),
        (_TRIM_THRESHOLD, _HELD),
        (_TOP_PAD, 16 << 20),
    ):
        mallopt(parameter, value)
