"""Ellipses and dashes."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.normalize.ellipsis import unified

TEXTS = st.lists(st.text("中文。.…⋯．—―─－-，“”1a/ \n", max_size=20), max_size=5)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_laws(texts):
    """Idempotent, independent of neighbours, and only dots and dashes change."""
    once = unified(pl.Series(texts, dtype=pl.String))
    assert unified(once).to_list() == once.to_list()
    assert once.to_list() == [unified(pl.Series([text])).item() for text in texts]
    marks = str.maketrans("", "", "。.…⋯．—―─－-")
    assert [t.translate(marks) for t in once] == [t.translate(marks) for t in texts]


def test_forms():
    """Each spelling of an ellipsis and a dash comes out in the one form."""
    texts = ["好。。。", "好...", "好…", "好⋯⋯好", "好．．．好", "甲--乙", "甲－－乙", "甲――乙"]
    out = unified(pl.Series(texts)).to_list()
    assert out[:5] == ["好……", "好……", "好……", "好……好", "好……好"]
    assert out[5:] == ["甲——乙"] * 3
