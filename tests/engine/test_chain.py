"""A batch through the stages of a chain, with its dropped documents set aside."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
import pytest

from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.chain import Clock, run_chain
from corpus_pipeline.model import DOCUMENT, VERDICT, Options, Schema, Stage, drop


class _Divides(Stage, base=True):
    """Measures a remainder and drops where it is 0."""

    by: ClassVar[int]

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        rest = pl.col("text").str.to_integer() % self.by
        out = docs.with_columns(rest.alias(f"{self.name}_rest"))
        return drop(out, self.name, pl.when(rest == 0).then(pl.lit("even")), pl.lit(self.name))


class Twos(_Divides):
    name = "twos"
    version = 1
    by = 2
    columns: ClassVar[Schema] = {"twos_rest": pl.Int64()}


class Threes(_Divides):
    name = "threes"
    version = 1
    by = 3
    sees_dropped = True
    columns: ClassVar[Schema] = {"threes_rest": pl.Int64()}


class Fives(_Divides):
    name = "fives"
    version = 1
    by = 5
    columns: ClassVar[Schema] = {"fives_rest": pl.Int64()}


class Fails(_Divides):
    """Cannot read a document of 7."""

    name = "fails"
    version = 1
    by = 11
    columns: ClassVar[Schema] = {"fails_rest": pl.Int64()}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        if "7" in docs.get_column("text"):
            raise ValueError
        return super().process(docs)


def documents(count: int) -> pl.DataFrame:
    """Documents whose texts are numbers."""
    texts = [str(number) for number in range(1, count + 1)]
    empty = pl.DataFrame(schema={**DOCUMENT, **VERDICT})
    return pl.concat([empty, pl.DataFrame({"id": texts, "text": texts})], how="diagonal")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 60])
@pytest.mark.parametrize("order", [(Twos, Threes, Fives), (Fives, Twos), (Threes,), (Twos, Twos)])
def test_as_one_stage_after_the_other(count, order):
    """Columns, verdicts and order are those of the stages called one by one on all documents."""
    stages = [kind(Options(), {}) for kind in order]
    docs = documents(count)
    expected = docs
    for stage in stages:
        expected = stage(expected)

    out, lost = run_chain(stages, docs, Clock(), Budget())

    assert out.equals(expected)
    assert out.columns == expected.columns
    assert lost.is_empty()


def test_a_document_that_breaks_a_stage_leaves_the_others_in_place():
    """It alone goes to quarantine, whatever was dropped before and after it."""
    stages = [kind(Options(), {}) for kind in (Twos, Fails, Threes, Fives)]
    docs = documents(30)
    expected = docs.filter(pl.col("text") != "7")
    for stage in stages:
        expected = stage(expected)

    out, lost = run_chain(stages, docs, Clock(), Budget())

    assert out.equals(expected)
    assert lost.get_column("reason").to_list() == ["stage_error"]
