"""Two finished runs against each other: what differs, and why.

Enters: the folders of two releases.  Leaves: a `Diff`, and where it is asked for a Parquet file
with a row for each document that differs.  Neither release is changed.
Memory holds one piece of some half a million rows of each release (`spill`), and the documents of
both whose verdict or text is another; the compact rows lie in a temporary folder meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.shards import ShardWriter
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.diff.causes import Side, explained
from corpus_pipeline.products.diff.elimination import Kinds
from corpus_pipeline.products.diff.join import CHANGES, Joined, grouped, join, merged
from corpus_pipeline.products.diff.place import check_place
from corpus_pipeline.products.diff.records import compared
from corpus_pipeline.products.diff.result import Diff, Release
from corpus_pipeline.products.diff.spill import TOMBSTONES, Known, bits_for, spilled
from corpus_pipeline.products.runs import DROPPED, KEPT, QUARANTINED, Run, open_run

_TOTALS: Final = ("read", "kept", "dropped", "quarantined", "erased")
_SIDES: Final = ("before", "after")
#: The columns of the file of rows.
ROWS: Final[dict[str, Any]] = {
    "id": pl.String,
    "source": pl.String,
    "change": pl.String,
    "was": pl.String,
    "now": pl.String,
    "cause": pl.String,
    "about": pl.String,
    "measure": pl.String,
    "value_before": pl.Float32,
    "value_after": pl.Float32,
    "bound": pl.Float32,
    "of": pl.String,
}


def diff(first: Path, second: Path, kinds: Kinds, rows: Path | None = None) -> Diff:
    """What differs between two releases.

    `kinds`: what must be known of stages.  `rows`: a Parquet file to write, a row a document that
    differs, by id within a change.
    Raises `PipelineError` for a folder that is no finished run, and for the same folder twice.
    """
    if first.resolve() == second.resolve():
        raise PipelineError(f"{first} is given twice: a release does not differ from itself")
    before, after = open_run(first), open_run(second)
    writer = None if rows is None else _writer(rows, before, after)
    try:
        done = _compared(before, after, kinds, writer)
        if writer is not None:
            writer.append(pl.DataFrame(schema=ROWS))
            writer.commit()
    finally:
        if writer is not None:
            writer.abort()
    return done


def _writer(path: Path, *runs: Run) -> ShardWriter:
    check_place(path, (run.root for run in runs))
    return ShardWriter(path, size_by="about")


def _compared(before: Run, after: Run, kinds: Kinds, writer: ShardWriter | None) -> Diff:
    records = compared(before, after)
    sizes = [_rows(run) for run in (before, after)]
    bits = bits_for(max(sizes))
    with TemporaryDirectory(prefix="corpus-pipeline-diff-") as folder:
        known = Known(Path(folder), equal=_equal(before, after), odd_inputs=_odd(before, after))
        sides = [
            Side(run, spilled(run, name, known, bits), suffix)
            for run, name, suffix in ((before, "before", ""), (after, "after", "_b"))
        ]

        def sink(frame: pl.DataFrame) -> None:
            if writer is not None:
                writer.append(_told(frame, known))

        out = Joined(known, records, kinds)
        join(out, sides[0].rows, sides[1].rows, 1 << bits, sink)
        changed = explained(out, sides[0], sides[1], 1 << bits)
        if changed.height:
            changed = changed.sort("change", "hi", "lo")
            sink(changed)
            out.groups.append(grouped(changed))
    groups = merged(_uniform(out.groups))
    counted = Counter[str]()
    for group in groups:
        counted[group["change"]] += group["documents"]
    documents = {
        "same": out.same,
        "same_text": out.same_text,
        **{name: counted[name] for name in CHANGES},
    }
    shares = _shares(out, known)
    return Diff(_release(before), _release(after), records, documents, shares, _masked(groups))


def _uniform(groups: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The groups in one order of columns."""
    return [one.select(groups[0].columns) for one in groups]


def _rows(run: Run) -> int:
    folders = (KEPT, DROPPED, QUARANTINED, TOMBSTONES)
    return sum(
        int(entry.get("rows", 0))
        for entry in run.manifest["files"]
        if str(entry["path"]).partition("/")[0] in folders
    )


