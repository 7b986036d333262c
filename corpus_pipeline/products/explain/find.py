"""Finding a document in a finished run without reading its texts.

Enters: a run and an id, a locator or a url.  Leaves: places (part and row), and the row itself.
Only the columns that are searched are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.model import document_id
from corpus_pipeline.products.export.mix import chosen
from corpus_pipeline.products.runs import (
    DROPPED,
    KEPT,
    QUARANTINED,
    TOMBSTONES,
    Run,
    batches,
    columns_of,
    rows_between,
)

#: How many documents are enough to say that a key is ambiguous.
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row lies."""

    id: str
    part: str
    row: int

    @property
    def folder(self) -> str:
        """`kept`, `dropped` or `quarantine`."""
        return self.part.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.part} row {self.row}"


def by_id(run: Run, prefix: str) -> list[Place]:
    """The documents whose id begins so; quarantined records by the id they would have had."""
    whole = len(prefix) == 32
    test = pl.col("id") == prefix if whole else pl.col("id").str.starts_with(prefix)
    places = _search(run, (KEPT, DROPPED), test, "id", 1 if whole else ENOUGH)
    if places:
        return places
    for part in run.parts(QUARANTINED):
        start = 0
        for frame in batches(run.root / part, ["source", "locator"]):
            for row, (source, locator) in enumerate(frame.iter_rows(), start):
                key = document_id(source or "", locator or "")
                if key.startswith(prefix):
                    places.append(Place(key, part, row))
            start += frame.height
    return places


def erased(run: Run, prefix: str) -> list[tuple[str, str]]:
    """Id and request of each document that was taken out of the run and whose id begins so."""
    return [
        (str(key), str(request))
        for part in run.parts(TOMBSTONES)
        for frame in batches(run.root / part, ["id", "request"])
        for key, request in frame.iter_rows()
        if key.startswith(prefix)
    ]


def by_column(run: Run, column: str, value: str) -> list[Place]:
    """The rows in which `locator`, `url` or `source_id` is exactly this."""
    folders = (KEPT, DROPPED, QUARANTINED) if column == "locator" else (KEPT, DROPPED)
    return _search(run, folders, pl.col(column) == value, column, ENOUGH)


def by_hidden(run: Run, key: str) -> list[Place]:
    """The rows that `key`, a locator or a URL without its personal data, may mean.

    A locator may have got an end such as `~2` behind the name of its file or its member.
    """
    ends = re.sub(r"(?=\\?[@#])|$", r"(?:~[0-9]+)?", re.escape(key))
    located = pl.col("locator").str.contains(f"^{ends}$")
    places = _search(run, (KEPT, DROPPED, QUARANTINED), located, "locator", ENOUGH)
    return places or by_column(run, "url", key)


def _search(
    run: Run, folders: tuple[str, ...], test: pl.Expr, column: str, enough: int
) -> list[Place]:
    places: list[Place] = []
    for folder in folders:
        for part in run.parts(folder):
            places += _within(run, part, test, column)
            if len(places) >= enough:
                return places
    return places


def _within(run: Run, part: str, test: pl.Expr, column: str) -> Iterator[Place]:
    quarantine = part.startswith(f"{QUARANTINED}/")
    columns = ["source", "locator"] if quarantine else list(dict.fromkeys(["id", column]))
    # Polars skips row groups by their statistics and reads the named columns only.
    rows = (
        pl.scan_parquet(local_copy(run.root / part), row_index_name="row")
        .filter(test)
        .select("row", *columns)
        .collect()
    )
    for entry in rows.iter_rows(named=True):
        key = document_id(entry["source"] or "", entry["locator"] or "") if quarantine else None
        yield Place(key or entry["id"], part, entry["row"])


def row(run: Run, place: Place) -> dict[str, Any]:
    """The row at a place, all of its columns; `LookupError` where the part has no such row."""
    path = run.root / place.part
    for frame in rows_between(path, place.row, 1, columns_of(path)):
        return frame.row(0, named=True)
    raise LookupError(str(place))


def in_dataset(run: Run, place: Place) -> str | None:
    """The shard and row of a kept document in the run's dataset, where there is one.

    With a mixture: of each copy, or that the mixture leaves the document out.
    """
    content = manifest.read_if_sound(run.root / "dataset" / "manifest.json")
    if content and "mixture" in content:
        found = list(_copies(run, place, content["shards"]))
        return "; ".join(found) or "not in the dataset: the recipe leaves it out"
    for shard in content["shards"] if content else ():
        before = 0
        for part, first, rows in shard["from"]:
            if part == place.part and first <= place.row < first + rows:
                return f"dataset/{shard['path']} row {before + place.row - first}"
            before += rows
    return None


def _copies(run: Run, place: Place, shards: list[dict[str, Any]]) -> Iterator[str]:
    """The place of each copy of a document in the dataset of a mixture."""
    dataset = run.root / "dataset"
    for shard in shards:
        before = 0
        for part, first, rows, turn in shard["from"]:
            there = chosen(dataset, part, first, rows, shard["split"], turn)
            at = place.row - first
            if part == place.part and 0 <= at < rows and there[at]:
                yield f"dataset/{shard['path']} row {before + int(there.head(at).sum())}"
            before += int(there.sum())
