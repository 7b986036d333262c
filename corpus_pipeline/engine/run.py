"""A run from inputs to `manifest.json`: scan, plan, local pass, shuffled stages, last pass, seal.

Enters: a `Job` and an engine.  Leaves: the finished folder; its manifest is written last.
Tasks whose marker has the same key are not performed again.  Sealed files are the same whatever the
engine, the number of workers and the interruptions.
Refuses: a folder that holds anything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from corpus_pipeline.engine import folder
from corpus_pipeline.engine import tallies as counts
from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.code import code
from corpus_pipeline.engine.metrics import write_metrics
from corpus_pipeline.engine.poison import survive
from corpus_pipeline.engine.shuffle import crossing, index
from corpus_pipeline.engine.shuffle.apply import ApplyTask, run_apply
from corpus_pipeline.engine.shuffle.corpus import Corpus, Index
from corpus_pipeline.engine.shuffle.packages import Site
from corpus_pipeline.engine.shuffle.sequence import decide
from corpus_pipeline.engine.split_pass import SplitTask, run_split
from corpus_pipeline.io import manifest
from corpus_pipeline.io.carried import published, stage_of
from corpus_pipeline.io.compression import Limits
from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.inputs import Input, LeftOut
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.opening import ahead
from corpus_pipeline.io.readers import held
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.records import BLOCK, Records
from corpus_pipeline.io.scan import Scanned, joined, located, parted, record, scan
from corpus_pipeline.io.splits import Piece, Split, even_size, plan
from corpus_pipeline.io.storage import remove_leftovers, remove_tree
from corpus_pipeline.model import AggregateStage, PipelineError, StageSpec, digest
from corpus_pipeline.tasks.base import Engine, OnDone, Result, Task
from corpus_pipeline.tasks.local import LocalEngine
from corpus_pipeline.text import kernel_cache

#: Inputs hashed in one scan task: bytes, and files, a packed block of them.
SCAN_BYTES = 512 << 20
SCAN_INPUTS = BLOCK


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done; nothing of engine and workers, which do not show in the output."""

    name: str
    inputs: Sequence[Input]
    specs: tuple[StageSpec, ...]
    ingest: IngestOptions
    split_bytes: int
    config: dict[str, Any]  # resolved, as the manifest shows it
    sources: list[dict[str, Any]]
    root: Path
    parents: tuple[dict[str, str], ...] = ()
    read_before: tuple[dict[str, Any], ...] = ()  # files that the parents read, as they list them
    left_out: tuple[LeftOut, ...] = ()  # files beside the inputs that are none
    keep_payload: bool = False  # `ingest` alone hands the bytes on
    indexes: tuple[Index, ...] = ()  # what pair stages compare with beside the inputs
    makes_index: bool = False  # leave an index of the inputs instead of deciding about them
    budget: Budget = field(default_factory=Budget)  # processor time a stage may spend on a batch
    alarms: tuple[dict[str, Any], ...] = ()  # raised by the inputs and the config, for the manifest
    site: Site | None = None  # one of several sites: leave its package, or take what came back
    unread_share: float = 1.0  # of the bytes of a source; above it there is an alarm

    @property
    def split_size(self) -> int:
        """The bytes of a split of these inputs, by their sizes on disk: at most `split_bytes`."""
        return even_size(self.split_bytes, sum(item.bytes for item in self.inputs))


