"""The steps of a corpus of several sites: package, decide, sum, settle, finish, seal.

Enters: a sites file, and the name of the site where a step is carried out.  Leaves: the package of
a site; the decisions about all documents; a site's sums; the totals of all groups; a site's
finished run; one manifest that names all sites.
Texts are read at their own site only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from corpus_pipeline.app.config import Config, load
from corpus_pipeline.app.execute import quiet, started
from corpus_pipeline.app.how import How
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.app.sites.file import SitesFile, sites_key
from corpus_pipeline.engine import folder
from corpus_pipeline.engine.coordinate import SITES, coordinate
from corpus_pipeline.engine.run import Job
from corpus_pipeline.engine.run import run as run_job
from corpus_pipeline.engine.shuffle.crossing import accept, accept_totals
from corpus_pipeline.engine.shuffle.packages import (
    Package,
    Site,
    added,
    check_value,
    not_added,
    open_package,
    proof,
)
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import relative
from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError, StageSpec
from corpus_pipeline.products.export.shards import export
from corpus_pipeline.products.sites.release import seal_account, seal_release
from corpus_pipeline.stages import STAGES
from corpus_pipeline.stages.across_sites import ACROSS
from corpus_pipeline.tasks.base import Engine, OnDone

#: What lies in the folder that a site and the coordinator share.
PACKAGE, DECISIONS, SUMS, TOTALS = "package", "decisions", "sums", "totals"
Step = Literal["run", "sum", "finish"]


def package(
    sites: SitesFile, name: str, how: How | None = None, on_done: OnDone = quiet
) -> dict[str, Any]:
    """Run a site's inputs up to where other sites matter; the manifest of its package.

    A site that is finished already keeps its package: it is returned, and nothing is done.
    """
    return _left(sites, name, "run", how, on_done)


def decide(sites: SitesFile, how: How, on_done: OnDone = quiet) -> dict[str, Any]:
    """Decide about the documents of all sites from their packages, and hand the decisions back."""
    specs = not_added(across(sites))
    opened = [
        open_package(sites.exchange(site) / PACKAGE, site.name, specs) for site in sites.sites
    ]
    return _decided(sites, opened, specs, how, on_done)


def sum_up(
    sites: SitesFile, name: str, how: How | None = None, on_done: OnDone = quiet
) -> dict[str, Any]:
    """Apply the decisions as far as the stages that sum groups; the manifest of the site's sums.

    A site that is finished already keeps its sums: they are returned, and nothing is done.
    """
    if not added(across(sites)):
        raise PipelineError(f"the config sums no groups: `sites finish --site {name}` is next")
    return _left(sites, name, "sum", how, on_done)


def settle(sites: SitesFile, how: How, on_done: OnDone = quiet) -> dict[str, Any]:
    """Decide about the groups of all sites from their sums, and hand the totals back."""
    specs = added(across(sites))
    opened = [
        open_package(sites.exchange(site) / SUMS, site.name, specs, "sums", "sum")
        for site in sites.sites
    ]
    _same({one.site: one.content for one in opened}, "round", "after other decisions")
    return _decided(sites, opened, specs, how, on_done)


def _left(
    sites: SitesFile, name: str, step: Step, how: How | None, on_done: OnDone
) -> dict[str, Any]:
    """Do a step after which something leaves a site; its manifest."""
    place = SUMS if step == "sum" else PACKAGE
    with _at(sites, name, how, on_done, step) as (job, engine, told, overwrite):
        content = run_job(job, engine, told, overwrite=overwrite)
        if content["kind"] == place:
            return content
        path = sites.exchange(sites.site(name)) / place / "manifest.json"
        return {**manifest.read(path), "finished": content["seal"]}


def _decided(
    sites: SitesFile,
    opened: list[Package],
    specs: tuple[StageSpec, ...],
    how: How,
    on_done: OnDone,
) -> dict[str, Any]:
    """Do a step of the coordinator, and copy what concerns each site; its manifest."""
    contents = {one.site: one.content for one in opened}
    _same(contents, "key_check", "under another key (CORPUS_PIPELINE_SITES_KEY)")
    _same(contents, "values", "with signatures of another size (`signature` of the sites file)")
    _proved(contents)
    totals = opened[0].content["kind"] == "sums"
    place, root = (TOTALS, sites.totals) if totals else (DECISIONS, sites.decisions)
    name = f"{sites.name}.{place}"
    with started(how, _config(sites), on_done, name=name, output=root) as (engine, told):
        decided = coordinate(opened, specs, root, engine, told, overwrite=how.overwrite)
    for site in sites.sites:
        _copy(root / SITES / site.name, sites.exchange(site) / place)
    return decided


def finish(
    sites: SitesFile, name: str, how: How | None = None, on_done: OnDone = quiet
) -> dict[str, Any]:
    """Apply the decisions about a site's documents and write its shards; its run's manifest."""
    exchange = sites.exchange(sites.site(name))
    if not (exchange / PACKAGE / "manifest.json").exists():
        raise PipelineError(f"site {name} has no package yet: `sites run --site {name}` first")
    if added(across(sites)) and not (exchange / SUMS / "manifest.json").exists():
        raise PipelineError(f"site {name} has no sums yet: `sites sum --site {name}` first")
    with _at(sites, name, how, on_done, "finish") as (job, engine, told, overwrite):
        content = run_job(job, engine, told, overwrite=overwrite)
        with folder.lock(job.root):
            export(job.root, job.root, _config(sites).export, engine, told)
    seal_account(job.root, name, exchange)
    return content


def seal(sites: SitesFile) -> dict[str, Any]:
    """Write the manifest that names all sites; its content."""
    accounts = {site.name: sites.exchange(site) for site in sites.sites}
    decided = [sites.decisions, *([sites.totals] if added(across(sites)) else [])]
    return seal_release(sites.name, accounts, decided, sites.release)


@contextmanager
def _at(
    sites: SitesFile, name: str, how: How | None, on_done: OnDone, step: Step
) -> Iterator[tuple[Job, Engine, OnDone, bool]]:
    """The job of a site's inputs, its engine, started, who is told, and whether to overwrite."""
    entry = sites.site(name)
    if not entry.inputs:
        raise PipelineError(f"site {name} has no inputs in the sites file")
    given = how or How()
    if given.engine is None and given.address is None and given.workers is None:
        given = replace(given, engine=entry.engine, address=entry.address, workers=entry.workers)
    config = _config(sites)
    specs = across(sites)
    job = pipeline_job(config, sites.inputs(entry), sites.run(entry))
    names = {spec.name for spec in specs}
    own = tuple(spec for spec in job.specs if spec.name in names)
    place = sites.exchange(entry)
    site = Site(
        *(name, place / PACKAGE, sites.signature, sites_key(), own, specs, place / SUMS),
        decisions=None if step == "run" else place / DECISIONS,
        totals=place / TOTALS if step == "finish" and added(specs) else None,
    )
    if site.decisions is not None:
        accept(site)
    if site.totals is not None:
        accept_totals(site)
    job = replace(job, site=site)
    with started(given, config, on_done, name=config.name, output=job.root) as (engine, told):
        yield job, engine, told, given.overwrite


