"""One stage on a Polars frame of the caller's.

Enters: a frame with a column `text` (or `payload`, for `decode`).  Leaves: the same rows in the
same order: every column of the frame, then what the stage adds.  Refuses: a frame without text
(`PipelineError`).

Stages that compare or count documents run the real shuffle, in a temporary folder.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.chain import guarded
from corpus_pipeline.engine.run import Job, run
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import DOCUMENT, PAYLOAD, VERDICT, PipelineError, StageSpec
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.local import LocalEngine

#: The number of a row on its way through a stage.
_ROW = "__frame_row"
#: Bytes of a split when the shuffle reads the frame; a frame fits the memory anyway.
_SPLIT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class FrameStage:
    """A stage with its options, to be called on frames."""

    spec: StageSpec

    @property
    def name(self) -> str:
        """The name of the stage."""
        return self.spec.name

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """The columns that the stage adds, with their types."""
        return dict(self.spec.cls.columns)

    @property
    def options(self) -> dict[str, Any]:
        """The options, defaults spelled out."""
        return dict(self.spec.options)

    def __call__(self, frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
        """Run the stage on a frame with a column `text`.

        Returns the same rows in the same order: all columns of `frame` in their order (with `text`
        and `title` as the stage leaves them), then the columns that the stage adds, then the
        verdict (`dropped_by`, `drop_rule`, `drop_evidence`; null = kept).  No row is removed: keep
        those whose `dropped_by` is null.  A row that has a verdict already is left as it is.

        A row on which the stage fails is dropped with the rule `stage_error`, or `too_slow` where
        it takes far longer than any honest text (docs/cluster.md).

        Of the frame's columns a stage sees those that documents have (`url`, `title`, `source`, …)
        and those of other stages; where there is no `id`, the number of the row stands for it.
        """
        frame = _collected(frame)
        docs = documents(frame, needs_text="payload" not in self._takes)
        out = self._shuffled(docs) if self.spec.is_global else self._alone(docs)
        return self._merged(frame, out)

    @property
    def _takes(self) -> tuple[str, ...]:
        takes: tuple[str, ...] = getattr(self.spec.cls, "takes", ())
        return takes

    def _alone(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The documents after a stage that sees one at a time."""
        stage = self.spec.build()
        numbered = docs.drop(_ROW)
        out, lost = guarded(stage, numbered, Budget())
        if not lost:
            return out
        # A document that breaks the stage gets a verdict, where a run would quarantine it.
        faults = (
            pl.concat(lost)
            .select(
                "locator",
                dropped_by=pl.lit(self.name),
                drop_rule="reason",
                drop_evidence="detail",
            )
            .with_columns(
                pl.lit(None, dtype=dtype).alias(name) for name, dtype in self.columns.items()
            )
        )
        broken = numbered.drop(*VERDICT).join(faults, on="locator").select(out.columns)
        together = pl.concat([out, broken])
        return numbered.select("locator").join(
            together, on="locator", how="left", maintain_order="left"
        )

    def _shuffled(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The documents after a stage that must see all of them."""
        alive = docs.filter(pl.col("dropped_by").is_null())
        if alive.get_column("id").n_unique() < alive.height:
            raise PipelineError(f"{self.name}: the column id holds a value twice")
        with tempfile.TemporaryDirectory(prefix="corpus-pipeline-") as folder:
            home = Path(folder)
            docs.write_parquet(home / "in.parquet", row_group_size=20_000)
            job = Job(
                name="frame",
                inputs=tuple(discover([home / "in.parquet"])),
                specs=(self.spec,),
                ingest=IngestOptions(),
                split_bytes=_SPLIT_BYTES,
                config={},
                sources=[],
                root=home / "run",
            )
            run(job, LocalEngine())
            parts = [
                part
                for kind in ("kept", "dropped")
                for part in sorted((home / "run" / kind).glob("*.parquet"))
            ]
            out = pl.concat([pl.read_parquet(part) for part in parts])
        return out.sort(_ROW).drop(_ROW)

    def _merged(self, frame: pl.DataFrame, out: pl.DataFrame) -> pl.DataFrame:
        """The frame with what the stage edited and added."""
        if out.height != frame.height:
            raise AssertionError(f"{self.name}: {frame.height} rows in, {out.height} out")
        edits = getattr(self.spec.cls, "edits", ())
        edited = [name for name in edits if name in frame.columns or name == "text"]
        added = [*edited, *self.spec.cls.columns, *VERDICT]
        return frame.with_columns(out.select(added))


def _collected(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    kind = f"{type(frame).__module__.partition('.')[0]} {type(frame).__name__}"
    raise PipelineError(f"a Polars frame is wanted, not a {kind} (see polars.DataFrame)")


def documents(frame: pl.DataFrame, *, needs_text: bool = True) -> pl.DataFrame:
    """A frame's rows as a document batch, numbered, ids made where there are none.

    `locator` is the row's; other columns that a document has are null where the frame lacks them.
    """
    if "text" not in frame.columns and (needs_text or "payload" not in frame.columns):
        raise PipelineError(f"the frame has no column 'text' (it has {', '.join(frame.columns)})")
    width = len(str(frame.height))
    rows = pl.int_range(pl.len(), dtype=pl.UInt32)
    number = rows.cast(pl.String).str.zfill(width)
    basic = {**DOCUMENT, **VERDICT}
    columns = {name: _as(frame, name, dtype) for name, dtype in basic.items()}
    columns["id"] = pl.coalesce(columns["id"], number)
    columns["source"] = pl.coalesce(columns["source"], pl.lit("frame"))
    columns["locator"] = pl.concat_str(pl.lit("frame#"), number)
    payload = {n: _as(frame, n, t) for n, t in PAYLOAD.items() if n in frame.columns}
    measured = [
        name
        for name in frame.columns
        if name not in basic and any(name.startswith(f"{stage}_") for stage in STAGES)
    ]
    return frame.select(
        *(expression.alias(name) for name, expression in {**columns, **payload}.items()),
        *measured,
        rows.alias(_ROW),
    )


def _as(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """A column of the frame as documents have it."""
    if name not in frame.columns:
        return pl.lit(None, dtype=dtype)
    actual = frame.schema[name]
    if name in {"text", "payload"} and actual not in {pl.Null(), pl.String(), pl.Binary(), dtype}:
        raise PipelineError(f"the column {name!r} is {actual}, not {dtype}")
    if actual == dtype:
        return pl.col(name)
    try:
        frame.select(pl.col(name).cast(dtype))
    except pl.exceptions.PolarsError:
        if name in {"text", "payload"}:
            raise PipelineError(f"the column {name!r} is {actual}, not {dtype}") from None
        return pl.lit(None, dtype=dtype)
    return pl.col(name).cast(dtype)
