"""The shuffled stages of a run, one after the other.

Enters: the stages as jobs and what the local pass said of each split.  Leaves: their decisions on
disk, each made without the documents that a stage before dropped, their alarms and their reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from corpus_pipeline.engine import tallies
from corpus_pipeline.engine.shuffle.aggregate import aggregate
from corpus_pipeline.engine.shuffle.brought import bring
from corpus_pipeline.engine.shuffle.edits import edit
from corpus_pipeline.engine.shuffle.job import Part, Shuffle
from corpus_pipeline.engine.shuffle.steps import alarms, shuffle
from corpus_pipeline.model import AggregateStage, CountStage
from corpus_pipeline.tasks.base import Result, Task


def decide(
    jobs: tuple[Shuffle, ...],
    local: Sequence[Result],
    run_tasks: Callable[[str, Sequence[Task]], list[Result]],
    end: int | None = None,
) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Let one stage after the other decide; their alarms, and their reports by key of the manifest.

    `run_tasks` takes the name of a phase and its tasks; `end`: the first stage that waits.
    """
    sources = tallies.add(result["counts"] for result in local)["by_source"]
    kept = {name: states["kept"] for name, states in sources.items()}
    raised: list[dict[str, object]] = []
    reports: dict[str, object] = {}
    dropped: Path | None = None
    for at, job in enumerate(jobs[:end]):
        name, kind = job.spec.name, job.spec.cls
        phase = partial(run_tasks, name)
        if issubclass(kind, AggregateStage):
            outcome = aggregate(job, jobs[:at], dropped, phase)
            if kind.reports is not None:
                reports[kind.reports] = outcome["report"]
        elif job.brought is not None:
            outcome = bring(job, dropped, phase)
        else:
            rows = sum(result["sketch_rows"][name] for result in local)
            outcome = shuffle(job, rows, dropped, phase)
        # For an aggregate stage behind it the edits are made now, and once.
        if issubclass(kind, CountStage) and any(map(_aggregates, jobs[at:])):
            parts = [Part(job, jobs[:at], number) for number in range(job.corpus.splits)]
            phase([job.task("edit", part.number, edit, part) for part in parts])
        raised += alarms(job, outcome, kept)
        # A count stage drops only when its edits are made, in the last pass.
        if not issubclass(kind, CountStage):
            kept = {source: n - outcome["lost"].get(source, 0) for source, n in kept.items()}
            dropped = job.dropped
    return raised, reports


def _aggregates(job: Shuffle) -> bool:
    return issubclass(job.spec.cls, AggregateStage)
