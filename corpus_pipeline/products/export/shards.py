"""The dataset: a run's kept documents in shards of even size, with card, Croissant and manifest.

Enters: a finished run.  Leaves: `data/<split>-00000-of-00012.parquet …`, `README.md`,
`croissant.json` and, written last, `manifest.json`: the same bytes for any number of workers.
Refuses: a folder that holds anything but a dataset (`PipelineError`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_pipeline import __version__
from corpus_pipeline.io import manifest, shards, storage
from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.io.fs import place, relative
from corpus_pipeline.model import PipelineError, digest
from corpus_pipeline.products.export import card, croissant, mix
from corpus_pipeline.products.export.cut import ShardPlan, plan_export
from corpus_pipeline.products.export.facts import PUBLISHED, ExportOptions, Facts, gather
from corpus_pipeline.products.export.mix import Mixture
from corpus_pipeline.products.runs import (
    KEPT,
    Run,
    columns_of,
    no_rows,
    open_run,
    rows_between,
)
from corpus_pipeline.tasks.base import Engine, OnDone, Task
from corpus_pipeline.tasks.local import LocalEngine

__all__ = ["ExportOptions", "ShardPlan", "export", "finish_export", "plan_export"]
__all__ += ["arguments", "begin_export", "write_shard"]

#: What lies in a dataset's folder; a folder that holds anything else is not written to.
OURS = ("data", "mix", "README.md", "croissant.json", "manifest.json", "manifest.json.sig")
_SHARD = re.compile(r"[a-z][a-z0-9_]*-\d{5,}-of-\d{5,}\.parquet")

#: The fields of the entry of a written shard.
ENTRY = ("path", "bytes", "sha256", "rows", "tally")


def chosen_columns(run: Run, options: ExportOptions) -> list[str]:
    """The columns to publish, in order; `id` and `text` always."""
    available = columns_of(run.root / run.parts(KEPT)[0])
    if options.columns is None:
        return [name for name in PUBLISHED if name in available]
    missing = [name for name in options.columns if name not in available]
    if missing:
        number = len(available)
        raise PipelineError(f"export: no column {missing[0]!r} in this run (it has {number})")
    return list(dict.fromkeys(["id", "text", *options.columns]))


def write_shard(argument: dict[str, Any]) -> dict[str, Any]:
    """Write one shard; its file entry, with a tally of what it holds.

    `argument`: `run`, `out` (paths as strings), `name`, `ranges`, `columns`, `empty_like` (a part
    that gives the schema of a shard without rows).  May run on any machine that sees both folders,
    and more than once for the same shard, at the same time too.
    """
    root, out = place(argument["run"]), place(argument["out"])
    columns = list(argument["columns"])
    path = out / "data" / argument["name"]
    tally = _Tally()

    def frames() -> Iterator[pl.DataFrame]:
        if not argument["ranges"]:
            yield no_rows(root / argument["empty_like"], columns)
        for part, first, rows, *turn in argument["ranges"]:
            frames = rows_between(root / part, first, rows, columns)
            if turn:
                chosen = mix.chosen(out, part, first, rows, argument["split"], *turn)
                frames = mix.filtered(frames, chosen)
            for frame in frames:
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


def begin_export(out: Path) -> None:
    """Make the folder; a dataset that stands there loses its manifest, for it is being replaced.

    Raises `PipelineError` where `out` is no folder or holds anything but a dataset.
    """
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            raise PipelineError(f"cannot export to {out}: {path} is not a folder")
    foreign = [
        entry.name
        for entry in sorted(out.iterdir() if out.is_dir() else ())
        if entry.name not in OURS and not entry.name.startswith(storage.TEMPORARY)
    ]
    if foreign:
        raise PipelineError(f"cannot export to {out}: it holds something else ({foreign[0]})")
    with storage.disk_errors(out):
        (out / "data").mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", "manifest.json.sig"):
            (out / name).unlink(missing_ok=True)
        storage.sync_folder(out)


def arguments(
    root: Path, out: Path, options: ExportOptions, plans: Sequence[ShardPlan]
) -> list[dict[str, Any]]:
    """The arguments of `write_shard`, plain values throughout."""
    run = open_run(root)
    columns = chosen_columns(run, options)
    return [
        {
            # A worker may have another working directory.
            "run": str(root.absolute()),
            "out": str(out.absolute()),
            "name": plan.name,
            "ranges": [list(entry) for entry in plan.ranges],
            "split": plan.split and plan.split[1],
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
    *,
    mixture: Mixture | None = None,
) -> dict[str, Any]:
    """Remove shards of older plans, write card and Croissant, then the manifest; its content."""
    run = open_run(root)
    planned = sum(plan.rows for plan in plans)
    written = sum(result["rows"] for result in results)
    wanted = run.counts["kept"] if mixture is None else mixture.rows
    if not planned == written == wanted:
        raise PipelineError(f"export: {wanted} documents, {planned} planned, {written} written")
    _remove_older(out, plans, mixture)
    first = no_rows(out / "data" / plans[0].name, columns_of(out / "data" / plans[0].name))
    schema = [(name, str(dtype)) for name, dtype in first.schema.items()]
    facts = gather(run, options, results, schema, None if mixture is None else mixture.facts)
    storage.commit_bytes(out / "README.md", card.render(facts).encode())
    storage.commit_bytes(out / "croissant.json", croissant.render(facts))
    storage.remove_leftovers(out)
    content = _content(root=root, out=out, options=options, plans=plans, facts=facts, schema=schema)
    manifest.write(out / "manifest.json", content)
    return content


def _remove_older(out: Path, plans: Sequence[ShardPlan], mixture: Mixture | None) -> None:
    """Remove the shards and the mixtures of older plans."""
    current = {plan.name for plan in plans}
    for path in (out / "data").iterdir():
        if _SHARD.fullmatch(path.name) and path.name not in current:
            with suppress(FileNotFoundError):
                path.unlink()
    if mixture is None:
        storage.remove_tree(out / mix.FOLDER)
        return
    parts = {part.rpartition("/")[2] for part in mixture.parts}
    for path in (out / mix.FOLDER).iterdir():
        if path.name not in parts:
            path.unlink()


def _content(
    *,
    root: Path,
    out: Path,
    options: ExportOptions,
    plans: Sequence[ShardPlan],
    facts: Facts,
    schema: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """The dataset's manifest: its parent run, columns, counts, and a digest of each file."""
    files = [*facts.shards]
    if facts.mixture is not None:
        listed = run_parts(root)
        files += [manifest.file_entry(out, out / mix.FOLDER / name, rows) for name, rows in listed]
    files += [manifest.file_entry(out, out / name) for name in ("README.md", "croissant.json")]
    return {
        "kind": "dataset",
        "name": facts.name,
        "parents": [{"manifest": relative(root / "manifest.json", out)} | {"seal": facts.seal}],
        "options": _told(options),
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
                **({} if plan.split is None else {"split": plan.split[1]}),
            }
            for plan in plans
        ],
        "files": files,
        **({} if facts.mixture is None else {"mixture": facts.mixture}),
    }