def _equal(before: Run, after: Run) -> frozenset[str]:
    """The digests of parts that both releases have: their rows are the same."""
    digests = [{str(entry["sha256"]) for entry in run.manifest["files"]} for run in (before, after)]
    return frozenset(digests[0] & digests[1])


def _odd(before: Run, after: Run) -> frozenset[str]:
    """The inputs whose names have a sign that parts locators."""
    names = {str(entry["locator"]) for run in (before, after) for entry in run.manifest["inputs"]}
    return frozenset(name for name in names if "#" in name or "@" in name)


def _release(run: Run) -> Release:
    counts = run.counts
    totals = {name: int(counts.get(name, 0)) for name in _TOTALS}
    sizes = {name: int(counts[name]) for name in ("characters_kept",) if name in counts}
    return Release(concealed(str(run.manifest["name"])), run.manifest["seal"], totals | sizes)


def _told(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Rows as the file of rows has them."""
    for name, kind in (("value_before", pl.Float32), ("value_after", pl.Float32)):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, kind).alias(name))
    if "by" not in frame.columns:
        bare = {"by": pl.UInt32, "like_hi": pl.UInt64, "like_lo": pl.UInt64}
        frame = frame.with_columns(pl.lit(0, kind).alias(name) for name, kind in bare.items())
        frame = frame.with_columns(late=pl.lit(value=True))
    sources = pl.Series([concealed(name or "") for name in known.codes["source"].names])
    measures = pl.Series(known.codes["measure"].names, dtype=pl.String)
    bound = pl.when(pl.col("late")).then("bound_b").otherwise("bound")
    return frame.select(
        id=_hex("hi", "lo"),
        source=pl.lit(sources).gather(pl.coalesce("source", "source_b")),
        change="change",
        was="was",
        now="now",
        cause="cause",
        about="about",
        measure=pl.lit(measures).gather(pl.col("by")),
        value_before="value_before",
        value_after="value_after",
        bound=pl.when(pl.col("by") > 0).then(bound.fill_nan(None)),
        of=pl.when(pl.col("like_hi") > 0).then(_hex("like_hi", "like_lo")),
    ).cast(pl.Schema(ROWS))


def _hex(hi: str, lo: str) -> pl.Expr:
    """Ids of their halves, 16 digits each."""
    halves = (pl.col(half).map_batches(_digits, return_dtype=pl.String) for half in (hi, lo))
    return pl.concat_str(*halves)


def _digits(halves: pl.Series) -> pl.Series:
    return pl.Series([f"{half:016x}" for half in halves], dtype=pl.String)


def _shares(out: Joined, known: Known) -> dict[str, list[dict[str, Any]]]:
    """Documents and characters by category and value, before and after."""
    names = {key: codes.names for key, codes in known.codes.items()}
    return {
        category: list(_share_rows(out, category, names[category]))
        for category in dict.fromkeys(key[0] for key in sorted(out.shares, key=_order))
    }


def _order(key: tuple[str, int, str]) -> tuple[int, str]:
    places = ("source", "register", "domain", "language", "bucket", "rule")
    return places.index(key[0]), ""


def _share_rows(out: Joined, category: str, names: list[str | None]) -> Iterator[dict[str, Any]]:
    codes = sorted({code for name, code, _ in out.shares if name == category})
    totals = {
        side: sum(
            one["documents"]
            for (name, _, where), one in out.shares.items()
            if name == category and where == side
        )
        for side in _SIDES
    }
    rows = []
    for code in codes:
        sides = {side: out.shares.get((category, code, side), Counter()) for side in _SIDES}
        value = names[code]
        row: dict[str, Any] = {"value": None if value is None else concealed(value)}
        for side, one in sides.items():
            row[side] = {
                "documents": one["documents"],
                "characters": one["characters"],
                "share": round(one["documents"] / max(totals[side], 1), 6),
            }
        rows.append(row)
    if all(row["value"] is None for row in rows):
        return  # neither release knows the category
    yield from sorted(rows, key=_largest)


def _largest(row: dict[str, Any]) -> tuple[int, str]:
    return -max(row[side]["documents"] for side in _SIDES), str(row["value"])


def _masked(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups whose words may quote names of sources, requests and options, masked."""
    words = ("was", "now", "about")
    return [{**row, **{name: concealed(row[name]) for name in words}} for row in groups]
