"""Hard-wrapped lines."""

import random

import polars as pl
import pytest

from corpus_pipeline.text.normalize.unwrap import join, joined
from corpus_pipeline.training import halves as split

PROSE = (
    "这座城市位于两条河流交汇之处，自古以来就是商旅往来的要道；城中的老街保存得相当完整，"
    "石板路两旁的店铺卖着各种手工制品。每逢节日，居民们会在广场上搭起戏台，请来外地的剧团"
    "演出三天三夜，附近村镇的人都赶来看戏。据地方志记载，最早的戏台建于明朝中叶，当时的知"
    "县为了安抚百姓，拨出专款修建，后来几经战乱，屡毁屡建，现存的建筑是一百多年前重修的。"
)


def wrapped(text, width):
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join(lines)


@pytest.mark.parametrize("width", [14, 16, 20, 26, 33, 40])
def test_wrapped_prose_is_joined(width):
    """Prose cut at one width comes back whole, whatever the width."""
    text, count = join(wrapped(PROSE, width))
    marks = "。；"
    ends = sum(line[-1] in marks for line in wrapped(PROSE, width).split("\n")[:-1])
    assert count == wrapped(PROSE, width).count("\n") - ends
    assert text.replace("\n", "") == PROSE


@pytest.mark.parametrize("width", [16, 20, 33, 40])
def test_an_empty_line_between_wrapped_lines_goes(width):
    """Prose with an empty line behind each wrapped line comes back whole."""
    text, _ = join(wrapped(PROSE, width).replace("\n", "\n\n"))
    assert text.replace("\n", "") == PROSE
    ends = sum(line[-1] in "。；" for line in wrapped(PROSE, width).split("\n")[:-1])
    assert text.count("\n") == 2 * ends


def test_a_page_break_within_a_sentence_goes():
    """An empty line between wrapped lines goes where the sentence surely goes on, nowhere else."""
    lines = wrapped(PROSE, 22).split("\n")
    at = next(at for at, line in enumerate(lines) if line[-1] in "，、")
    broken = "\n".join(lines[: at + 1]) + "\n\n" + "\n".join(lines[at + 1 :])
    assert join(broken)[0].replace("\n", "") == PROSE
    assert "\n\n" not in join(broken)[0]
    paragraphs = f"{wrapped(PROSE, 33)}\n\n{wrapped(PROSE, 33)}"
    assert join(paragraphs)[0].count("\n\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join(["床前明月光疑是地上霜举头望明月", "低头思故乡白日依山尽黄河入海流"] * 5),
        "\n\n".join(
            f"第{n}届全国青少年科技创新大赛在本市隆重开幕来自各地的选手" for n in "一二三四五六"
        ),
        "\n".join(["[资料]。图片来源：某报空降兵训练", "空降兵进行高障碍物翻越的训练场面"] * 5),
        "\n".join(["与国际接轨！大型电动游戏机走进军营"] * 8),
        "\n\n".join([PROSE] * 4),
    ],
)
def test_even_lines_with_empty_ones_between_stay(text):
    """Verse, headlines, captions and paragraphs with empty lines between are left alone."""
    assert join(text) == (text, 0)


def test_latin_words_are_kept_apart():
    """Where a line ends with a Latin word and the next begins with one, a space comes between."""
    lines = [
        "我们在这个项目中使用的工具包括很多种类，其中最常用的是编辑器 Visual",
        "Studio Code，以及另外一些；它们之间的差别不大，选择哪一种都可以完成任",
        "务。除此之外还有许多命令行工具，例如用来管理版本的软件，以及用来测试",
        "的框架，这些都可以在文档中找到详细的说明。",
    ]
    assert "Visual Studio Code" in join("\n".join(lines))[0]


@pytest.mark.parametrize(
    "line",
    [
        "- 列表项目的内容写在这里，长度正好与其他各项一样，并且都没有标点结尾的",
        "| 表格的内容写在这里，长度正好与其他各行一样，并且都没有标点结尾的 | 一",
        "    return 结果的内容写在这里，长度正好与其他各行一样，并且都没有标点结尾",
        "// 注释的内容写在这里，长度正好与其他各行一样，并且都没有标点结尾的行数",
        "1. 列表项目的内容写在这里，长度正好与其他各项一样，并且都没有标点结尾的",
        "（一）条目的内容写在这里，长度正好与其他各项一样，并且都没有标点结尾的",
        "甲、条目的内容写在这里，长度正好与其他各项一样，并且都没有标点结尾的行",
        "记者张三报道，新闻标题的长度正好与其他各条一样，并且都没有标点结尾的行",
        "君不见黄河之水天上来，奔流到海不复回，君不见高堂明镜悲白发，朝如青丝",
    ],
)
def test_lines_that_are_merely_alike_stay(line):
    """Lists, tables, code, headlines and verse of one length are left alone."""
    text = "\n".join([line] * 8)
    assert join(text) == (text, 0)


def test_neighbours_in_the_column_do_not_matter():
    """Each text comes out as it would alone; most are not looked at."""
    texts = [wrapped(PROSE, 33), PROSE, "", "短\n行\n诗", wrapped(PROSE, 26).replace("\n", "\r\n")]
    random.Random(0).shuffle(texts)
    done = joined(pl.Series(texts))
    for text, out, count in zip(texts, done.texts, done.joins, strict=True):
        alone, joins = join(text)
        assert count == joins
        assert out == (alone if joins else text)


def test_no_false_joins_on_real_documents(sample):
    """Poems, documentation, comments and statutes without wraps are not joined anywhere.

    The half that nothing was fitted on; Taiwan's statutes are wrapped, four times each at least.
    """
    wrapped = pl.Series([split.kind(row["source"]) == "statutes_tw" for row in sample])
    texts = pl.Series([row["text"] for row in sample])
    assert joined(texts.filter(~wrapped)).joins.sum() == 0
    assert joined(texts.filter(wrapped)).joins.sum() > 4 * wrapped.sum()
