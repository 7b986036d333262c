"""A character model tells prose from shuffled characters, whatever a text is about."""

import random

import numpy as np
import polars as pl
import pytest
from clock import linear
from frames import PACKAGE
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.measures.fluency import FLUENCY, char_model, fluency

PROSE = (
    "火车开进山里的时候，天已经黑了。车厢里的人大多睡着了，只有几个孩子还趴在窗边数路灯。"
    "列车员提着水壶走过来，问要不要热水。老人摇摇头，把外套盖在孙女身上，继续望着窗外。"
)


@pytest.fixture(scope="module")
def model():
    with np.load(PACKAGE / "assets" / "characters.npz") as parts:
        return char_model(parts)


def row(text, model):
    return fluency(pl.Series([text]), model).row(0, named=True)


def test_shuffled_characters_gain_nothing(model):
    """The same characters in another order cost bits that the prose saves."""
    characters = list(PROSE)
    random.Random(1).shuffle(characters)
    prose, shuffled = row(PROSE, model), row("".join(characters), model)

    assert prose["gain"] > shuffled["gain"] + 1
    assert prose["bits"] < shuffled["bits"]
    assert prose["misfits"] < shuffled["misfits"]


def test_both_scripts_and_widths_cost_the_same(model):
    """Traditional characters and half-width marks are symbols of their simplified twins."""
    simplified = row("长江是亚洲第一长河，全长六千多公里。", model)
    traditional = row("長江是亞洲第一長河,全長六千多公里.", model)

    assert simplified["bits"] == traditional["bits"]


def test_numbers_words_and_blanks_are_one_symbol(model):
    """How long a number or a Latin word is, and how many blanks stand between, costs nothing."""
    assert row("共有3个word，", model)["bits"] == row("共有 31415 个 words ，", model)["bits"]


@pytest.mark.parametrize(
    ("name", "text", "share"),
    [
        ("bare_lines", "首页\n新闻\n论坛\n联系我们", 1.0),
        ("bare_lines", "一，二\n三，四\n五，六\n七，八", 0.0),
        ("cut_lines", "全文…\n更多>>\n图片[3]\n标题_", 1.0),
        ("open_lines", "天黑了。\n灯亮了！\n人呢？\n“走吧”", 0.0),
        ("open_lines", "天黑了\n灯亮了\n人呢\n走吧", 1.0),
        ("open_lines", "天黑了\n灯亮了\n人呢", 0.0),
        ("han_share", "中文ab", 0.5),
    ],
)
def test_lines_are_told_by_their_marks(name, text, share, model):
    """Lines without marks, cut off or without an end are counted from four lines on."""
    assert row(text, model)[name] == pytest.approx(share)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_any_batch_is_measured_like_its_texts(texts, model):
    """Any Unicode has measures without null or NaN, the same alone and beside others."""
    together = fluency(pl.Series(texts, dtype=pl.String), model)
    alone = pl.concat([fluency(pl.Series([text]), model) for text in texts])

    assert together.equals(alone)
    assert list(together.columns) == list(FLUENCY)
    assert together.fill_nan(None).null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("piece", ["a", "1 ", "\n", "的", "一二三，", "😀", "\u0301"])
def test_long_texts_take_linear_time(piece, model):
    """Half a megabyte of anything is read in a quarter of a second."""
    linear(
        lambda texts: fluency(texts, model),
        lambda size: pl.Series([piece * (size // len(piece.encode()))]),
        500_000,
        0.25,
    )
