"""What a pair or count stage decided elsewhere, about documents of several sites.

Enters at the coordinator: what the stage decided or found about all of them.  Leaves: for each site
that about its own documents, by their numbers there; of a pair stage with their ids.
Enters at a site: that folder.  Leaves: the same as the engine's own tasks leave it.
Refuses: decisions about other documents than the site has (`PipelineError`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import ROW, between, picked
from corpus_pipeline.engine.shuffle.decisions import VERDICT, chosen
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.engine.shuffle.packages import Packages
from corpus_pipeline.engine.shuffle.settle import NAMED
from corpus_pipeline.engine.shuffle.steps import mask
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import CountStage, PipelineError, cluster_columns
from corpus_pipeline.tasks.base import Result, Task

RunTasks = Callable[[Sequence[Task]], list[Result]]


def outcome_of(job: Shuffle) -> Path:
    """The folder of what a pair stage decided, or of what a count stage found."""
    return job.home / ("found" if issubclass(job.spec.cls, CountStage) else "decisions")


def hand_back(argument: tuple[Shuffle, int, tuple[Path, ...]]) -> Result:
    """Write a part of what was decided or found into the folder of each site; the files of each."""
    job, number, targets = argument
    packages, name = job.corpus, f"part-{number:05d}.parquet"
    assert isinstance(packages, Packages)
    decisions = pl.read_parquet(local_copy(outcome_of(job) / name))
    judged = "drop_rule" in decisions.columns
    if judged:
        decisions = decisions.with_columns(id=_facts(job, decisions).get_column("id"))
    files: list[list[dict[str, Any]]] = []
    told: list[dict[str, int]] = []
    for (_, first, package), target in zip(packages.located(), targets, strict=True):
        begin, end = first << 32, (first + len(package.rows)) << 32
        own = pl.col("doc").is_between(
            pl.lit(begin, dtype=pl.UInt64), pl.lit(end, dtype=pl.UInt64), closed="left"
        )
        rows = decisions.filter(own).with_columns(pl.col("doc") - pl.lit(begin, dtype=pl.UInt64))
        path = target / job.spec.name / name
        written = write_shard(path, [rows.sort("doc")], level=1, size_by="")
        files.append([manifest.file_entry(target, path, written)])
        if judged:
            dropped = rows.get_column("drop_rule").count()
            told.append({"decided": rows.height, "dropped": dropped})
        else:
            told.append({"found": rows.height})
    return {"kind": "hand_back", "files": files, "told": told}


def bring(job: Shuffle, dropped: Path | None, run_tasks: RunTasks) -> Result:
    """Take what lies in `job.brought`; what `shuffle` would have returned, less the pairs."""
    assert job.brought is not None
    if issubclass(job.spec.cls, CountStage):
        splits = range(job.corpus.splits)
        run_tasks([job.task("take", n, take_found, (job, n)) for n in splits])
        return {}
    files = numbered(job.brought.folder / job.spec.name)
    taken = run_tasks([job.task("take", n, take, (job, n, path)) for n, path in enumerate(files)])
    run_tasks([job.task("mask", 0, mask, (job, len(files), dropped))])
    lost: Counter[str] = Counter()
    for result in taken:
        lost.update(result["lost"])
    clusters = {tuple(cluster) for result in taken for cluster in result["largest"]}
    return {
        "dropped": sum(result["dropped"] for result in taken),
        "lost": dict(sorted(lost.items())),
        "largest": sorted(clusters, reverse=True)[:NAMED],
    }


def take(argument: tuple[Shuffle, int, Path]) -> Result:
    """Take one file of decisions, each about a document that the site has under this id."""
    job, number, path = argument
    rows, stage, name = pl.read_parquet(local_copy(path)), job.stage, job.spec.name
    facts = _facts(job, rows)
    if facts.height != rows.height or (facts.get_column("id") != rows.get_column("id")).any():
        raise PipelineError(
            f"the decisions of {name} are about other documents than this site has: "
            "they were made from another package"
        )
    wanted = {"doc": pl.UInt64(), **stage.columns, **dict.fromkeys(VERDICT, pl.String())}
    decisions = chosen(name, rows, wanted)
    target = job.home / "decisions" / f"part-{number:05d}.parquet"
    write_shard(target, [decisions], level=0, size_by="")
    gone = rows.get_column("drop_rule").is_not_null()
    lost = facts.filter(gone).group_by("source").len().sort("source")
    cluster, size = cluster_columns(name)
    largest = decisions.select(size, cluster).unique().top_k(NAMED, by=[size, cluster])
    return {
        "kind": "take",
        "dropped": int(gone.sum()),
        "lost": {source or "": documents for source, documents in lost.iter_rows()},
        "largest": [list(row) for row in largest.sort(size, cluster).iter_rows()],
    }


def take_found(argument: tuple[Shuffle, int]) -> Result:
    """Take what a count stage found of one split's documents, in the site's own numbers."""
    job, number = argument
    brought = job.brought
    assert brought is not None
    (across,) = built([brought.spec])
    files = numbered(brought.folder / job.spec.name)
    rows = between(files, "doc", number << 32, (number << 32) + ROW)
    found = across.unblind(rows, brought.secret).sort("doc", "key")
    write_shard(job.home / "found" / f"part-{number:05d}.parquet", [found], level=0, size_by="")
    return {"kind": "take", "found": found.height}


def _facts(job: Shuffle, rows: pl.DataFrame) -> pl.DataFrame:
    """Id and source of the documents of these rows (sorted by `doc`), as far as there are such."""
    numbers = rows.get_column("doc").to_numpy()
    parts, places = numbers >> np.uint64(32), (numbers & np.uint64(ROW)).astype(np.int64)
    found = [pl.DataFrame(schema={"id": pl.String, "source": pl.String})]
    for part in np.unique(parts):
        if part < job.corpus.splits:
            facts, _, _ = job.corpus.place(int(part))
            found += picked(facts, places[parts == part], ["id", "source"])
    return pl.concat(found)
