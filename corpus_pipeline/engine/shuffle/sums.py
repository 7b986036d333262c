"""Sums of groups over several sites: what leaves a site for its aggregate stages, and what it gets.

Enters at a site: its documents as all stages before left them.  Leaves: of each aggregate stage the
sums of the site's groups, their names under the key.  Of a stage behind the first one these are
numbers of documents, apart for each group of the first, so that what that refuses can be taken out.
Enters at the coordinator: the sums of all sites.  Leaves: for each site what was decided about its
own groups, and their sums over all sites where the stage reports them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.aggregate import settled, summed
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.packages import Package, Site, added
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import AggregateStage, StageSpec
from corpus_pipeline.tasks.base import Result

PART = "part-00000.parquet"


def add_up(argument: tuple[Site, tuple[Shuffle, ...]]) -> Result:
    """Put the sums of a site's groups in their place; the files.

    The jobs: of the aggregate stages, whose `members` tasks are done as if none of them dropped.
    """
    site, jobs = argument
    stages, files = built(added(site.stages)), []
    for at, (stage, job) in enumerate(zip(stages, jobs, strict=True)):
        if at:
            sums = _apart(job, jobs[0], stages[0], site.key)
        else:
            parts = numbered(job.home / "sums")
            sums = summed([pl.read_parquet(local_copy(path)) for path in parts])
        path = site.sums / "sums" / job.spec.name / PART
        sums = stage.blind(sums, site.key)
        rows = write_shard(path, [sums.sort(pl.col(pl.String))], level=1, size_by="")
        files.append(manifest.file_entry(site.sums, path, rows))
    return {"kind": "sum", "files": files}


def _apart(job: Shuffle, first: Shuffle, stage: AggregateStage, key: bytes) -> pl.DataFrame:
    """The number of documents of each group, apart for each group of the first stage (blind)."""
    name, frames = first.spec.name, []
    for number in range(job.corpus.splits):
        own, other = (
            pl.read_parquet(local_copy(one.home / "members" / f"part-{number:05d}.parquet"))
            for one in (job, first)
        )
        groups = stage.blind(other.select("key"), key).get_column("key").alias(name)
        rows = own.select("row", "key").join(other.select("row", groups), on="row", how="left")
        frames.append(rows.group_by("key", name).agg(documents=pl.len().cast(pl.Int64)))
    return pl.concat(frames).group_by("key", name).agg(pl.col("documents").sum())


#: A stage, the first one if it is another, the sums of all sites, the coordinator's folder, and one
#: of each site.
Totalled = tuple[StageSpec, StageSpec | None, tuple[Package, ...], Path, tuple[Path, ...]]


def total(argument: Totalled) -> Result:
    """Decide about the groups of all sites, and write down for each site what concerns it."""
    spec, first, packages, work, targets = argument
    (stage,) = built([spec])
    name = spec.name
    assert isinstance(stage, AggregateStage)
    own = [pl.read_parquet(local_copy(p.root / "sums" / name / PART)) for p in packages]
    sums = pl.concat(own)
    if first is not None:
        groups = pl.read_parquet(local_copy(work / first.name / PART))
        refused = groups.filter(pl.col("drop_rule").is_not_null()).get_column("key")
        # Null: of no group of the first stage.
        stays = ~pl.col(first.name).is_in(refused.implode()).fill_null(value=False)
        sums = sums.filter(stays).drop(first.name)
    groups = summed([sums])
    decisions = settled(stage, groups)
    write_shard(work / name / PART, [decisions], level=0, size_by="")
    if stage.reports is not None:
        decisions = groups.join(decisions, on="key")
    files, told = [], []
    for one, target in zip(own, targets, strict=True):
        rows = decisions.join(one.select("key").unique(), on="key", how="semi").sort("key")
        path = target / name / PART
        written = write_shard(path, [rows], level=1, size_by="")
        files.append([manifest.file_entry(target, path, written)])
        told.append({"groups": written})
    return {"kind": "total", "groups": groups.height, "files": files, "told": told}
