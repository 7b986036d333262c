"""The coordinator of several sites: from their packages to decisions about their documents.

Enters: packages, or the sums that sites leave later; the stages that see all sites; an engine.
Leaves: a folder with the decisions for each site under a sealed manifest of its own, and one
manifest over all.  No text enters, and none is needed.
Refuses: a package of which a byte has changed, that holds what packages do not, or whose documents
another one has too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_pipeline.engine import folder
from corpus_pipeline.engine.code import code
from corpus_pipeline.engine.metrics import write_metrics
from corpus_pipeline.engine.shuffle import index
from corpus_pipeline.engine.shuffle.brought import hand_back, outcome_of
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.packages import (
    VERSION,
    Package,
    Packages,
    check_package,
    doubled,
)
from corpus_pipeline.engine.shuffle.steps import shuffle
from corpus_pipeline.engine.shuffle.sums import total
from corpus_pipeline.io import manifest
from corpus_pipeline.io.carried import published
from corpus_pipeline.io.shards import numbered
from corpus_pipeline.model import CountStage, PipelineError, StageSpec, digest
from corpus_pipeline.tasks.base import Engine, OnDone, Result, Task

#: Where the decisions for a site lie below the coordinator's folder.
SITES = "sites"


@dataclass(slots=True)
class _Round:
    """One decision over all sites, under way."""

    root: Path
    engine: Engine
    on_done: OnDone
    key: str
    walls: dict[str, float] = field(default_factory=dict)

    def tasks(self, phase: str, tasks: Sequence[Task]) -> list[Result]:
        """Perform one phase."""
        started, finished = time.perf_counter(), 0

        def count(_task: Task, result: Result) -> None:
            nonlocal finished
            finished += 1
            self.on_done(phase, finished, len(tasks), result)

        results = self.engine.run(tasks, count)
        self.walls[phase] = self.walls.get(phase, 0.0) + time.perf_counter() - started
        return results

    def targets(self, packages: Sequence[Package]) -> tuple[Path, ...]:
        """The folder of what concerns each site."""
        return tuple(self.root / SITES / package.site for package in packages)

    def task(self, name: str, function: Any, argument: Any) -> Task:
        work = self.root / "work"
        metrics = work / "metrics" / f"{name.replace('/', '-')}.json"
        return Task(name, function, argument, work / f"{name}.json", self.key, metrics)


def coordinate(
    packages: Sequence[Package],
    specs: tuple[StageSpec, ...],
    root: Path,
    engine: Engine,
    on_done: OnDone,
    *,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Decide about the documents of all packages; the content of the manifest over all sites.

    Of sums in place of packages: about their groups.
    """
    folder.refuse_foreign(root, overwrite=overwrite)
    with folder.lock(root):
        if overwrite:
            folder.clear(root)
        return _decided(packages, specs, root, engine, on_done)


def _decided(
    packages: Sequence[Package],
    specs: tuple[StageSpec, ...],
    root: Path,
    engine: Engine,
    on_done: OnDone,
) -> dict[str, Any]:
    started = time.perf_counter()
    decides = {
        "packages": {package.site: package.seal for package in packages},
        "stages": [spec.record() for spec in specs],
        "versions of libraries": code(),
    }
    this = _Round(root, engine, on_done, digest(decides))
    finished = folder.claim(root, this.key, decides)
    if finished is not None:
        folder.clear_work(root)
        return finished
    _check(this, packages)
    if engine.shared:
        specs = tuple(published(spec, root / "work" / "assets") for spec in specs)
    summed = packages[0].content["kind"] == "sums"
    outcome = (_totals if summed else _stages)(this, tuple(packages), specs)
    kind = "totals" if summed else "decisions"
    sites = [_hand_over(this, kind, packages[at], at, outcome) for at in range(len(packages))]
    content = {
        "kind": kind,
        "package_version": VERSION,
        "key": this.key,
        "code": code(),
        "stages": decides["stages"],
        "sites": sites,
        "totals": {name: result for name, (result, _) in outcome.items()},
    }
    write_metrics(root, this.walls, time.perf_counter() - started, engine)
    manifest.write(root / "manifest.json", content)
    folder.clear_work(root)
    return manifest.read(root / "manifest.json")


