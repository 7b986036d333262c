"""A compiled loop cuts texts exactly as two regular expressions would."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.tokens.quality import pieces

#: What the loop stands for.
PIECE = r"[\w--\p{Han}]+|[^\s\x00]"
TEXTS = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("a1国，\n "))
)


def slow(texts):
    """The definition, in regular expressions."""
    marked = texts.str.replace_all(r"\d+", "0").str.replace_all("\n", " ¶ ", literal=True)
    return marked.str.extract_all(PIECE).list.join(" ")


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_the_loop_equals_the_expressions(texts):
    """Any texts of Unicode are cut as the regular expressions cut them."""
    series = pl.Series(texts, dtype=pl.String)

    assert pieces(series).to_list() == slow(series).to_list()


def test_every_character_has_the_same_fate():
    """Each code point, between letters, digits and Han, is treated as the expressions treat it."""
    chars = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000))]
    series = pl.Series(chars)

    assert pieces(series).equals(slow(series))


def test_null_and_nothing_stay():
    """Null stays null, a series without rows stays one, a slice is cut like a whole."""
    series = pl.Series(["一", None, "二三"])

    assert pieces(series).to_list() == ["一", None, "二 三"]
    assert pieces(series[2:]).to_list() == ["二 三"]
    assert pieces(series[:0]).to_list() == []
