"""Terms are found as words, whatever stands between their characters, in one pass."""

import polars as pl
import pytest
from clock import linear

from corpus_pipeline.rules.lexicon import Lexicon, Shape, Term

TERMS = [Term("口交", 0), Term("华体会", 1, obfuscated=True), Term("bet365", 1), Term("办证", 2)]
LEXICON = Lexicon(
    [*TERMS, Term("v信", 3, obfuscated=True)], [Shape(4, "日赚[0-9]+元")], {4: "没有|不可能"}
)


def spans(text):
    return [(hit.rule, text[hit.start : hit.end]) for hit in LEXICON.find(text)]


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("路口交通堵塞", []),
        ("这台24口交换机", []),
        ("中华体会议厅", []),
        ("请登录华体会官网", [(1, "华体会")]),
        ("华*体*会", [(1, "华*体*会")]),
        ("华❤体 会", [(1, "华❤体 会")]),
        ("华\u200b体\u200b会", [(1, "华\u200b体\u200b会")]),
        ("ＢＥＴ３６５官网", [(1, "ＢＥＴ３６５")]),
        ("bet3650", []),
        ("ⓑⓔⓣ③⑥⑤ 𝐯信", [(1, "ⓑⓔⓣ③⑥⑤"), (3, "𝐯信")]),
        ("上门办证", [(2, "办证")]),
        ("办 证", []),
        ("加V-信领取", [(3, "V-信")]),
        ("日赚300元", [(4, "日赚300元")]),
        ("不可能日赚300元", []),
        ("", []),
    ],
)
def test_hits_are_words_and_their_places_are_the_texts_own(text, expect):
    """A hit cuts out of the text as given what stands there, obfuscation included."""
    assert spans(text) == expect


def test_a_column_gives_what_each_text_gives_alone():
    """Rows without a hit are absent; what a row has does not depend on its neighbours."""
    plain = ["华体会", "Bet365", "V信", "日赚9元", "办证"]
    hidden = ["华*体*会", "华\u200b体会", "ＢＥＴ３６５", "v❤信"]
    texts = [*plain, "好", None, *hidden]
    found = LEXICON.find_all(pl.Series(texts))
    assert sorted(found) == [0, 1, 2, 3, 4, 7, 8, 9, 10]
    assert all(found[row] == LEXICON.find(texts[row]) for row in found)


def test_a_pattern_with_anchors_is_tried_where_one_stands():
    """The pattern finds nothing in a text without an anchor, and all it matches in others."""
    lexicon = Lexicon([], [Shape(0, "日赚[0-9]+", ("兼职",))])
    found = lexicon.find_all(pl.Series(["日赚300", "兼职，日赚300，日赚500"]))
    assert {row: [(hit.start, hit.end) for hit in hits] for row, hits in found.items()} == {
        1: [(3, 8), (9, 14)]
    }


def test_a_symbol_that_belongs_to_a_term_is_no_gap():
    """`c++` is found as it stands, and `c` alone or torn apart is none."""
    lexicon = Lexicon([Term("c++", 0), Term("微❤信", 1, obfuscated=True), Term("微信", 2)])
    texts = ["学习C++语言", "学习C语言", "c *++", "微❤信", "微*信", "微信"]
    found = lexicon.find_all(pl.Series(texts))
    assert {row: [hit.rule for hit in hits] for row, hits in found.items()} == {
        0: [0], 3: [1], 5: [2]
    }  # fmt: skip


@pytest.mark.parametrize("piece", ["华体*会", "华* * * *体", "\u200bV-"])
def test_hostile_texts_take_linear_time(piece):
    """Beginnings of terms and symbols between them without end cost what ordinary text costs."""
    linear(LEXICON.find, lambda size: piece * size, 20_000, 1.0)