def _check(this: _Round, packages: Sequence[Package]) -> None:
    """Read every byte of the packages once, and the columns of every file."""
    tasks = []
    for package in packages:
        content = package.content
        files, values = content["files"], content["values"]
        for at in range(0, len(files), 64):
            some = package.root, files[at : at + 64]
            tasks.append(this.task(f"check/{package.site}-{at:05d}", index.check, some))
        for at, entry in enumerate(files):
            argument = (package.root, package.site, entry, values)
            tasks.append(this.task(f"look/{package.site}-{at:05d}", check_package, argument))
    this.tasks("check", tasks)


Outcome = dict[str, tuple[Result, list[Result]]]


def _stages(this: _Round, packages: tuple[Package, ...], specs: tuple[StageSpec, ...]) -> Outcome:
    """Let one stage after the other decide: its counts, and what it hands back, by its name."""
    parts = [rows for package in packages for rows in package.rows]
    corpus = Packages(this.root / "work", len(parts), (), packages)
    corpus.number(parts)
    if problem := doubled(corpus):
        raise PipelineError(problem)
    if any(issubclass(spec.cls, CountStage) for spec in specs):
        corpus.rank()
    targets = this.targets(packages)
    found: Outcome = {}
    dropped: Path | None = None
    for spec in specs:
        job = Shuffle(spec, corpus, this.key)
        rows = sum(package.content["sketch_rows"][spec.name] for package in packages)

        def phase(tasks: Sequence[Task], name: str = spec.name) -> list[Result]:
            return this.tasks(name, tasks)

        result = shuffle(job, rows, dropped, phase)
        made = range(len(numbered(outcome_of(job))))
        tasks = [job.task("hand", part, hand_back, (job, part, targets)) for part in made]
        if "largest" in result:
            result["largest"] = [list(cluster) for cluster in result["largest"]]
            dropped = job.dropped
        found[spec.name] = (result, phase(tasks))
    return found


def _totals(this: _Round, packages: tuple[Package, ...], specs: tuple[StageSpec, ...]) -> Outcome:
    """Let one aggregate stage after the other decide about the groups of all sites."""
    found: Outcome = {}
    for at, spec in enumerate(specs):
        argument = (
            spec,
            specs[0] if at else None,
            packages,
            this.root / "work",
            this.targets(packages),
        )
        parts = this.tasks(spec.name, [this.task(f"total/{spec.name}", total, argument)])
        found[spec.name] = ({"groups": parts[0]["groups"]}, parts)
    return found


def _hand_over(
    this: _Round, kind: str, package: Package, number: int, outcome: Outcome
) -> dict[str, Any]:
    """Seal what concerns one site; what the manifest over all says of it."""
    theirs = package.content
    target = this.root / SITES / package.site
    told = {
        name: {unit: sum(part["told"][number][unit] for part in parts) for unit in _units(parts)}
        for name, (_, parts) in outcome.items()
    }
    said = {"site": package.site, "package": package.seal, "stages": told}
    content = {
        "kind": f"site_{kind}",
        "package_version": VERSION,
        "round": this.key,
        "key_check": theirs["key_check"],
        "files": [
            entry
            for _, parts in outcome.values()
            for part in parts
            for entry in part["files"][number]
        ],
        **said,
    }
    manifest.write(target / "manifest.json", content)
    seal = manifest.read(target / "manifest.json")["seal"]
    if kind == "totals":
        return {**said, "totals": seal}
    return {**said, "decisions": seal, "documents": sum(package.rows), "counts": theirs["counts"]}


def _units(parts: Sequence[Result]) -> list[str]:
    """What is counted of a stage's parts, for each site."""
    return list(parts[0]["told"][0]) if parts else []
