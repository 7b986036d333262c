"""Wiki markup to prose."""

import json
from pathlib import Path

import pytest
from clock import linear
from frames import asset

from corpus_pipeline.rules.wiki import WIKI_RULES, load_templates
from corpus_pipeline.text.wiki.templates import form
from corpus_pipeline.text.wiki.wikitext import plain, variant

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "wiki.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def templates():
    return load_templates(asset(WIKI_RULES))


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_a_reader_of_the_page_sees_the_same_words(templates, case):
    """Templates and elements that show text keep it, others go, and each gap is counted."""
    prose = plain(case["text"], templates, "标题")

    assert {"text": prose.text, "text_gaps": prose.lost} == case["expect"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("[[文件:a.jpg|thumb|[[李白]]像]]前[[Category:诗人]]后", "前后"),
        ("[[:分类:诗人]]、[[诗|]]、[[唐诗#格律]]", "分类:诗人、诗、唐诗"),
        ("{| class=x\n|-\n| a || {{b}}\n{|\n| 内\n|}\n|}\n后", "后"),
        ("{{信息|\n|名={{n|1}}\n}}\n正文{{来源请求}}。", "正文。"),
        ("见[https://a.b/c 官网]与[http://x]。", "见官网与。"),
        ("前<ref>注</ref>中<ref name=a />后<ref name=b>[[注]]{{c}}</ref>", "前中后"),
        ("前<!-- 隐\n藏 -->后<gallery>\n文件:a.jpg\n</gallery>", "前后"),
        ("== 一 ==\n=== 二 ===\n* 三\n## 四\n----\n; 五", "一\n二\n三\n四\n\n五"),
        ("前-{A|zh-hans:计算机;zh-hant:電腦}-中-{H|zh-cn:甲;zh-tw:乙}-后-{原}-", "前计算机中后原"),
        ("白居易（{{lang|zh|a}}，）诗人", "白居易诗人"),
        ("一&nbsp;二&lt;b&gt;<br />三<b>四</b>", "一 二<b>\n三四"),
        ("__NOTOC__前__无目录__", "前"),
        ("前{{没有结束 [[链接]] 后", "前没有结束 链接 后"),
        ("前}}]]|}后<ref>没有结束", "前}}]]|}后没有结束"),
        ("#REDIRECT [[李白]]", ""),
        ("#重定向 [[李白]]", ""),
        ("1 < 2 且 3 > 2", "1 < 2 且 3 > 2"),
    ],
)
def test_markup_becomes_prose(markup, text):
    """What a reader of the page sees as running text stays, the rest goes."""
    assert plain(markup).text == text


def test_a_variant_falls_back_to_another_script():
    """Where no simplified form is given, the next one is shown."""
    assert variant("zh-tw:臺灣;zh-hk:台灣") == "臺灣"
    assert variant("zh-hant:電腦") == "電腦"


def test_a_form_uses_a_parameter_once():
    """Twice at each of forty levels, a text would fill the memory."""
    for written in ("{1}{1}", "{1}{*、}", "{2|1}（{1}）"):
        with pytest.raises(ValueError, match="stands twice"):
            form(written)


PARTS = (
    *(
        "{{",
        "[[",
        "<ref>",
        "<ref",
        "<!--",
        "-{",
        "{|\n",
        "{{]]",
        "[//  ",
        "= ",
        " \t",
        "（ ",
        "'''",
    ),
    *("<ruby>", "<sup>", "<math>", "<nowiki>", "{{lang|en|", "{{nowrap|", "|=", "{{{", "[[en:"),
    *("{{未知|甲|乙}}", "（{{未知}}，", "，{{未知}}", "{{未知}} ", "{{ubl|a|b|c}}", "&lt;"),
    *("<math>x</math>", "<sup>2</sup>", "<ruby>a<rt>b</rt></ruby>"),
)
HOSTILE = {
    "nested shown": lambda n: "{{nowrap|" * n + "x" + "}}" * n,
    "nested unknown": lambda n: "甲{{未知|" * n + "x" + "}}" * n,
    "nested quotations": lambda n: "{{quote|" * n + "x" * n + "}}" * n,
    "nested parameters": lambda n: "{{zh|s=" * n + "x" + "|t=y}}" * n,
    "many parameters": lambda n: "{{ubl" + "|x" * n + "}}",
    "many empty parameters": lambda n: "甲{{未知" + "|" * n + "}}",
    "numbered parameters": lambda n: "{{ubl|9" + "9" * n + "=x|8=y}}",
    "one long parameter": lambda n: "甲{{未知|" + "甲" * n + "}}",
    "one long number": lambda n: "{{formatnum:" + "9" * n + "}}{{convert|" + "9" * n + "|m}}",
    "blanks before a template": lambda n: " " * n + "{{未知}}" * n,
    "separators before gaps": lambda n: "，" * n + "{{未知}}" + "，{{未知}}" * n + "，" * n,
    "marks in a template": lambda n: "{{nowrap|" + "<math>|</math>" * n + "}}",
}


@pytest.mark.parametrize("part", PARTS)
def test_hostile_markup_takes_linear_time(templates, part):
    """Twelve thousand openings, closed or not, are no matter, and twice as many take twice."""
    linear(lambda text: plain(text, templates), lambda n: part * n, 12_000, 2)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_take_linear_time(templates, name):
    """So it is with what is nested forty thousand deep, or has as many parameters."""
    linear(lambda text: plain(text, templates), HOSTILE[name], 40_000, 2)


@pytest.mark.parametrize("part", ["{{", "[[", "{{nowrap|", "{{a}}", "[[a]]"])
def test_many_marks_take_seconds(templates, part):
    """A hundred and sixty thousand openings, or as many of the shortest templates and links."""
    linear(lambda text: plain(text, templates), lambda n: part * n, 80_000, 1)
