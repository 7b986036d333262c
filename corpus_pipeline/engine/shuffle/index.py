"""The index of a corpus: what later runs need to drop from their side what is in it already.

Enters: sketches, facts and texts of a local pass; or the folder of an index.  Leaves: a folder with
`sketch/<stage>/`, `facts/` and `texts/` by parts under a sealed manifest; or an `Index`.
Refuses: an index made by other stages, options, tables or versions (it names what differs), and
one of which a byte has changed (it names the file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine.shuffle.corpus import Index, row_groups
from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.io.traces import LAYOUT, traces_of
from corpus_pipeline.model import AlarmOptions, PairStage, PipelineError, StageSpec
from corpus_pipeline.tasks.base import Result, Task

#: Raised when the layout of an index changes.  One with traces of erased texts has another layout,
#: because a reader that passed them by would let those texts in again.
VERSION = 1
READS = (VERSION, LAYOUT)
#: Options that decide no pair and no document: an index serves whatever they are.
ALARMS = tuple(AlarmOptions.model_fields)


#: Source → locator of a file → the beginning of its SHA-256.
Delivered = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class PackTask:
    """One part of an index in the making."""

    index: int
    stages: tuple[str, ...]
    root: Path  # the index


def comparing(specs: Sequence[StageSpec]) -> tuple[StageSpec, ...]:
    """The stages that compare documents with each other."""
    return tuple(spec for spec in specs if issubclass(spec.cls, PairStage))


def pack(task: PackTask) -> Result:
    """Put one part of an index in its place; its files."""
    work, part = task.root / "work", f"part-{task.index:05d}.parquet"
    places = [(work / "sketch" / name / part, f"sketch/{name}/{part}") for name in task.stages]
    places.append((work / "facts" / part, f"facts/{part}"))
    places.append((work / "local" / "quarantine" / part, f"quarantine/{part}"))
    files = []
    for source, target in places:
        path = task.root / target
        size_by = "id" if target.startswith("facts") else ""
        rows = write_shard(path, [pl.read_parquet(local_copy(source))], level=1, size_by=size_by)
        files.append(manifest.file_entry(task.root, path, rows))
    path = task.root / "texts" / part
    rows = write_shard(path, row_groups(work / "local" / "kept" / part, ["text"]))
    files.append(manifest.file_entry(task.root, path, rows))
    return {"kind": "pack", "rows": rows, "files": files}


def content(parts: Sequence[Result], specs: Sequence[StageSpec]) -> dict[str, Any]:
    """What the manifest of an index says beside where its documents came from."""
    return {
        "kind": "index",
        "index_version": VERSION,
        "stages": [concealed_values(spec.record()) for spec in comparing(specs)],
        "rows": [part["rows"] for part in parts],
        "files": [entry for part in parts for entry in part["files"]],
    }


def open_index(root: Path, specs: Sequence[StageSpec]) -> Index:
    """The index in this folder, fit to be used by these stages; `PipelineError` says why not."""
    content = manifest.read(root / "manifest.json")
    if content.get("kind") != "index":
        raise PipelineError(
            f"not an index: {root} holds a manifest of kind {content.get('kind')!r}"
        )
    if content["index_version"] not in READS:
        theirs, ours = content["index_version"], " and ".join(map(str, READS))
        raise PipelineError(f"the index {root} has layout {theirs}, this version reads {ours}")
    differs = compared_alike(content["stages"], comparing(specs))
    if differs:
        raise PipelineError(f"the index {root} cannot serve {differs}")
    return Index(root.resolve(), len(content["rows"]), content["seal"], traces_of(root, content))


def compared_alike(records: Sequence[dict[str, Any]], specs: Sequence[StageSpec]) -> str | None:
    """The first stage that these records do not serve, and why; None where they serve all."""
    by_name = {record["name"]: record for record in records}
    for spec in specs:
        differs = difference(by_name.get(spec.name), concealed_values(spec.record()))
        if differs:
            return f"{spec.name}: {differs}"
    return None


def difference(theirs: dict[str, Any] | None, ours: dict[str, Any]) -> str | None:
    """How the stage of an index differs from ours; None where the index serves it."""
    if theirs is None:
        return "it was built without that stage"
    if theirs["version"] != ours["version"]:
        return (
            f"it was built by version {theirs['version']} of the stage, this is {ours['version']}"
        )
    for name, value in ours["options"].items():
        if name not in ALARMS and theirs["options"].get(name) != value:
            return f"it was built with {name}={theirs['options'].get(name)}, this run has {value}"
    for name, asset in ours["assets"].items():
        if theirs["assets"].get(name, {}).get("sha256") != asset["sha256"]:
            return f"it was built with another {name} ({asset['ref']})"
    return None


def delivered(files: Iterable[Mapping[str, Any]]) -> Delivered:
    """Of the files that manifests list those of a source: what documents were read from."""
    found: Delivered = {}
    for file in files:
        if file["source"]:  # the parts of an earlier run have none
            found.setdefault(file["source"], {})[file["locator"]] = file["sha256"][:16]
    return found


def refuse_namesakes(indexes: Sequence[Index], files: Delivered) -> None:
    """Raise `PipelineError` where a file has the source and name, not the content, of an old one.

    Ids are made of source and name: documents of both would have the same.  An index that says
    nothing of its files was made before this was asked, or of runs over the parts of others.
    """
    for one in indexes:
        old: Delivered = manifest.read(one.root / "manifest.json").get("delivered", {})
        for source, names in files.items():
            known = old.get(source, {})
            other = [name for name in names if known.get(name, names[name]) != names[name]]
            if other:
                more = f" and {len(other) - 1:,} more" if other[1:] else ""
                raise PipelineError(
                    f"{min(other)}{more} of source {source}: the index {one.root} has documents of "
                    "another file of that name, and ids are made of source and name; "
                    "give this delivery a name of its own: --set ingest.delivery=NAME"
                )


def index_rows(index: Index) -> list[int]:
    """How many documents each part of an index has."""
    rows: list[int] = manifest.read(index.root / "manifest.json")["rows"]
    return rows


def check(argument: tuple[Path, list[dict[str, Any]]]) -> Result:
    """Compare files of an index with their digests; `PipelineError` names one that differs."""
    root, entries = argument
    for entry in entries:
        path = root / entry["path"]
        if not path.is_file():
            raise PipelineError(f"damaged index: {path} is missing")
        if path.stat().st_size != entry["bytes"] or sha256_file(path) != entry["sha256"]:
            raise PipelineError(f"damaged index: {path} does not match its digest")
    return {"kind": "check", "files": len(entries)}


def check_tasks(indexes: Sequence[Index], task: Callable[[str, Any, Any], Task]) -> list[Task]:
    """The tasks that read every byte of the indexes once."""
    tasks = []
    for number, index in enumerate(indexes):
        files = manifest.read(index.root / "manifest.json")["files"]
        for at in range(0, len(files), 64):
            argument = (index.root, files[at : at + 64])
            tasks.append(task(f"check/{number:02d}-{at:05d}", check, argument))
    return tasks
