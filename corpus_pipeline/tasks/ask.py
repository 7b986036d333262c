"""What a task asks of the cluster: cores, memory, labels of a node.  It never changes the output.

Enters: wishes of a user.  Leaves: an `Ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from corpus_pipeline.model import PipelineError


@dataclass(frozen=True, slots=True)
class Ask:
    """Cores, megabytes (2²⁰ bytes; None: not said), and the labels that a node must carry."""

    cpus: float = 1.0
    memory_mb: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def with_(self, other: Ask) -> Ask:
        """What satisfies both; `PipelineError` where no node could carry both labels.

        >>> Ask(1, 500, {"zone": "a"}).with_(Ask(2))
        Ask(cpus=2, memory_mb=500, labels={'zone': 'a'})
        """
        for name, value in other.labels.items():
            if self.labels.get(name, value) != value:
                raise PipelineError(
                    f"resources: {name} is {self.labels[name]!r} and {value!r} in one task "
                    "(stages that see one document at a time share their tasks)"
                )
        sizes = [size for size in (self.memory_mb, other.memory_mb) if size is not None]
        memory = max(sizes, default=None)
        return Ask(max(self.cpus, other.cpus), memory, {**self.labels, **other.labels})

    def __str__(self) -> str:
        """The wish in words."""
        words = [f"{self.cpus:g} cpus"]
        words += [f"{self.memory_mb} MB"] if self.memory_mb is not None else []
        return ", ".join(words + [f"{name}={value}" for name, value in self.labels.items()])


#: What the task of a name asks for.
Asks = Callable[[str], Ask]


def one_core(_task: str) -> Ask:
    """The wish of every task where nobody says otherwise."""
    return Ask()
