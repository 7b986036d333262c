"""Who is told of a job under way, beside the caller: Prometheus and OpenLineage, both optional.

Enters: how the job is performed (`How`), what it is called, its places.  Leaves: a `Watch`, which
the job reports to.  Nothing of it changes the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus_pipeline.app.how import How
from corpus_pipeline.tasks.base import OnDone, Result


class Watch:
    """What a job reports: finished tasks, and in the end its counts."""

    def __init__(self, told: Sequence[OnDone]) -> None:
        """Report to all of these."""
        self._told = told
        self.counts: Mapping[str, Any] = {}

    def on_done(self, phase: str, done: int, total: int, result: Result) -> None:
        """A task of a phase is done."""
        for one in self._told:
            one(phase, done, total, result)


@contextmanager
def observed(
    how: How, name: str, paths: Sequence[str], output: Path, on_done: OnDone
) -> Iterator[Watch]:
    """Watch a job from its start to its end, whatever that is."""
    figures = lineage = None
    if how.metrics is not None:
        from corpus_pipeline.app.figures import Figures

        figures = Figures(how.metrics, name)
    if how.lineage is not None:
        from corpus_pipeline.app.lineage import Lineage

        lineage = Lineage(how.lineage, name, paths, str(output))
        lineage.start()
    watch = Watch([on_done, *([figures.on_done] if figures else [])])
    try:
        yield watch
    except BaseException as error:
        if figures:
            figures.end(success=False)
        if lineage:
            lineage.fail(error)
        raise
    if figures:
        figures.end(success=True)
    if lineage:
        lineage.complete(watch.counts)
