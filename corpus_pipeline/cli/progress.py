"""Progress on standard error: a live bar on a terminal, a line every so often in a log.

Enters: results of finished tasks.  Leaves: documents, MB of input, kept, dropped, quarantined, MB
per second, expected seconds to go.  Nothing goes to standard output, which is for results.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

#: Seconds between lines in a log: six a minute show that the run goes on, and stay readable.
EVERY = 10.0


class Progress:
    """Totals of the local pass, and how far each phase has come."""

    def __init__(self) -> None:
        """Start at zero."""
        self._started = self._last = time.monotonic()
        self._totals = {"read": 0, "kept": 0, "dropped": 0, "quarantined": 0, "input_bytes": 0}
        self._bar: Bar | None = None
        self._rows: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Start the bar where there is a terminal."""
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description:<16}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state of the bar standing."""
        if self._bar is not None:
            self._bar.stop()

    def on_done(self, phase: str, done: int, total: int, result: dict[str, Any]) -> None:
        """A task of a phase is done."""
        if phase == "local":
            for name in self._totals:
                self._totals[name] += result["counts"][name]
        if self._bar is not None:
            if phase not in self._rows:
                self._rows[phase] = self._bar.add_task(phase, total=total, figures="")
            row, figures = self._rows[phase], self._figures(phase)
            self._bar.update(row, completed=done, total=total, figures=figures)
            return
        now = time.monotonic()
        if now - self._last >= EVERY or (phase == "local" and done == total):
            self._last = now
            spent = now - self._started
            eta = spent / done * (total - done)
            sys.stderr.write(f"{phase} {done}/{total} {self._figures(phase)} ETA {eta:.0f} s\n")

    def _figures(self, phase: str) -> str:
        """The totals as text; empty for later phases, which read no input."""
        if phase != "local":
            return ""
        totals = self._totals
        megabytes = totals["input_bytes"] / 1e6
        rate = megabytes / max(time.monotonic() - self._started, 1e-9)
        return (
            f"{totals['read']:,} documents, {megabytes:,.1f} MB, {totals['kept']:,} kept, "
            f"{totals['dropped']:,} dropped, {totals['quarantined']:,} quarantined, {rate:.1f} MB/s"
        )
