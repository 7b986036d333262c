"""Widths, spaces, invisible characters, and traditional → simplified."""

import itertools
import json
from pathlib import Path

import polars as pl
import pytest
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.unicode.script import TRADITIONAL_ONLY
from corpus_pipeline.training import halves as split

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "normalize.jsonl").read_bytes().splitlines()
]
NORMALIZE = stage("normalize")
SENTENCES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "t2s.jsonl").read_bytes().splitlines()
]

WRAPPED = next(case["text"] for case in CASES if case["label"] == "wrapped")
#: What Chinese pages are made of, the awkward parts more often than in life.
PIECES = st.one_of(
    st.sampled_from(
        [
            WRAPPED,
            "。。。",
            "...",
            "--",
            "张三 李四 王五",
            "著",
            "名著",
            "於",
            "於陵",
            "乾隆",
            "乾",
            "後來",
            "説",
            "裏",
            "髮",
            "祇有",
        ]
    ),
    st.sampled_from(list("的了是这说国龙这個說國龍於著乾後里面，。！？；：（）《》、…— \t\n\r　")),
    st.sampled_from(list(",.?!:;()０９ＡｚＺ％．－／&;#<>`'\"")),
    st.sampled_from(list("\u200b\u200c\u200d\ufe0f\ufe0e\ufeff\u00ad\u202e\u00a0\ue000\ufffd\x00")),
    st.sampled_from(["&nbsp;", "&middot;", "&#20013;", "&amp;", "\r\n", "\n\n\n", "  ", "　　"]),
    st.sampled_from(list("⼈⻓豈\u0301é①㎡½😀👨👩❤🏻ｱのカ가각ᄀ\u1161aZ09")),
    st.sampled_from(TRADITIONAL_ONLY),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def run(*texts, **columns):
    return NORMALIZE(docs_of(list(texts), **columns))


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_case(case):
    """Each case comes out as expected, and again unchanged."""
    once = run(case["text"]).get_column("text").item()
    assert once == case["expect"]
    assert run(once).get_column("text").item() == once


@pytest.fixture(scope="module")
def sentences():
    texts = [case["text"] for case in SENTENCES]
    return dict(zip(texts, run(*texts).get_column("text").to_list(), strict=True))


@pytest.mark.parametrize("case", SENTENCES, ids=[case["label"] for case in SENTENCES])
def test_sentence(case, sentences):
    """Every sentence comes out in simplified script, exactly."""
    assert sentences[case["text"]] == case["expect"]


def test_sentences_stay_simplified(sentences):
    """Converted once, they come out the same."""
    once = list(sentences.values())
    assert run(*once).get_column("text").to_list() == once


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_twice_is_once(text):
    """Normalising what is normalised changes nothing."""
    once = run(text, title=[text])
    twice = run(once.get_column("text").item(), title=once.get_column("title").to_list())
    assert twice.select("text", "title").equals(once.select("text", "title"))


@given(TEXTS)
@settings(max_examples=40, deadline=None)
def test_twice_is_once_for_traditional(text):
    """So too where langid called the text traditional, before and after."""
    once = run(text, langid_label=["zh-Hant"]).get_column("text").item()
    assert run(once, langid_label=["zh-Hant"]).get_column("text").item() == once


@given(st.lists(TEXTS, min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_the_batch_does_not_matter(texts):
    """Documents together come out as each alone."""
    alone = pl.concat([run(text) for text in texts]).drop("id", "locator")
    assert run(*texts).drop("id", "locator").equals(alone)


def test_script_and_changes_are_written():
    """The script before conversion and the number of converted characters stay on record."""
    out = run("這個國家說話", "这个国家说话", "中文", "这们说国與這說國龍", None)
    assert out.get_column("normalize_script").to_list() == ["hant", "hans", "none", "mixed", "none"]
    assert out.get_column("normalize_changed").to_list() == [5, 0, 0, 5, 0]


def test_langid_decides_between_chinese_and_japanese():
    """Where langid said ja or ko nothing is converted, whatever the characters say."""
    text = "東京國際會議場開發計劃發表會"
    converted = run(text, langid_label=["zh-Hant"]).get_column("text").item()
    assert converted == "东京国际会议场开发计划发表会"
    assert run(text, langid_label=["ja"]).get_column("text").item() == text


def test_classical_and_cantonese_are_converted_too():
    """The script decides, not the language."""
    texts = ["學而時習之，不亦說乎？有朋自遠方來", "佢哋話呢個問題好難，我哋冇辦法"]
    out = run(*texts, langid_label=["lzh", "yue"])
    assert out.get_column("normalize_script").to_list() == ["hant", "hant"]


def test_the_title_follows_the_text():
    """A title is cleaned alone and converted with its document; a missing one stays missing."""
    out = run("這個國家說話", "这个国家说话", title=["說話　２０２６", None])
    assert out.get_column("title").to_list() == ["说话 2026", None]


def test_wrapped_lines_are_joined_or_kept():
    """The option decides; the number of joins stays on record."""
    case = next(case for case in CASES if case["label"] == "wrapped")
    out = stage("normalize", lines="keep")(docs_of([case["text"]]))
    assert out.get_column("text").item() == case["text"]
    assert out.get_column("normalize_joined").item() == 0
    assert run(case["text"]).get_column("normalize_joined").item() == 3


def test_both_scripts():
    """`both` leaves the text in its script and writes the simplified one beside it."""
    texts = ["這個國家說話看著乾隆的名著", "这个国家说话", "中文"]
    both = stage("normalize", script="both")(docs_of(texts, title=["說話", None, None]))
    assert both.get_column("text").to_list() == texts
    assert both.get_column("title").to_list() == ["說話", None, None]
    simplified = both.get_column("normalize_simplified").to_list()
    assert simplified == ["这个国家说话看着乾隆的名著", None, None]
    assert both.get_column("normalize_ambiguous").to_list() == [3, 0, 0]
    plain = run(*texts)
    assert plain.get_column("text")[0] == simplified[0]
    assert plain.get_column("normalize_simplified").null_count() == 3
    assert plain.get_column("normalize_changed").equals(both.get_column("normalize_changed"))


OTHERS = [
    stage("normalize", script="both", lines="keep"),
    stage(
        "normalize",
        script="keep",
        entities="keep",
        private_use="keep",
        replacement_character="remove",
    ),
]


@pytest.mark.parametrize("normalize", OTHERS, ids=["both", "keep"])
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_twice_is_once_for_every_option(normalize, text):
    """Whatever the options, normalising what is normalised changes nothing."""
    once = normalize(docs_of([text])).get_column("text").item()
    assert normalize(docs_of([once])).get_column("text").item() == once


def test_a_space_beside_a_new_ellipsis():
    """An ideographic space is written as it is beside a mark of the final text, in one pass."""
    texts = ["停止使用。。。。\u3000\u3000本平台", "停\u3000——他说", "停\u3000--他说"]
    once = run(*texts).get_column("text").to_list()
    assert once[0] == "停止使用…… 本平台"
    assert run(*once).get_column("text").to_list() == once


def test_twice_is_once_for_all_neighbours():
    """Every row of up to three marks, spaces, letters and line ends between Han is done in one."""
    pieces = [*"停…，(（“a1 \u3000\n", "。。。", "...", "．．．", "--", "――"]
    rows = [row for size in (1, 2, 3) for row in itertools.product(pieces, repeat=size)]
    once = run(*(f"停{''.join(row)}本" for row in rows)).get_column("text").to_list()

    again = run(*once).get_column("text").to_list()

    assert [pair for pair in zip(once, again, strict=True) if pair[0] != pair[1]] == []


def test_options():
    """Script, entities, private use and U+FFFD can be left or removed."""
    docs = docs_of(["這個國家說話\ue000\ufffd&nbsp;"])
    left = stage("normalize", script="keep", entities="keep", private_use="keep")(docs)
    assert left.get_column("text").item() == "這個國家說話\ue000\ufffd&nbsp;"
    gone = stage("normalize", replacement_character="remove")(docs)
    assert gone.get_column("text").item() == "这个国家说话"


def test_simplified_documents_keep_every_character(sample):
    """Real simplified statutes and comments come out with the same Han characters."""
    import re

    kinds = ("statutes", "comments")
    texts = [row["text"] for row in sample if split.kind(row["source"]) in kinds]
    assert len(texts) > 500
    out = run(*texts).get_column("text").to_list()
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [han.findall(text) for text in texts] == [han.findall(text) for text in out]
