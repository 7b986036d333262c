"""The width table and its rules."""

import unicodedata
from itertools import product

import polars as pl
import pytest
from clock import linear
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.normalize.width import COMPOSED, Width
from corpus_pipeline.text.unicode.classes import points

WIDTH = Width(fold="％＋＝")
PIECES = st.one_of(
    st.sampled_from(list("中文，。（）,.()!:　 \t\r\n．－Ａ９a1\u200b\u200d\ufe0f\u0301😀☎")),
    st.characters(exclude_categories=["Cs"]),
)


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=5))
@settings(max_examples=150, deadline=None)
def test_laws(texts):
    """Idempotent, independent of neighbours, composed, and free of what it removes."""
    once = WIDTH.texts(texts)
    assert WIDTH.texts(once) == once
    assert once == [WIDTH.text(text) for text in texts]
    for text in once:
        assert unicodedata.is_normalized("NFC", text)
        assert not set(text) & set("\u200b\ufeff\r\x00\u202e")
        assert not any(line != line.rstrip(" \t　") for line in text.split("\n"))
        assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "alphabet", ["中 \u3000\t,.!()aN1\n", "中 \u3000,.()：”", "第一章 \u3000,.\t"]
)
def test_nothing_short_is_rewritten_twice(alphabet):
    """Of all strings of four of these characters, none is changed by a second pass."""
    once = WIDTH.texts(["".join(piece) for piece in product(alphabet, repeat=4)])
    assert WIDTH.texts(once) == once


def test_what_nfkc_would_destroy_stays():
    """Enclosed numbers, units, fractions and Chinese punctuation are no compatibility rubbish."""
    text = "①㎡½℃…，。！？；：“”（）《》【】、～"
    assert WIDTH.text(text) == text


def test_a_million_characters():
    """A long document is no special case."""
    text = "中文，" * 500_000
    assert WIDTH.text(text) == text


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("\x1b[1;33m※ 引述\x1b[m：好\x1b[0;1;31m推\x1b[K 同意", "※ 引述：好推 同意"),
        ("\x1b]0;标题\x07正文\x1b]8;;http://a.cn\x1b\\链接\x1b]8;;\x1b\\", "正文链接"),
        ("\x1b(B线\x1b)0图\x1b*s名\x1b7存\x1b8取\x1b=键", "线图名存取键"),
        ("\x1b\x1b[32m绿\x9b0m色\x1b[?25l隐\x1b[2J清", "绿色隐清"),
        ("\x1b[31", ""),
        ("\x1bHello 2\x1b中", "Hello 2中"),
        ("写作 \\x1b[31m 或 ^[[0m，数组[1;33m]", "写作 \\x1b[31m 或 ^[[0m，数组[1;33m]"),
    ],
)
def test_terminal_sequences_go_whole(text, expect):
    """Colours, titles, links and charset shifts leave no tail; text about them stays."""
    assert WIDTH.text(text) == expect


def test_hostile_terminal_sequences_are_linear():
    """Two hundred thousand escapes, and strings without an end, cost no more than their length."""
    for piece in ("\x1b", "\x1b]0;", "\x1b[", "\x1b(", "\x9b0"):
        linear(WIDTH.text, piece.__mul__, 100_000, 1.0)


def test_a_line_of_marks_is_linear():
    """A line of half-width marks of any kind beside Han is read once."""
    for piece in ("中.", "中, ", "!", "中!", "(中", "中 ", "(中)", "中; (", "1,", "中?? "):
        linear(WIDTH.text, piece.__mul__, 100_000, 1.0)


def test_what_is_called_composed_is_composed():
    """No character of the table's safe ranges can be changed by NFC, alone or by a neighbour."""
    seconds = {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}  # Hangul joins by arithmetic
    for char in map(chr, range(0x110000)):
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    for code in points(COMPOSED).tolist():
        if not 0xD800 <= code < 0xE000:
            assert code not in seconds
            assert unicodedata.combining(chr(code)) == 0
            assert unicodedata.is_normalized("NFC", chr(code))


def test_many_empty_texts_and_a_long_one():
    """Neither many documents nor a long one is a special case."""
    out = WIDTH.column(pl.Series([""] * 100_000 + ["Ａ，b " * 1_000_000]))
    assert out[100_000] == WIDTH.text("Ａ，b Ａ，b")[:4] * 999_999 + "A，b"
    assert set(out[:100_000]) == {""}
