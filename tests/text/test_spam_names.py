"""Names are found by their frames, in any place that names a site, and by no list."""

import pytest

from corpus_pipeline.text.spam.names import bare, framed_names, frames, keyword_lines

KINDS = frames(["体育", "娱乐"], ["app", "官网", "下载"], ["官网登录"], ["新浪", "学校"])
WIDER = frames(["体育"], ["官网", "注册"], ["官网登录"], ["新浪"])
LONG = "春耕时节，农户抢抓农时整地施肥。" * 10


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("【甲乙体育官网】" + LONG, "bracket"),
        ("甲乙体育app下载：" + LONG, "head"),
        (LONG + "（甲乙体育官网）", "tail"),
        (LONG + "\n关键词：农时，甲乙体育官网\n" + LONG, "keywords"),
        (LONG + "甲乙体育官网" + LONG, "body"),
    ],
)
def test_zones(text, zone):
    """A framed name is told by where a page names its site."""
    [found] = framed_names(text, KINDS)

    assert (found.name, found.zone) == ("甲乙体育", zone)
    assert text[found.start :].startswith("甲乙体育")


@pytest.mark.parametrize("text", ["新浪体育官网", "学校体育app", "甲乙体育新闻", "体育官网"])
def test_ordinary_names_are_none(text):
    """Known media, schools, names without a frame and frames without a name are not found."""
    assert list(framed_names(text, KINDS)) == []


def test_a_repeated_part_is_the_name():
    """Words that run into a name are left out where the text repeats the rest."""
    text = LONG + "指导甲乙体育官网农户。甲乙体育今年。甲乙体育。"

    assert next(framed_names(text, KINDS)).name == "甲乙体育"


def test_plain_names_stand_at_the_edges_only():
    """Any word before a frame counts at the beginning of a clause outside the middle."""
    text = f"某某会官网登录，{LONG}，某某会官网登录，{LONG}js333官网"

    assert [(f.name, f.zone) for f in framed_names(text, KINDS)] == [
        ("某某会", "head"),
        ("js333", "tail"),
    ]


def test_bare_names_are_those_outside_the_frames():
    """A name is counted where no range covers it."""
    assert bare("甲乙，甲乙官网，甲乙", "甲乙", [(3, 7)]) == [(0, 2), (8, 10)]


def test_keyword_lines():
    """Lines that begin with a label of key words are listed with the break before them."""
    text = "正文\n本文关键词：甲\n正文\ntags: 乙"

    assert [text[a:b] for a, b in keyword_lines(text)] == ["\n本文关键词：甲", "\ntags: 乙"]


def test_a_list_of_key_words_that_the_text_does_not_know():
    """Two items with one name that stands nowhere else are framed; one of the text's own is not."""
    foreign = LONG + "\n本文关键词：某某会官网，某某会注册"
    own = LONG + "\n本文关键词：农户官网，农户注册"

    assert [f.name for f in framed_names(foreign, WIDER)] == ["某某会", "某某会"]
    assert list(framed_names(own, WIDER)) == []
