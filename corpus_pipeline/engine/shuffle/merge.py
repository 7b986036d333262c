"""Several indexes as one, or one with fewer and bigger parts.

Enters: indexes of the same stages, options, tables and versions.  Leaves: one index with the same
documents in the same order, the traces of all that was erased from them, and their seals as its
parents; a run `--against` it drops what a run `--against` all of them drops, because the documents
keep their order, and nothing else of their numbers decides.
Refuses: indexes that differ (it names what differs), one that is given twice, a changed byte.
Memory: a row group of texts, the facts of a part, `ROWS` rows of sketches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine import folder, tallies
from corpus_pipeline.engine.code import code
from corpus_pipeline.engine.metrics import write_metrics
from corpus_pipeline.engine.shuffle import index
from corpus_pipeline.engine.shuffle.corpus import ROW, Index, between, row_groups
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import StorePath, local_copy, relative
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.parquet import opened
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.io.storage import remove_leftovers, remove_tree
from corpus_pipeline.io.traces import FILE, LAYOUT, about
from corpus_pipeline.model import PipelineError, digest
from corpus_pipeline.tasks.base import Engine, OnDone, Result, Task

#: A part of the new index ends before the old part that would bring its texts over so many bytes on
#: disk, or its documents over so many: a gather task reads the candidates' texts of one part.
PART_BYTES, PART_DOCUMENTS = 256 << 20, 1_000_000
#: Rows of sketches that are in memory at once: 24 bytes each, three times while they are sorted.
ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class OldPart:
    """One part of an old index, and the row of the new part at which its documents begin."""

    root: Path
    number: int
    documents: int
    start: int

    def file(self, home: str) -> Path:
        """Its file in one of the folders of its index."""
        return self.root / home / f"part-{self.number:05d}.parquet"


@dataclass(frozen=True, slots=True)
class MergeTask:
    """One part of the new index in the making."""

    number: int
    parts: tuple[OldPart, ...]
    stages: tuple[str, ...]
    root: Path  # the new index


def merge(
    roots: Sequence[Path],
    target: Path,
    engine: Engine,
    on_done: OnDone = lambda *_: None,
    *,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the index of these indexes, or what is left of it; the content of its manifest."""
    old = [index.open_index(root, ()) for root in roots]
    contents = [manifest.read(one.root / "manifest.json") for one in old]
    _refuse_unlike(roots, contents)
    for root in roots:
        if target.resolve() == root.resolve() or root.resolve() in target.resolve().parents:
            raise PipelineError(f"--output {target} lies in {root}, which is only read")
    folder.refuse_foreign(target, overwrite=overwrite)
    with folder.lock(target) as held:
        if overwrite:
            folder.clear(target)
        return _merged(old, contents, _Work(target.resolve(), engine, on_done, held))


def _refuse_unlike(roots: Sequence[Path], contents: Sequence[Mapping[str, Any]]) -> None:
    """Raise `PipelineError` where two indexes cannot be one."""
    seals: dict[str, Path] = {}
    for root, content in zip(roots, contents, strict=True):
        if content["seal"] in seals:
            raise PipelineError(f"{root} is the same index as {seals[content['seal']]}")
        seals[content["seal"]] = root
        for pair in ((contents[0], content), (content, contents[0])):
            ours, theirs = ({stage["name"]: stage for stage in one["stages"]} for one in pair)
            for name, stage in ours.items():
                differs = index.difference(theirs.get(name), stage)
                if differs:
                    told = f"{name}: {differs}" if pair[1] is content else f"{name}: it has more"
                    raise PipelineError(f"{root} cannot be merged with {roots[0]}: {told}")


@dataclass(slots=True)
class _Work:
    """A merge under way: where, under which key, how long each phase took.

    `held` raises `PipelineError` where the lock of the folder was lost.
    """

    root: Path
    engine: Engine
    on_done: OnDone
    held: Callable[[], None]
    key: str = ""
    walls: dict[str, float] = field(default_factory=dict)

    def task(self, name: str, function: Callable[[Any], Result], argument: Any) -> Task:
        work = self.root / "work"
        metrics = work / "metrics" / f"{name.replace('/', '-')}.json"
        return Task(name, function, argument, work / f"{name}.json", self.key, metrics)

    def clear(self) -> None:
        """Remove what was between; on a store the lock stays until it is given back."""
        if isinstance(self.root, StorePath):
            folder.clear_work(self.root)
        else:
            remove_tree(self.root / "work")

    def phase(self, name: str, tasks: Sequence[Task]) -> list[Result]:
        begun, done = time.perf_counter(), 0

        def count(_task: Task, result: Result) -> None:
            nonlocal done
            done += 1
            self.held()
            self.on_done(name, done, len(tasks), result)

        results = self.engine.run(tasks, count)
        self.walls[name] = time.perf_counter() - begun
        return results


def _merged(
    old: Sequence[Index], contents: Sequence[dict[str, Any]], work: _Work
) -> dict[str, Any]:
    started, root = time.perf_counter(), work.root
    decides = {
        "indexes": [one.seal for one in old],
        "versions of libraries": code(),
        "sizes of parts": [PART_BYTES, PART_DOCUMENTS],
    }
    work.key = digest(decides)
    finished = folder.claim(root, work.key, decides)
    if finished is not None:
        work.clear()
        return finished
    work.phase("check", index.check_tasks(old, work.task))
    names = tuple(stage["name"] for stage in contents[0]["stages"])
    planned = [
        MergeTask(number, parts, names, root) for number, parts in enumerate(cut(old, contents))
    ]
    tasks = [work.task(f"merge/{task.number:05d}", merge_part, task) for task in planned]
    written = _content(old, contents, root, work.phase("merge", tasks)) | {"key": work.key}
    write_metrics(root, work.walls, time.perf_counter() - started, work.engine)
    remove_leftovers(root)
    work.held()
    manifest.write(root / "manifest.json", written)
    work.clear()
    return manifest.read(root / "manifest.json")


