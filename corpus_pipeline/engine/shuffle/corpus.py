"""All documents that global stages compare: the run's own splits, then the parts of its indexes.

Enters: how many documents each part kept, and where the parts lie.  Leaves: one number 0 … n - 1
for each document (`dense`), the sketches of a key range, facts and texts of a part.
Only what a caller asks for is read into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.io.fs import StorePath, local_copy
from corpus_pipeline.io.parquet import opened, schema_of
from corpus_pipeline.io.shards import empty_table
from corpus_pipeline.io.storage import commit
from corpus_pipeline.model import Asset
from corpus_pipeline.text.arrays import I64, Integers
from corpus_pipeline.text.dedup.key_order import key_order

#: A document's number is its part shifted left by 32 bits, and its row in the part: this masks the
#: row.
ROW = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Index:
    """An index that new documents are compared with: a folder, and how many parts it has."""

    root: Path
    parts: int
    seal: str  # of its manifest
    traces: Asset | None = None  # of texts that were erased from it


@dataclass(frozen=True, slots=True)
class Judged:
    """A file of pairs that were judged before; its documents are `shift` further on here."""

    path: Path
    shift: int
    site: int

    def read(self) -> pl.DataFrame:
        """The pairs, as the stage's `match` gives its own."""
        shift, site = pl.lit(self.shift, dtype=pl.UInt64), pl.lit(self.site, dtype=pl.UInt16)
        pairs = pl.read_parquet(local_copy(self.path))
        return pairs.select(
            *(pl.col(end) + shift for end in ("a", "b")),
            *(site.alias(name) for name in ("site_a", "site_b")),
            *(pl.col(name) + shift if name == "larger" else name for name in pairs.columns[2:]),
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where the documents of a run and of its indexes lie; small enough to be sent to workers."""

    work: Path  # RUN/work
    splits: int
    indexes: tuple[Index, ...] = ()

    @property
    def parts(self) -> int:
        """Splits and parts of indexes."""
        return self.splits + sum(index.parts for index in self.indexes)

    @property
    def first_old(self) -> int:
        """Documents from this one on belong to an index."""
        return self.splits << 32

    def number(self, rows: Sequence[int]) -> None:
        """Write down where each part's documents begin in the one numbering."""
        starts = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])
        write_array(self.work / "starts.npy", starts)

    def starts(self) -> I64:
        """Where each part's documents begin; one entry more than there are parts."""
        starts: I64 = np.load(local_copy(self.work / "starts.npy"))
        return starts

    def place(self, part: int) -> tuple[Path, Path, Path]:
        """The files with the facts and the texts of a part, and the root of its sketches."""
        number = part
        if part < self.splits:
            name = f"part-{part:05d}.parquet"
            return self.work / "facts" / name, self.work / "local" / "kept" / name, self.work
        number -= self.splits
        for index in self.indexes:
            if number < index.parts:
                name = f"part-{number:05d}.parquet"
                return index.root / "facts" / name, index.root / "texts" / name, index.root
            number -= index.parts
        raise IndexError(part)

    def judged(self, stage: str) -> list[Judged]:  # noqa: ARG002 – packages have some
        """Pairs that were judged before this run."""
        return []

    def own_sketches(self, stage: str, first: int, last: int, *, lone: bool = True) -> pl.DataFrame:
        """The run's own sketch rows with keys first … last, sorted by `key` and `doc`.

        Without `lone`: of keys that more than one row has.
        """
        return by_key(self._own(stage, first, last), lone=lone)

    def _own(self, stage: str, first: int, last: int) -> pl.DataFrame:
        files = sorted((self.work / "sketch" / stage).glob("part-*.parquet"))
        return between(files, "key", first, last)

    def sketches(self, stage: str, first: int, last: int) -> pl.DataFrame:
        """The sketch rows of the run and its indexes, with `old` (bool), sorted by `key` and `doc`.

        Of an index only keys that a document of the run has, too.
        """
        parts = [self._own(stage, first, last).with_columns(old=False)]
        part = self.splits
        new = parts[0].select("key").unique() if self.indexes else parts[0]
        for index in self.indexes:
            files = sorted((index.root / "sketch" / stage).glob("part-*.parquet"))
            shift = pl.lit(part << 32, dtype=pl.UInt64)
            keys = between(files, "key", first, last).join(new, on="key", how="semi")
            parts.append(keys.with_columns(doc=pl.col("doc") + shift, old=True))
            part += index.parts
        return by_key(pl.concat(parts))


