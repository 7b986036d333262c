"""A batch through the stages; a document that breaks a stage goes to quarantine, alone.

Enters: a batch and built stages.  Leaves: the batch with every stage's columns, and quarantine
rows.  Where a stage raises or takes far too long, the batch is bisected until the documents at
fault are alone; stages are pure, so a part gives what the whole would have given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from corpus_pipeline.engine.budget import Budget, TooSlow, within
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.model import QUARANTINE, Stage, StageSpec, digest, empty

_BUILT: dict[str, list[Any]] = {}

#: Stages that have worked in this process: their kernels are compiled.
_WARM: set[str] = set()


def built(specs: Sequence[StageSpec]) -> list[Any]:
    """The stages of these specs, models loaded; the last chain is kept for the next split."""
    key = digest([[spec.record(), spec.target] for spec in specs])
    if key not in _BUILT:
        _BUILT.clear()
        _BUILT[key] = [spec.build() for spec in specs]
    return _BUILT[key]


def quarantine_rows(docs: pl.DataFrame, stage: str, reason: str, detail: str) -> pl.DataFrame:
    """Documents as rows of QUARANTINE: their origin and the sha256 of their text, not the text."""
    texts = docs.get_column("text").fill_null("").to_list()
    return docs.select(
        "source",
        "locator",
        stage=pl.lit(stage),
        reason=pl.lit(reason),
        detail=pl.lit(detail),
        byte_start=pl.lit(None, dtype=pl.Int64),
        byte_end=pl.lit(None, dtype=pl.Int64),
        sha256=pl.Series([_sha256(text) for text in texts], dtype=pl.String),
        bytes=pl.Series([_weight(row) for row in _weighed(docs)], dtype=pl.Int64),
        characters=pl.Series([len(text) or None for text in texts], dtype=pl.Int64),
    ).cast(pl.Schema(QUARANTINE))


def _weighed(docs: pl.DataFrame) -> Iterator[tuple[int | None, ...]]:
    """Bytes of text, and of payload where there may be one, of each document."""
    sizes = [pl.col("text").str.len_bytes()]
    if "payload" in docs.columns:
        sizes.append(pl.col("payload").bin.size().alias("payload"))
    return docs.select(sizes).iter_rows()


def _weight(sizes: tuple[int | None, ...]) -> int:
    return sum(size or 0 for size in sizes)


def _sha256(text: str) -> str | None:
    return digest_of(text.encode()) if text else None


class Clock:
    """Seconds of processor time and bytes of text per stage."""

    def __init__(self) -> None:
        """Start with nothing spent."""
        self.spent: dict[str, dict[str, float]] = {}

    def add(self, name: str, started: float, size: int, rows: int) -> None:
        """Book the time since `started` (process time) on `name`."""
        entry = self.spent.setdefault(name, {"seconds": 0.0, "bytes": 0, "documents": 0})
        entry["seconds"] += time.process_time() - started
        entry["bytes"] += size
        entry["documents"] += rows


def guarded(
    stage: Stage, docs: pl.DataFrame, budget: Budget
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Run one stage: the documents after it, and frames of QUARANTINE, found by bisection.

    The budget grows with the size of the part, so a batch of many honest documents never exceeds
    it; each halving around a slow document costs the budget of that half at most.
    """
    seconds = budget.seconds(size_of(docs), first=stage.name not in _WARM)
    try:
        out = within(seconds, _kept_its_rows, stage, docs)
    except TooSlow:
        # The type and the limit, which depends on the size alone.
        detail = f"more than {budget.seconds(size_of(docs)):.1f} s of processor time"
        reason = "too_slow"
    except Exception as error:  # noqa: BLE001 – whatever it is, the good documents go on
        # The message may quote the text; the type may not.
        reason, detail = "stage_error", type(error).__name__
    else:
        if docs.height:
            _WARM.add(stage.name)
        return out, []
    _WARM.add(stage.name)
    if docs.height <= 1:
        rows = quarantine_rows(docs, stage.name, reason, detail)
        return stage(docs.clear()), [rows] if docs.height else []
    half = docs.height // 2
    first, lost = guarded(stage, docs.head(half), budget)
    second, more = guarded(stage, docs.slice(half), budget)
    return pl.concat([first, second]), lost + more


def size_of(docs: pl.DataFrame) -> int:
    """Bytes of text and payload."""
    size = int(docs.get_column("text").str.len_bytes().sum() or 0)
    if "payload" in docs.columns:
        size += int(docs.get_column("payload").bin.size().sum() or 0)
    return size


def _kept_its_rows(stage: Stage, docs: pl.DataFrame) -> pl.DataFrame:
    out = stage(docs)
    if out.height != docs.height or not out["id"].equals(docs["id"]):
        raise ValueError("the stage changed the rows")
    return out


def run_chain(
    stages: Sequence[Stage], docs: pl.DataFrame, clock: Clock, budget: Budget
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All stages over one batch: documents with verdicts, and the rows of QUARANTINE."""
    lost: list[pl.DataFrame] = []
    for stage in stages:
        started = time.process_time()
        alive = docs.filter(pl.col("dropped_by").is_null())
        size = size_of(alive)
        docs, rows = guarded(stage, docs, budget)
        lost += rows
        clock.add(stage.name, started, size, alive.height)
    return docs, pl.concat(lost) if lost else empty(QUARANTINE)
