"""Counts made again from the data itself, one row group at a time.

Enters: parts and shards whose digests are already known to be right.  Leaves: tallies to compare
with a manifest, and problems in words.  No code is shared with the engine that wrote the counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.model import NO_DAMAGE
from corpus_pipeline.products.runs import (
    DROPPED,
    KEPT,
    QUARANTINED,
    TOMBSTONES,
    batches,
    columns_of,
    in_order,
    rows_between,
)
from corpus_pipeline.text.arrays import U64

_STATES = {KEPT: "kept", DROPPED: "dropped", QUARANTINED: "quarantined", TOMBSTONES: "erased"}
#: All that a tombstone may say: whose, which request, why; no content.
_TOMBSTONE = ["id", "source", "was", "request", "by", "of"]
_CHARACTERS = ("characters_kept", "characters_dropped", "characters_by_rule")
_WEIGHTS = (
    *("quarantined_bytes", "quarantined_characters"),
    *("bytes_by_quarantine", "unread_by_source", "bytes_by_source"),
)
_VERDICT = ("dropped_by", "drop_rule", "drop_evidence")


class Tally:
    """A sum of counts; every entry is one number under a path such as `by_rule/langid/x`."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.numbers: Counter[tuple[str, ...]] = Counter()

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add the counts of a manifest."""
        self.numbers.update(_flat(counts))

    def differs(self, counts: Mapping[str, Any], ignore: Sequence[str] = ()) -> Iterator[str]:
        """Where `counts` says something else; entries of zero are as good as absent ones.

        Runs of versions before characters were counted state none.
        """
        stated = _flat(counts)
        if "characters_kept" not in counts:
            ignore = (*ignore, *_CHARACTERS)
        if "quarantined_bytes" not in counts:
            ignore = (*ignore, *_WEIGHTS)
        for key in sorted({*stated, *self.numbers}):
            if key[0] not in ignore and stated.get(key, 0) != self.numbers[key]:
                name = " ".join(key)
                yield f"{name} is {stated.get(key, 0)}, it should be {self.numbers[key]}"


def _flat(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Nested counts as one mapping: the path of keys to each number."""
    if isinstance(value, Mapping):
        numbers: dict[tuple[str, ...], int] = {}
        for key, inner in value.items():
            numbers |= _flat(inner, (*path, str(key)))
        return numbers
    return {path: int(value)}


def unconserved(counts: Mapping[str, Any]) -> Iterator[str]:
    """The problem with counts that break the law: read = kept + dropped + quarantined + erased.

    >>> list(unconserved({"read": 5, "kept": 3, "dropped": 1, "quarantined": 0}))
    ['not conserved: 5 read, but 3 kept + 1 dropped + 0 quarantined']
    """
    names = ("read", "kept", "dropped", "quarantined")
    read, kept, dropped, quarantined = (counts[name] for name in names)
    erased = counts.get("erased", 0)  # a run that nobody erased from states none
    if read != kept + dropped + quarantined + erased:
        parts = f"{kept} kept + {dropped} dropped + {quarantined} quarantined"
        yield f"not conserved: {read} read, but {parts}" + (f" + {erased} erased" if erased else "")


class Ids:
    """All ids of a run, eight bytes each, to find those that occur twice."""

    def __init__(self) -> None:
        """Start with none."""
        self._parts: list[tuple[Path, str]] = []
        self._heads: list[U64] = []

    def add(self, ids: pl.Series) -> None:
        """Take the ids of a batch."""
        self._heads.append(_heads(ids))

    def part(self, path: Path, name: str) -> None:
        """Note where ids come from."""
        self._parts.append((path, name))

    def doubles(self, limit: int = 20) -> Iterator[tuple[str, str]]:
        """Part and id of documents whose id was seen before."""
        if not self._heads:
            return
        heads = np.sort(np.concatenate(self._heads))
        # Half an id may occur twice by chance; only then are whole ids looked at.
        recurring = np.unique(heads[1:][heads[1:] == heads[:-1]])
        if not len(recurring):
            return
        seen: set[str] = set()
        for path, name in self._parts:
            for frame in batches(path, ["id"]):
                ids = frame.get_column("id")
                for value in ids.filter(pl.Series(np.isin(_heads(ids), recurring))):
                    if value in seen and limit:
                        limit -= 1
                        yield name, value
                    seen.add(value)


