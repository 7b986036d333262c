"""From a config and paths to a finished folder: where stages, engine and products meet.

Enters: a validated config, input paths, how to run.  Leaves: an exit code.
Refuses: mixed inputs that could not share one schema, and output inside the input.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus_pipeline.app.config import Config, Source, load, spec
from corpus_pipeline.engine.run import Job, code, run
from corpus_pipeline.engine.shuffle.index import comparing, open_index
from corpus_pipeline.io import manifest
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.inputs import Input, discover
from corpus_pipeline.model import PipelineError, StageSpec, damaged_share, digest
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.base import Engine, Result, Task

#: What a run writes; `--overwrite` removes these and nothing else.
OURS = ("run.json", "manifest.json", "metrics.json", "report.html")
OUR_FOLDERS = ("kept", "dropped", "quarantine", "manifests", "work", "dataset")
INDEX_FOLDERS = ("sketch", "facts", "texts")


@dataclass(frozen=True, slots=True)
class How:
    """Everything about a run that must not show in its output."""

    engine: str = "ray"
    workers: int | None = None
    address: str | None = None
    overwrite: bool = False
    as_json: bool = False
    against: tuple[Path, ...] = ()  # indexes; they do show, as do the inputs


def load_config(
    path: Path | None, settings: Sequence[str] | None, only: str | None = None
) -> Config:
    """The config with its settings; `only` one stage of it."""
    return load(path, settings or [], only)


def for_stage(name: str | None, settings: Sequence[str] | None) -> list[str]:
    """`--set keep=…` of a stage command means that stage's option."""
    short = []
    for setting in settings or []:
        key = setting.partition("=")[0].split(".")[0]
        known = {"name", "sources", "stages", "ingest", "export", "limits", *STAGES}
        short.append(setting if name is None or key in known else f"{name}.{setting}")
    return short


def execute(
    config: Config,
    paths: Sequence[str],
    output: Path,
    how: How,
    *,
    stage: str | None = None,
    export: bool = False,
) -> int:
    """Run the config's stages, or one stage; 0, or 3 when too much was quarantined."""
    from corpus_pipeline.app.progress import Progress

    if how.overwrite:
        _clear(output)
    job = _job(config, paths, output, stage)
    if how.against and not comparing(job.specs):
        raise PipelineError("--against: the config has no stage that compares documents")
    job = replace(job, indexes=tuple(open_index(path, job.specs) for path in how.against))
    engine = _engine(how)
    try:
        with Progress(sum(item.bytes for item in job.inputs)) as progress:
            content = run(job, engine, progress.on_done)
            if export:
                _export(config, job.root, job.root, engine, progress.on_done)
    finally:
        engine.close()
    return _report(config, output, content, how)


def make_index(config: Config, paths: Sequence[str], output: Path, how: How) -> int:
    """Build the index of what earlier runs kept."""
    from corpus_pipeline.app.progress import Progress

    if how.overwrite:
        _clear(output)
    job = _job(config, paths, output, None)
    job = replace(job, specs=comparing(job.specs), makes_index=True)
    if not job.specs:
        raise PipelineError("the config has no stage that compares documents: nothing to index")
    engine = _engine(how)
    try:
        with Progress(sum(item.bytes for item in job.inputs)) as progress:
            content = run(job, engine, progress.on_done)
    finally:
        engine.close()
    said = {"output": str(output), "seal": content["seal"], "documents": sum(content["rows"])}
    line = json.dumps(said, ensure_ascii=False) if how.as_json else ""
    sys.stdout.write(f"{line}\n" if line else "")
    sys.stderr.write(f"{output}: an index of {said['documents']:,} documents\n")
    return 0


def _engine(how: How) -> Engine:
    if how.engine == "local":
        from corpus_pipeline.tasks.local import LocalEngine

        if how.workers not in (None, 1) or how.address:
            sys.stderr.write("the local engine is one process: --workers, --address ignored\n")
        return LocalEngine()
    if how.engine != "ray":
        raise PipelineError(f"unknown engine {how.engine!r}: ray or local")
    from corpus_pipeline.tasks.ray import RayEngine

    return RayEngine(how.workers, how.address)


def _clear(output: Path) -> None:
    for name in (*OUR_FOLDERS, *INDEX_FOLDERS):
        shutil.rmtree(output / name, ignore_errors=True)
    for name in OURS:
        (output / name).unlink(missing_ok=True)


def _job(config: Config, paths: Sequence[str], output: Path, stage: str | None) -> Job:
    parents, sources = _parents(paths)
    ours = output.resolve()
    found = [item for item in discover(paths) if ours not in Path(item.path).resolve().parents]
    if not found:
        raise PipelineError(f"nothing to read: the inputs lie in the output folder {output}")
    outputs = _stage_outputs(found)
    inputs = tuple(
        item if outputs else _sourced(item, config.source_of(item.locator)) for item in found
    )
    registry = [source.model_dump(mode="json") for source in config.sources]
    if sources and [entry["name"] for entry in registry] == ["default"]:
        registry = sources
    return Job(
        name=config.name,
        inputs=inputs,
        specs=_specs(config, stage, {item.format for item in inputs}, outputs=outputs),
        ingest=config.ingest,
        split_bytes=int(config.plan.split_mb * (1 << 20)),
        config=config.record() if stage is None else _record_of_one(config, stage),
        sources=registry,
        root=output.resolve(),  # a worker may have another working directory
        parents=tuple(parents),
        keep_payload=stage == "ingest",
    )


