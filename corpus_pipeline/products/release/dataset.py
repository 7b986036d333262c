"""The dataset of a release without some of its documents.

Enters: the old run with its dataset, the new one, and the rows that go.  Leaves: shards of which
only the touched are written anew, mixture files alike, card, Croissant and manifest with the new
numbers.  Refuses: a dataset that was made of another run (`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.parquet import opened, schema_of
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.export import card, croissant, mix
from corpus_pipeline.products.export.facts import ExportOptions, Facts, gather
from corpus_pipeline.products.release.parts import link, without
from corpus_pipeline.products.runs import KEPT, Run, rows_between
from corpus_pipeline.text.arrays import I64

#: Part → its rows that go, sorted.
Gone = Mapping[str, I64]
_TALLIES = (("by_source", "source"), ("by_license", "license"), ("by_language", "langid_label"))


def touched(run: Run, found: pl.DataFrame) -> int:
    """How many shards of the run's dataset hold a document that goes."""
    content = manifest.read_if_sound(run.root / "dataset" / "manifest.json")
    gone = {
        str(part): rows["row"].to_numpy().astype(np.int64)
        for (part,), rows in found.group_by("part", maintain_order=True)
    }
    if content is None:
        return 0
    return sum(bool(len(_places(run.root / "dataset", one, gone))) for one in content["shards"])


def rewritten(run: Run, new: Run, found: pl.DataFrame, gone: Gone) -> None:
    """Write the dataset of the new run; its manifest last."""
    source, target = run.root / "dataset", new.root / "dataset"
    content = manifest.read(source / "manifest.json")
    if content["parents"][0]["seal"] != run.manifest["seal"]:
        raise PipelineError(f"{source} was made of another run: verify {run.root}, or export again")
    files = {entry["path"]: entry for entry in content["files"]}
    shards, entries = [], []
    tally = _Tally()
    for shard in content["shards"]:
        places = _places(source, shard, gone)
        entry = dict(files[shard["path"]])
        if len(places):
            tally.take(source / shard["path"], places)
            entry = without(source, target, shard["path"], places)
        else:
            link(source / shard["path"], target / shard["path"])
        shards.append({**shard, "rows": entry["rows"], "from": _ranges(shard["from"], gone)})
        entries.append(entry)
    mixture = _mixture(run, content, gone, found) if "mixture" in content else None
    mixes = list(_mixes(source, target, files, gone))
    told = _facts(new, content, entries, tally, mixture)
    storage.commit_bytes(target / "README.md", card.render(told).encode())
    storage.commit_bytes(target / "croissant.json", croissant.render(told))
    pages = [manifest.file_entry(target, target / name) for name in ("README.md", "croissant.json")]
    after = {
        **{key: value for key, value in content.items() if key not in ("seal", "format")},
        "parents": [{**content["parents"][0], "seal": new.manifest["seal"]}],
        "counts": {
            **content["counts"],
            "rows": told.rows,
            "text_bytes": told.text_bytes,
            "by_source": told.by_source,
            "by_license": told.by_license,
            "by_language": told.by_language,
        },
        "shards": shards,
        "files": [*entries, *mixes, *pages],
        **({} if mixture is None else {"mixture": mixture}),
    }
    manifest.write(target / "manifest.json", after)


class _Tally:
    """What leaves the dataset, in bytes and by source, licence and language."""

    def __init__(self) -> None:
        self.bytes = 0
        self.counts: dict[str, dict[str, int]] = {name: {} for name, _ in _TALLIES}

    def take(self, path: Path, places: I64) -> None:
        present = schema_of(path).names
        columns = ["text", *(column for _, column in _TALLIES if column in present)]
        start = 0
        with opened(path) as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                inside = places[np.searchsorted(places, start) : np.searchsorted(places, end)]
                if len(inside):
                    frame = pl.from_arrow(file.read_row_group(group, columns=columns))
                    assert isinstance(frame, pl.DataFrame)
                    self._count(frame[inside - start])
                start = end

    def _count(self, frame: pl.DataFrame) -> None:
        self.bytes += int(frame.get_column("text").str.len_bytes().sum() or 0)
        for name, column in _TALLIES:
            if column not in frame.columns:
                continue
            for value, number in frame.group_by(column).len().iter_rows():
                key = concealed(value or "") if name == "by_license" else value or ""
                self.counts[name][key] = self.counts[name].get(key, 0) + number

    def left(self, counts: Mapping[str, Any]) -> dict[str, Any]:
        """The tallies of a dataset's manifest without what left."""
        out: dict[str, Any] = {"text_bytes": counts["text_bytes"] - self.bytes}
        for name, _ in _TALLIES:
            less = self.counts[name]
            rest = {key: number - less.get(key, 0) for key, number in counts[name].items()}
            out[name] = {key: number for key, number in rest.items() if number}
        return out


