"""The densest window is the one that a plain count finds, whatever stands between the terms."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.spam.density import TOLD, densest
from corpus_pipeline.text.terms.trie import UNIT, folding, hits, vocabulary

FOLD = folding(np.zeros(0x34000, dtype=np.uint32))
WORDS = vocabulary(
    {
        "one": {"甲乙": 2.0, "乙丙丁": 1.0, "x": 0.5},
        "other": {"甲乙": 1.0, "丙": 0.5},
        TOLD: {"说": 1.0},
    },
    FOLD,
)
WIDTH, REACH = 12, 3


def plain(text, kind):
    """The largest sum over windows of hits, as the docstring of `density` defines it."""
    found, told = hits(text, WORDS, kind), hits(text, WORDS, TOLD)
    best = 0.0
    for last, (_, stop, _) in enumerate(found):
        inside = [hit for hit in found[: last + 1] if hit[0] >= stop - WIDTH]
        seen, total = {}, 0.0
        for start, end, weight in inside:
            term = text[start:end].replace("*", "").replace("Ｘ", "x")
            seen[term] = seen.get(term, 0) + 1
            total += int(weight * UNIT) // seen[term]
        begin = inside[0][0]
        total -= sum(w * UNIT for start, _, w in told if begin - REACH <= start <= found[last][0])
        best = max(best, total)
    return best


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="甲乙丙丁说x*Ｘ 字", max_size=60))
def test_the_window_of_a_plain_count_is_found(text):
    """For any text the kernel's weight is the largest sum, and its window holds those hits."""
    best = densest(pl.Series([text]), WORDS, WIDTH, REACH)

    for kind in ("one", "other"):
        assert best.weight[kind][0] == plain(text, kind)
        assert best.end[kind][0] - best.begin[kind][0] <= WIDTH


def test_texts_do_not_see_each_other():
    """What one text holds counts in no other, and null is empty."""
    texts = pl.Series(["甲乙" * 5, None, "甲乙", ""])
    best = densest(texts, WORDS, WIDTH, REACH)

    assert best.weight["one"][2] == densest(texts[2:3], WORDS, WIDTH, REACH).weight["one"][0]
    assert best.weight["one"][1] == best.weight["one"][3] == 0


def test_two_symbols_may_stand_between_and_three_may_not():
    """甲**乙 is the term, 甲***乙 is not."""
    assert hits("甲**乙", WORDS, "one") == [(0, 4, 2.0)]
    assert hits("甲***乙", WORDS, "one") == []
