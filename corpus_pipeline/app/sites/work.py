"""The steps of a corpus of several sites: package, decide, finish, seal.

Enters: a sites file, and the name of the site where a step is carried out.  Leaves: the package of
a site; the decisions about all documents; a site's finished run; one manifest that names all sites.
Texts are read at their own site only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.app.config import Config, load
from corpus_pipeline.app.execute import quiet, started
from corpus_pipeline.app.how import How
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.app.sites.file import SitesFile, sites_key
from corpus_pipeline.engine import folder
from corpus_pipeline.engine.coordinate import SITES, coordinate
from corpus_pipeline.engine.run import Job
from corpus_pipeline.engine.run import run as run_job
from corpus_pipeline.engine.shuffle.crossing import accept
from corpus_pipeline.engine.shuffle.packages import Site, check_value, open_package, proof
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import relative
from corpus_pipeline.io.storage import commit_bytes
from corpus_pipeline.model import PipelineError, StageSpec
from corpus_pipeline.products.export.shards import export
from corpus_pipeline.products.sites.release import seal_account, seal_release
from corpus_pipeline.stages.across_sites import ACROSS
from corpus_pipeline.tasks.base import Engine, OnDone

#: What lies in the folder that a site and the coordinator share.
PACKAGE, DECISIONS = "package", "decisions"


def package(
    sites: SitesFile, name: str, how: How | None = None, on_done: OnDone = quiet
) -> dict[str, Any]:
    """Run a site's inputs up to where other sites matter; the manifest of its package.

    A site that is finished already keeps its package: it is returned, and nothing is done.
    """
    with _at(sites, name, how, on_done) as (job, engine, told, overwrite):
        content = run_job(job, engine, told, overwrite=overwrite)
        if content["kind"] == "package":
            return content
        path = sites.exchange(sites.site(name)) / PACKAGE / "manifest.json"
        return {**manifest.read(path), "finished": content["seal"]}


def decide(sites: SitesFile, how: How, on_done: OnDone = quiet) -> dict[str, Any]:
    """Decide about the documents of all sites from their packages, and hand the decisions back."""
    config = _config(sites)
    specs = _across(config)
    opened = [
        open_package(sites.exchange(site) / PACKAGE, site.name, specs) for site in sites.sites
    ]
    contents = {one.site: one.content for one in opened}
    _same(contents, "key_check", "under another key (CORPUS_PIPELINE_SITES_KEY)")
    _same(contents, "values", "with signatures of another size (`signature` of the sites file)")
    _proved(contents)
    name = f"{sites.name}.decide"
    with started(how, config, on_done, name=name, output=sites.decisions) as (engine, told):
        decided = coordinate(opened, specs, sites.decisions, engine, told, overwrite=how.overwrite)
    for site in sites.sites:
        _copy(sites.decisions / SITES / site.name, sites.exchange(site) / DECISIONS)
    return decided


def finish(
    sites: SitesFile, name: str, how: How | None = None, on_done: OnDone = quiet
) -> dict[str, Any]:
    """Apply the decisions about a site's documents and write its shards; its run's manifest."""
    exchange = sites.exchange(sites.site(name))
    if not (exchange / PACKAGE / "manifest.json").exists():
        raise PipelineError(f"site {name} has no package yet: `sites run --site {name}` first")
    with _at(sites, name, how, on_done, exchange / DECISIONS) as (job, engine, told, overwrite):
        content = run_job(job, engine, told, overwrite=overwrite)
        with folder.lock(job.root):
            export(job.root, job.root, _config(sites).export, engine, told)
    seal_account(job.root, name, exchange)
    return content


def seal(sites: SitesFile) -> dict[str, Any]:
    """Write the manifest that names all sites; its content."""
    accounts = {site.name: sites.exchange(site) for site in sites.sites}
    return seal_release(sites.name, accounts, sites.decisions, sites.release)


@contextmanager
def _at(
    sites: SitesFile, name: str, how: How | None, on_done: OnDone, decisions: Path | None = None
) -> Iterator[tuple[Job, Engine, OnDone, bool]]:
    """The job of a site's inputs, its engine, started, who is told, and whether to overwrite."""
    entry = sites.site(name)
    if not entry.inputs:
        raise PipelineError(f"site {name} has no inputs in the sites file")
    given = how or How()
    if given.engine is None and given.address is None and given.workers is None:
        given = replace(given, engine=entry.engine, address=entry.address, workers=entry.workers)
    config = _config(sites)
    specs = _across(config)
    job = pipeline_job(config, sites.inputs(entry), sites.run(entry))
    names = {spec.name for spec in specs}
    own = tuple(spec for spec in job.specs if spec.name in names)
    place = sites.exchange(entry) / PACKAGE
    site = Site(name, place, sites.signature, sites_key(), own, specs, decisions)
    if decisions is not None:
        accept(site)
    job = replace(job, site=site)
    with started(given, config, on_done, name=config.name, output=job.root) as (engine, told):
        yield job, engine, told, given.overwrite


def _config(sites: SitesFile) -> Config:
    return load(sites.path(sites.config))


def _across(config: Config) -> tuple[StageSpec, ...]:
    """The stages of the config that compare documents across sites."""
    specs = tuple(
        replace(config.spec(name), target=ACROSS[name]) for name in config.stages if name in ACROSS
    )
    if not specs:
        named = " or ".join(ACROSS)
        raise PipelineError(f"the config has no stage that compares across sites: {named}")
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
