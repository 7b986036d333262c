"""A run judged again under other options: what is asked for, checked, as a job of the engine.

Enters: a finished run and a config with the options that change.  Leaves: a child run whose parent
is the run.  Raw inputs are not read.
Errors: `PipelineError` for options that columns cannot judge, for stages that have another version
than in the run, and for a run whose files were changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.app.config import Config, load, stage_class
from corpus_pipeline.app.execute import How, performed, quiet
from corpus_pipeline.app.jobs import rows_job
from corpus_pipeline.app.results import Run
from corpus_pipeline.io.places import local_path
from corpus_pipeline.model import PipelineError, Stage, StageSpec
from corpus_pipeline.products.runs import Run as FinishedRun
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.base import OnDone

REJUDGE = "corpus_pipeline.stages.rejudge:Rejudge"


def rejudge(root: Path, changes: Path, output: Path, how: How, *, on_done: OnDone = quiet) -> Run:
    """Judge the documents of a run again by its columns, under the options of `changes`."""
    run = open_run(local_path(root))
    config = changed(run, changes)
    spec, later = _specs(run, config)
    job = rows_job(config, run.root, local_path(output))
    job = replace(job, specs=(spec, *later), config=config.record())
    return performed(job, local_path(output), how, on_done)


def changed(run: FinishedRun, changes: Path) -> Config:
    """The config of the run with the sections of a YAML file laid over it.

    Refused are other stages, and options of stages that do not judge their columns.
    """
    given = load(changes).model_dump(mode="json", exclude_unset=True)
    record: dict[str, Any] = dict(run.manifest["config"])
    for name, section in given.items():
        if name in STAGES:
            _refuse_what_must_be_measured(run, name, section)
            record[name] = {**record.get(name, {}), **section}
        elif name == "stages" and list(section) != run.stages:
            raise PipelineError("tune keeps the stages of the run: leave out `stages`")
    return load({**record, "stages": run.stages})


def _refuse_what_must_be_measured(run: FinishedRun, name: str, section: Mapping[str, Any]) -> None:
    before = run.manifest["config"].get(name)
    if before is None:
        raise PipelineError(f"{name} did not run: {run.root.name} has no columns of it")
    other = [key for key, value in section.items() if before.get(key) != value]
    cls = stage_class(name)
    if other and STAGES[name].kind == "local" and not getattr(cls, "judges_columns", False):
        known = ", ".join(judging())
        raise PipelineError(
            f"{name}.{other[0]} cannot be judged by columns: run it again ({known} can)"
        )
    measured = getattr(cls, "measured_by", ())
    for key in other:
        if key in measured:
            raise PipelineError(f"{name}.{key} changes what is measured: run it again")


def judging() -> list[str]:
    """The names of stages whose verdicts follow from their columns."""
    local = [name for name, info in STAGES.items() if info.kind == "local"]
    return [name for name in local if stage_class(name).judges_columns]


def _specs(run: FinishedRun, config: Config) -> tuple[StageSpec, tuple[StageSpec, ...]]:
    """The stage that judges again, and the stages that see all documents."""
    specs = config.specs()
    for spec, before in zip(specs, run.manifest["stages"], strict=True):
        if spec.version != before["version"]:
            raise PipelineError(
                f"{spec.name} is version {spec.version} here and {before['version']} in the run: "
                "run it again"
            )
    local = [spec for spec in specs if issubclass(spec.cls, Stage)]
    later = tuple(spec for spec in specs if spec.is_global)
    from corpus_pipeline.stages.rejudge import Rejudge

    options = {
        "stages": [{"name": s.name, "target": s.target, "options": dict(s.options)} for s in local],
        "void": [spec.name for spec in later],
    }
    assets = {f"{s.name}:{key}": asset for s in local for key, asset in s.assets.items()}
    return StageSpec("rejudge", Rejudge.version, REJUDGE, options, assets), later
