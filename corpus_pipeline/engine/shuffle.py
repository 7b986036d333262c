"""A global stage over a run: match key ranges, verify candidates, settle, one decision a document.

Enters: the sketches and facts that the local pass wrote.  Leaves: `decisions.parquet` of the stage.
Refuses: to look at text anywhere but in the gather step, and there only at candidates; and to let
worker counts, batch sizes or arrival order show in the result.

    sketch (in the local pass) → match per key range → candidate pairs
      → gather the candidates' texts, grouped by connected component → verify per group → settle
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.engine.base import Result, Task
from corpus_pipeline.engine.chain import built
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import GlobalStage, StageSpec
from corpus_pipeline.text.clusters import components

#: Rows of one match task: a second of work and some 50 MB, so that a few cores share a small run
#: and a big one has some hundred tasks per 10⁷ documents.
MATCH_ROWS = 500_000

#: Documents of one verify task, unless one component is larger: their shingles fit in memory.
VERIFY_DOCS = 20_000

RunTasks = Callable[[Sequence[Task]], list[Result]]


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Where one global stage of one run works."""

    spec: StageSpec
    work: Path  # RUN/work
    splits: int
    key: str  # digest of all that decides the outcome

    @property
    def home(self) -> Path:
        """The folder of this stage's intermediate files."""
        return self.work / self.spec.name

    def task(self, step: str, index: int, function: Callable[[Any], Result], what: Any) -> Task:
        """One task of one step, committed by its own marker."""
        name = f"{self.spec.name}-{step}/{index:05d}"
        return Task(
            name=name,
            function=function,
            argument=what,
            marker=self.home / "markers" / f"{step}-{index:05d}.json",
            key=f"{self.key}/{name}",
            metrics=self.work / "metrics" / f"{name.replace('/', '-')}.json",
        )


