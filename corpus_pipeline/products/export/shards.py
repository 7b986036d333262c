"""The dataset: a run's kept documents in shards of even size, with card, Croissant and manifest.

Enters: a finished run.  Leaves: `data/<split>-00000-of-00012.parquet …`, `README.md`,
`croissant.json` and, written last, `manifest.json`.  Refuses: to let the number of workers show in
the output, to write into a folder that holds anything but a dataset, and to look at a clock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest, shards, storage
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export import card, croissant
from corpus_pipeline.products.export.facts import PUBLISHED, ExportOptions, gather
from corpus_pipeline.products.runs import (
    KEPT,
    Run,
    columns_of,
    group_sizes,
    no_rows,
    open_run,
    rows_between,
    text_sizes,
)

__all__ = ["ExportOptions", "ShardPlan", "export", "finish_export", "plan_export"]
__all__ += ["begin_export", "in_turn", "tasks", "write_shard_task"]

#: What lies in a dataset's folder; a folder that holds anything else is somebody else's.
OURS = ("data", "README.md", "croissant.json", "manifest.json")
_SHARD = re.compile(r"[a-z][a-z0-9_]*-\d{5,}-of-\d{5,}\.parquet")

#: A range of rows: part (relative to the run), first row, number of rows.
Range = tuple[str, int, int]
RunTasks = Callable[[Callable[[dict[str, Any]], dict[str, Any]], list[dict[str, Any]]], list[Any]]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Which rows go into one shard."""

    name: str
    ranges: tuple[Range, ...]

    @property
    def rows(self) -> int:
        """The number of documents."""
        return sum(rows for _, _, rows in self.ranges)


@dataclass(slots=True)
class _Cutter:
    """Collects ranges until they hold as much text as a shard should."""

    target: int
    done: list[tuple[Range, ...]] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    size: int = 0

    def add(self, part: str, first: int, rows: int, size: int) -> None:
        if self.ranges:
            last, start, count = self.ranges[-1]
            if last == part and start + count == first:
                self.ranges[-1] = (part, start, count + rows)
                self.size += size
                return
        self.ranges.append((part, first, rows))
        self.size += size

    def close(self) -> None:
        self.done.append(tuple(self.ranges))
        self.ranges, self.size = [], 0


def plan_export(root: Path, options: ExportOptions) -> list[ShardPlan]:
    """Cut the kept rows, in the order of the parts, into shards; nothing but the run decides.

    Sizes come from the footers; only a row group in which a cut falls is read.
    """
    run = open_run(root)
    parts = run.parts(KEPT)
    if not parts:
        raise PipelineError(f"nothing to export: {root} has no kept/ part")
    groups = [(part, *group) for part in parts for group in group_sizes(root / part, "text")]
    total = sum(size for *_, size in groups)
    # Shards of one size, none above the target: a small last shard would leave a loader idle.
    wanted = max(1, ceil(total / (options.shard_mb * 1_000_000)))
    cutter = _Cutter(max(1, ceil(total / wanted)))
    for part, first, rows, size in groups:
        _cut(cutter, root, (part, first, rows), size)
    if cutter.ranges or not cutter.done:
        cutter.close()
    shards = len(cutter.done)
    return [
        ShardPlan(f"{options.split}-{index:05d}-of-{shards:05d}.parquet", ranges)
        for index, ranges in enumerate(cutter.done)
    ]


def _cut(cutter: _Cutter, root: Path, group: Range, size: int) -> None:
    part, first, rows = group
    if not rows:
        return
    if cutter.size + size < cutter.target:
        cutter.add(part, first, rows, size)
        return
    ends = np.cumsum(text_sizes(root / part, first, rows))
    done = 0
    while done < rows:
        before = int(ends[done - 1]) if done else 0
        # The row that fills the shard closes it.
        fill = int(np.searchsorted(ends, before + cutter.target - cutter.size)) + 1
        take = min(fill, rows) - done
        cutter.add(part, first + done, take, int(ends[done + take - 1]) - before)
        done += take
        if cutter.size >= cutter.target:
            cutter.close()


def chosen_columns(run: Run, options: ExportOptions) -> list[str]:
    """The columns to publish, in order; `id` and `text` always."""
    there = columns_of(run.root / run.parts(KEPT)[0])
    if options.columns is None:
        return [name for name in PUBLISHED if name in there]
    missing = [name for name in options.columns if name not in there]
    if missing:
        raise PipelineError(f"export: no column {missing[0]!r} in this run (it has {len(there)})")
    return list(dict.fromkeys(["id", "text", *options.columns]))


def write_shard_task(argument: dict[str, Any]) -> dict[str, Any]:
    """Write one shard; its file entry, with a tally of what it holds.

    `argument`: `run`, `out` (paths as strings), `name`, `ranges`, `columns`.  May run anywhere that
    sees both folders, twice or side by side with its own ghost.
    """
    root, out = Path(argument["run"]), Path(argument["out"])
    columns = list(argument["columns"])
    path = out / "data" / argument["name"]
    tally = _Tally()

    def frames() -> Iterator[pl.DataFrame]:
        if not argument["ranges"]:
            yield no_rows(root / argument["empty_like"], columns)
        for part, first, rows in argument["ranges"]:
            for frame in rows_between(root / part, first, rows, columns):
                tally.add(frame)
                yield frame

    rows = shards.write_shard(path, frames())
    return {**manifest.file_entry(out, path, rows), "tally": tally.record()}