def _told(options: ExportOptions) -> dict[str, Any]:
    """The options for the manifest; a recipe may name what somebody wrote into a column."""
    told = options.model_dump(mode="json")
    return {**told, "recipe": concealed_values(told["recipe"])}


def run_parts(root: Path) -> list[tuple[str, int]]:
    """The names of the kept parts, without their folder, and their rows."""
    run = open_run(root)
    rows = {entry["path"]: entry["rows"] for entry in run.manifest["files"]}
    return [(part.rpartition("/")[2], rows[part]) for part in run.parts(KEPT)]


def export(
    root: Path,
    out: Path,
    options: ExportOptions,
    engine: Engine | None = None,
    on_done: OnDone = lambda *_: None,
) -> dict[str, Any]:
    """Export a finished run's kept documents to `out/dataset`; the content of its manifest.

    `out` may be the run itself.  Shards are written by `engine` (None: in this process), one task
    a shard; those that an interrupted attempt finished are not written again.
    """
    folder, mixture = out / "dataset", None
    if options.recipe is not None:
        mixture = mix.mixed(open_run(root), options.recipe, options.split)
    plans = plan_export(root, options, mixture)
    begin_export(folder)
    if mixture is not None:
        mix.write(mixture, folder)
    tasks = _tasks(root, out, options, plans)
    finished = 0

    def count(_task: Task, result: dict[str, Any]) -> None:
        nonlocal finished
        finished += 1
        on_done("export", finished, len(tasks), result)

    results = []
    for task, result in zip(tasks, (engine or LocalEngine()).run(tasks, count), strict=True):
        # The marker of a task may outlive its shard.
        entry = result if _is_there(folder, result) else write_shard(task.argument)
        results.append({name: entry[name] for name in ENTRY})  # without the marker's own fields
    content = finish_export(root, folder, options, plans, results, mixture=mixture)
    storage.remove_tree(_scratch(out))
    with suppress(OSError):  # other files may lie there
        _scratch(out).parent.rmdir()
    return content


def _scratch(out: Path) -> Path:
    """Where the tasks' markers lie until the dataset is whole."""
    return out / "work" / "export"


def _tasks(root: Path, out: Path, options: ExportOptions, plans: Sequence[ShardPlan]) -> list[Task]:
    """One task a shard; the key of all of them: the run's seal, the options and the versions."""
    versions = {"corpus-pipeline": __version__, "polars": pl.__version__, "pyarrow": pa.__version__}
    key = digest([open_run(root).manifest["seal"], options.model_dump(mode="json"), versions])
    scratch = _scratch(out)
    return [
        Task(
            name=f"export/{number:05d}",
            function=write_shard,
            argument=argument,
            marker=scratch / f"{number:05d}.json",
            key=key,
            metrics=scratch / f"{number:05d}.metrics",
        )
        for number, argument in enumerate(arguments(root, out / "dataset", options, plans))
    ]


def _is_there(folder: Path, result: dict[str, Any]) -> bool:
    """Whether the shard of a result lies in the folder, in its full size."""
    path = folder / result["path"]
    return path.is_file() and bool(path.stat().st_size == result["bytes"])