def _heads(ids: pl.Series) -> U64:
    """The upper 64 bits of each id; 0 where it is no hexadecimal number."""
    head = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
    return head.fill_null(0).to_numpy()


def part(path: Path, kind: str, name: str, tally: Tally, ids: Ids) -> tuple[int, list[str]]:
    """Count one part of a split; its rows, and what is wrong with them."""
    rows = 0
    faults: Counter[str] = Counter()
    columns = ["source", "stage", "reason"]
    columns += [name for name in ("bytes", "characters") if name in columns_of(path)]
    if kind == TOMBSTONES:
        columns = _TOMBSTONE
        faults["columns beside a tombstone's own"] = len(set(columns_of(path)) ^ set(columns))
    elif kind != QUARANTINED:
        columns = ["id", "source", *_VERDICT, "text"]
    if kind != QUARANTINED:
        ids.part(path, name)
    for frame in batches(path, columns):
        rows += frame.height
        _count(frame, kind, tally)
        if kind != QUARANTINED:
            ids.add(frame.get_column("id"))
            faults.update(_faults(frame, kind))
    tally.numbers["read",] += rows
    tally.numbers[_STATES[kind],] += rows
    return rows, [f"{count} documents {fault}" for fault, count in sorted(faults.items()) if count]


def _count(frame: pl.DataFrame, kind: str, tally: Tally) -> None:
    for source, rows in frame.group_by(pl.col("source").fill_null("")).len().iter_rows():
        tally.numbers["by_source", source, _STATES[kind]] += rows
    if kind == TOMBSTONES:
        return
    if kind == KEPT:
        size = frame.get_column("text").str.len_bytes().sum()
        tally.numbers["text_bytes_kept",] += int(size or 0)
        tally.numbers["characters_kept",] += _characters(frame)
        return
    group, pair = ("by_rule", ("dropped_by", "drop_rule"))
    if kind == QUARANTINED:
        group, pair = ("by_quarantine", ("stage", "reason"))
        if "bytes" in frame.columns:
            _weigh(frame, tally)
    name = pl.concat_str(*(pl.col(column).fill_null("") for column in pair), separator="/")
    for (rule,), own in frame.group_by(name.alias("rule")):
        tally.numbers[group, str(rule)] += own.height
        if kind == DROPPED:
            tally.numbers["characters_by_rule", str(rule)] += _characters(own)
            tally.numbers["characters_dropped",] += _characters(own)


def _weigh(frame: pl.DataFrame, tally: Tally) -> None:
    """Add the bytes and characters of quarantined records."""
    names = [pl.col(name).fill_null("") for name in ("source", "stage", "reason")]
    sizes = [pl.col(name).fill_null(0) for name in ("bytes", "characters")]
    for source, stage, reason, size, characters in frame.select(*names, *sizes).iter_rows():
        tally.numbers["quarantined_bytes",] += size
        tally.numbers["quarantined_characters",] += characters
        if size:
            tally.numbers["bytes_by_quarantine", f"{stage}/{reason}"] += size
        if size and f"{stage}/{reason}" not in NO_DAMAGE:
            tally.numbers["unread_by_source", source] += size


def _characters(frame: pl.DataFrame) -> int:
    return int(frame.get_column("text").str.len_chars().sum() or 0)


def _faults(frame: pl.DataFrame, kind: str) -> dict[str, int]:
    no_id = ~pl.col("id").str.contains("^[0-9a-f]{32}$").fill_null(value=False)
    faults = {"without a valid id": no_id}
    if kind == KEPT:
        carries = pl.any_horizontal(pl.col(column).is_not_null() for column in _VERDICT)
        faults["are kept and carry a verdict"] = carries
    elif kind == TOMBSTONES:
        faults["are erased by no request"] = pl.col("request").is_null()
    else:
        lacks = pl.col("dropped_by").is_null() | pl.col("drop_rule").is_null()
        faults["are dropped without a verdict"] = lacks
    sums = frame.select(expr.sum().alias(name) for name, expr in faults.items())
    return dict(zip(sums.columns, sums.row(0), strict=True)) if frame.height else {}


