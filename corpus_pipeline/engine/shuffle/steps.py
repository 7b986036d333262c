"""A pair or count stage over a run: match key ranges, group, verify and settle.

Enters: the sketches and facts that the local pass wrote.  Leaves: the stage's decisions (of a count
stage: its matches) in part files, and their counts.  Only the gather step reads text, and only of
candidates.  The result is the same for any number of workers, size of batches and order of tasks.

    sketch (in the local pass) → match per key range → candidate pairs, and their forest
      → group: a streaming union-find over the forests → route: pairs by group
      → gather: the candidates' facts and texts by group → settle: verify and decide, per group
      → mask: which documents are dropped by now
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.engine.shuffle.corpus import (
    Judged,
    between,
    dense,
    mapped,
    no_rows,
    picked,
    write_array,
)
from corpus_pipeline.engine.shuffle.decisions import VERDICT, chosen, own_mask
from corpus_pipeline.engine.shuffle.group import group, route
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import CountStage, PairStage, cluster_columns
from corpus_pipeline.tasks.base import Result, Task
from corpus_pipeline.text.dedup.union_find import forest
from corpus_pipeline.text.dedup.union_find_kernel import ALONE

#: Rows of one match task: a fifth of a second of work and some 50 MB, so that a few cores share a
#: small run.  Every task opens every split's sketches, and reads at least a row group of each: with
#: more than `SPLITS` splits the tasks grow, up to `GROWN` times, and beyond `RANGES` tasks they
#: grow on.  (Of 120 splits 500,000 rows are read in 142 ns each, 2 million in 46, 6 million in 32.)
MATCH_ROWS, SPLITS, GROWN, RANGES = 500_000, 32, 16, 2000
#: Documents of one group, unless one component is larger, and how many groups at most.
SETTLE_DOCS, GROUPS = 20_000, 5000
#: Every settle task opens every split's gathered texts, and every apply task every file of
#: decisions: with many splits one task settles several groups, one after the other, whose texts
#: together are no more than `SETTLE_BYTES`.
SETTLED, SETTLE_BYTES = 8, 128 << 20
#: Pairs of match tasks that are routed together, 36 bytes each and three times while they are
#: sorted: settle tasks open every routed file.
ROUTED = 4_000_000
#: The largest clusters that are named where one passes the stage's limit.
NAMED = 5

RunTasks = Callable[[Sequence[Task]], list[Result]]


def shuffle(job: Shuffle, rows: int, dropped: Path | None, run_tasks: RunTasks) -> Result:
    """Run the stage over all parts; its counts, `lost` by source and `largest` clusters.

    `rows`: how many sketch rows there are; `dropped`: a byte for each of the run's own documents,
    1 where an earlier stage dropped it.
    """
    parts = max(1, -(-rows // rows_of(job.corpus.parts, rows)))
    edges = [(2**64 * i) // parts for i in range(parts + 1)]
    ranges = [(job, edges[i], edges[i + 1] - 1, i, dropped) for i in range(parts)]
    matched = run_tasks(
        [job.task("match", i, match_range, argument) for i, argument in enumerate(ranges)]
    )
    given = list(enumerate(job.corpus.judged(job.spec.name), parts))
    matched += run_tasks(
        [job.task("given", i, take_judged, (job, i, g, dropped)) for i, g in given]
    )
    parts += len(given)
    total: Result = {"pairs": sum(result["pairs"] for result in matched)}
    if issubclass(job.spec.cls, CountStage):
        return total
    members = int(job.corpus.starts()[-1])
    most = max(SETTLE_DOCS, members // GROUPS)
    (grouped,) = run_tasks([job.task("group", 0, group, (job, parts, most))])
    total |= {name: grouped[name] for name in ("components", "largest_component")}
    gathered: list[Result] = []
    if grouped["groups"]:
        steps = _steps([result["pairs"] for result in matched])
        run_tasks([job.task("route", i, route, (job, i, *step)) for i, step in enumerate(steps)])
        gathered = run_tasks(
            [job.task("gather", i, gather, (job, i)) for i in range(job.corpus.parts)]
        )
    cut = _cut(grouped["groups"], job.corpus.parts, sum(one["bytes"] for one in gathered))
    settled = run_tasks(
        [job.task("settle", i, settle, (job, i, groups)) for i, groups in enumerate(cut)]
    )
    run_tasks([job.task("mask", 0, mask, (job, len(cut), dropped))])
    return total | _summary(settled)


def rows_of(parts: int, rows: int) -> int:
    """How many rows of sketches a match task has, where there are so many parts and rows."""
    return max(MATCH_ROWS * min(max(parts // SPLITS, 1), GROWN), rows // RANGES)


def _cut(groups: int, parts: int, size: int) -> list[range]:
    """The groups of each settle task; `size`: bytes of all gathered texts.

    >>> _cut(5, 100, 1000)
    [range(0, 3), range(3, 5)]
    """
    fitting = SETTLE_BYTES * groups // max(size, 1)
    each = max(min(parts // SPLITS, SETTLED, fitting), 1)
    return [range(first, min(first + each, groups)) for first in range(0, groups, each)]


def _summary(settled: Sequence[Result]) -> Result:
    """The sum of the results of the settle tasks."""
    lost: Counter[str] = Counter()
    for result in settled:
        lost.update(result["lost"])
    clusters = (tuple(cluster) for result in settled for cluster in result["largest"])
    largest = sorted(clusters, reverse=True)[:NAMED]
    names = ("candidates", "true", "dropped")
    sums = {name: sum(result[name] for result in settled) for name in names}
    return {**sums, "lost": dict(sorted(lost.items())), "largest": largest}


def _steps(pairs: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the end of the match tasks that are routed together; `pairs`: of each.

    >>> _steps([ROUTED, 1, 2, ROUTED - 3, 7])
    [(0, 1), (1, 4), (4, 5)]
    """
    steps, first, held = [], 0, 0
    for number, more in enumerate(pairs):
        if held and held + more > ROUTED:
            steps.append((first, number))
            first, held = number, 0
        held += more
    return [*steps, (first, len(pairs))]