def cut(old: Sequence[Index], contents: Sequence[Mapping[str, Any]]) -> list[tuple[OldPart, ...]]:
    """The parts of the new index as the old ones that each is made of, all in their order."""
    parts: list[list[OldPart]] = [[]]
    size = documents = 0
    for one, content in zip(old, contents, strict=True):
        files = content["files"]
        texts = {f["path"]: f["bytes"] for f in files if f["path"].startswith("texts/")}
        for number, rows in enumerate(content["rows"]):
            more = texts[f"texts/part-{number:05d}.parquet"]
            if parts[-1] and (size + more > PART_BYTES or documents + rows > PART_DOCUMENTS):
                parts.append([])
                size = documents = 0
            parts[-1].append(OldPart(one.root, number, rows, documents))
            size, documents = size + more, documents + rows
    return [tuple(part) for part in parts if part]


def merge_part(task: MergeTask) -> Result:
    """Write one part of the new index; its files."""
    name = f"part-{task.number:05d}.parquet"
    homes = {
        f"sketch/{stage}": (_sketches(task, f"sketch/{stage}"), 1, "") for stage in task.stages
    }
    homes["facts"] = (_facts(task), 1, "id")
    homes["quarantine"] = (_each(task, "quarantine"), 1, "")
    homes["texts"] = (_each(task, "texts"), 3, "text")
    files = []
    for home, (frames, level, size_by) in homes.items():
        path = task.root / home / name
        rows = write_shard(path, frames, level=level, size_by=size_by)
        files.append(manifest.file_entry(task.root, path, rows))
    documents = sum(part.documents for part in task.parts)
    if documents != rows:
        raise PipelineError(
            f"damaged index: {task.parts[0].root} says {documents} texts, has {rows}"
        )
    return {"kind": "merge", "rows": rows, "files": files}


def _each(task: MergeTask, home: str) -> Iterator[pl.DataFrame]:
    for part in task.parts:
        yield from row_groups(part.file(home))


def _facts(task: MergeTask) -> Iterator[pl.DataFrame]:
    """The facts under their new numbers."""
    for part in task.parts:
        facts = pl.read_parquet(local_copy(part.file("facts")))
        yield facts.with_columns(_renumbered(task, part))


def _renumbered(task: MergeTask, part: OldPart) -> pl.Expr:
    """The number of a document in the new index: `doc` of the old one holds its row."""
    row = pl.col("doc") & pl.lit(ROW, dtype=pl.UInt64)
    return (row + pl.lit((task.number << 32) + part.start, dtype=pl.UInt64)).alias("doc")


def _sketches(task: MergeTask, home: str) -> Iterator[pl.DataFrame]:
    """The rows of a stage's sketches under their new numbers, sorted by key and document."""
    files = [(part, part.file(home)) for part in task.parts]
    rows = sum(_height(path) for _, path in files)
    ranges = max(-(-rows // ROWS), 1)
    edges = [(2**64 * number) // ranges for number in range(ranges + 1)]
    for first, end in pairwise(edges):
        frames = [
            between([path], "key", first, end - 1).with_columns(_renumbered(task, part))
            for part, path in files
        ]
        yield pl.concat(frames).sort("key", "doc")


def _height(path: Path) -> int:
    """How many rows a Parquet file has."""
    with opened(path) as file:
        rows: int = file.metadata.num_rows
    return rows


def _content(
    old: Sequence[Index],
    contents: Sequence[Mapping[str, Any]],
    root: Path,
    parts: Sequence[Result],
) -> dict[str, Any]:
    """The manifest of the new index."""
    first = contents[0]
    sources: list[Any] = []
    for content in contents:
        sources += [entry for entry in content["sources"] if entry not in sources]
    counts = tallies.add(content["counts"] for content in contents)
    if not tallies.conserved(counts):
        raise AssertionError(f"documents were lost or doubled: {counts}")
    delivered: index.Delivered = {}
    for content in contents:
        for source, files in content.get("delivered", {}).items():
            delivered.setdefault(source, {}).update(files)
    traces = _traces(old, root)
    merged = {
        "kind": "index",
        "index_version": LAYOUT if traces else index.VERSION,
        "name": first["name"],
        "code": code(),
        "config": first["config"],
        "sources": sources,
        "left_out": [],
        "stages": first["stages"],
        "parents": [
            {"manifest": relative(one.root / "manifest.json", root), "seal": one.seal}
            for one in old
        ],
        "merged": [
            {"name": escaped(one.root.name), "seal": one.seal, "documents": sum(content["rows"])}
            for one, content in zip(old, contents, strict=True)
        ],
        "rows": [part["rows"] for part in parts],
        "files": [entry for part in parts for entry in part["files"]],
        "counts": counts,
        "delivered": delivered,
    }
    if traces:
        merged["files"].append(traces)
        merged["erased"] = about(traces["rows"])
    return merged


def _traces(old: Sequence[Index], root: Path) -> dict[str, Any] | None:
    """Write what is known of the texts that were erased from the old indexes; its entry."""
    traces = [one.traces.path for one in old if one.traces is not None]
    frames = [pl.read_parquet(local_copy(path)) for path in traces]
    if not frames:
        return None
    # In their order, each text once: where two are equally like a document, the first is named.
    known = pl.concat(frames).unique(
        ["key", "high", "signature"], keep="first", maintain_order=True
    )
    rows = write_shard(root / FILE, [known], size_by="")
    return manifest.file_entry(root, root / FILE, rows)
