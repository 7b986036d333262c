"""Exchange of characters and phrases."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.normalize.phrases import Phrases, Signature

PAIRS = {"甲乙": "子丑", "甲乙丙": "天地人", "乙丙": "春夏", "丁": "戊", "𠀀乙": "一乙"}
PHRASES = Phrases({"甲": "申", "a": "b", "中": "𠀁"}, PAIRS, "甲中", Signature("著", "曹", "等"))
TEXTS = st.lists(st.text("甲乙丙丁中ab𠀀\n", max_size=12), max_size=5)


def slow(text):
    """The same by plain Python: leftmost, longest, else the table."""
    out, at = [], 0
    table = {"甲": "申", "a": "b", "中": "𠀁"}
    while at < len(text):
        for length in (3, 2):
            found = PAIRS.get(text[at : at + length])
            if found and len(found) == length:
                out.append(found)
                at += length
                break
        else:
            out.append(table.get(text[at], text[at]))
            at += 1
    return "".join(out)


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_against_plain_python(texts):
    """The kernel does what the slow definition does, with the same counts."""
    done = PHRASES.exchange(pl.Series(texts, dtype=pl.String))
    assert done.texts.to_list() == [slow(text) for text in texts]
    for text, changed, chosen in zip(texts, done.changed, done.chosen, strict=True):
        assert changed == sum(a != b for a, b in zip(text, slow(text), strict=True))
        assert chosen == sum(char in "甲中" for char in text)


def test_lengths_must_agree():
    """A phrase whose other form is longer is refused."""
    with pytest.raises(ValueError, match="differ"):
        Phrases({}, {"甲乙": "丙"})


def test_a_long_text_and_many_empty_ones():
    """Neither is a special case."""
    done = PHRASES.exchange(pl.Series([""] * 10_000 + ["中甲乙" * 500_000]))
    assert done.texts[10_000] == "𠀁子丑" * 500_000
    assert done.chosen[10_000] == 1_000_000
