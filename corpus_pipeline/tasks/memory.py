"""How a process keeps memory that it has freed, for the next batch of the same size.

Leaves: the settings of glibc's allocator for this process; other allocators are let alone.
A batch makes arrays of some megabytes by the hundred.  By default each comes from the kernel as
pages of zeros and goes back at once: a twentieth of a run's time went there.
"""

from __future__ import annotations

import ctypes
from functools import cache

#: Parameters of `mallopt` (malloc.h): when free memory at the top of the heap is given back, how
#: much is taken at a time, and from which size on an array has pages of its own (at most 32 MiB).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
#: Bytes that a worker may hold freed; its peak grew by 7 to 13 % (970 MB to 1,040 to 1,100).
_HELD = 512 << 20


@cache
def keep_freed() -> None:
    """Set this process's allocator, once."""
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
