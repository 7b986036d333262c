"""A run judged again under other options: what is asked for, checked, as a job of the engine.

Enters: a finished run and a config with the options that change.  Leaves: a child run whose parent
is the run.  Raw inputs are not read.
Errors: `PipelineError` for options that columns cannot judge, for stages that have another version
than in the run, and for a run whose files were changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.app.config import Config, load, stage_class
from corpus_pipeline.app.execute import performed, quiet
from corpus_pipeline.app.how import How
from corpus_pipeline.app.jobs import rows_job, written
from corpus_pipeline.app.results import Run
from corpus_pipeline.engine.again import AgainSpec
from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.io.fs import place, relative
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.model import PipelineError, StageSpec
from corpus_pipeline.products.runs import Run as FinishedRun
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.base import OnDone

#: Parts of a written config that are no part of one that is read.
_OF_RUN = ("tuned", "sources")


def rejudge(root: Path, changes: Path, output: Path, how: How, *, on_done: OnDone = quiet) -> Run:
    """Judge the documents of a run again by its columns, under the options of `changes`."""
    run, output = open_run(place(root)), place(output)
    if output.resolve() == run.root.resolve():
        raise PipelineError(f"the child of {run.root} needs a folder of its own")
    config = changed(run, changes)
    local, later = _specs(run, config)
    _refuse_unsound(run)
    job = rows_job(config, run.root, output)
    # Records of sources with digests of their files, which need not lie here any more.
    sources = run.manifest["sources"]
    tuned = {"run": run.manifest["seal"], "changed": _differences(run, (*local, *later))}
    job = replace(
        job,
        specs=(*local, *later),
        sources=sources,
        config={**written(config), "sources": sources, "tuned": tuned},
        parents=(_parent(run, output),),
    )
    return performed(config, job, run.root, output, how, on_done=on_done)


def _refuse_unsound(run: FinishedRun) -> None:
    """`PipelineError` where a part is not the one that the run's manifest names."""
    for entry in run.manifest["files"]:
        path = run.root / entry["path"]
        if not path.is_file() or sha256_file(path) != entry["sha256"]:
            raise PipelineError(f"{path} was changed since the run: verify {run.root}")


def _parent(run: FinishedRun, output: Path) -> dict[str, str]:
    """Where the parent lies, seen from the child: there `verify` finds it."""
    path = relative(run.root / "manifest.json", output)
    return {"manifest": escaped(path), "seal": str(run.manifest["seal"])}


def _differences(run: FinishedRun, specs: Sequence[StageSpec]) -> dict[str, list[Any]]:
    """Option, or asset, → what it was and what it is."""
    before = {entry["name"]: entry for entry in run.manifest["stages"]}
    found = {}
    for spec in specs:
        old, new = before[spec.name], concealed_values(spec.record())
        for kind in ("options", "assets"):
            for key in sorted({*old[kind], *new[kind]}):
                pair = [old[kind].get(key), new[kind].get(key)]
                if pair[0] != pair[1]:
                    found[f"{spec.name}.{key}"] = pair
    return found


def changed(run: FinishedRun, changes: Path) -> Config:
    """The config of the run with the sections of a YAML file laid over it.

    Refused are other stages, and options of stages that do not judge their columns.
    """
    given = load(changes).model_dump(mode="json", exclude_unset=True)
    record = {key: one for key, one in run.manifest["config"].items() if key not in _OF_RUN}
    for name, section in given.items():
        if name in STAGES:
            _refuse_what_must_be_measured(run, name, section)
            record[name] = {**record.get(name, {}), **section}
        elif name == "stages" and list(section) != run.stages:
            raise PipelineError("tune keeps the stages of the run: leave out `stages`")
    # On top of the file, whose folder relative paths start from.
    return load(changes, {**record, "stages": run.stages})


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


def _specs(run: FinishedRun, config: Config) -> tuple[tuple[AgainSpec, ...], tuple[StageSpec, ...]]:
    """The stages that see one document, to judge again, and those that see all, to run again."""
    specs = config.specs()
    for spec, before in zip(specs, run.manifest["stages"], strict=True):
        if spec.version != before["version"]:
            raise PipelineError(
                f"{spec.name} is version {spec.version} here and {before['version']} in the run: "
                "run it again"
            )
    later = tuple(spec for spec in specs if spec.is_global)
    local = [spec for spec in specs if not spec.is_global]
    if not local:
        raise PipelineError(f"{run.root} has no stage that judges columns")
    again = tuple(
        AgainSpec(
            spec.name,
            spec.version,
            spec.target,
            spec.options,
            spec.assets,
            order=tuple(run.stages),
            mine=run.stages.index(spec.name),
            changed=bool(_differences(run, [spec])),
            last=spec is local[-1],
            undone=tuple(column for one in later for column in one.cls.columns),
        )
        for spec in local
    )
    return again, later
