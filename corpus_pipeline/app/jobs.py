"""From a config and paths to a job: which inputs, which stages, which sources.

Enters: a validated config, input paths, the output folder.  Leaves: an `engine.run.Job`.
Refuses: stage outputs mixed with raw files or with other columns, and inputs that all lie in the
output folder (`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus_pipeline.app.config import Config
from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.run import Job
from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed, concealed_values
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.inputs import Input, Survey, concealing, survey
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.opening import opened
from corpus_pipeline.io.records import Records
from corpus_pipeline.model import PipelineError
from corpus_pipeline.sources.registry import registry


def pipeline_job(config: Config, paths: Sequence[str], output: Path) -> Job:
    """The job of all stages of the config."""
    found, _ = _inputs(config, paths, output)
    job = _job(config, paths, output, found)
    record = {**written(config), "documents": concealed_values(config.documents_record())}
    return replace(job, specs=config.specs(), config=record)


def stage_job(config: Config, paths: Sequence[str], output: Path, stage: str) -> Job:
    """The job of one stage, or of `ingest`; raw bytes are decoded and extracted for it first."""
    found, continued = _inputs(config, paths, output)
    yields = {FORMATS[item.format].yields for item in found.inputs}
    names = [] if stage == "ingest" else [stage]
    if names and not continued and yields - {"text"} and stage != "decode":
        pages = "pages" in yields and stage != "extract"
        names = ["decode", *(["extract"] if pages else []), stage]
    specs = tuple(config.spec(name) for name in names)
    shared = {key: written(config)[key] for key in ("name", "sources", "ingest", "limits")}
    record = shared if stage == "ingest" else {**shared, stage: config.stage_record(stage)}
    job = _job(config, paths, output, found)
    return replace(job, specs=specs, config=record, keep_payload=stage == "ingest")


def rows_job(config: Config, run: Path, output: Path) -> Job:
    """The job over all rows of a finished run, kept and dropped; it has no stages yet."""
    files = sorted(one["path"] for one in manifest.read(run / "manifest.json")["files"])
    found = survey([str(run / path) for path in files if path.startswith(("kept/", "dropped/"))])
    found = concealing(found)
    return _job(config, [str(run)], output, found)


def written(config: Config) -> dict[str, Any]:
    """The config as it is written: paths of assets may hold what names of inputs may."""
    return {**concealed_values(config.record()), "sources": registry(config.sources, config.base)}


def _job(config: Config, paths: Sequence[str], output: Path, found: Survey) -> Job:
    """The job without its stages."""
    parents, parent_sources, read = _parents(paths)
    entries = registry(config.sources, config.base)
    if parent_sources and [entry["name"] for entry in entries] == ["default"]:
        entries = parent_sources
    return Job(
        name=config.name,
        inputs=found.inputs,
        left_out=tuple(found.left_out),
        specs=(),
        ingest=config.ingest.for_readers,
        split_bytes=config.ingest.split_bytes,
        config={},
        sources=entries,
        root=output.resolve(),  # a worker may have another working directory
        parents=tuple(parents),
        read_before=tuple(read),
        budget=Budget(s_per_mb=config.limits.seconds_per_mb),
        unread_share=config.limits.unread_share,
        alarms=tuple(_idle(config, found)),
    )


def _inputs(config: Config, paths: Sequence[str], output: Path) -> tuple[Survey, bool]:
    """The inputs below the paths, and whether they are outputs of earlier stages."""
    root = output.resolve()
    found = survey(paths)
    usable = found.inputs
    if root.exists():
        usable = Records(Input._make, _beside(usable, root))
    if not usable:
        raise PipelineError(f"nothing to read: the inputs lie in the output folder {output}")
    continued = _are_stage_outputs(usable)
    if not continued:
        usable = Records(Input._make, _of_sources(usable, config))
        found = _delivered(found._replace(inputs=usable), config.ingest.delivery)
        return concealing(found), continued
    return concealing(found._replace(inputs=usable)), continued


def _beside(inputs: Iterable[Input], root: Path) -> Iterator[Input]:
    """The inputs that do not lie in a folder, links resolved: each folder once, and links."""

    @lru_cache
    def is_below(folder: str) -> bool:
        real = place(folder).resolve()
        return root == real or root in real.parents

    for item in inputs:
        path = place(item.path)
        above = path.resolve().parent if path.is_symlink() else path.parent
        if not is_below(str(above)):
            yield item


def _of_sources(inputs: Iterable[Input], config: Config) -> Iterator[Input]:
    """The inputs, each with what its source says of it."""
    said: dict[str, dict[str, Any]] = {}
    for item in inputs:
        source = config.source_of(item.locator)
        if source.name not in said:
            names = ("license", "generated")
            said[source.name] = {name: getattr(source, name) for name in names}
        yield item._replace(source=source.name, **said[source.name])


def _delivered(found: Survey, delivery: str | None) -> Survey:
    """The files with the name of their delivery before their locators."""
    if delivery is None:
        return found
    above = f"{escaped(delivery)}/"
    named = (item._replace(locator=above + item.locator) for item in found.inputs)
    left_out = [replace(file, locator=above + file.locator) for file in found.left_out]
    return Survey(Records(Input._make, named), left_out)


def _idle(config: Config, found: Survey) -> Iterator[dict[str, object]]:
    """An alarm for each source that no input is of; rows of an earlier run name theirs."""
    busy = {item.source for item in found.inputs}
    if "" not in busy:
        for source in config.sources:
            if source.name not in busy:
                alarm = {"alarm": "no_input", "subject": source.name, "value": 0, "limit": 1}
                yield {"stage": "ingest", **alarm}


def _parents(
    paths: Sequence[str],
) -> tuple[list[dict[str, str]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Of inputs that are runs: manifests (path, seal), source registries, the files they read."""
    parents, sources, read = [], [], []
    for path in map(place, paths):
        kept = (path / "kept").is_dir() or manifest.output(path) is not None
        if not kept or not (path / "manifest.json").is_file():
            continue
        content = manifest.read(path / "manifest.json")
        parents.append(
            {"manifest": f"{escaped(path.resolve().name)}/manifest.json", "seal": content["seal"]}
        )
        sources += [entry for entry in content["sources"] if entry not in sources]
        read += content.get("inputs", ())
    return parents, sources, read


def _are_stage_outputs(inputs: Sequence[Input]) -> bool:
    """Whether all inputs are outputs of stages, with one set of columns, which is carried on."""
    needed = {"id", "source", "locator", "dropped_by"}
    kinds: dict[tuple[str, ...] | None, str] = {}
    for item in inputs:
        names: tuple[str, ...] | None = None
        if item.format == "parquet":
            try:
                with opened(item.path) as file:  # a path of any bytes
                    columns = pq.read_schema(file).names
            except (OSError, ValueError):
                continue  # a damaged file; the reader will quarantine it
            names = tuple(columns) if needed <= set(columns) else None
        if names not in kinds:
            kinds[names] = concealed(item.locator)
    if len(kinds) > 1:
        first, second, *_ = kinds.values()
        raise PipelineError(
            f"the inputs do not share one set of columns: {first} and {second}; "
            "give raw files and stage outputs to separate runs"
        )
    return bool(kinds) and None not in kinds
