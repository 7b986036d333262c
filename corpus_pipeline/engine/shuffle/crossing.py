"""A run's part in a corpus of several sites: its package, and what came back for it.

Enters: a run whose local pass is done, its site.  Leaves: the package in its folder; or where the
decisions lie that this run takes for a stage, if they were made from this very package.
Refuses: decisions made from another package, or by a coordinator that the sites' key does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from corpus_pipeline.engine import tallies
from corpus_pipeline.engine.code import code
from corpus_pipeline.engine.shuffle.corpus import Corpus
from corpus_pipeline.engine.shuffle.index import check
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.packages import (
    VERSION,
    PackTask,
    Site,
    check_value,
    pack,
    pack_pairs,
    proof,
)
from corpus_pipeline.engine.shuffle.steps import shuffle
from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.io.fs import relative
from corpus_pipeline.io.package_files import COLUMNS
from corpus_pipeline.io.shards import numbered
from corpus_pipeline.model import PairStage, PipelineError, StageSpec
from corpus_pipeline.tasks.base import Result, Task

RunTasks = Callable[[str, Sequence[Task]], list[Result]]


def packed(
    site: Site, corpus: Corpus, key: str, local: Sequence[Result], run_tasks: RunTasks
) -> list[Result]:
    """Compare the site's own documents, and write all parts of its package."""
    dropped: Path | None = None
    equal: Path | None = None
    pairs: list[Task] = []
    for spec in site.own:
        verifies = issubclass(spec.cls, PairStage) and spec.cls.verifies
        job = Shuffle(spec, corpus, key, keeps_pairs=verifies)
        rows = sum(result["sketch_rows"][spec.name] for result in local)
        shuffle(job, rows, dropped, partial(run_tasks, spec.name))
        dropped = job.dropped
        if verifies:
            groups = range(len(numbered(job.home / "true")))
            pairs += [
                job.task("pack", n, pack_pairs, (site, spec.name, job.home, n)) for n in groups
            ]
        else:
            equal = dropped
    first = Shuffle(site.own[0], corpus, key)
    arguments = [PackTask(number, site, corpus, equal) for number in range(corpus.splits)]
    tasks = [first.task("parts", task.index, pack, task) for task in arguments]
    return [*run_tasks("package", tasks), *run_tasks("package", pairs)]


def commit(site: Site, local: Sequence[Result], parts: Sequence[Result]) -> dict[str, Any]:
    """Seal the package, and remove what an earlier one left in the folder; its content."""
    counts = tallies.add(result["counts"] for result in local)
    # Names of sources stay: what leaves is how many documents there are, and what fell by rule.
    counts["by_source"] = {}
    names = [spec.name for spec in site.own]
    rows = {name: sum(result["sketch_rows"][name] for result in local) for name in names}
    said = {
        "kind": "package",
        "package_version": VERSION,
        **site.record(),
        "code": code(),
        "stages": [concealed_values(spec.record()) for spec in site.stages],
        "rows": [part["rows"] for part in parts if "rows" in part],
        "sketch_rows": rows,
        "counts": counts,
        "files": [entry for part in parts for entry in part["files"]],
    }
    listed = {entry["path"] for entry in said["files"]}
    for folder in COLUMNS:
        for path in (site.package / folder).rglob("*.parquet"):
            if relative(path, site.package) not in listed:
                path.unlink()
    manifest.write(site.package / "manifest.json", {**said, "proof": proof(said, site.key)})
    return manifest.read(site.package / "manifest.json")


def brought(site: Site | None, spec: StageSpec) -> Path | None:
    """Where the decisions lie that the run takes for this stage; None: it decides by itself."""
    if site is None or site.decisions is None:
        return None
    return site.decisions if spec.name in {one.name for one in site.own} else None


def accept(site: Site) -> dict[str, Any]:
    """The content of the manifest of the decisions that came back, every byte of them checked."""
    assert site.decisions is not None
    path = site.decisions / "manifest.json"
    if not path.exists():
        raise PipelineError(
            f"site {site.name} has no decisions yet: {site.decisions} (`sites decide`)"
        )
    content = manifest.read(path)
    if content.get("kind") != "site_decisions":
        kind = content.get("kind")
        raise PipelineError(f"no decisions: {site.decisions} holds a manifest of kind {kind!r}")
    if content["package_version"] != VERSION:
        theirs = content["package_version"]
        raise PipelineError(f"the decisions have layout {theirs}, this version reads {VERSION}")
    if content["site"] != site.name:
        raise PipelineError(f"the decisions are for site {content['site']}, not for {site.name}")
    if content["key_check"] != check_value(site.key):
        raise PipelineError("the decisions were made under another key of the sites")
    package = manifest.read(site.package / "manifest.json")
    if package["seal"] != content["package"]:
        raise PipelineError(
            f"stale decisions: the package of {site.name} is another one now; `sites decide` again"
        )
    if package["proof"] != proof(package, site.key):
        raise PipelineError(
            f"forged package: it was not made with the key of the sites ({site.package})"
        )
    check((site.decisions, content["files"]))
    return content


def told(site: Site) -> dict[str, Any]:
    """What the manifest of a site's run says of the other sites."""
    content = accept(site)
    return {
        **site.record(),
        "package": content["package"],
        "decisions": content["seal"],
        "round": content["round"],
    }


def refuse_other(site: Site | None, finished: dict[str, Any]) -> None:
    """Refuse to take a finished run for one with other decisions."""
    if site is None or site.decisions is None:
        return
    if finished["site"]["decisions"] != accept(site)["seal"]:
        raise PipelineError(
            f"site {site.name} was finished with other decisions: --overwrite to finish it again"
        )
