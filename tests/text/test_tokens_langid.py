"""The fast way to a model's line is the slow way's equal."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.tokens.langid import model_lines, token_line

PIECES = st.one_of(
    st.sampled_from(["中文", "，", " ", "Word", "ÀÉ", "ΑΣ", "İ", "１２", "!!", "))", "0９"]),
    st.sampled_from(["a" * 30, "かな", "\n", "_9"]),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(
    st.tuples(st.lists(PIECES, max_size=9).map("".join), st.integers(1, 160)), max_size=4
)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_as_model_line(parts):
    """Any text of any length has the line that `token_line` makes of it."""
    texts = [text * times for text, times in parts]
    found = model_lines(pl.Series(texts, dtype=pl.String), np.arange(len(texts)))
    assert found == [token_line(text) for text in texts]


def test_every_length_around_the_sample():
    """The middle piece begins where Python's rounding puts it."""
    texts = ["".join(chr(0x4E00 + i) for i in range(n)) for n in range(175, 215)]
    found = model_lines(pl.Series(texts), np.arange(len(texts)))
    assert found == [token_line(text) for text in texts]
