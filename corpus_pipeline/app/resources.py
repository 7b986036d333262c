"""What tasks ask of a cluster, by the stages that they work for.

Enters: the section `resources` of a config.  Leaves: the `Ask` of a task by its name.
Nothing of it is in a manifest or in the key of a run: it says where work is done, not what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce

from pydantic import Field, field_validator

from corpus_pipeline.model import Options
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.ask import Ask, Asks

#: Sections beside those of stages: every task; reading and cutting inputs; the dataset's shards.
ALL, INGEST, EXPORT = "all", "ingest", "export"
SECTIONS = (ALL, INGEST, EXPORT)

#: A label of Kubernetes, which Ray's are too: an optional domain, a name.
_LABEL = re.compile(r"(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
#: A value, or Ray's `!value`, `in(a, b)`, `!in(a, b)`.
_VALUE = re.compile(r"!?(?:in\([-\w., ]+\)|[-\w.]+)", re.ASCII)


class Resources(Options):
    """What the tasks of a stage ask of Ray; without Ray nothing is asked."""

    cpus: float = Field(default=1, gt=0)
    """Cores that a task is counted with; it works on one."""

    memory_mb: int | None = Field(default=None, gt=0)
    """Megabytes (2²⁰ bytes) that a node must have free; null: not asked for."""

    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes that may take a task, e.g. `ray.io/node-group: arm64`; Ray's
    `in(a, b)` and `!a` may stand for a value."""

    @field_validator("labels")
    @classmethod
    def _labels_are_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        for name, value in labels.items():
            if not _LABEL.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a label (like ray.io/node-group)")
            if not _VALUE.fullmatch(value):
                raise ValueError(f"{value!r} is no value of a label (like arm64 or in(a, b))")
        return labels

    @property
    def ask(self) -> Ask:
        """The same as a task carries it."""
        return Ask(self.cpus, self.memory_mb, self.labels)


def asks(resources: Mapping[str, Resources], stages: Sequence[str]) -> Asks:
    """What each task of a run with these stages asks for.

    Stages that see one document at a time share their tasks, which ask for what satisfies all.
    """
    local = [name for name in stages if STAGES[name].kind == "local"]

    def of(names: Sequence[str]) -> Ask:
        wanted = [resources[name].ask for name in (ALL, *names) if name in resources]
        return reduce(Ask.with_, wanted, Ask(cpus=0)) if wanted else Ask()

    def ask(task: str) -> Ask:
        step = task.partition("/")[0].partition("-")[0]
        if step in {"local", "scan"}:
            return of((INGEST, *(local if step == "local" else ())))
        return of((step,))

    ask("local/0")  # two stages that ask for different nodes are refused now
    return ask