@dataclass(slots=True)
class _Context:
    """A run under way: the job, and what is known of it so far."""

    job: Job
    engine: Engine
    on_done: OnDone
    check_lock: Callable[[], None]
    key: str = ""
    walls: dict[str, float] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.job.root / "work"

    def clear_work(self) -> None:
        """Remove what was between; on a store the lock stays until it is given back."""
        if isinstance(self.work, StorePath):
            folder.clear_work(self.job.root)
        else:
            remove_tree(self.work)

    def tasks(
        self, phase: str, tasks: Sequence[Task], engine: Engine | None = None
    ) -> list[Result]:
        """Perform one phase."""
        started, finished = time.perf_counter(), 0

        def count(_task: Task, result: Result) -> None:
            nonlocal finished
            self.check_lock()
            finished += 1
            self.on_done(phase, finished, len(tasks), result)

        def on_death(task: Task, _death: Exception) -> Result:
            if not isinstance(task.argument, SplitTask):
                raise PipelineError(f"{task.name}: the worker died; too little memory?")
            return survive(self.engine, task)

        results = (engine or self.engine).run(tasks, count, on_death)
        self.walls[phase] = self.walls.get(phase, 0.0) + time.perf_counter() - started
        return results

    def task(self, name: str, function: Any, argument: Any, marker: Path, key: str) -> Task:
        metrics = self.work / "metrics" / f"{name.replace('/', '-')}.json"
        return Task(name, function, argument, marker, key, metrics)

    def check_task(self, name: str, function: Any, argument: Any) -> Task:
        return self.task(name, function, argument, self.work / f"{name}.json", self.key)


def run(
    job: Job, engine: Engine, on_done: OnDone = lambda *_: None, *, overwrite: bool = False
) -> dict[str, Any]:
    """Do the job, or what is left of it; the content of the manifest.

    `overwrite`: remove what an earlier, other run left in the folder.
    """
    folder.refuse_foreign(job.root, overwrite=overwrite)
    with folder.lock(job.root) as check_lock:
        if overwrite:
            folder.clear(job.root)
        return _run(_Context(job, engine, on_done, check_lock))


def _run(context: _Context) -> dict[str, Any]:
    started, job = time.perf_counter(), context.job
    scanned = _scan(context)
    inputs = scanned.seen_as(partial(record, job.ingest.text_mode))
    asked = job.indexes or job.makes_index
    delivered = index.delivered(chain(job.read_before, inputs)) if asked else {}
    index.refuse_namesakes(job.indexes, delivered)
    stages = [concealed_values(spec.record()) for spec in job.specs]
    decides = {
        "inputs": inputs,
        "left_out": [asdict(file) for file in job.left_out],
        "stages": stages,
        "config": job.config,
        "code": code(),
        "split_bytes": job.split_size,
        "against": [old.seal for old in job.indexes],
        **({} if job.site is None else {"site": job.site.record()}),
    }
    context.key = digest(decides)
    finished = folder.claim(job.root, context.key, folder.by_name(decides))
    if finished is not None:
        crossing.refuse_other(job.site, finished)
        remove_leftovers(job.root)  # of an attempt that was killed behind the manifest
        context.clear_work()
        return finished
    if context.engine.shared:
        specs = _published(context, job.specs)
        site = job.site and replace(job.site, stages=_published(context, job.site.stages))
        context.job = job = replace(job, specs=specs, site=site)
    context.tasks("check", index.check_tasks(job.indexes, context.check_task))
    splits = plan(scanned, job.split_size, job.ingest.text_mode)
    local = _local_pass(context, scanned, splits)
    if job.site is not None and job.site.waits:
        return _left_by_site(context, job.site, splits, local, started)
    if job.makes_index:
        return _seal(context, started, _common(context) | _index(context, local, delivered))
    parts, alarms, reports = _shuffled_stages(context, splits, local)
    decided = _decided(context, splits, parts)
    alarms = [*job.alarms, *alarms, *counts.long_losses(decided["counts"])]
    alarms += counts.unread(decided["counts"], job.unread_share)
    outcome = {"inputs": inputs, "stages": stages, "alarms": alarms, **reports}
    return _seal(context, started, _common(context) | outcome | decided)


def _published(context: _Context, specs: tuple[StageSpec, ...]) -> tuple[StageSpec, ...]:
    return tuple(published(spec, context.work / "assets") for spec in specs)


def _common(context: _Context) -> dict[str, Any]:
    """What the manifest of a run and of an index say alike."""
    job = context.job
    return {
        "name": job.name,
        "code": code(),
        "key": context.key,
        "config": job.config,
        "parents": list(job.parents),
        "sources": job.sources,
        "left_out": [asdict(file) for file in job.left_out],
    }


