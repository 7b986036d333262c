"""Progress on standard error: a live bar on a terminal, a line every so often in a log.

Enters: results of finished tasks.  Leaves: documents, bytes, kept, dropped, quarantined, rate, ETA.
Refuses: standard output, which is for results.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

#: Seconds between lines in a log: often enough to see life, seldom enough to read.
EVERY = 10.0


class Progress:
    """Tallies of the local pass, and where the later phases are."""

    def __init__(self) -> None:
        """Nothing done yet."""
        self._started = self._last = time.monotonic()
        self._seen = {"read": 0, "kept": 0, "dropped": 0, "quarantined": 0, "input_bytes": 0}
        self._bar: Bar | None = None
        self._rows: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Start the bar where there is a terminal."""
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description:<16}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[said]}"),
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
            for name in self._seen:
                self._seen[name] += result["counts"][name]
        if self._bar is not None:
            if phase not in self._rows:
                self._rows[phase] = self._bar.add_task(phase, total=total, said="")
            self._bar.update(self._rows[phase], completed=done, total=total, said=self._said(phase))
            return
        now = time.monotonic()
        if now - self._last >= EVERY or (phase == "local" and done == total):
            self._last = now
            spent = now - self._started
            eta = spent / done * (total - done)
            sys.stderr.write(f"{phase} {done}/{total} {self._said(phase)} ETA {eta:.0f} s\n")

    def _said(self, phase: str) -> str:
        if phase != "local":
            return ""
        seen = self._seen
        megabytes = seen["input_bytes"] / 1e6
        rate = megabytes / max(time.monotonic() - self._started, 1e-9)
        return (
            f"{seen['read']:,} documents, {megabytes:,.1f} MB, {seen['kept']:,} kept, "
            f"{seen['dropped']:,} dropped, {seen['quarantined']:,} quarantined, {rate:.1f} MB/s"
        )
