"""Terms are found as words, whatever stands between their characters, in one pass."""

import polars as pl
import pytest

from corpus_pipeline.rules import lexicon as module
from corpus_pipeline.rules.lexicon import Lexicon, Term

TERMS = [Term("口交", 0), Term("华体会", 1, obfuscated=True), Term("bet365", 1), Term("办证", 2)]
LEXICON = Lexicon(
    [*TERMS, Term("v信", 3, obfuscated=True)], [(4, "日赚[0-9]+元")], {4: "没有|不可能"}
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


def test_the_column_test_lets_every_find_through():
    """No text in which `find` finds something is skipped by `candidates`."""
    plain = ["华体会", "Bet365", "V信", "日赚9元", "办证"]
    hidden = ["华*体*会", "华\u200b体会", "ＢＥＴ３６５", "v❤信"]
    mask = LEXICON.candidates(pl.Series([*plain, *hidden, "好", None]))
    assert mask.to_list() == [True] * 9 + [False, False]


def test_a_large_lexicon_takes_the_automaton_and_finds_the_same(monkeypatch):
    """Beyond the size of one expression the column test goes by Aho-Corasick."""
    texts = pl.Series(["华体会", "BET365", "你好", "办证", "路口交通"])
    small = LEXICON.candidates(texts).to_list()
    monkeypatch.setattr(module, "_SMALL", 0)
    assert Lexicon(TERMS).candidates(texts).to_list() == small