def match_range(argument: tuple[Shuffle, int, int, int, Path | None]) -> Result:
    """The stage's matches (count) or candidate pairs `a` < `b` (pair) in one range of keys."""
    job, first, last, index, dropped = argument
    stage, corpus, name = job.stage, job.corpus, job.spec.name
    part = f"part-{index:05d}.parquet"
    if isinstance(stage, CountStage):
        keys = corpus.own_sketches(name, first, last)
        keys = keys.filter(_alive(keys, job, dropped))
        counted = stage.match(keys).sort("doc", "key")
        write_shard(job.home / "found" / part, [counted], level=0, size_by="")
        return {"kind": "match", "pairs": counted.height}
    keys = corpus.sketches(name, first, last)
    keys = keys.filter(pl.col("old") | _alive(keys, job, dropped))
    pairs = stage.match(keys)
    if not (pairs.get_column("a") < pairs.get_column("b")).all():
        raise ValueError(f"{name}: match gave a pair whose a is not smaller than its b")
    # Smaller numbers come first in a pair: where that is an old document's, both are old.
    pairs = pairs.filter(pl.col("a") < pl.lit(corpus.first_old, dtype=pl.UInt64))
    return _write_pairs(job, part, pairs)


def _write_pairs(job: Shuffle, part: str, pairs: pl.DataFrame) -> Result:
    """Write pairs and their forest."""
    a, b = forest(*(pairs.get_column(end).to_numpy() for end in ("a", "b")))
    joined = pl.DataFrame({"a": a, "b": b}, schema={"a": pl.UInt64, "b": pl.UInt64})
    write_shard(job.home / "pairs" / part, [pairs], level=0, size_by="")
    write_shard(job.home / "forest" / part, [joined], level=0, size_by="")
    return {"kind": "match", "pairs": pairs.height}


def take_judged(argument: tuple[Shuffle, int, Judged, Path | None]) -> Result:
    """Pairs that were judged before, of documents that no earlier stage dropped."""
    job, index, judged, dropped = argument
    pairs = judged.read()
    for end in ("a", "b"):
        pairs = pairs.filter(_alive(pairs.select(doc=end), job, dropped))
    return _write_pairs(job, f"part-{index:05d}.parquet", pairs)


def _alive(keys: pl.DataFrame, job: Shuffle, dropped: Path | None) -> pl.Series:
    """Which rows are of the run's own documents that no earlier stage dropped."""
    alive = np.ones(keys.height, dtype=np.bool_)
    if dropped is not None:
        docs = keys.get_column("doc").to_numpy()
        own = docs < np.uint64(job.corpus.first_old)
        alive[own] = mapped(dropped)[dense(docs[own], job.corpus.starts())] == 0
        alive[~own] = False
    return pl.Series(alive)


def gather(argument: tuple[Shuffle, int]) -> Result:
    """Facts and texts of the candidates of one part, by group: the only step that touches text."""
    job, part = argument
    starts = job.corpus.starts()
    groups = mapped(job.home / "groups.npy")[starts[part] : starts[part + 1]]
    rows = np.flatnonzero(groups != ALONE)
    facts, texts, _ = job.corpus.place(part)
    old = part >= job.corpus.splits
    frame = pl.concat([no_rows(facts), *picked(facts, rows, None)])
    frame = frame.with_columns(
        # The parts of an index were numbered when it was built.
        doc=pl.Series(rows.astype(np.uint64) + np.uint64(part << 32)),
        old=pl.lit(old),
        group=pl.Series(groups[rows], dtype=pl.UInt32),
    )
    size_by, size = "", 0
    if job.stage.verifies:
        columns = list(job.stage.compares)
        size_by = "text" if "text" in columns else ""
        empty = no_rows(texts).select(columns)
        compared = pl.concat([empty, *picked(texts, rows, columns)])
        frame, size = frame.with_columns(compared), int(compared.estimated_size())
    frame = frame.sort("group", "doc")
    target = job.home / "gathered" / f"part-{part:05d}.parquet"
    write_shard(target, [frame], level=0, size_by=size_by)
    return {"kind": "gather", "documents": frame.height, "bytes": size}


