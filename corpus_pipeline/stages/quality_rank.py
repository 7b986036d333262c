"""Rank the scores of `quality` within each domain, over the whole run.

Enters: documents that the stages before left, with `quality_score`, and with `domain_label` where
the stage `domain` ran.  Leaves: `quality_rank`, the twentieth (0 worst, 19 best) of its domain in
which a document lies: a twentieth of the documents of each domain, whatever their scores are.
Documents of one score share a rank; a document without a score has none.
Refuses: to drop; to score what `quality` did not; to depend on order, splits or engine.

A fixed cut (`quality_bucket`) says how good a text is, a rank how good among its like: a filter on
the cut empties domains that are written roughly, a filter on the rank keeps the same share of each.

sketch: domain and score, in steps of 1/65,535.
settle: an exact histogram of each domain gives each score its rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from corpus_pipeline.model import AggregateStage, Options, Schema

RANKS = 20
_STEPS = 65_535
_SCORE, _DOMAIN = "quality_score", "domain_label"
#: Digits of a score at the end of a group's key; all before them is the domain.
SCORE_DIGITS = 5


class QualityRankOptions(Options):
    """Within what documents are ranked."""

    within_domain: bool = True
    """Whether each domain is ranked by itself; false ranks the whole run as one."""


class QualityRank(AggregateStage):
    """Sum documents by domain and score, and rank the scores."""

    name = "quality_rank"
    version = 1
    columns: ClassVar[Schema] = {"quality_rank": pl.UInt8()}
    describes: ClassVar[Mapping[str, str]] = {
        "quality_rank": "Twentieth of its domain by `quality_score`, over the run, 0 to 19. "
        "Null: it has no score."
    }
    needs: ClassVar[tuple[str, ...] | None] = (_SCORE, _DOMAIN)
    OptionsModel: ClassVar[type[Options]] = QualityRankOptions
    options: QualityRankOptions

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The domain and the score of each document that has a score, as its key."""
        if _SCORE not in docs.columns:
            return pl.DataFrame(schema={"row": pl.UInt32, "key": pl.String})
        within = self.options.within_domain and _DOMAIN in docs.columns
        domain = pl.col(_DOMAIN).fill_null("") if within else pl.lit("")
        steps = (pl.col(_SCORE).cast(pl.Float64).clip(0, 1) * _STEPS).round().cast(pl.UInt32)
        digits = steps.cast(pl.String).str.zfill(SCORE_DIGITS)
        scored = docs.with_row_index("row").filter(pl.col(_SCORE).is_not_nan())
        return scored.select("row", key=domain + digits)

    def settle(self, groups: pl.DataFrame) -> pl.DataFrame:
        """The rank of each score of each domain: of the middle one of the documents with it."""
        ordered = groups.with_columns(
            domain=pl.col("key").str.slice(0, pl.col("key").str.len_chars() - SCORE_DIGITS),
            step=pl.col("key").str.tail(SCORE_DIGITS).cast(pl.UInt32),
        ).sort("domain", "step")
        middle = 2 * pl.col("documents").cum_sum().over("domain") - pl.col("documents")
        total = 2 * pl.col("documents").sum().over("domain")
        rank = (RANKS * middle // total).clip(0, RANKS - 1)
        none = pl.lit(None, dtype=pl.String)
        return ordered.select(
            "key", quality_rank=rank.cast(pl.UInt8), drop_rule=none, drop_evidence=none
        )
