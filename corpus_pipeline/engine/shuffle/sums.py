"""Sums of groups over several sites: what leaves a site for its aggregate stages, and what it gets.

Enters at a site: its documents as all stages before left them.  Leaves: of each aggregate stage the
sums of the site's groups, their names under the key.  Of a stage behind another one they are apart
for each group of that one, so that what it refuses can be taken out elsewhere.
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
from corpus_pipeline.io.shards import write_shard
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
        parts = sorted((job.home / "sums").glob("part-*.parquet"))
        sums = summed([pl.read_parquet(local_copy(path)) for path in parts])
        for earlier in jobs[:at]:
            sums = _apart(job, earlier, sums)
        sums = stage.blind(sums, site.key)
        for earlier, other in zip(stages[:at], jobs[:at], strict=True):
            name = other.spec.name
            named = sums.select(key=name).with_columns(pl.col("key").fill_null(""))
            blind = earlier.blind(named, site.key).get_column("key")
            sums = sums.with_columns(pl.when(pl.col(name).is_not_null()).then(blind).alias(name))
        path = site.sums / "sums" / job.spec.name / PART
        sums = sums.sort("key", *(other.spec.name for other in jobs[:at]))
        rows = write_shard(path, [sums], level=1, size_by="")
        files.append(manifest.file_entry(site.sums, path, rows))
    return {"kind": "sum", "files": files}


def _apart(job: Shuffle, earlier: Shuffle, sums: pl.DataFrame) -> pl.DataFrame:
    """The numbers of documents of each group, apart for each group of an earlier stage."""
    # Other measures are known only of whole groups.
    assert sums.columns == ["key", "documents"], f"{job.spec.name} must come first: it has measures"
    frames = []
    for number in range(job.corpus.splits):
        own, other = (
            pl.read_parquet(local_copy(one.home / "members" / f"part-{number:05d}.parquet"))
            for one in (job, earlier)
        )
        other = other.select("row", pl.col("key").alias(earlier.spec.name))
        rows = own.select("row", "key").join(other, on="row", how="left")
        frames.append(
            rows.group_by("key", earlier.spec.name).agg(documents=pl.len().cast(pl.Int64))
        )
    return pl.concat(frames).group_by("key", earlier.spec.name).agg(pl.col("documents").sum())


#: A stage, those before it, the sums of all sites, the coordinator's folder, and one of each site.
Totalled = tuple[StageSpec, tuple[StageSpec, ...], tuple[Package, ...], Path, tuple[Path, ...]]


def total(argument: Totalled) -> Result:
    """Decide about the groups of all sites, and write down for each site what concerns it."""
    spec, before, packages, work, targets = argument
    stage, name = spec.build(), spec.name
    assert isinstance(stage, AggregateStage)
    own = [pl.read_parquet(local_copy(p.root / "sums" / name / PART)) for p in packages]
    sums = pl.concat(own)
    for earlier in before:
        refused = pl.read_parquet(local_copy(work / earlier.name / PART))
        refused = refused.filter(pl.col("drop_rule").is_not_null()).select(
            pl.col("key").alias(earlier.name)
        )
        sums = sums.join(refused, on=earlier.name, how="anti").drop(earlier.name)
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
