"""Stages for the engine's own tests: each does one thing that the engine must survive."""

import os
import signal
from contextlib import suppress
from typing import ClassVar

import polars as pl

from corpus_pipeline.model import Schema, Stage, StageSpec, drop


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


def spec(cls: type[Stage]) -> StageSpec:
    return StageSpec(cls.name, cls.version, f"engine_stages:{cls.__name__}")
