"""A finished run, opened for reading: its manifest, its parts, their rows in bounded batches.

Enters: the folder of a finished run.  Leaves: the manifest's content, and frames of one row group
each, so that no part is held in memory whole.  Refuses: a folder without a sound manifest
(`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest
from corpus_pipeline.io.locators import unescaped
from corpus_pipeline.io.parquet import opened, schema_of
from corpus_pipeline.model import PipelineError
from corpus_pipeline.text.arrays import I64

#: The stage that masks.
PII = "pii"
KEPT, DROPPED, QUARANTINED = "kept", "dropped", "quarantine"
#: What `erase` leaves of the documents that it took out: ids, and no content.
TOMBSTONES = "tombstones"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: where it lies and what its manifest says."""

    root: Path
    manifest: dict[str, Any]

    @property
    def counts(self) -> dict[str, Any]:
        """The totals of the run."""
        return dict(self.manifest["counts"])

    @property
    def stages(self) -> list[str]:
        """The names of the stages that ran, in order."""
        return [str(stage["name"]) for stage in self.manifest["stages"]]

    @property
    def is_masked(self) -> bool:
        """Whether no text of the run, kept or dropped, was spared by the stage `pii`."""
        options = [one.get("options", {}) for one in self.manifest["stages"] if one["name"] == PII]
        return bool(options) and not any(one.get("raw_dropped") for one in options)

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The source registry, by name."""
        return {str(entry["name"]): entry for entry in self.manifest.get("sources", [])}

    def parts(self, folder: str) -> list[str]:
        """The parts of one folder (`kept`, `dropped`, `quarantine`), in the order of the splits."""
        return in_order(
            entry["path"]
            for entry in self.manifest["files"]
            if entry["path"].startswith(f"{folder}/")
        )


def in_order(paths: Any) -> list[str]:
    """Part names by number: `part-100000` comes after `part-99999`.

    >>> in_order(["kept/part-100000.parquet", "kept/part-99999.parquet"])
    ['kept/part-99999.parquet', 'kept/part-100000.parquet']
    """
    return sorted(paths, key=lambda path: (len(path), path))


def open_run(root: Path) -> Run:
    """The finished run in this folder, or `PipelineError` in one line."""
    path = root / "manifest.json"
    if not root.is_dir():
        raise PipelineError(f"no such run: {root} is not a folder")
    if not path.exists():
        unfinished = (root / "run.json").exists()
        why = "the run did not finish: run it again" if unfinished else "there is no manifest.json"
        raise PipelineError(f"not a finished run: {root} ({why})")
    content = manifest.read(path)
    if content.get("kind") != "run":
        raise PipelineError(f"not a run: {root} holds a manifest of kind {content.get('kind')}")
    return Run(root, content)


def all_inputs(run: Run) -> Iterator[dict[str, Any]]:
    """The inputs of a run, then those of its parents, as far as they lie where it says."""
    yield from run.manifest["inputs"]
    for entry in run.manifest.get("parents", []):
        path = run.root / unescaped(entry["manifest"])
        parent = manifest.read_if_sound(path)
        # A parent's seal was known when the child was made: no run is its own ancestor.
        if parent is not None and parent["seal"] == entry["seal"] and parent["kind"] == "run":
            yield from all_inputs(Run(path.parent, parent))


def columns_of(path: Path) -> list[str]:
    """The columns of a Parquet file, in order."""
    return list(schema_of(path).names)


def batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a part, one row group at a time; `columns` None: all of them."""
    with opened(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=None if columns is None else list(columns))
            yield _frame(table)


def rows_between(
    path: Path, first: int, rows: int, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """The rows `first` to `first + rows` of a part, one row group at a time."""
    start = 0
    with opened(path) as file:
        for group in range(file.num_row_groups):
            height = file.metadata.row_group(group).num_rows
            low, high = max(first - start, 0), min(first + rows - start, height)
            if low < high:
                table = file.read_row_group(group, columns=list(columns))
                yield _frame(table.slice(low, high - low))
            start += height


def rows_at(path: Path, rows: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
    """Some rows of a part, by number and in rising order; other row groups are not read."""
    found = []
    numbers = np.asarray(rows, dtype=np.int64)
    start = 0
    with opened(path) as file:
        for group in range(file.num_row_groups):
            height = file.metadata.row_group(group).num_rows
            low, high = np.searchsorted(numbers, [start, start + height]).tolist()
            if low < high:
                table = file.read_row_group(group, columns=list(columns))
                # Arrow copies what it takes; a frame would keep the texts of the group alive.
                found.append(_frame(table.take(numbers[low:high] - start)))
            start += height
    return pl.concat(found) if found else no_rows(path, columns)


def no_rows(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """A frame without rows, of the schema of this part."""
    schema = schema_of(path)
    return _frame(schema.empty_table().select(list(columns)))


def group_sizes(path: Path, column: str) -> list[tuple[int, int, int]]:
    """First row, rows and uncompressed bytes of `column` of each row group, from the footer."""
    groups: list[tuple[int, int, int]] = []
    start = 0
    with opened(path) as file:
        meta = file.metadata
        # A nested column has several leaves, so a column's place in the schema is not its leaf's.
        leaves = [meta.schema.column(index).path for index in range(meta.num_columns)]
        leaf = leaves.index(column)
        for group in range(file.num_row_groups):
            footer = meta.row_group(group)
            size = int(footer.column(leaf).total_uncompressed_size)
            groups.append((start, int(footer.num_rows), size))
            start += int(footer.num_rows)
    return groups


def text_sizes(path: Path, first: int, rows: int) -> I64:
    """The UTF-8 bytes of each text in a range of rows; 0 for null."""
    lengths = [
        frame.get_column("text").str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
        for frame in rows_between(path, first, rows, ["text"])
    ]
    return np.concatenate(lengths) if lengths else np.zeros(0, np.int64)


def _frame(table: Any) -> pl.DataFrame:
    return cast(pl.DataFrame, pl.from_arrow(table))