def settle(argument: tuple[Shuffle, int, range]) -> Result:
    """The decisions about the documents of some groups, one group after the other."""
    job, number, groups = argument
    pairs, docs = (_by_group(job.home / home, groups) for home in ("routed", "gathered"))
    # Each frame is let go of when its group is settled: of a large one there is no second copy.
    made = [_settled(job, pairs.pop(one), docs.pop(one)) for one in groups]
    decisions = pl.concat([rows for rows, _, _ in made]).sort("doc")
    if job.keeps_pairs:
        true = pl.concat([pairs for _, pairs, _ in made]).sort("a", "b")
        write_shard(job.home / "true" / f"part-{number:05d}.parquet", [true], level=0, size_by="")
    write_shard(
        job.home / "decisions" / f"part-{number:05d}.parquet", [decisions], level=0, size_by=""
    )
    return {"kind": "settle", **_summary([result for *_, result in made])}


def _by_group(folder: Path, groups: range) -> dict[int, pl.DataFrame]:
    """Group → its rows in the files of the folder."""
    files = numbered(folder)
    rows = between(files, "group", groups.start, groups.stop - 1)
    if len(groups) == 1:
        return {groups.start: rows.drop("group")}
    parts = rows.partition_by("group", include_key=False, as_dict=True)
    return {int(key[0]): part for key, part in parts.items()}


def _settled(
    job: Shuffle, pairs: pl.DataFrame, docs: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, Result]:
    """The decisions about the documents of one group, the pairs that hold, and their counts."""
    pairs = pairs.unique(["a", "b"]).sort("a", "b")
    docs = docs.sort("doc")
    stage, name = job.stage, job.spec.name
    assert isinstance(stage, PairStage)
    true = pairs
    if stage.verifies:
        true = stage.verify(pairs, docs.select("doc", *stage.compares))
        docs = docs.drop(stage.compares)
    first_old = pl.lit(job.corpus.first_old, dtype=pl.UInt64)
    true = true.filter(pl.min_horizontal("a", "b") < first_old).sort("a", "b")
    paired = pl.concat([true["a"], true["b"]]).unique()
    facts = docs.filter(pl.col("doc").is_in(paired.implode()))
    wanted = {"doc": pl.UInt64(), **stage.columns, **dict.fromkeys(VERDICT, pl.String())}
    decisions = chosen(name, stage.settle(true, facts), wanted)
    decisions = decisions.filter(pl.col("doc") < first_old)
    dropped = decisions.filter(pl.col("drop_rule").is_not_null())
    lost = dropped.join(facts.select("doc", "source"), on="doc").group_by("source").len()
    cluster, size = cluster_columns(name)
    largest = decisions.select(size, cluster).unique().top_k(NAMED, by=[size, cluster])
    counted = {
        "candidates": pairs.height,
        "true": true.height,
        "dropped": dropped.height,
        "lost": {source or "": rows for source, rows in lost.sort("source").iter_rows()},
        "largest": [list(row) for row in largest.sort(size, cluster).iter_rows()],
    }
    return decisions, true, counted


def mask(argument: tuple[Shuffle, int, Path | None]) -> Result:
    """A byte for each of the run's own documents: 1 where this stage or one before dropped it."""
    job, files, before = argument
    starts, dropped = job.corpus.starts(), own_mask(job, before)
    for number in range(files):
        path = job.home / "decisions" / f"part-{number:05d}.parquet"
        rows = pl.read_parquet(local_copy(path), columns=["doc", "drop_rule"])
        rows = rows.filter(pl.col("drop_rule").is_not_null())
        dropped[dense(rows.get_column("doc").to_numpy(), starts)] = 1
    write_array(job.dropped, dropped)
    return {"kind": "mask", "dropped": int(dropped.sum())}


def alarms(job: Shuffle, outcome: Result, read: dict[str, int]) -> list[dict[str, object]]:
    """Clusters and losses of a pair stage beyond its limits, for the manifest.

    `read`: documents of each source before the stage.
    """
    if not issubclass(job.spec.cls, PairStage):
        return []
    options, name = job.stage.options, job.spec.name
    clusters = [
        ("cluster", cluster, size, options.alarm_cluster)
        for size, cluster in outcome["largest"]
        if size > options.alarm_cluster
    ]
    shares = ((s, lost / max(read.get(s, 0), 1)) for s, lost in outcome["lost"].items())
    sources = [
        ("source", source, round(share, 4), options.alarm_source)
        for source, share in shares
        if share > options.alarm_source
    ]
    keys = ("alarm", "subject", "value", "limit")
    return [
        {"stage": name, **dict(zip(keys, alarm, strict=True))} for alarm in (*clusters, *sources)
    ]
