"""The local pass over one split: read, all local stages fused, write, sketch.

Enters: a split (pieces of inputs) and stage specs.  Leaves: `kept/`, `dropped/` and `quarantine/`
parts, the sketches and facts that pair and count stages will shuffle, and the counts.
At most a batch, a row group, and the sketches and facts of the split are held in memory.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine import tallies as counts
from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.chain import Clock, built, quarantine_rows, run_chain
from corpus_pipeline.engine.notes import Notes
from corpus_pipeline.engine.shuffle.corpus import by_key
from corpus_pipeline.io.carried import absent
from corpus_pipeline.io.opening import ahead
from corpus_pipeline.io.readers import read
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.readers.gather import Gatherer
from corpus_pipeline.io.shards import ShardWriter, write_shard
from corpus_pipeline.io.splits import Piece, Split
from corpus_pipeline.model import (
    DOCUMENT,
    PAYLOAD,
    QUARANTINE,
    SURVIVOR_FACTS,
    VERDICT,
    Chunk,
    PipelineError,
    StageSpec,
    empty,
    survivor_facts,
)

#: What the local pass writes of each kept document, for stages that choose between documents.
FACTS = {"doc": pl.UInt64(), **SURVIVOR_FACTS}


@dataclass(frozen=True, slots=True)
class SplitTask:
    """All that a worker needs to know about a split."""

    split: Split
    local: tuple[StageSpec, ...]
    sketches: tuple[StageSpec, ...]
    ingest: IngestOptions
    root: Path  # kept/, dropped/ and quarantine/ go below it
    work: Path  # sketches, facts, progress markers
    level: int  # of zstd; 0 = LZ4, where the part will be read once and rewritten
    keep_payload: bool = False
    budget: Budget = field(default_factory=Budget)  # processor time a stage may spend on a batch
    skip: frozenset[int] = frozenset()  # rows that killed a worker
    stop: int | None = None  # the reader itself died after this row
    noted: bool = False  # note the rows under way on a store, too

    @property
    def part(self) -> str:
        """The name of this split's files."""
        return f"part-{self.split.index:05d}.parquet"

    @property
    def progress(self) -> Path:
        """Where a worker notes which rows it is reading or working on."""
        return self.work / "progress" / f"{self.split.index:05d}.json"


def batches(
    task: SplitTask, on_read: Callable[[int], None] = lambda _rows: None
) -> Iterator[tuple[int, Chunk]]:
    """The batches of a split with the number of their first row; deterministic.

    `on_read` is called with the number of rows read so far after each chunk of a reader: such rows
    wait until their batch is full, and the count stays known when the next file kills the worker.
    """
    gather, row = Gatherer(task.ingest.batch_bytes), 0
    seen = ((one.path, one.fingerprint.size) for one in task.split.pieces if one.fingerprint)
    with ahead(seen):
        for piece, chunk in _chunks(task):
            if not gather.fits(chunk):
                yield row - gather.rows, gather.take()
            gather.add(chunk, piece.source)
            row += chunk.height
            on_read(row)
            stopped = task.stop is not None and row >= task.stop
            if gather.full or stopped:
                yield row - gather.rows, gather.take()
                on_read(row)
            if stopped:
                return
    if gather.waiting:
        yield row - gather.rows, gather.take()


def _chunks(task: SplitTask) -> Iterator[tuple[Piece, Chunk]]:
    for piece in task.split.pieces:
        for chunk in read(piece, task.ingest):
            yield piece, chunk


def run_split(task: SplitTask) -> dict[str, Any]:
    """Process a split and put its files in place; what its manifest says."""
    # A node that does not share a folder lacks it, or has an empty place where it is mounted; of a
    # file that was deleted the reader says so.
    folders = {Path(one.path).parent: one for one in task.split.pieces if "://" not in one.path}
    for folder, piece in folders.items():
        if not folder.is_dir() or next(folder.iterdir(), None) is None:
            raise PipelineError(absent(piece.locator))
    pass_ = _Pass(task)
    try:
        return pass_.run()
    finally:
        pass_.abort()