def _sourced(item: Input, source: Source) -> Input:
    return replace(item, source=source.name, license=source.license)


def _record_of_one(config: Config, stage: str) -> dict[str, Any]:
    """The resolved config of a stage command: only what concerns it."""
    record = config.record()
    mine = ("name", "sources", "ingest", "limits", stage)
    options = config.options.get(stage)
    if options is not None:
        record[stage] = options.model_dump(mode="json")
    return {key: record[key] for key in mine if key in record}


def _specs(
    config: Config, stage: str | None, formats: set[str], *, outputs: bool
) -> tuple[StageSpec, ...]:
    if stage is None:
        return config.specs()
    if stage == "ingest":
        return ()
    names = [stage]
    yields = {FORMATS[form].yields for form in formats}
    if not outputs and yields - {"text"} and stage != "decode":
        pages = "pages" in yields and stage != "extract"
        names = ["decode", *(["extract"] if pages else []), stage]
    return tuple(spec(name, config.option(name), config.base) for name in names)


def _parents(paths: Sequence[str]) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """The manifests of inputs that are outputs of an earlier run, and their sources."""
    parents, sources = [], []
    for given in paths:
        path = Path(given)
        if not (path / "manifest.json").is_file() or not (path / "kept").is_dir():
            continue
        content = manifest.read(path / "manifest.json")
        parents.append(
            {"manifest": f"{path.resolve().name}/manifest.json", "seal": content["seal"]}
        )
        sources += [entry for entry in content["sources"] if entry not in sources]
    return parents, sources


def _stage_outputs(inputs: Sequence[Input]) -> bool:
    """Whether the inputs are outputs of stages: then their columns are carried on."""
    needed = {"id", "source", "locator", "dropped_by"}
    kinds: dict[tuple[str, ...] | None, str] = {}
    for item in inputs:
        names: tuple[str, ...] | None = None
        if item.format == "parquet":
            try:
                found = pq.read_schema(item.path).names
            except (OSError, ValueError):
                continue  # a damaged file; the reader will quarantine it
            names = tuple(found) if needed <= set(found) else None
        kinds.setdefault(names, item.locator)
    if len(kinds) > 1:
        first, second, *_ = kinds.values()
        raise PipelineError(
            f"the inputs do not share one set of columns: {first} and {second}; "
            "give raw files and stage outputs to separate runs"
        )
    return bool(kinds) and None not in kinds


def _export(
    config: Config,
    root: Path,
    output: Path,
    engine: Engine,
    on_done: Callable[[str, int, int, Result], None],
) -> None:
    from corpus_pipeline.products.export.shards import export

    key = digest([manifest.read(root / "manifest.json")["seal"], config.record()["export"], code()])
    scratch = output / "work" / "export"

    def run_tasks(function: Callable[[Any], Result], arguments: list[Any]) -> list[Result]:
        done = 0

        def tell(_task: Task, result: Result) -> None:
            nonlocal done
            done += 1
            on_done("export", done, len(arguments), result)

        tasks = [
            Task(
                name=f"export/{number:05d}",
                function=function,
                argument=argument,
                marker=scratch / f"{number:05d}.json",
                key=key,
                metrics=scratch / f"{number:05d}.metrics",
            )
            for number, argument in enumerate(arguments)
        ]
        return engine.run(tasks, tell)

    export(root, output, config.export, run_tasks)
    shutil.rmtree(output / "work", ignore_errors=True)


def export_only(config: Config, root: Path, output: Path, how: How) -> int:
    """Write the dataset of a finished run."""
    from corpus_pipeline.app.progress import Progress

    engine = _engine(how)
    try:
        with Progress(0) as progress:
            _export(config, root, output, engine, progress.on_done)
    finally:
        engine.close()
    sys.stderr.write(f"wrote {output / 'dataset'}\n")
    return 0


def _report(config: Config, output: Path, content: dict[str, Any], how: How) -> int:
    """The summary on standard error, the counts on standard output; the exit code."""
    from rich.console import Console

    from corpus_pipeline.products.report.summary import print_summary

    counts = content["counts"]
    if how.as_json:
        said = {"output": str(output), "seal": content["seal"], "counts": counts}
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    else:
        print_summary(output, Console(stderr=True, highlight=False))
    share = damaged_share(counts)
    if share > config.limits.quarantine_share:
        sys.stderr.write(
            f"corpus-pipeline: finished, but {share:.1%} of the records were damaged "
            f"(limits.quarantine_share={config.limits.quarantine_share:g}): see "
            f"{output / 'quarantine'}\n"
        )
        return 3
    return 0


def preview(config: Config, paths: Sequence[str], as_json: bool) -> int:
    """Print what a run would read, do and cost."""
    from corpus_pipeline.app.plan import preview_of, render

    job = _job(config, paths, Path("/nonexistent"), None)
    found = preview_of(job)
    text = json.dumps(found, ensure_ascii=False, indent=1) if as_json else render(found)
    sys.stdout.write(text + "\n")
    return 0
