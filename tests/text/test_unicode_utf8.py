"""Polars strings as bytes for loops, and back."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.unicode.utf8 import buffers, column, replaced, runs
from corpus_pipeline.text.unicode.utf8_kernel import decoded, encoded

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_there_and_back(texts):
    """Buffers of any column, decoded and encoded character by character, give the column again."""
    data, offsets = buffers(pl.Series(["前", *texts, None], dtype=pl.String)[1:])
    out, at, size, codes = np.empty(len(data), dtype=np.uint8), 0, 0, []
    while at < len(data):
        code, at = decoded(data, at)
        codes.append(code)
        size = encoded(code, out, size)
    assert "".join(map(chr, codes)) == "".join(texts)
    assert column(out, offsets).to_list() == [*texts, ""]


@given(TEXTS)
@settings(max_examples=50, deadline=None)
def test_replacing(texts):
    """Only the named rows change."""
    column_ = pl.Series("text", ["甲", *texts, "乙"], dtype=pl.String)
    out = replaced(column_, [0, len(texts) + 1], ["丙", "丁"])
    assert (out.name, out.to_list()) == ("text", ["丙", *texts, "丁"])


def test_runs_cover_all_documents():
    """Every document is in one run, a long one alone, and empty ones are no special case."""
    offsets = np.array([0, 0, 0, 4, 20, 20, 21])
    found = list(runs(offsets, 5))
    assert [row for first, end in found for row in range(first, end)] == list(range(6))
    assert list(runs(np.array([0]), 5)) == []
