"""Stages for the engine's own tests: each does one thing that the engine must survive."""

import os
import signal
from contextlib import suppress
from typing import ClassVar

import polars as pl

from corpus_pipeline.model import (
    AggregateStage,
    AnyStage,
    CountStage,
    PairStage,
    Schema,
    Stage,
    StageSpec,
    drop,
)
from corpus_pipeline.text.dedup.union_find import best_first


class Measure(Stage):
    """Counts characters; drops what holds 坏."""

    name = "measure"
    version = 1
    columns: ClassVar[Schema] = {"measure_chars": pl.UInt32()}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        docs = docs.with_columns(measure_chars=pl.col("text").str.len_chars())
        bad = pl.when(pl.col("text").str.contains("坏", literal=True)).then(pl.lit("bad"))
        return drop(docs, self.name, bad, pl.format("chars={}", "measure_chars"))


class Explode(Stage):
    """Raises on a batch that holds 炸."""

    name = "explode"
    version = 1
    columns: ClassVar[Schema] = {"explode_seen": pl.Boolean()}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        if docs.get_column("text").str.contains("炸", literal=True).any():
            raise ZeroDivisionError("secret text 炸")
        return docs.with_columns(explode_seen=pl.lit(value=True))


class Kill(Stage):
    """Kills its own process on a batch that holds 杀."""

    name = "kill"
    version = 1
    columns: ClassVar[Schema] = {"kill_seen": pl.Boolean()}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        if docs.get_column("text").str.contains("杀", literal=True).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return docs.with_columns(kill_seen=pl.lit(value=True))


class Alike(PairStage):
    """Of documents with the same first character the best stays."""

    name = "alike"
    version = 1

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        codes = [ord(text[0]) for text in docs.get_column("text")]
        return pl.DataFrame({"key": pl.Series(codes, dtype=pl.UInt64)}).with_row_index("row")

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        first = pl.col("doc").min().over("key")
        return keys.select(a=first, b="doc").filter(pl.col("a") < pl.col("b"))

    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        ends = pl.concat([pairs.select("a", doc="b"), pairs.select("a", doc="a")]).unique()
        ranked = best_first(facts).join(ends, on="doc", maintain_order="left")
        best = pl.col("id").first().over("a")
        gone = pl.int_range(pl.len()).over("a") > 0
        return ranked.select(
            "doc",
            alike_cluster=best,
            alike_cluster_size=pl.len().over("a"),
            drop_rule=pl.when(gone).then(pl.lit("same_start")),
            drop_evidence=pl.when(gone).then(pl.format("of={}", best)),
        )


class Losses(AggregateStage):
    """Drops a source of which more than half was dropped before."""

    name = "losses"
    version = 1
    columns: ClassVar[Schema] = {"losses_share": pl.Float32()}
    sees_dropped = True

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        lost = pl.col("dropped_by").is_not_null()
        return (
            docs.with_row_index("row")
            .select("row", lost, key="source")
            .rename({"dropped_by": "lost"})
        )

    def settle(self, groups: pl.DataFrame) -> pl.DataFrame:
        share = pl.col("lost") / pl.col("documents")
        bad = share > 0.5
        return groups.select(
            "key",
            losses_share=share,
            drop_rule=pl.when(bad).then(pl.lit("lost_too_much")),
            drop_evidence=pl.when(bad).then(pl.format("share={} > 0.5", share.round(2))),
        )


class Crowded(AggregateStage):
    """Drops a source that has more than eight documents left."""

    name = "crowded"
    version = 1
    columns: ClassVar[Schema] = {"crowded_documents": pl.UInt32(), "crowded_chars": pl.UInt64()}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        assert docs.get_column("dropped_by").null_count() == docs.height
        chars = pl.col("text").str.len_chars()
        return docs.with_row_index("row").select("row", key="source", chars=chars)

    def settle(self, groups: pl.DataFrame) -> pl.DataFrame:
        bad = pl.col("documents") > 8
        return groups.select(
            "key",
            crowded_documents="documents",
            crowded_chars="chars",
            drop_rule=pl.when(bad).then(pl.lit("crowd")),
            drop_evidence=pl.when(bad).then(pl.format("documents={} > 8", "documents")),
        )


class Endings(CountStage):
    """Cuts the last character where four documents have it; drops what is left with one."""

    name = "endings"
    version = 1
    columns: ClassVar[Schema] = {"endings_documents": pl.UInt32()}
    edits = ("text",)

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        codes = [ord(text[-1]) for text in docs.get_column("text")]
        return pl.DataFrame({"key": pl.Series(codes, dtype=pl.UInt64)}).with_row_index("row")

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        documents = pl.len().over("key").cast(pl.UInt32)
        return keys.select("doc", "key", documents=documents).filter(pl.col("documents") > 3)

    def apply(self, docs: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
        found = matches.select("row", endings_documents="documents")
        docs = docs.with_row_index("row").join(found, on="row", how="left", maintain_order="left")
        cut = pl.col("endings_documents").is_not_null()
        docs = docs.with_columns(
            text=pl.when(cut).then(pl.col("text").str.head(-1)).otherwise("text"),
            endings_documents=pl.col("endings_documents").fill_null(0),
        )
        short = pl.when(pl.col("text").str.len_chars() < 2).then(pl.lit("short"))
        return drop(docs.drop("row"), self.name, short, pl.lit("chars=1 < 2"))


class Loop(Stage):
    """Never comes to an end with a document that holds 慢, whatever it is interrupted by."""

    name = "loop"
    version = 1
    columns: ClassVar[Schema] = {"loop_seen": pl.Boolean()}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        for text in docs.get_column("text").to_list():
            while "慢" in text:
                with suppress(Exception):
                    sum(range(1000))
        return docs.with_columns(loop_seen=pl.lit(value=True))


def spec(cls: type[AnyStage]) -> StageSpec:
    return StageSpec(cls.name, cls.version, f"engine_stages:{cls.__name__}")
