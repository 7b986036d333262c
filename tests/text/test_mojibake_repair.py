"""Mojibake: what was decoded in the wrong charset comes back, and nothing else changes."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from clock import linear
from frames import asset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.rules.decode import load_char_costs, load_decoding
from corpus_pipeline.text.mojibake.garbage_lines import without_lost_lines
from corpus_pipeline.text.mojibake.repair import repair, suspects
from corpus_pipeline.text.mojibake.tables import tables

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "mojibake.jsonl").read_text().splitlines()
]
KNOWN = tables(load_char_costs(asset("package:assets/char_costs.tsv")))
RULES = load_decoding(asset("package:rules/packs/decode.yaml"))
LIMITS, LOST = RULES.mojibake, RULES.lost
PROSE = (
    "城市治理要靠数据，也要靠常识。去年冬天，我们在三个街道做了一次试验，把报修放到同一张表里。\n"
    "结果并不复杂，报修的时间缩短了一半，居民的抱怨也少了。有人问，这样的办法能不能推广？\n"
    "答案是可以，但要先把责任写清楚。"
)


def fixed(text):
    """What the stage does: the pre-test, then the repair."""
    if not suspects(pl.Series([text], dtype=pl.String), KNOWN, LIMITS):
        return None
    return repair(text, KNOWN, LIMITS)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            c,
            id=c["label"],
            marks=[pytest.mark.xfail(reason=c["xfail"], strict=True)] if "xfail" in c else [],
        )
        for c in CASES
    ],
)
def test_cases(case):
    """A garbled text comes back exactly, a clean one is left alone."""
    repaired = fixed(case["text"])
    expected = case["expect"]

    assert (repaired.text if repaired else case["text"]) == expected["text"]
    assert (",".join(repaired.kinds) if repaired else None) == expected["kinds"]
    assert (repaired.lost if repaired else 0) == expected["lost"]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("utf8-as-gbk", "utf-8", "gb18030"),
        ("utf8-as-latin1", "utf-8", "latin-1"),
        ("gbk-as-latin1", "gbk", "latin-1"),
        ("gbk-as-macroman", "gbk", "mac_roman"),
        ("gbk-as-big5", "gb18030", "big5hkscs"),
    ],
)
def test_a_whole_document_comes_back(kind, right, wrong):
    """A document garbled from end to end is repaired from end to end, short lines too."""
    text = f"是\n{PROSE}\n<b>否</b>\n# 2024 年\n"
    garbled = text.encode(right).decode(wrong, "replace")
    repaired = fixed(garbled)

    assert repaired.kinds == (kind,)
    assert len(repaired.text) == len(text)
    assert all(a in (b, "\ufffd") for a, b in zip(repaired.text, text, strict=True))
    assert repaired.lost == repaired.text.count("\ufffd") <= 0.05 * len(text)


def test_lost_bytes_are_marked_and_counted():
    """A character that lost a byte is one U+FFFD, its neighbours come back."""
    text = "我们明天上午在会议室 A 讨论预算的问题。"
    garbled = text.encode().decode("gb18030", "replace")
    repaired = fixed(garbled)

    assert len(repaired.text) == len(text)
    assert repaired.lost == repaired.text.count("\ufffd") <= 2
    assert all(a in (b, "\ufffd") for a, b in zip(repaired.text, text, strict=True))


def test_question_marks_stand_for_lost_bytes():
    """Where U+FFFD could not be written either, a question mark took its place."""
    text = "我们明天上午在会议室讨论预算的问题。"
    garbled = text.encode().decode("gb18030", "replace").replace("\ufffd", "?")

    assert "?" in garbled
    assert fixed(garbled).text == text


def test_other_lines_stay_byte_for_byte():
    """Clean lines around a garbled one do not change, whatever they hold."""
    around = "联通、状态位、资源、选项、员\n鈥、锛、銆\n“引号”…—·×é ñ\nこれは日本語です。\n"
    garbled = PROSE.encode().decode("gb18030", "replace")
    repaired = fixed(around + garbled + "\n" + around)

    assert repaired.text.startswith(around)
    assert repaired.text.endswith("\n" + around)


@pytest.mark.parametrize("encoding", ["cp949", "euc_jp", "cp1251", "cp1253", "koi8_r"])
def test_foreign_text_never_becomes_chinese(encoding):
    """Korean, Japanese, Russian and Greek read as Latin-1 or GBK are not made Chinese."""
    texts = {
        "cp949": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
        "euc_jp": "すべての人間は、生まれながらにして自由であり、尊厳と権利とについて平等である。",
        "cp1251": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
        "cp1253": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.",
        "koi8_r": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    }
    for wrong in ("latin-1", "gb18030"):
        assert fixed(texts[encoding].encode(encoding).decode(wrong, "replace")) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_an_answer(text):
    """No text makes the repair raise, and what it returns is text."""
    for tried in (text, text.encode().decode("gb18030", "replace"), text * 3):
        repaired = repair(tried, KNOWN, LIMITS)

        assert repaired is None or repaired.text.encode()


def test_a_repaired_text_is_repaired():
    """What was repaired is not touched again."""
    repaired = fixed(PROSE.encode().decode("gb18030", "replace"))

    assert fixed(repaired.text) is None


def test_the_pretest_reads_every_row_alone():
    """A suspicious neighbour makes no row suspicious."""
    garbled = PROSE.encode().decode("latin-1")
    texts = pl.Series([PROSE, garbled, None, "", PROSE])

    assert suspects(texts, KNOWN, LIMITS) == [1]


def test_clean_web_texts_stay(web):
    """None of 25,000 web texts is touched, but for those that hold private-use characters.

    They are of sources that no table was made from; `make eval` measures the development sets.
    """
    texts = pl.Series([row["text"] for row in web])
    texts = texts.filter(~texts.str.contains("[\ue000-\uf8ff]"))
    touched = [
        texts[row][:40]
        for row in suspects(texts, KNOWN, LIMITS)
        if repair(texts[row], KNOWN, LIMITS)
    ]

    assert len(texts) > 25_000
    assert touched == []


@pytest.mark.parametrize(
    ("text", "page", "left", "lines"),
    [
        ("一\n锟斤拷锟斤拷锟斤拷\n二", False, "一\n二", 1),
        ("一\n\ufffd\ufffd\ufffd\ufffd\ufffd", False, "一\n", 1),
        ("<p>锟斤拷锟斤拷</p><p>正文在这里。</p>", True, "<p></p><p>正文在这里。</p>", 1),
        ("烫烫烫烫烫烫烫烫\n屯屯屯屯屯屯屯屯\n数据", False, "数据", 2),
        ("锘匡豢锘匡豢\n标题", False, "标题", 1),
        ("手持两把锟斤拷，口中疾呼烫烫烫。", False, "手持两把锟斤拷，口中疾呼烫烫烫。", 0),
        ("为什么乱码是\n锟斤拷锟斤拷\n呢？因为编码错了。", False, None, 0),
        ("烫烫烫，好烫啊！", False, "烫烫烫，好烫啊！", 0),
        ("锟斤拷", False, "锟斤拷", 0),
    ],
)
def test_lost_lines(text, page, left, lines):
    """A line of traces goes, a line that mentions them stays."""
    cut = without_lost_lines(text, LOST, page=page)

    assert cut.lines == lines
    assert cut.text == (text if left is None else left)


def test_weights_spare_common_characters():
    """No common character of any script weighs for suspicion; those of garbled text do."""
    weights = KNOWN.weights

    assert max(weights[ord(c)] for c in "的一是不了人我在有他這個們，。のはをが한는이") <= 0
    assert np.min([weights[ord(c)] for c in "鈥锛銆鐨涓浠"]) > 0


@pytest.mark.parametrize(
    "piece",
    [
        "Ã¤Â»Â\x8aÃ¥Â¤Â© ",
        "盲禄聤氓陇漏茅\n",
        "閳ユ粍鍋嶆總鏂ょ礉é",
        "╓╨╣·╬─╫╓\n",
        "Müller ½ñÌì é» ",
        "ЅсМм Привет ",
        "«é»ñ",
    ],
)
def test_garbled_pieces_take_linear_time(piece):
    """Pieces of garbled text, layers and good letters among them cost the same a character."""

    def work(text):
        fixed(text)

    linear(work, lambda size: piece * (size // len(piece)), 100_000, 1)


@pytest.mark.parametrize("codec", ["cp1250", "cp1251", "cp437", "cp850", "mac_roman"])
@pytest.mark.parametrize("right", ["utf-8", "gbk", "big5"])
def test_code_pages_of_other_countries(codec, right):
    """A document that was read in the code page of a western or Slavic system comes back."""
    text = "今天天氣很好，我們去公園。" * 3 if right == "big5" else PROSE.replace("\n", "")
    garbled = "".join(bytes((b,)).decode(codec, "ignore") or chr(b) for b in text.encode(right))

    assert fixed(garbled).text == text