class _Pass:
    """The open files and tallies of one split under way."""

    def __init__(self, task: SplitTask) -> None:
        self.task = task
        self.stages = built((*task.local, *task.sketches))
        self.local = self.stages[: len(task.local)]
        self.sketchers = self.stages[len(task.local) :]
        self.clock = Clock()
        self.tallies: list[counts.Counts] = []
        self.kept_rows = 0
        self.no_docs = empty(DOCUMENT)  # the columns that the stages leave, without rows
        self.facts: list[pl.DataFrame] = [empty(FACTS)]
        self.keys: dict[str, list[pl.DataFrame]] = {stage.name: [] for stage in self.sketchers}
        self.writers = {
            kind: ShardWriter(
                task.root / kind / task.part,
                level=task.level,
                size_by="locator" if kind == "quarantine" else "text",
            )
            for kind in ("kept", "dropped", "quarantine")
        }
        self.notes = Notes(task.progress, wanted=task.noted)

    def abort(self) -> None:
        self.notes.close()
        for writer in self.writers.values():
            writer.abort()

    def run(self) -> dict[str, Any]:
        any_batch = False
        started = time.process_time()
        for row, chunk in batches(self.task, lambda rows: self.notes.write({"reading": rows})):
            size = int(chunk.docs.get_column("text").str.len_bytes().sum() or 0)
            self.clock.add("ingest", started, size or chunk.input_bytes, chunk.docs.height)
            self.batch(row, chunk)
            any_batch = True
            started = time.process_time()
        if not any_batch:
            nothing = empty({**DOCUMENT, **VERDICT, **PAYLOAD})
            self.batch(0, Chunk(nothing, empty(QUARANTINE), 0))
        if self.task.stop is not None:
            self.tally(self.no_docs, self.unread(), 0)
        return self.finish()

    def batch(self, row: int, chunk: Chunk) -> None:
        self.notes.write({"rows": [row, row + chunk.docs.height]})
        docs, lost = chunk.docs, [chunk.quarantine]
        poison = sorted(r - row for r in self.task.skip if row <= r < row + docs.height)
        if poison:
            lost.append(quarantine_rows(docs[poison], "engine", "worker_died", "native crash"))
            docs = docs.with_row_index("__row").filter(~pl.col("__row").is_in(poison)).drop("__row")
        before = docs.height
        docs, crashed = run_chain(self.local, docs, self.clock, self.task.budget)
        lost.append(crashed)
        if docs.height + crashed.height != before:
            raise AssertionError("a stage lost documents")
        if not self.task.keep_payload:
            docs = docs.drop([name for name in PAYLOAD if name in docs.columns])
        self.tally(docs, pl.concat(lost), chunk.input_bytes, chunk.sources)

    def tally(
        self,
        docs: pl.DataFrame,
        lost: pl.DataFrame,
        input_bytes: int,
        sources: dict[str, int] | None = None,
    ) -> None:
        started = time.process_time()
        self.no_docs = docs.clear()
        alive = pl.col("dropped_by").is_null()
        kept = docs.filter(alive)
        self.writers["kept"].append(kept)
        self.writers["dropped"].append(docs.filter(~alive))
        self.writers["quarantine"].append(lost)
        self.tallies.append(counts.count(docs, lost, input_bytes, sources))
        size = int(kept.get_column("text").str.len_bytes().sum() or 0)
        self.clock.add("write", started, size, kept.height)
        if self.sketchers:
            self.sketch(kept, size)
        self.kept_rows += kept.height

    def sketch(self, kept: pl.DataFrame, size: int) -> None:
        first = (self.task.split.index << 32) + self.kept_rows
        doc = pl.int_range(pl.len(), dtype=pl.UInt64) + first
        self.facts.append(survivor_facts(kept).select(doc.alias("doc"), *SURVIVOR_FACTS))
        for stage in self.sketchers:
            started = time.process_time()
            rows = stage.sketch(kept)
            doc = rows.get_column("row").cast(pl.UInt64) + first
            self.keys[stage.name].append(rows.drop("row").with_columns(doc.alias("doc")))
            self.clock.add(stage.name, started, size, kept.height)

    def unread(self) -> pl.DataFrame:
        """One row of QUARANTINE for the rest of a split whose reader killed its worker."""
        piece = self.task.split.pieces[-1]
        row = {"source": piece.source, "locator": piece.locator, "stage": "engine"}
        row |= {"reason": "worker_died", "detail": f"reading after row {self.task.stop}"}
        return pl.DataFrame([row], schema=dict(QUARANTINE))

    def finish(self) -> dict[str, Any]:
        task = self.task
        files = [writer.commit_entry(task.root) for writer in self.writers.values()]
        sketch_rows = {}
        if self.sketchers:
            write_shard(task.work / "facts" / task.part, self.facts, level=0, size_by="id")
        for name, frames in self.keys.items():
            # Sorted by key: a match task reads its key range by row-group statistics.
            keys = by_key(pl.concat(frames))
            sketch_rows[name] = keys.height
            write_shard(task.work / "sketch" / name / task.part, [keys], level=0, size_by="")
        self.notes.remove()
        return {
            "kind": "split",
            "split": task.split.index,
            "pieces": [piece.described() for piece in task.split.pieces],
            "counts": counts.add(self.tallies),
            "files": files,
            "sketch_rows": sketch_rows,
            "metrics": {
                "stages": self.clock.spent,
                "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            },
        }


def probe(argument: tuple[SplitTask, int, int]) -> dict[str, Any]:
    """Run the rows [first, last) of a split through the stages and throw the result away."""
    task, first, last = argument
    stages = built((*task.local, *task.sketches))
    for row, chunk in batches(task):
        docs = chunk.docs[max(first - row, 0) : max(last - row, 0)]
        if docs.height:
            out, _ = run_chain(stages[: len(task.local)], docs, Clock(), task.budget)
            for stage in stages[len(task.local) :]:
                stage.sketch(out.filter(pl.col("dropped_by").is_null()))
        if row + chunk.docs.height >= last:
            break
    return {"kind": "probe"}