def shuffle(job: Shuffle, rows: int, dead: Path | None, run_tasks: RunTasks) -> Path:
    """Run the stage over all splits; the path of its decisions.

    `rows`: how many sketch rows there are; `dead`: a Parquet file with the column `doc`, documents
    that an earlier global stage dropped.
    """
    parts = max(1, -(-rows // MATCH_ROWS))
    edges = [(2**64 * i) // parts for i in range(parts + 1)]
    run_tasks(
        [
            job.task("match", i, match_range, (job, edges[i], edges[i + 1] - 1, i, dead))
            for i in range(parts)
        ]
    )
    (planned,) = run_tasks([job.task("group", 0, group_pairs, (job, parts))])
    groups = planned["groups"]
    if groups and _stage(job.spec).verifies:
        run_tasks([job.task("gather", i, gather, (job, i)) for i in range(job.splits)])
        run_tasks([job.task("verify", g, verify_group, (job, g)) for g in range(groups)])
    run_tasks([job.task("settle", 0, settle, (job, groups))])
    return job.home / "decisions.parquet"


def _stage(spec: StageSpec) -> GlobalStage:
    (stage,) = built([spec])
    assert isinstance(stage, GlobalStage)
    return stage


def _sketches(job: Shuffle) -> pl.LazyFrame:
    return pl.scan_parquet(sorted((job.work / "sketch" / job.spec.name).glob("part-*.parquet")))


def match_range(argument: tuple[Shuffle, int, int, int, Path | None]) -> Result:
    """Candidate pairs among the sketches of one key range."""
    job, first, last, index, dead = argument
    inside = pl.col("key").is_between(pl.lit(first, dtype=pl.UInt64), pl.lit(last, dtype=pl.UInt64))
    keys = _sketches(job).filter(inside).collect()
    if dead is not None:
        keys = keys.join(pl.read_parquet(dead), on="doc", how="anti")
    pairs = _stage(job.spec).match(keys.sort("key", "doc"))
    write_shard(job.home / "pairs" / f"part-{index:05d}.parquet", [pairs], level=0, measure="")
    return {"kind": "match", "pairs": pairs.height}


def group_pairs(argument: tuple[Shuffle, int]) -> Result:
    """All candidate pairs, each once, with the number of the verify task they go to.

    Pairs that share a document go to the same task, so that a text is loaded once.
    """
    job, _ = argument
    files = sorted((job.home / "pairs").glob("part-*.parquet"))
    pairs = pl.scan_parquet(files).unique().sort("a", "b").collect()
    docs = np.unique(np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()]))
    left = np.searchsorted(docs, pairs["a"].to_numpy())
    right = np.searchsorted(docs, pairs["b"].to_numpy())
    labels = components(left, right, len(docs))
    # Components in the order of their first document, filled into groups one after the other.
    first, sizes = np.unique(labels, return_counts=True)
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(first) else np.zeros(0, np.int64)
    group_of_component = (begins // VERIFY_DOCS).astype(np.uint32)
    groups = group_of_component[np.searchsorted(first, labels)]
    members = pl.DataFrame({"doc": docs, "group": groups})
    write_shard(job.home / "members.parquet", [members], level=0, measure="")
    write_shard(
        job.home / "candidates.parquet",
        [pairs.with_columns(group=pl.Series(groups[left], dtype=pl.UInt32)).sort("group", "a")],
        level=1,
        measure="",
    )
    return {
        "kind": "group",
        "pairs": pairs.height,
        "documents": len(docs),
        "groups": int(groups.max()) + 1 if len(docs) else 0,
        "largest_component": int(sizes.max()) if len(sizes) else 0,
    }


def gather(argument: tuple[Shuffle, int]) -> Result:
    """The candidates' texts of one split, by verify task: the only step that touches text."""
    job, index = argument
    first = index << 32
    range_ = pl.col("doc").is_between(
        pl.lit(first, dtype=pl.UInt64), pl.lit(first + 2**32 - 1, dtype=pl.UInt64)
    )
    wanted = (
        pl.scan_parquet(job.home / "members.parquet")
        .filter(range_)
        .with_columns(row=pl.col("doc") - pl.lit(first, dtype=pl.UInt64))
        .collect()
    )
    part = job.work / "local" / "kept" / f"part-{index:05d}.parquet"
    found = [pl.DataFrame(schema={"doc": pl.UInt64, "text": pl.String, "group": pl.UInt32})]
    with pq.ParquetFile(part) as file:
        begin = 0
        for number in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            here = wanted.filter(pl.col("row").is_between(begin, begin + rows - 1))
            if here.height:
                texts = pl.from_arrow(file.read_row_group(number, columns=["text"]))
                assert isinstance(texts, pl.DataFrame)
                picked = texts[(here["row"] - begin).to_numpy()]
                found.append(here.select("doc", text=picked.get_column("text"), group="group"))
            begin += rows
    texts = pl.concat(found).sort("group", "doc")
    write_shard(job.home / "texts" / f"part-{index:05d}.parquet", [texts], level=0)
    return {"kind": "gather", "documents": texts.height}


def verify_group(argument: tuple[Shuffle, int]) -> Result:
    """Which candidate pairs of one group are true, with their evidence."""
    job, group = argument
    mine = pl.col("group") == group
    files = sorted((job.home / "texts").glob("part-*.parquet"))
    texts = pl.scan_parquet(files).filter(mine).drop("group").collect().sort("doc")
    candidates = pl.scan_parquet(job.home / "candidates.parquet")
    pairs = candidates.filter(mine).drop("group").collect().sort("a", "b")
    true = _stage(job.spec).verify(pairs, texts)
    write_shard(job.home / "true" / f"part-{group:05d}.parquet", [true], level=0, measure="")
    return {"kind": "verify", "candidates": pairs.height, "true": true.height}


def settle(argument: tuple[Shuffle, int]) -> Result:
    """One decision for every document that is in a true pair."""
    job, groups = argument
    stage = _stage(job.spec)
    if groups and stage.verifies:
        pairs = pl.scan_parquet(sorted((job.home / "true").glob("part-*.parquet"))).collect()
    else:
        pairs = pl.read_parquet(job.home / "candidates.parquet").drop("group")
        if stage.verifies:
            pairs = stage.verify(pairs, pl.DataFrame(schema={"doc": pl.UInt64, "text": pl.String}))
    named = pl.concat([pairs["a"], pairs["b"]]).unique().sort()
    facts = (
        pl.scan_parquet(sorted((job.work / "facts").glob("part-*.parquet")))
        .join(named.to_frame("doc").lazy(), on="doc", how="semi")
        .collect()
        .sort("doc")
    )
    decisions = stage.settle(pairs.sort("a", "b"), facts).sort("doc")
    write_shard(job.home / "decisions.parquet", [decisions], level=0, measure="")
    gone = decisions.filter(pl.col("drop_rule").is_not_null()).select("doc")
    write_shard(job.home / "dropped.parquet", [gone], level=0, measure="")
    return {"kind": "settle", "pairs": pairs.height, "dropped": gone.height}
