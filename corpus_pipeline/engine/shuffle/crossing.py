"""A run's part in a corpus of several sites: its package, its sums, and what came back for them.

Enters: a run whose local pass is done, its site.  Leaves: the package or the sums in their folder;
or the run's stages, with where that lies which was decided elsewhere, if from this very package.
Refuses: decisions made from another package, or by a coordinator that the sites' key does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from corpus_pipeline.engine import tallies
from corpus_pipeline.engine.code import code
from corpus_pipeline.engine.shuffle.aggregate import members
from corpus_pipeline.engine.shuffle.corpus import Corpus
from corpus_pipeline.engine.shuffle.index import check
from corpus_pipeline.engine.shuffle.job import Brought, Part, Shuffle
from corpus_pipeline.engine.shuffle.packages import (
    VERSION,
    PackTask,
    Site,
    added,
    check_value,
    not_added,
    pack,
    pack_pairs,
    proof,
)
from corpus_pipeline.engine.shuffle.sequence import decide
from corpus_pipeline.engine.shuffle.steps import shuffle
from corpus_pipeline.engine.shuffle.sums import add_up
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
        if not issubclass(spec.cls, PairStage):
            continue
        verifies = spec.cls.verifies
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
    counts |= {name: {} for name in counts if name.endswith("by_source")}
    names = [spec.name for spec in not_added(site.own)]
    rows = {name: sum(result["sketch_rows"][name] for result in local) for name in names}
    said = {
        "kind": "package",
        "package_version": VERSION,
        **site.record(),
        "code": code(),
        "stages": [concealed_values(spec.record()) for spec in not_added(site.stages)],
        "rows": [part["rows"] for part in parts if "rows" in part],
        "sketch_rows": rows,
        "counts": counts,
        "files": [entry for part in parts for entry in part["files"]],
    }
    return _sealed(site.package, said, site)


def _sealed(root: Path, said: dict[str, Any], site: Site) -> dict[str, Any]:
    listed = {entry["path"] for entry in said["files"]}
    for folder in COLUMNS:
        for path in (root / folder).rglob("*.parquet"):
            if relative(path, root) not in listed:
                path.unlink()
    manifest.write(root / "manifest.json", {**said, "proof": proof(said, site.key)})
    return manifest.read(root / "manifest.json")


def add(
    site: Site, jobs: tuple[Shuffle, ...], local: Sequence[Result], run_tasks: RunTasks
) -> dict[str, Any]:
    """Leave the sums of the site's groups, as all stages but the aggregate ones decide; sealed."""
    names = [spec.name for spec in added(site.own)]
    first = next(at for at, job in enumerate(jobs) if job.spec.name == names[0])
    decide(jobs, local, run_tasks, first)
    waiting = tuple(job for job in jobs if job.spec.name in names)
    for job in waiting:
        parts = [Part(job, jobs[:first], number) for number in range(job.corpus.splits)]
        run_tasks(
            job.spec.name, [job.task("members", part.number, members, part) for part in parts]
        )
    (made,) = run_tasks("sums", [waiting[0].task("sum", 0, add_up, (site, waiting))])
    content = accept(site)
    said = {
        "kind": "sums",
        "package_version": VERSION,
        **site.record(),
        "code": code(),
        "stages": [concealed_values(spec.record()) for spec in added(site.stages)],
        **{key: content[key] for key in ("package", "round")},
        "files": made["files"],
    }
    return _sealed(site.sums, said, site)


def shuffles(
    site: Site | None, specs: Sequence[StageSpec], corpus: Corpus, key: str
) -> tuple[Shuffle, ...]:
    """The shuffled stages of a run; those that see all sites take what was decided elsewhere."""
    if site is None or site.decisions is None:
        return tuple(Shuffle(spec, corpus, key) for spec in specs)
    across = {spec.name: spec for spec in site.stages}
    sums = {spec.name for spec in added(site.own)}
    jobs: list[Shuffle] = []
    for spec in specs:
        folder = site.totals if spec.name in sums else site.decisions
        # They were accepted when the step began.
        seal = "" if folder is None else manifest.read(folder / "manifest.json")["seal"]
        brought = None
        if spec.name in across:
            key = f"{key}/{seal}"  # what was done with other decisions is not done
            if folder is not None:
                brought = Brought(folder, seal, across[spec.name], site.key)
        jobs.append(Shuffle(spec, corpus, key, brought=brought))
    return tuple(jobs)


def accept(site: Site) -> dict[str, Any]:
    """The content of the manifest of the decisions that came back, every byte of them checked."""
    assert site.decisions is not None
    return _accepted(site, site.decisions, site.package, ("decisions", "package", "decide"))


def accept_totals(site: Site) -> dict[str, Any]:
    """The same of the totals that came back for the site's sums."""
    assert site.totals is not None
    content = _accepted(site, site.totals, site.sums, ("totals", "sums", "settle"))
    assert site.decisions is not None
    left, came = (manifest.read(one / "manifest.json") for one in (site.sums, site.decisions))
    if left["round"] != came["round"]:
        raise PipelineError(
            f"stale sums: those of {site.name} were made after other decisions; `sites sum` again"
        )
    return content


def _accepted(
    site: Site, folder: Path, made_from: Path, names: tuple[str, str, str]
) -> dict[str, Any]:
    """What came back in a folder, made from what the site left; their names, and the step's."""
    what, left, step = names
    path = folder / "manifest.json"
    if not path.exists():
        raise PipelineError(f"site {site.name} has no {what} yet: {folder} (`sites {step}`)")
    content = manifest.read(path)
    if content.get("kind") != f"site_{what}":
        raise PipelineError(f"no {what}: {folder} holds a manifest of kind {content.get('kind')!r}")
    if content["package_version"] != VERSION:
        theirs = content["package_version"]
        raise PipelineError(f"the {what} have layout {theirs}, this version reads {VERSION}")
    if content["site"] != site.name:
        raise PipelineError(f"the {what} are for site {content['site']}, not for {site.name}")
    if content["key_check"] != check_value(site.key):
        raise PipelineError(f"the {what} were made under another key of the sites")
    package = manifest.read(made_from / "manifest.json")
    if package["seal"] != content["package"]:
        raise PipelineError(
            f"stale {what}: the {left} of {site.name} is another one now; `sites {step}` again"
        )
    if package["proof"] != proof(package, site.key):
        raise PipelineError(
            f"forged {left}: it was not made with the key of the sites ({made_from})"
        )
    check((folder, content["files"]))
    return content


def told(site: Site) -> dict[str, Any]:
    """What the manifest of a site's run says of the other sites."""
    content = accept(site)
    said = {
        **site.record(),
        "package": content["package"],
        "decisions": content["seal"],
        "round": content["round"],
    }
    if site.totals is not None:
        came = accept_totals(site)
        said |= {"sums": came["package"], "totals": came["seal"]}
    return said


def refuse_other(site: Site | None, finished: dict[str, Any]) -> None:
    """Refuse to take a finished run for one with other decisions."""
    if site is None or site.decisions is None:
        return
    now = {"decisions": accept(site)["seal"]}
    if site.totals is not None:
        now["totals"] = accept_totals(site)["seal"]
    for what, seal in now.items():
        if finished["site"].get(what) != seal:
            raise PipelineError(
                f"site {site.name} was finished with other {what}: --overwrite to finish it again"
            )
