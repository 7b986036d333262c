"""Judge documents of a finished run again by the columns that its stages wrote.

Enters: documents of a run, kept and dropped, with the columns of its stages.  Leaves: their
verdicts under other options, and `rejudge_was` (the rule that dropped a document in the run).
Refuses: nothing; `corpus-pipeline tune --apply` builds this stage and decides what it may judge.
It is no stage of a config.

A stage that measures first and judges second judges its columns anew.  A document that it drops no
longer goes through the local stages that come after, which have not seen it.  Verdicts of stages
that see all documents are void: those stages run again after this one.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop

_AT = "__at"
_NEVER = 1 << 20


class Again(Options):
    """A stage of the run under the options that hold now."""

    name: str
    target: str
    options: dict[str, Any]


class RejudgeOptions(Options):
    """The local stages of the run, in order, and the names of those that see all documents."""

    stages: tuple[Again, ...]
    void: tuple[str, ...] = ()


class Rejudge(Stage):
    """The verdicts of a run under other options, without its inputs."""

    name = "rejudge"
    version = 1
    columns: ClassVar[Schema] = {"rejudge_was": pl.String()}
    describes: ClassVar[Mapping[str, str]] = {
        "rejudge_was": "The stage and rule that dropped it in the parent run. Null: it was kept."
    }
    sees_dropped = True
    OptionsModel = RejudgeOptions

    def __init__(self, options: RejudgeOptions, assets: Mapping[str, Asset]) -> None:
        """Build the stages of the run; assets are named `stage:asset`."""
        super().__init__(options, assets)
        self.void = options.void
        self.stages: list[Stage] = [_built(one, assets) for one in options.stages]

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Void, judge in the order of the stages, run what was never run."""
        order = {stage.name: place for place, stage in enumerate(self.stages)}
        was = pl.concat_str("dropped_by", pl.lit("/"), "drop_rule")
        old = docs["dropped_by"].replace_strict(order, default=_NEVER, return_dtype=pl.Int64)
        judging = [stage.name for stage in self.stages if stage.judges_columns]
        void = pl.col("dropped_by").is_in([*judging, *self.void])
        docs = docs.with_columns(
            old.alias(_AT),
            rejudge_was=was,
            **{c: pl.when(~void).then(c) for c in ("dropped_by", "drop_rule", "drop_evidence")},
        )
        for place, stage in enumerate(self.stages):
            docs = self._again(docs, stage, place)
        return docs.drop(_AT)

    def _again(self, docs: pl.DataFrame, stage: Stage, place: int) -> pl.DataFrame:
        """One stage: judge what it has seen, run it on documents that were dropped before it."""
        if stage.judges_columns:
            seen = pl.col(_AT) >= place
            rule, evidence = stage.verdicts(docs)
            # A stage after this one may have dropped it before; this one comes first.
            later = seen & (
                pl.col("dropped_by").is_null()
                | pl.col("dropped_by").is_in([one.name for one in self.stages[place + 1 :]])
            )
            docs = _cleared(docs, later & pl.lit(rule).is_not_null())
            docs = drop(docs, stage.name, pl.when(seen).then(pl.lit(rule)), pl.lit(evidence))
        fresh = (docs[_AT] < place) & docs["dropped_by"].is_null()
        if stage.sees_dropped or not fresh.any():
            return docs
        return _on(docs, fresh, stage)


def _built(one: Again, assets: Mapping[str, Asset]) -> Stage:
    module, _, name = one.target.partition(":")
    cls = getattr(importlib.import_module(module), name)
    own = {
        key.partition(":")[2]: asset
        for key, asset in assets.items()
        if key.partition(":")[0] == one.name
    }
    stage: Stage = cls(cls.OptionsModel(**one.options), own)
    return stage


def _cleared(docs: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    names = ("dropped_by", "drop_rule", "drop_evidence")
    return docs.with_columns(pl.when(~where).then(name).alias(name) for name in names)


def _on(docs: pl.DataFrame, chosen: pl.Series, stage: Stage) -> pl.DataFrame:
    """The documents, the chosen ones as the stage leaves them."""
    rows = docs.with_row_index("__rejudge")
    done = stage(rows.filter(chosen)).select(rows.columns)
    return pl.concat([rows.filter(~chosen), done]).sort("__rejudge").drop("__rejudge")
