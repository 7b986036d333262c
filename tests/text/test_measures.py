"""Measures count what they say, of every text, alone or in company."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.measures.measures import MEASURES, measure
from corpus_pipeline.text.unicode.categories import kind_table
from corpus_pipeline.text.unicode.categories_kernel import EMOJI, HAN, LETTER, RARE, SPACE


def of(text, *names):
    row = measure(pl.Series([text])).row(0, named=True)
    return row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)


def test_every_measure_is_there_with_its_type():
    """The frame has one Float32 column per measure, in the order of `MEASURES`."""
    assert dict(measure(pl.Series(["你好"])).schema) == dict.fromkeys(MEASURES, pl.Float32())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_text_gives_finite_numbers(texts):
    """No text of Unicode gives a null, a NaN or an infinity; a share stays within 0 and 1."""
    measures = measure(pl.Series(texts, dtype=pl.String))

    assert measures.height == len(texts)
    for name in MEASURES:
        column = measures[name]
        assert column.is_finite().all()
        assert column.null_count() == 0
        if name.endswith("_ratio") and name not in {"article_ratio", "compress_ratio"}:
            assert column.is_between(0, 1).all(), name


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="甲乙丙的，。\n a1", max_size=30), min_size=2, max_size=6))
def test_a_text_does_not_depend_on_its_neighbours(texts):
    """A batch gives what its texts give alone."""
    alone = pl.concat([measure(pl.Series([text])) for text in texts])

    assert measure(pl.Series(texts)).equals(alone)


def test_a_large_batch_leaves_no_trace():
    """A batch of many texts gives what its texts give alone."""
    texts = [f"第{n}章，今天我们去公园散步。\n“好！”他说。" * 40 for n in range(200)]
    series = pl.Series(texts)

    assert measure(series)[137:138].equals(measure(series[137:138]))


def test_texts_of_the_batch_before_keep_their_measures():
    """A batch of texts just measured, some gone, moved or changed, gives what each gives alone."""
    texts = [f"第{n}章，今天我们去公园散步。\n“好！”他说。" * 40 for n in range(700)]
    assert measure(pl.Series(texts)).height == 700
    later = [*texts[3:], texts[9], texts[9] + "再见。", *texts[:2], "新的一章。"]
    found = measure(pl.Series(later))
    for row in (0, 5, 6, 697, 698, 700, 701):
        assert found[row].equals(measure(pl.Series(later[row : row + 1]))), row


def test_null_counts_as_empty():
    """A missing text is measured like an empty one, a slice like a whole series."""
    series = pl.Series(["一二三四", None, ""])

    assert measure(series[1:2]).equals(measure(series[2:]))


def test_a_hundred_thousand_empty_texts_are_fine():
    """Empty texts cost no more than their row."""
    assert measure(pl.Series([""] * 100_000))["length"].sum() == 0


def test_a_text_of_two_million_characters_is_fine():
    """A text larger than a chunk goes through whole."""
    unit = "".join(map(chr, range(0x4E00, 0x4E00 + 2000)))
    length, dup = of(unit * 1000, "length", "dup_20")

    assert (length, dup) == (2_000_000, pytest.approx(0.999))


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("你好 world", "han_ratio", 2 / 7),
        ("天気がいい", "kana_ratio", 3 / 5),
        ("漢字 한글", "hangul_ratio", 2 / 4),
        ("2024年１月", "digit_ratio", 5 / 7),
        ("好😀好", "emoji_ratio", 1 / 3),
        ("★好★", "symbol_ratio", 2 / 3),
        ("├──┤好", "symbol_ratio", 0),
        ("你好，世界。", "punctuation_ratio", 2 / 6),
        ("【新品】毛衣", "bracket_ratio", 4 / 6),
        ("见https://a.cn/b 好", "url_ratio", 14 / 16),
        ("锟斤拷你", "mojibake_ratio", 3 / 4),
        ("你好\n上一篇：旧闻", "boilerplate_ratio", 6 / 8),
        ("你好。\n你好\n", "line_end_ratio", 3 / 5),
        ("“你好。”\n你好", "line_end_ratio", 5 / 7),
        ("- 一\n- 二\n三", "bullet_lines", 2 / 3),
        ("记者：你好。\n他没有回答，只是说：好。", "speaker_lines", 1 / 2),
        ("甲：\n乙乙乙乙乙", "line_length", 3.5),
        ("你 好\n世界", "longest_run", 2),
        ("你 好，世界", "longest_run", 2),
        ("天地玄黄 宇宙洪荒", "longest_run", 8),
        ("天地玄黄 宇宙洪荒", "phrase_length", 4),
        ("天地玄黄，宇宙洪荒，日月", "even_phrases", 1 / 2),
        ("天地。玄黄！宇宙", "stop_marks", 2 / 3),
        ("我的書是這本的", "stop_ratio", 5 / 7),
        ("学而时习之", "classical_ratio", 2 / 5),
        ("我的我的", "function_kinds", 2),
        ("龘靐是鬼", "rare_han_ratio", 2 / 4),
        ("第一条 甲\n第二條 乙", "article_ratio", 250),
        ("甲乙丙丁\n戊己\n甲乙丙丁", "repeated_lines", 1 / 3),
        ("甲乙丙丁\n戊己\n甲乙丙丁", "repeated_line_chars", 4 / 10),
        ("短文", "compress_ratio", 1),
    ],
)
def test_measures_mean_what_they_say(text, name, expected):
    """Each measure gives the share or count that its description promises."""
    assert of(text, name) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("brk", ["\n", "\r\n", "\u2028", "\x85"])
def test_every_line_break_breaks(brk):
    """Lines end where Unicode says, and blank lines are no lines."""
    assert of(f"一行{brk}{brk}二行{brk}", "lines") == 2


@pytest.mark.parametrize("blank", [" ", "\u3000", "\u200b", "\ufeff", "\t", "\xa0", "\ufe0f"])
def test_what_nobody_sees_has_no_length(blank):
    """Whitespace, zero-width characters and variation selectors are not characters of a text."""
    assert of(f"你{blank}好{blank}", "length", "han_ratio", "phrase_length")[:2] == (2, 1)


def test_kinds_agree_with_unicode():
    """Every ideograph and letter is counted as one, and frequent Han are frequent in a script."""
    kinds = kind_table()

    assert all(kinds[ord(c)] >= HAN for c in "一龥々〇㐀𠀀𱍐這这國国")
    assert all(kinds[ord(c)] not in {RARE, SPACE} for c in "國国體体們们")
    assert kinds[ord("𠀀")] == kinds[ord("龘")] == RARE
    assert kinds[0x1F600] == EMOJI
    assert kinds[ord("я")] == LETTER
    assert all(
        kinds[code] >= HAN
        for code in range(0x4E00, 0xA000)
        if unicodedata.category(chr(code)) == "Lo"
    )


def test_loops_and_noise_compress_differently():
    """A loop compresses to almost nothing, random characters hardly at all."""
    loop = "今天我们去公园散步。" * 300
    noise = "".join(chr(0x4E00 + (n * n * 7919) % 20011) for n in range(3000))

    assert of(loop, "compress_ratio") < 0.1
    assert of(noise, "compress_ratio") > 0.6