def _decided(context: _Context, splits: list[Split], parts: list[Result]) -> dict[str, Any]:
    """What the manifest of a run says of its splits, files and counts."""
    root, indexes = context.job.root, context.job.indexes
    manifests = [root / "manifests" / f"split-{split.index:05d}.json" for split in splits]
    content = {
        "kind": "run",
        "splits": [manifest.file_entry(root, path) for path in manifests],
        "files": [entry for part in parts for entry in part["files"]],
        "counts": counts.add(part["counts"] for part in parts),
    }
    if context.job.site is not None:
        content["site"] = crossing.told(context.job.site)
    if indexes:
        content["against"] = [{"name": escaped(i.root.name), "seal": i.seal} for i in indexes]
    return content


def _seal(context: _Context, started: float, content: dict[str, Any]) -> dict[str, Any]:
    """Check that the counts add up, write the times and then the manifest; its content."""
    root = context.job.root
    if not counts.conserved(content["counts"]):
        raise AssertionError(f"documents were lost or doubled: {content['counts']}")
    folder.refuse_removed(root)
    wall = _spent(context, started)
    write_metrics(root, context.walls, wall, context.engine)
    remove_leftovers(root)
    context.check_lock()
    sealed = manifest.publish(root / "manifest.json", content)
    context.clear_work()
    return sealed


def _left_by_site(
    context: _Context, site: Site, splits: list[Split], local: list[Result], started: float
) -> dict[str, Any]:
    """Leave the package of a site, or its sums; the content.  The folder waits for an answer."""
    corpus = _numbered(context, splits, local)
    if site.decisions is None:
        parts = crossing.packed(site, corpus, context.key, local, context.tasks)
        content = crossing.commit(site, local, parts)
    else:
        specs = [spec for spec in context.job.specs if spec.is_global]
        jobs = crossing.shuffles(site, specs, corpus, context.key)
        content = crossing.add(site, jobs, local, context.tasks)
    spent = {"wall_s": _spent(context, started), "phases": context.walls}
    manifest.write(context.work / "spent.json", {"kind": "spent", **spent})
    return content


def _spent(context: _Context, started: float) -> float:
    """Seconds since the start, and those that a site's run took before it waited."""
    wall = time.perf_counter() - started
    before = manifest.read_if_sound(context.work / "spent.json")
    if before is not None:
        wall += before["wall_s"]
        names = [*before["phases"], *context.walls]
        phases = [before["phases"], context.walls]
        context.walls = {name: sum(walls.get(name, 0.0) for walls in phases) for name in names}
    return wall


def _index(context: _Context, local: list[Result], delivered: index.Delivered) -> dict[str, Any]:
    """The content of the manifest of an index, its parts in place."""
    job = context.job
    names = tuple(spec.name for spec in job.specs)
    tasks = [
        context.task(
            f"pack/{number:05d}",
            index.pack,
            index.PackTask(number, names, job.root),
            context.work / "pack" / f"{number:05d}.json",
            context.key,
        )
        for number in range(len(local))
    ]
    return {
        **index.content(context.tasks("pack", tasks), job.specs),
        "counts": counts.add(result["counts"] for result in local),
        "delivered": delivered,
    }


def _scan_groups(inputs: Iterable[Input]) -> Iterator[Records[Input]]:
    """Inputs that are scanned by one task."""
    group: list[Input] = []
    size = 0
    for item in inputs:
        if size > SCAN_BYTES or len(group) == SCAN_INPUTS:
            yield Records(Input._make, group)
            group, size = [], 0
        group.append(item)
        size += item.bytes
    yield Records(Input._make, group)


def _scan(context: _Context) -> Records[Scanned]:
    """Digest and size of every input, by tasks of bounded size."""
    groups = list(_scan_groups(context.job.inputs))
    tasks = []
    limits, text_mode = context.job.ingest.limits, context.job.ingest.text_mode
    # What another version of the code has written down of a scan may have another form.
    given = (*astuple(limits), text_mode, code())
    for number, group in enumerate(groups):
        # Modification times belong in the key: a scan is only reused for untouched files.  The
        # number of the file stands for its path, which may hold what no hash hides.
        stats = [[i.locator, i.bytes, i.identity, i.source, *given] for i in group]
        marker = context.work / "scan" / f"{number:05d}.json"
        name = f"scan/{number:05d}"
        tasks.append(
            context.task(name, scan_group, (group, limits, text_mode), marker, digest(stats))
        )
    # One group is a second of reading: the driver does it while the workers are starting.
    results = context.tasks("scan", tasks, LocalEngine() if len(groups) == 1 else None)
    scanned = Records(Scanned.unpacked)
    for group, result in zip(groups, results, strict=True):
        scanned.extend(parted(result["scanned"], group))
    return scanned


