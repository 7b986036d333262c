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


def test_a_large_column_is_read_once():
    """The same texts in another frame are not copied again; other texts are."""
    texts = pl.Series(["中文" * 200 + str(i) for i in range(2000)])
    same = texts.to_frame("text").with_columns(n=pl.lit(1)).get_column("text")

    first, _ = buffers(texts)
    again, _ = buffers(same)
    other, offsets = buffers(texts.str.replace("中", "国"))

    assert again is first
    assert other[offsets[0] : offsets[1]].tobytes().decode() == "国文" + "中文" * 199 + "0"


def test_a_slice_of_a_large_column_is_read_by_itself():
    """A part of the column that was read last has its own texts."""
    texts = pl.Series(["中文" * 200 + str(i) for i in range(2000)])
    buffers(texts)

    data, offsets = buffers(texts.slice(1500, 10))

    assert len(offsets) == 11
    assert data[offsets[0] : offsets[1]].tobytes().decode() == texts[1500]
