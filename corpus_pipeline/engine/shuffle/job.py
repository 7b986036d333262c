"""One shuffled stage of one run, as its tasks know it.

Enters: the stage, the documents, the folder, the key.  Leaves: tasks with their own markers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import Corpus
from corpus_pipeline.model import ShuffledStage, StageSpec
from corpus_pipeline.tasks.base import Result, Task


@dataclass(frozen=True, slots=True)
class Brought:
    """What a stage decided elsewhere about documents of several sites."""

    folder: Path
    seal: str  # of the folder's manifest
    spec: StageSpec  # the stage as it sees all sites
    secret: bytes = field(repr=False)  # the key that the sites share


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Where one shuffled stage of one run works."""

    spec: StageSpec
    corpus: Corpus
    key: str  # digest of all that decides the outcome
    keeps_pairs: bool = False  # leave the pairs that hold, for a package
    brought: Brought | None = None  # what was decided elsewhere about these documents

    @property
    def home(self) -> Path:
        """The folder of this stage's intermediate files."""
        place = self.corpus.work
        if self.brought is not None:  # what was decided otherwise before left other files
            place = place / "brought" / self.brought.seal[:16]
        return place / self.spec.name

    @property
    def dropped(self) -> Path:
        """The drop mask: a byte a document of the run, 1 where it is dropped after this stage."""
        return self.home / "dropped.npy"

    @property
    def stage(self) -> Any:
        """The stage itself, its tables loaded once a process."""
        (stage,) = built([self.spec])
        assert isinstance(stage, ShuffledStage)
        return stage

    def task(self, step: str, index: int, function: Callable[[Any], Result], argument: Any) -> Task:
        """One task of one step, committed by its own marker."""
        name = f"{self.spec.name}-{step}/{index:05d}"
        return Task(
            name=name,
            function=function,
            argument=argument,
            marker=self.home / "markers" / f"{step}-{index:05d}.json",
            key=f"{self.key}/{name}",
            metrics=self.corpus.work / "metrics" / f"{name.replace('/', '-')}.json",
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One split in one shuffled stage, and the shuffled stages before that."""

    job: Shuffle
    before: tuple[Shuffle, ...]
    number: int

    @property
    def kept(self) -> Path:
        """What the local pass kept of the split."""
        return self.job.corpus.work / "local" / "kept" / f"part-{self.number:05d}.parquet"