def scan_group(argument: tuple[Sequence[Input], Limits, str]) -> Result:
    """Scan some inputs."""
    group, limits, text_mode = argument
    with ahead((item.path, item.bytes) for item in group):
        scanned = joined(scan(item, limits, text_mode) for item in group)
    return {"kind": "scan", "scanned": scanned}


def _digests(scanned: Records[Scanned], pieces: Iterable[Piece]) -> Iterator[str]:
    """The sha256 of the input of each piece; pieces are in the order of the inputs."""
    items = iter(scanned.seen_as(located))
    locator, sha256 = next(items)
    for piece in pieces:
        while locator != piece.locator:
            locator, sha256 = next(items)
        yield sha256


def _local_pass(context: _Context, scanned: Records[Scanned], splits: list[Split]) -> list[Result]:
    job = context.job
    local = tuple(spec for spec in job.specs if not spec.is_global)
    last = len(local) == len(job.specs)  # no other pass follows
    # An aggregate stage looks at what the stages before it left: its turn comes after this pass,
    # but a fault of its pack is said before hours of work and not behind them.
    late = tuple(spec for spec in job.specs if issubclass(spec.cls, AggregateStage))
    for spec in late:
        stage_of(spec)
    sketches = tuple(spec for spec in job.specs if spec.is_global and spec not in late)
    root = job.root if last else context.work / "local"
    digests = _digests(scanned, (piece for split in splits for piece in split.pieces))
    tasks = []
    for split in splits:
        argument = SplitTask(
            split=split,
            local=local,
            sketches=sketches,
            ingest=job.ingest,
            root=root,
            work=context.work,
            level=3 if last else 0,
            keep_payload=job.keep_payload,
            budget=job.budget,
        )
        key = digest(
            {
                "pieces": [piece.described() for piece in split.pieces],
                "digests": list(islice(digests, len(split.pieces))),
                "stages": [concealed_values(spec.record()) for spec in job.specs],
                "ingest": job.ingest.model_dump(mode="json"),
                "code": code(),
            }
        )
        name = f"local/{split.index:05d}"
        marker = root / "manifests" / f"split-{split.index:05d}.json"
        tasks.append(context.task(name, run_split, argument, marker, key))
    if job.specs and not isinstance(context.engine, LocalEngine):
        kernel_cache.announce()
    results = context.tasks("local", tasks)
    held.let_go()
    return results


def _numbered(context: _Context, splits: list[Split], local: list[Result]) -> Corpus:
    """All documents that are compared, numbered."""
    indexes = context.job.indexes
    corpus = Corpus(context.work, len(splits), indexes)
    kept = [result["counts"]["kept"] for result in local]
    corpus.number(kept + [rows for old in indexes for rows in index.index_rows(old)])
    return corpus


def _shuffled_stages(
    context: _Context, splits: list[Split], local: list[Result]
) -> tuple[list[Result], list[dict[str, object]], dict[str, object]]:
    """The final manifests of the splits, and the alarms and reports of the shuffled stages."""
    job = context.job
    specs = tuple(spec for spec in job.specs if spec.is_global)
    if not specs:
        return local, [], {}
    corpus = _numbered(context, splits, local)
    jobs = crossing.shuffles(job.site, specs, corpus, context.key)
    alarms, reports = decide(jobs, local, context.tasks)
    tasks = [
        context.task(
            f"apply/{split.index:05d}",
            run_apply,
            ApplyTask(split.index, jobs, job.root, result),
            job.root / "manifests" / f"split-{split.index:05d}.json",
            jobs[-1].key,
        )
        for split, result in zip(splits, local, strict=True)
    ]
    return context.tasks("apply", tasks), alarms, reports
