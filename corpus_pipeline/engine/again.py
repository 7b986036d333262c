"""The stages of a finished run over its own documents: judged again by columns, not measured again.

Enters: documents of a run as it left them, kept and dropped, with all their columns.  Leaves: the
same documents with the verdicts of other bounds.  A stage that has seen a document is not run on it
again: where its bounds changed, `Stage.verdicts` reads its columns; where they did not, its old
verdict stands.  A document that an earlier stage had dropped and that stays now is run through the
stages that never saw it.
Stages that see all documents run again after these, so their verdicts and columns are taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus_pipeline.model import VERDICT, StageSpec, drop

#: The verdict that the document came with, and the place of the stage that dropped it.
_WAS = {name: f"__again_{name}" for name in VERDICT}
_SEEN = "__again_seen"


@dataclass(frozen=True, slots=True)
class AgainSpec(StageSpec):
    """A stage of a finished run, to be applied to that run's documents.

    `order`: the stages of the run; `mine`: the place of this one; `changed`: whether its bounds
    did; `undone`: columns of the stages that run again, to be removed by the last of these.
    """

    order: tuple[str, ...] = ()
    mine: int = 0
    changed: bool = False
    last: bool = False
    undone: tuple[str, ...] = ()

    def build(self) -> Any:
        """The stage, loaded only if it is needed."""
        return Again(self)

    def record(self) -> dict[str, Any]:
        """The entry in a manifest, which says that nothing was measured."""
        # Not `super()`: a dataclass with slots is another class than the one its methods know.
        return {**StageSpec.record(self), "again": "judged" if self.changed else "carried over"}


class Again:
    """One stage, applied to documents that may know it already."""

    def __init__(self, spec: AgainSpec) -> None:
        """`spec`: which stage, and what of it changed."""
        self.spec = spec
        self.name = spec.name
        self.sees_dropped = bool(getattr(spec.cls, "sees_dropped", False))
        self._stage: Any = None

    def __call__(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The same rows in the same order, with this stage's verdicts."""
        if self.spec.mine == 0:
            docs = _opened(docs, self.spec.order)
        out = self._applied(docs)
        return self._closed(out) if self.spec.last else out

    def _applied(self, docs: pl.DataFrame) -> pl.DataFrame:
        alive = pl.col("dropped_by").is_null()
        known = pl.lit(value=True) if self.sees_dropped else pl.col(_SEEN) >= self.spec.mine
        docs = docs.with_row_index("__again_row").with_columns(
            __again_part=pl.when(~alive).then(0).when(known).then(1).otherwise(2)
        )
        # In one piece each: an empty chunk among others breaks `pl.format` (Polars 2.1).
        parts = [docs.filter(pl.col("__again_part") == part).rechunk() for part in range(3)]
        if parts[1].height:
            parts[1] = self._known(parts[1])
        if parts[2].height:
            parts[2] = self._new(parts[2])
        columns = [name for name in docs.columns if name != "__again_part"]
        together = pl.concat([part.select(columns) for part in parts])
        return together.sort("__again_row").drop("__again_row")

    def _known(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Documents that the stage has seen."""
        if self.spec.changed:
            rule, evidence = self._loaded.verdicts(docs)
            return drop(docs, self.name, pl.lit(rule), pl.lit(evidence))
        mine = pl.col(_WAS["dropped_by"]) == self.name
        return docs.with_columns(
            pl.when(mine).then(old).otherwise(name).alias(name) for name, old in _WAS.items()
        )

    def _new(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Documents that an earlier stage had kept from it."""
        out: pl.DataFrame = self._loaded(docs)
        return out

    @property
    def _loaded(self) -> Any:
        if self._stage is None:
            self._stage = StageSpec.build(self.spec)
        return self._stage

    def _closed(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Without what this pass noted, and without the columns of stages that are taken back."""
        gone = [name for name in self.spec.undone if name in docs.columns]
        return docs.drop(*_WAS.values(), _SEEN, *gone)


def _opened(docs: pl.DataFrame, order: tuple[str, ...]) -> pl.DataFrame:
    """The documents with their verdicts set aside."""
    unknown = pl.col("dropped_by").is_not_null() & ~pl.col("dropped_by").is_in(order)
    places = {name: place for place, name in enumerate(order)}
    return docs.with_columns(
        *(pl.col(name).alias(old) for name, old in _WAS.items()),
        *(pl.when(unknown).then(name).alias(name) for name in VERDICT),
        pl.col("dropped_by")
        .replace_strict(places, default=len(order), return_dtype=pl.Int32)
        .alias(_SEEN),
    )