def by_key(rows: pl.DataFrame, *, lone: bool = True) -> pl.DataFrame:
    """Sketch rows sorted by `key` and `doc`; without `lone` those of keys that several rows have.

    They come in the order of documents as a rule, so that a stable order of keys will do.
    """
    keys = rows.get_column("key").to_numpy()
    order = key_order(keys)
    if not lone:
        rising = keys[order]
        same = np.zeros(len(keys) + 1, dtype=np.bool_)  # as the key before; none has the first
        same[1:-1] = rising[1:] == rising[:-1]
        order = order[same[1:] | same[:-1]]
    ordered = rows[order]
    key, doc = (ordered.get_column(name).to_numpy() for name in ("key", "doc"))
    if np.any((key[1:] == key[:-1]) & (doc[1:] < doc[:-1])):
        return ordered.sort("key", "doc", maintain_order=True)
    return ordered


def between(files: Sequence[Path], column: str, first: int, last: int) -> pl.DataFrame:
    """The rows of some Parquet files with a number (u32, u64) in `column` from `first` to `last`.

    The files are sorted by it: row groups without such rows are not read.
    """
    low, high = (pl.lit(bound, dtype=pl.UInt64) for bound in (first, last))
    inside = pl.col(column).is_between(low, high)
    if not any(isinstance(path, StorePath) for path in files):
        return pl.scan_parquet(list(files)).filter(inside).collect()
    found = []
    for path in files:
        with opened(path) as file:
            groups = [
                group
                for group in range(file.num_row_groups)
                if _may_hold(file, group, column, first, last)
            ]
            table = file.read_row_groups(groups) if groups else empty_table(file.schema_arrow)
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        found.append(frame.filter(inside))
    return pl.concat(found)


def _may_hold(file: pq.ParquetFile, group: int, column: str, first: int, last: int) -> bool:
    """Whether the statistics of a row group allow a row from `first` to `last`."""
    leaf = file.schema_arrow.get_field_index(column)
    stated = file.metadata.row_group(group).column(leaf).statistics
    if stated is None or not stated.has_min_max:
        return True
    return bool(stated.min <= last and stated.max >= first)


def dense(docs: Integers, starts: I64) -> I64:
    """The place of each document (part << 32 | row) in the numbering 0 … n - 1.

    >>> dense(np.array([1 << 32, 2 << 32 | 1], dtype=np.uint64), np.array([0, 5, 9, 11])).tolist()
    [5, 10]
    """
    numbers = docs.astype(np.uint64, copy=False)
    part = (numbers >> np.uint64(32)).astype(np.int64)
    places: I64 = starts[part] + (numbers & np.uint64(ROW)).astype(np.int64)
    return places


def write_array(path: Path, values: Integers) -> None:
    """Write an array so that it can be mapped into memory."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            np.save(handle, values)

    commit(path, write)


def mapped(path: Path) -> Integers:
    """An array on disk, mapped: pages come into memory as they are read.

    Of a store, its copy in the scratch folder.
    """
    values: Integers = np.load(local_copy(path), mmap_mode="r")
    return values


def no_rows(path: Path) -> pl.DataFrame:
    """A frame without rows, of the columns of this file."""
    frame = pl.from_arrow(empty_table(schema_of(path)))
    assert isinstance(frame, pl.DataFrame)
    return frame


def picked(path: Path, rows: Integers, columns: list[str] | None) -> Iterator[pl.DataFrame]:
    """These columns of these rows (sorted) of a Parquet file, a row group at a time."""
    with opened(path) as file:
        begin = 0
        for number in range(file.metadata.num_row_groups):
            end = begin + file.metadata.row_group(number).num_rows
            wanted = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, end)]
            if len(wanted):
                frame = pl.from_arrow(file.read_row_group(number, columns=columns))
                assert isinstance(frame, pl.DataFrame)
                yield frame[wanted - begin]
            begin = end


def row_groups(path: Path, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """The row groups of a file, one at a time; an empty file gives one empty frame."""
    with opened(path) as file:
        for number in range(file.metadata.num_row_groups):
            frame = pl.from_arrow(file.read_row_group(number, columns=columns))
            assert isinstance(frame, pl.DataFrame)
            yield frame
        if not file.metadata.num_row_groups:
            empty = pl.from_arrow(empty_table(file.schema_arrow))
            assert isinstance(empty, pl.DataFrame)
            yield empty if columns is None else empty.select(columns)
