"""Repeated texts are judged once, and nothing else about a batch changes."""

import polars as pl
import pytest
from clock import cpu_seconds
from frames import docs_of, stage

CELLS = ["是", "否", "北京", "ok", "", "こんにちは", "1234", "春天来了，公园里的花都开了。"]


@pytest.mark.parametrize("name", ["langid", "quality"])
def test_a_batch_that_repeats_itself_gives_the_same_rows(name):
    """Each row has the verdict that its text has alone."""
    call = stage(name)
    columns = [*call.columns, "dropped_by", "drop_evidence"]
    alone = pl.concat(call(docs_of([text])).select("text", *columns) for text in CELLS)

    together = call(docs_of(CELLS * 40)).select("text", *columns)

    assert together.equals(pl.concat([alone] * 40), null_equal=True)


@pytest.mark.parametrize("name", ["langid", "quality"])
def test_repeated_cells_cost_little(name):
    """50,000 rows of one character take less than half of what as many distinct ones do."""
    call = stage(name)
    same = docs_of(["一"] * 50_000)
    other = docs_of([chr(0x4E00 + i % 20_000) + chr(0x4E00 + i // 20_000) for i in range(50_000)])
    call(same[:100])

    cheap = min(cpu_seconds(call, same) for _ in range(2))

    assert cheap < 0.5 * min(cpu_seconds(call, other) for _ in range(2))
