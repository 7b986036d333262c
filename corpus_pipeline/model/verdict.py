"""How a stage drops a document: a verdict in the row, never a missing row."""

from __future__ import annotations

import polars as pl


def drop(docs: pl.DataFrame, stage: str, rule: pl.Expr, evidence: pl.Expr) -> pl.DataFrame:
    """Set the verdict of `stage` where `rule` is not null.

    `rule` (the name of the finding) and `evidence` (the number that shows it) give strings.  A
    document that was dropped before keeps its first verdict.
    """
    first = pl.col("dropped_by").is_null() & rule.is_not_null()
    return docs.with_columns(
        dropped_by=pl.when(first).then(pl.lit(stage)).otherwise("dropped_by"),
        drop_rule=pl.when(first).then(rule).otherwise("drop_rule"),
        drop_evidence=pl.when(first).then(evidence).otherwise("drop_evidence"),
    )