def _config(sites: SitesFile) -> Config:
    return load(sites.path(sites.config))


def across(sites: SitesFile) -> tuple[StageSpec, ...]:
    """The stages of the config that see the documents of all sites, in its order."""
    config = _config(sites)
    names = [name for name in config.stages if name in ACROSS and name not in sites.within]
    specs = tuple(replace(config.spec(name), target=ACROSS[name]) for name in names)
    if not specs:
        named = " or ".join(ACROSS)
        raise PipelineError(f"the config has no stage that compares across sites: {named}")
    last = tuple(spec.name for spec in added(specs))
    rest = config.stages[config.stages.index(last[0]) :] if last else ()
    blocked = rest[: len(last)] != last or any(spec.name in rest for spec in not_added(specs))
    if blocked or any(getattr(spec.cls, "sees_dropped", False) for spec in added(specs)[1:]):
        names = [name for name in STAGES if name in last]
        raise PipelineError(
            f"across sites these stages come behind all others, in this order: {', '.join(names)}"
        )
    return specs


def _same(contents: dict[str, dict[str, Any]], key: str, how: str) -> None:
    """Refuse packages that differ in this."""
    (first, other), *rest = contents.items()
    for name, content in rest:
        if content[key] != other[key]:
            raise PipelineError(
                f"the packages of {first} and {name} cannot be compared: made {how}"
            )


def _proved(contents: dict[str, dict[str, Any]]) -> None:
    """Refuse a package that was made without the key, where the coordinator has it.

    A coordinator that holds no key cannot tell; the sites do when they finish.
    """
    try:
        key = sites_key()
    except PipelineError:
        return
    for name, content in contents.items():
        if content["key_check"] != check_value(key):
            raise PipelineError(f"the package of {name} was made under another key than this one")
        if content["proof"] != proof(content, key):
            raise PipelineError(f"forged package: that of {name} was not made with the sites' key")


def _copy(source: Path, target: Path) -> None:
    """Copy a sealed folder, its manifest last; a copy that is there already stays."""
    content = manifest.read(source / "manifest.json")
    before = manifest.read_if_sound(target / "manifest.json")
    if before is not None and before["seal"] == content["seal"]:
        return
    (target / "manifest.json").unlink(missing_ok=True)
    for entry in content["files"]:
        commit_bytes(target / entry["path"], (source / entry["path"]).read_bytes())
    listed = {entry["path"] for entry in content["files"]}
    for path in target.rglob("*.parquet"):
        if relative(path, target) not in listed:
            path.unlink()
    commit_bytes(target / "manifest.json", (source / "manifest.json").read_bytes())
