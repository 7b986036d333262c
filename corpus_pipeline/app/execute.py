"""Jobs on engines: a pipeline, a stage, an index or an export, from config to finished folder.

Enters: a validated config, paths, and how to run (`How`).  Leaves: the finished run or index.
Nothing is printed; progress goes to the caller's `on_done`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from corpus_pipeline.app.config import Config, load
from corpus_pipeline.app.how import How
from corpus_pipeline.app.jobs import pipeline_job, stage_job
from corpus_pipeline.app.observed import Watch, observed
from corpus_pipeline.app.resources import asks
from corpus_pipeline.app.results import IndexSummary, Run, open_run
from corpus_pipeline.engine import folder
from corpus_pipeline.engine.run import Job
from corpus_pipeline.engine.run import run as run_job
from corpus_pipeline.engine.shuffle.corpus import Index
from corpus_pipeline.engine.shuffle.index import comparing, open_index
from corpus_pipeline.engine.shuffle.merge import merge
from corpus_pipeline.io import manifest
from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.standard_input import DASH, received
from corpus_pipeline.model import PipelineError, StageSpec
from corpus_pipeline.products.export.shards import export
from corpus_pipeline.stages.erased import TRACES, Erased, ErasedOptions
from corpus_pipeline.tasks.base import Engine, OnDone, Result


def quiet(_phase: str, _done: int, _total: int, _result: Result) -> None:
    """Take note of nothing: the `on_done` of callers that show no progress."""


def run_pipeline(
    config: Config,
    paths: Sequence[str],
    output: Path,
    how: How,
    *,
    against: Sequence[Path] = (),
    exports: bool = True,
    on_done: OnDone = quiet,
) -> Run:
    """Run all stages of the config over the paths and, where `exports`, write the dataset."""
    output = _writable(output)
    with _received(paths, how) as given:
        job = _compared(pipeline_job(config, given, output), against)
        with _working(how, config, on_done, name=config.name, paths=paths, output=output) as (
            engine,
            watch,
        ):
            run = _run(job, output, engine, how, watch)
            if exports:
                with folder.lock(output):
                    export(job.root, job.root, config.export, engine, watch.on_done)
    return run


def run_stage(
    config: Config,
    paths: Sequence[str],
    output: Path,
    how: How,
    *,
    stage: str,
    against: Sequence[Path] = (),
    on_done: OnDone = quiet,
) -> Run:
    """Run one stage (or `ingest`) over the paths."""
    output = _writable(output)
    with _received(paths, how) as given:
        job = _compared(stage_job(config, given, output, stage), against)
        name = f"{config.name}.{stage}"
        with _working(how, config, on_done, name=name, paths=paths, output=output) as (
            engine,
            watch,
        ):
            return _run(job, output, engine, how, watch)


def performed(
    config: Config, job: Job, parent: Path, output: Path, how: How, *, on_done: OnDone = quiet
) -> Run:
    """Run a job that is ready made, over an earlier run."""
    given = [str(parent)]
    with _working(how, config, on_done, name=config.name, paths=given, output=output) as (
        engine,
        watch,
    ):
        return _run(job, _writable(output), engine, how, watch)


def build_index(
    config: Config, paths: Sequence[str], output: Path, how: How, *, on_done: OnDone = quiet
) -> IndexSummary:
    """Index the documents of the paths for the stages of the config that compare documents."""
    output = _writable(output)
    with _received(paths, how) as given:
        job = pipeline_job(config, given, output)
        job = replace(job, specs=comparing(job.specs), makes_index=True)
        if not job.specs:
            raise PipelineError("the config has no stage that compares documents: nothing to index")
        name = f"{config.name}.index"
        with _working(how, config, on_done, name=name, paths=paths, output=output) as (
            engine,
            watch,
        ):
            content = run_job(job, engine, watch.on_done, overwrite=how.overwrite)
            watch.counts = content["counts"]
    return IndexSummary(output, content["seal"], sum(content["rows"]))


def make_index(
    config: Config | None, paths: Sequence[str], output: Path, how: How, *, on_done: OnDone = quiet
) -> IndexSummary:
    """The index of runs; or one index of several, or a compact one of one.

    `config`: options of the runs to come, the defaults where it is None; of indexes what they must
    serve.  `PipelineError` where some paths are indexes and some are not.
    """
    kinds = [_is_index(place(path)) for path in paths]
    if not any(kinds):
        return build_index(config or load(None, ()), paths, output, how, on_done=on_done)
    if not all(kinds):
        path = paths[kinds.index(False)]
        raise PipelineError(f"{path} is no index and others are: index it first, then merge")
    output, roots = _writable(output), [place(path) for path in paths]
    for root in roots if config is not None else ():
        open_index(root, config.specs() if config is not None else ())
    with _engine(how, config or load(None, ())) as engine:
        content = merge(roots, output, engine, on_done, overwrite=how.overwrite)
    return IndexSummary(output, content["seal"], sum(content["rows"]))


def _is_index(path: Path) -> bool:
    """Whether this is the folder of an index; one that is damaged is refused when it is read."""
    if not (path / "manifest.json").is_file():
        return False
    content = manifest.read_if_sound(path / "manifest.json")
    if content is None:
        return (path / "facts").is_dir() and (path / "texts").is_dir()
    return content.get("kind") == "index"


def export_run(
    config: Config, root: Path, output: Path, how: How, *, on_done: OnDone = quiet
) -> Path:
    """Write the dataset of a finished run; the dataset's folder.

    Raises `PipelineError` where the dataset of another run is there and `how` does not overwrite.
    """
    root, output = place(root), _writable(output)
    before = manifest.read_if_sound(output / "dataset" / "manifest.json")
    seals = {parent["seal"] for parent in before["parents"]} if before else set()
    if seals - {open_run(root).manifest["seal"]} and not how.overwrite:
        raise PipelineError(
            f"{output / 'dataset'} is the dataset of another run; "
            "choose another folder, or --overwrite"
        )
    name = f"{config.name}.export"
    given = [str(root)]
    work = _working(how, config, on_done, name=name, paths=given, output=output)
    with work as (engine, watch), folder.lock(output):
        export(root, output, config.export, engine, watch.on_done)
    return output / "dataset"


def _writable(output: Path) -> Path:
    """The folder to write to; `PipelineError` where its name is one that Arrow cannot open."""
    path = place(output)
    name = str(path.resolve())
    if name.encode("utf-8", "ignore").decode() != name:
        raise PipelineError(
            f"the output {escaped(name)}: its name is not UTF-8; choose another folder"
        )
    return path


def _run(job: Job, output: Path, engine: Engine, how: How, watch: Watch) -> Run:
    before = None if how.overwrite else manifest.read_if_sound(output / "manifest.json")
    content = run_job(job, engine, watch.on_done, overwrite=how.overwrite)
    watch.counts = content["counts"]
    reused = before is not None and before["seal"] == content["seal"]
    return open_run(output, reused=reused)


def _compared(job: Job, against: Sequence[Path]) -> Job:
    """The job with the indexes that its documents are compared with."""
    if against and not comparing(job.specs):
        raise PipelineError("--against: the config has no stage that compares documents")
    indexes = tuple(open_index(place(path), job.specs) for path in against)
    return replace(job, indexes=indexes, specs=refusing(job.specs, indexes))


def refusing(specs: tuple[StageSpec, ...], indexes: Sequence[Index]) -> tuple[StageSpec, ...]:
    """The stages, and after the local ones that which knows what was erased from the indexes."""
    known = [index.traces for index in indexes if index.traces is not None]
    if not known:
        return specs
    options = ErasedOptions()
    assets = {name: resolve(ref, Path()) for name, ref in Erased.asset_refs(options).items()}
    assets |= {f"{TRACES}{number:02d}": asset for number, asset in enumerate(known)}
    target = f"{Erased.__module__}:{Erased.__name__}"
    own = StageSpec(Erased.name, Erased.version, target, options.model_dump(mode="json"), assets)
    local = [spec for spec in specs if not spec.is_global]
    return (*local, own, *(spec for spec in specs if spec.is_global))


@contextmanager
def _received(paths: Sequence[str], how: How) -> Iterator[list[str]]:
    """The paths, with a file for standard input; a cluster's nodes would not see that file."""
    if DASH in paths and how.address is not None:
        raise PipelineError("standard input (-) is on this machine alone: give the cluster a file")
    with received(paths) as given:
        yield given


@contextmanager
def started(
    how: How, config: Config, on_done: OnDone, *, name: str, output: Path
) -> Iterator[tuple[Engine, OnDone]]:
    """The engine for work that is more than one job over inputs, and who is told of its tasks."""
    with _working(how, config, on_done, name=name, paths=[], output=output) as (engine, watch):
        yield engine, watch.on_done


@contextmanager
def _working(
    how: How,
    config: Config,
    on_done: OnDone,
    *,
    name: str,
    paths: Sequence[str],
    output: Path,
) -> Iterator[tuple[Engine, Watch]]:
    """The engine, started, and who is told of the job; both are let go at the end."""
    with observed(how, name, paths, output, on_done) as watch, _engine(how, config) as engine:
        yield engine, watch


@contextmanager
def _engine(how: How, config: Config) -> Iterator[Engine]:
    """The engine, started; closed at the end."""
    wishes = asks(config.resources, config.stages)
    engine: Engine
    if how.on_ray:
        from corpus_pipeline.tasks.ray import RayEngine

        engine = RayEngine(how.workers, how.address, wishes)
    else:
        from corpus_pipeline.tasks.local import LocalEngine

        engine = LocalEngine()
    try:
        yield engine
    finally:
        engine.close()
