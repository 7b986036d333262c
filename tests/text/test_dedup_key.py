"""The key text: what spelling takes away, and what it must not."""

import unicodedata
from itertools import pairwise

import numpy as np
import opencc
import pytest
from frames import asset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.dedup.key import fold, key_text

TABLE = load_key_table(asset(KEY_TABLE))
ODD = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("臺灣乾著麼①Ⅱ㎡ﾊﾞ́̈각ᆨｅé１２，。\u200b\ufe0f\u3000\x00𠮷"),
    )
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("臺灣的電腦軟體", "台湾的电脑软体"),
        ("看著他們", "看着他们"),
        ("裡面為什麼", "里面为什么"),
        ("說明與説明", "说明与说明"),
        ("第１２条：ＡＢＣ", "第12条，abc"),
        ("面积３㎡、Ⅱ级", "面积3m2；ii级"),
        ("⼀⽚⼟地", "一片土地"),
        ("ガイド", "ｶﾞｲﾄﾞ"),
        ("café", "CAFE\u0301"),
        ("他说：“好！”\n", "他说:「好」"),
        ("零\u200b宽\ufeff字", "零宽字"),
    ],
)
def test_spelling_does_not_show(one, other):
    """Script, width, case, punctuation and invisible characters leave the key alone."""
    assert key_text(one, TABLE) == key_text(other, TABLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("二〇二三年第1号", "二〇二三年第2号"),
        ("2021年3月1日起施行", "2023年3月1日起施行"),
        ("甲方胜诉", "乙方胜诉"),
        ("कि", "की"),
    ],
)
def test_content_shows(one, other):
    """Digits, words and vowel signs tell documents apart."""
    assert key_text(one, TABLE) != key_text(other, TABLE)


@pytest.mark.parametrize("text", ["", " \n", "……！？——", "\x00\u200b", "😀👍"])
def test_nothing_to_hash(text):
    """Punctuation, symbols and emoji alone give an empty key."""
    assert key_text(text, TABLE) == ""


def test_simplified_text_is_its_own_key():
    """Ordinary simplified characters stay as they are, those with a regional double included."""
    text = "什么是系统里面的后来干净发展余姚"
    assert key_text(text, TABLE) == text


def test_table_agrees_with_opencc():
    """A Han character and what OpenCC's t2s makes of it have one key."""
    convert = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False).convert
    differs = [
        char
        for char in map(chr, range(0x4E00, 0xA000))
        if key_text(char, TABLE) != key_text(convert(char), TABLE)
    ]
    assert differs == []


@given(ODD)
@settings(max_examples=300, deadline=None)
def test_short_cut_equals_nfkc(text):
    """The one-look-up path and the path through NFKC give the same key."""
    assert key_text(text, TABLE) == key_text(unicodedata.normalize("NFKC", text), TABLE)


@given(st.lists(ODD, max_size=8), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_neighbours_do_not_matter(texts, chunk):
    """A document's key is the same alone and in any batch, in chunks of any size."""
    together, rows = [], []
    for keys in fold(texts, TABLE, chunk):
        for i in range(len(keys)):
            codes = keys.codes[keys.offsets[i] : keys.offsets[i + 1]]
            together.append("".join(map(chr, codes.tolist())))
            rows.append(keys.first + i)
    assert together == [key_text(text, TABLE) for text in texts]
    assert rows == list(range(len(texts)))


def test_key_of_a_key_is_the_key():
    """Folding twice changes nothing, for each character of the table."""
    every = np.flatnonzero(TABLE.fast)
    chars = [chr(code) for code in every.tolist() if not 0xD800 <= code < 0xE000]
    once = folded(chars)
    assert folded(once) == once


def folded(texts):
    """The keys of many short texts, as strings."""
    found = []
    for keys in fold(texts, TABLE):
        whole = keys.codes.astype("<u4").tobytes().decode("utf-32-le")
        found += [whole[start:end] for start, end in pairwise(keys.offsets.tolist())]
    return found
