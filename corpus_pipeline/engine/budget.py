"""The processor time that a stage may spend on documents of a size.

Enters: a call, and seconds of processor time.  Leaves: its result, or `TooSlow`.
The clock is the process's user time, so a busy or slow machine changes little.  Limits: only code
that returns to the interpreter can be interrupted (a kernel or a C library that loops for ever
cannot), and only in the main thread, where Python handles signals: elsewhere there is no budget.
Ray workers and the local engine perform tasks in the main thread.

A budget is not as deterministic as a rule.  Its defaults therefore lie so far above what ordinary
documents take that reaching them shows a document made to be slow, or an error in a stage.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class TooSlow(BaseException):  # no stage's `except Exception` may swallow it
    """A call spent its budget."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds of processor time of one stage over one batch."""

    #: The slowest stages do 3.4 (decode, with all it loads) to 5 MB/s (extract, of pages) on the
    #: machine of docs/bench.md: 0.3 s a MB at most, so this is 30 times as much.
    s_per_mb: float = 10.0
    #: Small batches: a first call of a rare path loads a model or a table, 1–2 s measured.
    floor_s: float = 10.0
    #: The first batch of a stage in a process may compile its kernels: 30 s measured for all.
    first_s: float = 300.0

    def seconds(self, size: int, *, first: bool = False) -> float:
        """What `size` bytes may take."""
        allowed = self.floor_s + self.s_per_mb * size / 1e6
        return max(allowed, self.first_s) if first else allowed


#: Seconds after which the alarm rings again, in case an `except BaseException` swallowed it.
AGAIN_S = 1.0


class _Alarm:
    """The one timer of the process."""

    def __init__(self) -> None:
        self.on = self.rang = False

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        if self.on:
            self.rang = True
            raise TooSlow

    def start(self, seconds: float) -> None:
        signal.signal(signal.SIGVTALRM, self.ring)
        self.on, self.rang = True, False
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN_S)

    def stop(self) -> None:
        self.on = False
        # The handler stays: without one a signal already on its way would end the process.
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


_alarm = _Alarm()


def within(seconds: float, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """The result of the call, or `TooSlow` when it spent more user time than `seconds`.

    A call that swallowed or replaced the interruption is too slow all the same: its result would
    depend on where it was interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*args, **kwargs)
    try:
        _alarm.start(seconds)
        result = function(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        if _alarm.rang:
            raise TooSlow from None
        raise
    finally:
        # Twice: the alarm may ring in the first, and rings again only after a second.
        try:
            _alarm.stop()
        finally:
            _alarm.stop()
    if _alarm.rang:
        raise TooSlow
    return result
