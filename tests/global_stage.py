"""A global stage over one frame: what the engine does between its functions, without an engine."""

from typing import Any

import numpy as np
import polars as pl


def settled(stage: Any, docs: pl.DataFrame, parts: int = 1, batch: int = 0) -> pl.DataFrame:
    """The documents with the stage's columns and its verdicts; sorted by id."""
    batch = batch or max(docs.height, 1)
    sketches = [
        stage.sketch(docs[at : at + batch]).with_columns(doc=pl.col("row").cast(pl.UInt64) + at)
        for at in range(0, max(docs.height, 1), batch)
    ]
    keys = pl.concat(sketches).drop("row").with_columns(old=False).sort("key", "doc")
    part = keys["key"].to_numpy() // np.uint64(2**64 // parts + 1 if parts > 1 else 2**64 - 1)
    ranges = [keys.filter(pl.Series(part == i)) for i in range(parts if parts > 1 else 2)]
    pairs = pl.concat([stage.match(part) for part in ranges]).unique().sort("a", "b")
    assert (pairs["a"] < pairs["b"]).all()
    numbered = docs.with_columns(
        doc=pl.int_range(pl.len(), dtype=pl.UInt64), length=pl.col("text").str.len_chars()
    )
    quality = "quality_score" if "quality_score" in docs.columns else pl.lit(None)
    numbered = numbered.with_columns(quality=quality, old=False).cast({"quality": pl.Float32})
    if stage.verifies:
        pairs = stage.verify(pairs, numbered.filter(concerned(pairs)).select("doc", "text"))
    names = ("doc", "id", "source", "length", "quality", "old")
    facts = numbered.filter(concerned(pairs)).select(names)
    decisions = stage.settle(pairs, facts)
    assert decisions["doc"].is_unique().all()
    blank = stage.untouched().items()
    joined = numbered.drop("drop_rule", "drop_evidence").join(decisions, on="doc", how="left")
    return joined.with_columns(pl.col(name).fill_null(value) for name, value in blank).sort("id")


def concerned(pairs: pl.DataFrame) -> pl.Expr:
    return pl.col("doc").is_in(pl.concat([pairs["a"], pairs["b"]]).unique().implode())


def decisions_of(docs: pl.DataFrame, stage: Any) -> pl.DataFrame:
    """What of it must not depend on order, batches or partitions."""
    return docs.select("id", *stage.columns, "drop_rule", "drop_evidence")
