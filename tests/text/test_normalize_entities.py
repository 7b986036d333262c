"""Entities that were left in text."""

import pytest
from clock import linear

from corpus_pipeline.text.normalize.entities import unescaped


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("百度&amp;腾讯，&ldquo;共同&rdquo;&hellip;", "百度&腾讯，“共同”…"),
        ("价格&lt;100元的&nbsp;&nbsp;包邮，1&gt;0", "价格<100元的  包邮，1>0"),
        ("AT&amp;T与R&amp;D，&quot;引号&quot;，x&nbsp;y", 'AT&T与R&D，"引号"，x y'),
        ("两次：甲&amp;nbsp;乙&amp;hellip;", "两次：甲 乙…"),
        ("见 http://a.cn/?x=1&amp;y=2 一文", "见 http://a.cn/?x=1&y=2 一文"),
        ("5&sup2;=25，&alpha;与&rarr;", "5²=25，α与→"),
        ("用 `&nbsp;` 缩进，司马&middot;迁", "用 `&nbsp;` 缩进，司马·迁"),
        ("<p>甲&nbsp;乙</p>\n司马&middot;迁", "<p>甲&nbsp;乙</p>\n司马·迁"),
        ("```\n甲&nbsp;乙\n```\n司马&middot;迁", "```\n甲&nbsp;乙\n```\n司马·迁"),
        ("写作 &lt;p class=&quot;x&quot;&gt; 的标签", "写作 &lt;p class=&quot;x&quot;&gt; 的标签"),
    ],
)
def test_each_is_judged_by_its_place(text, expect):
    """One entity that has to stay keeps no other from being undone."""
    assert unescaped(text)[0] == expect
    assert unescaped(expect) == (expect, 0)


@pytest.mark.parametrize(
    "text",
    [
        "&lt;b&gt; &#60; &#38; &#8203; &#xE000; &bogus;",
        "用 &nbsp; 表示空格",
        "小于号要转义为 &lt; 才行",
        "在网页里写“&copy;”就行",
        "HTML 实体 &copy; 和 &reg; 很常用",
        "&amp;lt; 是双重的",
        'title = "&nbsp;a";',
        "输入 &hellip; 即可",
        "&#97;&#59;&#35;",
        "R&D 与 a&b;",
    ],
)
def test_what_is_the_subject_or_markup_stays(text):
    """Lessons, code, and what would become markup or another entity."""
    assert unescaped(text) == (text, 0)


def test_the_number_is_counted():
    """Every entity that went is counted."""
    assert unescaped("甲&nbsp;乙&amp;丙")[1] == 2


def test_hostile_entities_are_linear():
    """A line of entities, of escaped tags without an end, and of backticks is read once."""
    for piece in (
        "&amp;",
        "&lt;a",
        "`&nbsp;",
        "<a&nbsp;",
        "甲&nbsp;",
        "&",
        "&amp;amp;",
        "&lt;b&gt;",
    ):
        linear(unescaped, piece.__mul__, 10_000, 2.0)
