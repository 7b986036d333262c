"""How a job is performed: engine, workers, cluster, who is told; none of it shows in the output.

Enters: what a user chose.  Leaves: a `How`.  Refuses: choices that do not go together.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from corpus_pipeline.model import PipelineError

ENGINES = ("ray", "local")


@dataclass(frozen=True, slots=True)
class How:
    """How a run is performed; none of it changes a byte of its output.

    `engine`: `ray` or `local`; None means `ray` where workers or an address ask for it.
    `metrics`: a file or a port with figures for Prometheus; `lineage`: a file or a URL that gets
    OpenLineage events.
    """

    engine: str | None = None
    workers: int | None = None
    address: str | None = None
    overwrite: bool = False
    metrics: str | None = None
    lineage: str | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown engine, and workers or an address with the local one."""
        if self.engine is not None and self.engine not in ENGINES:
            raise PipelineError(f"unknown engine {self.engine!r}: {' or '.join(ENGINES)}")
        if self.engine == "local" and self.wants_ray:
            wish = f"workers={self.workers}" if self.address is None else "an address"
            raise PipelineError(f"the local engine is one process: {wish} needs the engine ray")

    @property
    def on_ray(self) -> bool:
        """Whether Ray performs the job."""
        return self.engine == "ray" or (self.engine is None and self.wants_ray)

    @property
    def wants_ray(self) -> bool:
        """Whether several workers or an address are asked for, which only Ray has."""
        return self.address is not None or self.workers not in (None, 1)


def begun(how: How) -> AbstractContextManager[None]:
    """Ray, starting while a command reads its config and inputs, where it gets one of its own."""
    if not how.on_ray or how.address is not None:
        return nullcontext()
    from corpus_pipeline.tasks import ray

    return ray.begun(how.workers)
