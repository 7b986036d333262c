"""A batch through the stages; a document that breaks a stage goes to quarantine, alone.

Enters: a batch and built stages.  Leaves: the batch with every stage's columns, and quarantine
rows.  Where a stage raises or takes far too long, the batch is bisected until the documents at
fault are alone; stages are pure, so a part gives what the whole would have given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from corpus_pipeline.engine.budget import Budget, TooSlow, within
from corpus_pipeline.io.carried import stage_of
from corpus_pipeline.io.concealed import digest_of
from corpus_pipeline.model import QUARANTINE, Reason, Stage, StageSpec, digest, empty

_BUILT: dict[str, list[Any]] = {}

#: Stages that have worked in this process: their kernels are compiled.
_WARM: set[str] = set()


def built(specs: Sequence[StageSpec]) -> list[Any]:
    """The stages of these specs, models loaded; the last chain is kept for the next split."""
    key = digest([[spec.record(), spec.target] for spec in specs])
    if key not in _BUILT:
        _BUILT.clear()
        _BUILT[key] = [stage_of(spec) for spec in specs]
    return _BUILT[key]


def quarantine_rows(docs: pl.DataFrame, stage: str, reason: Reason, detail: str) -> pl.DataFrame:
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
        reason: Reason = "too_slow"  # the limit depends on the size alone
        detail = f"more than {budget.seconds(size_of(docs)):.1f} s of processor time"
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
    batch = _Batch(docs)
    for stage in stages:
        started = time.process_time()
        apart = isinstance(stage, Stage) and not stage.sees_dropped
        given = batch.kept() if apart else batch.whole()
        alive = given if apart else given.filter(pl.col("dropped_by").is_null())
        size = size_of(alive)
        out, rows = guarded(stage, given, budget)
        batch.advance(out, stage.columns if apart else {})
        lost += rows
        clock.add(stage.name, started, size, alive.height)
    return batch.whole().drop(_PLACE), pl.concat(lost) if lost else empty(QUARANTINE)


#: The place of a document in its batch.
_PLACE = "__chain_place"


class _Batch:
    """The documents of a batch: those that go through the stages, and those set aside as dropped.

    A stage that looks at kept documents only would otherwise part them from the others and put
    them together again, with all columns, each time; and texts that no stage has changed stay in
    one place, where what was read of them can be found again (`unicode.utf8`).
    """

    def __init__(self, docs: pl.DataFrame) -> None:
        self._docs = docs.with_row_index(_PLACE)
        self._aside: list[pl.DataFrame] = []
        self._added: list[dict[str, pl.DataType]] = []  # by stages that each of these did not see

    def kept(self) -> pl.DataFrame:
        """The documents that no stage has dropped; the others are set aside."""
        alive = self._docs.get_column("dropped_by").is_null()
        if not alive.all():
            self._aside.append(self._docs.filter(~alive))
            self._added.append({})
            self._docs = self._docs.filter(alive)
        return self._docs

    def whole(self) -> pl.DataFrame:
        """All documents in order, with null in the columns of stages that came after a drop."""
        if self._aside:
            parts = [self._docs]
            for frame, added in zip(self._aside, self._added, strict=True):
                none = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in added.items()]
                parts.append(frame.with_columns(none).select(self._docs.columns))
            self._docs = pl.concat(parts).sort(_PLACE)
            self._aside, self._added = [], []
        return self._docs

    def advance(self, docs: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> None:
        """Take the documents after a stage that adds `columns`."""
        self._docs = docs
        self._added = [{**added, **columns} for added in self._added]