class _Tally:
    """Counts over the documents of one shard."""

    _COLUMNS: tuple[tuple[str, str], ...] = (
        ("by_source", "source"),
        ("by_license", "license"),
        ("by_language", "langid_label"),
    )

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {name: {} for name, _ in self._COLUMNS}
        self._bytes = 0

    def add(self, frame: pl.DataFrame) -> None:
        self._bytes += int(frame.get_column("text").str.len_bytes().sum() or 0)
        for name, column in self._COLUMNS:
            if column not in frame.columns:
                continue
            counts = self._counts[name]
            for value, count in frame.group_by(column).len().iter_rows():
                counts[value or ""] = counts.get(value or "", 0) + count

    def record(self) -> dict[str, Any]:
        tallies = {name: dict(sorted(counts.items())) for name, counts in self._counts.items()}
        return {**tallies, "text_bytes": self._bytes}


def in_turn(
    function: Callable[[dict[str, Any]], dict[str, Any]], arguments: list[dict[str, Any]]
) -> list[Any]:
    """The plainest engine: one task after the other, in this process."""
    return [function(argument) for argument in arguments]


def begin_export(out: Path) -> None:
    """Make sure that `out` is ours, and withdraw what stood there: it is being replaced."""
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            raise PipelineError(f"cannot export to {out}: {path} is not a folder")
    strangers = [
        entry.name
        for entry in sorted(out.iterdir() if out.is_dir() else ())
        if entry.name not in OURS and not entry.name.startswith(storage.TEMPORARY)
    ]
    if strangers:
        raise PipelineError(f"cannot export to {out}: it holds something else ({strangers[0]})")
    with storage.disk_errors(out):
        (out / "data").mkdir(parents=True, exist_ok=True)
        (out / "manifest.json").unlink(missing_ok=True)
        storage.sync_folder(out)


def tasks(
    root: Path, out: Path, options: ExportOptions, plans: Sequence[ShardPlan]
) -> list[dict[str, Any]]:
    """The arguments of `write_shard_task`, plain values throughout."""
    run = open_run(root)
    columns = chosen_columns(run, options)
    return [
        {
            # A worker may stand in another folder than we do.
            "run": str(root.absolute()),
            "out": str(out.absolute()),
            "name": plan.name,
            "ranges": [list(entry) for entry in plan.ranges],
            "columns": columns,
            "empty_like": run.parts(KEPT)[0],
        }
        for plan in plans
    ]


def finish_export(
    root: Path,
    out: Path,
    options: ExportOptions,
    plans: Sequence[ShardPlan],
    results: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Remove shards of older plans, write card and Croissant, then the manifest; its content."""
    run = open_run(root)
    planned = sum(plan.rows for plan in plans)
    written = sum(result["rows"] for result in results)
    if not planned == written == run.counts["kept"]:
        raise PipelineError(
            f"export: {run.counts['kept']} documents kept, {planned} planned, {written} written"
        )
    current = {plan.name for plan in plans}
    for path in (out / "data").iterdir():
        if _SHARD.fullmatch(path.name) and path.name not in current:
            with suppress(FileNotFoundError):
                path.unlink()
    first = no_rows(out / "data" / plans[0].name, columns_of(out / "data" / plans[0].name))
    schema = [(name, str(dtype)) for name, dtype in first.schema.items()]
    facts = gather(run, options, results, schema)
    storage.commit_bytes(out / "README.md", card.render(facts).encode())
    storage.commit_bytes(out / "croissant.json", croissant.render(facts))
    storage.remove_leftovers(out)
    files = [*facts.shards]
    files += [manifest.file_entry(out, out / name) for name in ("README.md", "croissant.json")]
    content = {
        "kind": "dataset",
        "name": facts.name,
        "parents": [
            {"manifest": Path(os.path.relpath(root / "manifest.json", out)).as_posix()}
            | {"seal": facts.seal}
        ],
        "options": options.model_dump(mode="json"),
        "columns": [list(entry) for entry in schema],
        "counts": {
            "rows": facts.rows,
            "text_bytes": facts.text_bytes,
            "by_source": facts.by_source,
            "by_license": facts.by_license,
            "by_language": facts.by_language,
        },
        "shards": [
            {
                "path": f"data/{plan.name}",
                "rows": plan.rows,
                "from": [list(entry) for entry in plan.ranges],
            }
            for plan in plans
        ],
        "files": files,
    }
    manifest.write(out / "manifest.json", content)
    return content


def export(
    root: Path, out: Path, options: ExportOptions, run_tasks: RunTasks = in_turn
) -> dict[str, Any]:
    """Export a finished run's kept documents to `out/dataset`; the content of its manifest.

    `out` may be the run itself.  `run_tasks` calls a function on each argument, wherever it likes,
    and returns the results in order; results of an earlier, interrupted attempt are welcome.
    """
    folder = out / "dataset"
    plans = plan_export(root, options)
    arguments = tasks(root, folder, options, plans)
    begin_export(folder)
    results = [
        # A result may be remembered while its shard is gone.
        result if _stands(folder, result) else write_shard_task(argument)
        for argument, result in zip(arguments, run_tasks(write_shard_task, arguments), strict=True)
    ]
    return finish_export(root, folder, options, plans, results)


def _stands(folder: Path, result: dict[str, Any]) -> bool:
    path = folder / result["path"]
    return path.is_file() and bool(path.stat().st_size == result["bytes"])
