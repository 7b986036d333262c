"""Parquet files whose bytes depend on their rows alone, not on how the rows arrived.

Enters: frames of one schema, in any batches.  Leaves: one Parquet file (zstd or LZ4) whose row
groups end after `GROUP_ROWS` rows or `GROUP_BYTES` bytes.  At most one row group is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.storage import begin, disk_errors, finish

#: A row group ends at whichever comes first: small enough to stream, large enough to compress.
#: Bytes are those of the column `size_by`, and 64 a row.
GROUP_ROWS = 8192
GROUP_BYTES = 16 << 20

#: Columns whose values hardly repeat: a dictionary would save nothing.
UNIQUE = ("id", "locator", "source_id", "url", "title", "text", "drop_evidence", "sha256", "detail")


class ShardWriter:
    """Write frames to `path`; nothing is at `path` until `commit`."""

    def __init__(self, path: Path, *, level: int = 3, size_by: str = "text") -> None:
        """`level`: of zstd, 0 = LZ4; `size_by`: the string column whose bytes cut row groups."""
        self.path = path
        self.rows = 0
        self._level = level
        self._size_by = size_by
        self._pending: list[pl.DataFrame] = []
        self._pending_bytes = 0
        self._pending_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._temporary = begin(path)

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows; whole row groups go to disk."""
        sizes = self._sizes(frame)
        with disk_errors(self.path):
            self._take(frame, sizes)

    def _take(self, frame: pl.DataFrame, sizes: Any) -> None:
        # Summed once: a sum of the rest for each row group would take quadratic time.
        ends, at = np.concatenate([[0], np.cumsum(sizes)]), 0
        while at < frame.height:
            take = self._fit(ends, at)
            self._pending.append(frame.slice(at, take))
            self._pending_rows += take
            self._pending_bytes += int(ends[at + take] - ends[at])
            at += take
            if at < frame.height:
                self._flush()
        if not self._pending:
            self._pending.append(frame.clear())

    def _sizes(self, frame: pl.DataFrame) -> Any:
        if self._size_by not in frame.columns:
            return np.full(frame.height, 64, np.int64)
        return frame.get_column(self._size_by).str.len_bytes().fill_null(0).to_numpy() + 64

    def _fit(self, ends: Any, at: int) -> int:
        """How many rows from `at` on fit into the open row group (one at least in an empty one)."""
        room = ends[at] + GROUP_BYTES - self._pending_bytes
        fit = int(np.searchsorted(ends, room, "right")) - 1 - at
        fit = min(fit, GROUP_ROWS - self._pending_rows, len(ends) - 1 - at)
        return max(fit, 0 if self._pending_rows else 1)

    def end_group(self) -> None:
        """Close the open row group: the next rows begin another."""
        with disk_errors(self.path):
            self._flush()

    def _flush(self) -> None:
        frame = pl.concat(self._pending) if self._pending else None
        self._pending, self._pending_bytes, self._pending_rows = [], 0, 0
        if frame is None:
            return
        # One chunk: the layout of chunks would show in the bytes of the file.
        table = frame.rechunk().to_arrow().combine_chunks()
        if self._writer is None:
            shared = [
                f.name
                for f in table.schema
                if pa.types.is_large_string(f.type) and f.name not in UNIQUE
            ]
            self._writer = pq.ParquetWriter(
                self._temporary,
                table.schema,
                compression="zstd" if self._level else "lz4",
                compression_level=self._level or None,
                use_dictionary=shared,
                write_statistics=[n for n in table.column_names if n not in ("text", "payload")],
            )
        self.rows += table.num_rows
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def _close(self) -> None:
        with disk_errors(self.path):
            self._flush()
            if self._writer is None:
                raise ValueError(f"{self.path.name}: a shard needs at least one frame")
            self._writer.close()

    def commit(self) -> int:
        """Write what is left, close, and put the file in place; the number of its rows."""
        self._close()
        finish(self._temporary, self.path)
        return self.rows

    def commit_entry(self, root: Path) -> dict[str, Any]:
        """Commit, and what a manifest in `root` says of the file: digested before it is put away.

        A file on a store need not be fetched again.
        """
        self._close()
        entry = file_entry(self._temporary.parent, self._temporary, self.rows)
        finish(self._temporary, self.path)
        return {**entry, "path": self.path.relative_to(root).as_posix()}

    def abort(self) -> None:
        """Remove the temporary file; does nothing after `commit`."""
        with suppress(Exception):
            if self._writer is not None:
                self._writer.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def write_shard(
    path: Path, frames: Iterable[pl.DataFrame], *, level: int = 3, size_by: str = "text"
) -> int:
    """Write frames of one schema (at least one, it may be empty) to `path`; the number of rows."""
    writer = ShardWriter(path, level=level, size_by=size_by)
    try:
        for frame in frames:
            writer.append(frame)
        return writer.commit()
    finally:
        writer.abort()


def numbered(folder: Path) -> list[Path]:
    """The files `part-00000.parquet` … of a folder, in order; of a missing one none.

    On a store also those that its listing does not show yet: each number is asked for up to one
    that is behind all that are listed, and not there.
    """
    shown = {path.name for path in folder.glob("part-*.parquet")}
    if not isinstance(folder, StorePath):
        return [folder / name for name in sorted(shown)]
    last = max(shown, default="")
    files: list[Path] = []
    for number in count():
        name = f"part-{number:05d}.parquet"
        if name in shown or (folder / name).is_file():
            files.append(folder / name)
        elif name > last:
            break
    return files


def empty_table(schema: pa.Schema) -> pa.Table:
    """No rows of a schema; Arrow's own `empty_table` imports pandas for it, 0.3 s a process."""
    return pa.Table.from_batches([], schema=schema)