def shard(path: Path, run: Path | None, claim: Mapping[str, Any]) -> str | None:
    """What is wrong with a shard, or None.

    `claim`: its entry in the dataset's manifest (`rows`, `from`); `run`: the folder of the run,
    whose rows must have the same ids and texts, or None where it is not there.
    """
    rows, fingerprint = _fingerprint(batches(path, ["id", "text"]))
    if rows != claim["rows"]:
        return f"{rows} rows, the manifest says {claim['rows']}"
    if run is None:
        return None

    def original() -> Iterator[pl.DataFrame]:
        for name, first, count, *turn in claim["from"]:
            frames = rows_between(run / name, first, count, ["id", "text"])
            if not turn:
                yield from frames
                continue
            there, start = _mixed(path, name, first, count, claim["split"], *turn), 0
            for frame in frames:
                yield frame.filter(there.slice(start, frame.height))
                start += frame.height

    if _fingerprint(original()) != (rows, fingerprint):
        return "its documents are not the kept documents it was made of"
    return None


def _mixed(shard_path: Path, name: str, first: int, rows: int, *which: int) -> pl.Series:
    """Whether the dataset's mixture puts each of these rows into this split and turn."""
    split, turn = which
    path = shard_path.parents[1] / "mix" / name.rpartition("/")[2]
    frame = pl.concat(list(rows_between(path, first, rows, ["split", "copies"])))
    return (frame.get_column("split") == split) & (frame.get_column("copies") > turn)


def unmixed(
    folder: Path, shards: Iterable[Mapping[str, Any]], files: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Where the shards of a mixture do not take each document as often as the mixture says."""
    taken: Counter[tuple[int, int, str]] = Counter()
    reached: dict[tuple[int, int, str], int] = {}
    for entry in shards:
        for name, first, rows, turn in entry["from"]:
            key = (entry["split"], turn, name)
            if first < reached.get(key, 0):
                yield f"shards: rows of {name} are taken twice before row {first}"
            reached[key] = first + rows
            there = _mixed(folder / entry["path"], name, first, rows, entry["split"], turn)
            taken[key] += int(there.sum())
    for entry in files:
        if not entry["path"].startswith("kept/"):
            continue
        path = folder / "mix" / entry["path"].rpartition("/")[2]
        rows = pl.concat(list(batches(path, ["split", "copies"])))
        if rows.height != entry["rows"]:
            yield f"mix: {rows.height} rows for {entry['rows']} of {entry['path']}"
        wanted = rows.filter(pl.col("copies") > 0).get_column("copies").cast(pl.Int64).sum()
        found = sum(number for (_, _, name), number in taken.items() if name == entry["path"])
        if wanted != found:
            yield f"shards: {found} documents of {entry['path']}, the mixture says {wanted}"


def _fingerprint(frames: Iterable[pl.DataFrame]) -> tuple[int, str]:
    """Rows and a digest of ids and texts that does not depend on how the rows are batched."""
    rows, digest = 0, xxhash.xxh3_128()
    for frame in frames:
        rows += frame.height
        digest.update(frame.hash_rows(seed=1).to_numpy().tobytes())
    return rows, digest.hexdigest()


def uncovered(
    claimed: Sequence[tuple[Any, ...]], files: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Where ranges (part, first row, rows) do not take each kept row once, in order."""
    heights = {entry["path"]: entry["rows"] for entry in files if entry["path"].startswith("kept/")}
    wanted = [name for name in in_order(heights) if heights[name]]
    covered: dict[str, int] = {}
    for name, first, rows in claimed:
        if covered.get(name, 0) != first:
            yield f"shards: rows of {name} are taken twice or left out before row {first}"
        covered[name] = first + rows
    if list(covered) != wanted:
        yield "shards: they do not take the kept parts once each, in order"
    for name in wanted:
        if name in covered and covered[name] != heights[name]:
            yield f"shards: {covered[name]} of {heights[name]} rows of {name} are taken"