def _facts(
    new: Run,
    content: Mapping[str, Any],
    entries: list[dict[str, Any]],
    tally: _Tally,
    mixture: dict[str, Any] | None,
) -> Facts:
    """What card and Croissant say of the new dataset."""
    none: dict[str, Any] = {name: {} for name, _ in _TALLIES} | {"text_bytes": 0}
    tallies = [tally.left(content["counts"]), *([none] * (len(entries) - 1))]
    shards = [{**entry, "tally": one} for entry, one in zip(entries, tallies, strict=True)]
    options = ExportOptions.model_validate(content["options"])
    schema = [(str(name), str(dtype)) for name, dtype in content["columns"]]
    return gather(new, options, shards, schema, mixture)


def _places(folder: Path, shard: Mapping[str, Any], gone: Gone) -> I64:
    """The rows of a shard that go."""
    places, before = [np.zeros(0, np.int64)], 0
    for part, first, rows, *turn in shard["from"]:
        inside = _within(gone, part, first, rows)
        if not turn:
            places.append(inside - first + before)
            before += rows
            continue
        there = mix.chosen(folder, part, first, rows, shard["split"], *turn).to_numpy()
        rank = np.cumsum(there) - 1
        taken = (inside - first)[there[inside - first]]
        places.append(rank[taken] + before)
        before += int(there.sum())
    return np.concatenate(places)


def _within(gone: Gone, part: str, first: int, rows: int) -> I64:
    every = gone.get(part, np.zeros(0, np.int64))
    return every[np.searchsorted(every, first) : np.searchsorted(every, first + rows)]


def _ranges(ranges: list[list[Any]], gone: Gone) -> list[list[Any]]:
    """The ranges of a shard in the new parts; one that lost all its rows is gone."""
    out = []
    for part, first, rows, *turn in ranges:
        before = int(np.searchsorted(gone.get(part, np.zeros(0, np.int64)), first))
        left = rows - len(_within(gone, part, first, rows))
        if left:
            out.append([part, first - before, left, *turn])
    return out


def _mixes(
    source: Path, target: Path, files: Mapping[str, Mapping[str, Any]], gone: Gone
) -> Iterator[dict[str, Any]]:
    """The files of the mixture, row for row with the new parts."""
    for path, entry in files.items():
        if not path.startswith(f"{mix.FOLDER}/"):
            continue
        rows = gone.get(f"{KEPT}/{path.rpartition('/')[2]}", np.zeros(0, np.int64))
        if len(rows):
            yield without(source, target, path, rows)
        else:
            link(source / path, target / path)
            yield dict(entry)


def _mixture(
    run: Run, content: Mapping[str, Any], gone: Gone, found: pl.DataFrame
) -> dict[str, Any]:
    """The facts of the mixture without what left: amounts, copies and shares; curves stay."""
    facts: dict[str, Any] = {**content["mixture"]}
    rows = pl.concat(
        [
            _mixed_rows(run, part, places, found)
            for part, places in gone.items()
            if part.startswith(f"{KEPT}/")
        ]
        or [_no_rows()]
    )
    numbers = dict(zip(facts["splits"], (mix.TRAIN, mix.HELD_OUT), strict=False))
    facts["splits"] = {
        name: _less(amount, rows.filter(pl.col("split") == numbers[name]))
        for name, amount in facts["splits"].items()
    }
    trained = rows.filter(pl.col("split") == mix.TRAIN)
    repeats = dict(facts["copies"])
    for copies, number in trained.group_by("copies").len().iter_rows():
        repeats[str(copies)] -= number
    facts["copies"] = {copies: number for copies, number in repeats.items() if number}
    placed = rows.filter(pl.col("copies") > 0)
    if placed.height:
        characters = -int(placed.get_column("characters").sum())
        step = {"step": "erased", "documents": -placed.height, "characters": characters}
        facts["steps"] = [*facts["steps"], step]
    return facts


def _no_rows() -> pl.DataFrame:
    schema = {"split": pl.UInt8, "copies": pl.UInt16, "characters": pl.Int64}
    return pl.DataFrame(schema=schema)


def _mixed_rows(run: Run, part: str, places: I64, found: pl.DataFrame) -> pl.DataFrame:
    """Split, copies and characters of the rows of a kept part that go."""
    path = run.root / "dataset" / mix.FOLDER / part.rpartition("/")[2]
    with opened(path) as file:
        height = file.metadata.num_rows
    rows = pl.concat(list(rows_between(path, 0, height, ["split", "copies"])))[places]
    own = found.filter(pl.col("part") == part).sort("row")
    characters = own.get_column("text").str.len_chars().fill_null(0).cast(pl.Int64)
    return rows.with_columns(characters=characters)


def _less(amount: Mapping[str, int], rows: pl.DataFrame) -> dict[str, int]:
    copies = pl.col("copies").cast(pl.Int64)
    sums = rows.select(rows=copies.sum(), characters=(copies * pl.col("characters")).sum())
    gone = {"documents": rows.height, **{name: int(sums[name].item()) for name in sums.columns}}
    return {name: number - gone[name] for name, number in amount.items()}
