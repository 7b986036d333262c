"""Wiki markup to prose."""

import time

import pytest

from corpus_pipeline.text.wiki.wikitext import plain, variant


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
    assert plain(markup) == text


def test_a_variant_falls_back_to_another_script():
    """Where no simplified form is given, the next one is shown."""
    assert variant("zh-tw:臺灣;zh-hk:台灣") == "臺灣"
    assert variant("zh-hant:電腦") == "電腦"


@pytest.mark.parametrize(
    "part",
    ["{{", "[[", "<ref>", "<ref", "<!--", "-{", "{|\n", "{{]]", "[//  ", "= ", " \t", "（ ", "'''"],
)
def test_hostile_markup_takes_linear_time(part):
    """Thirty thousand openings without an end are no matter."""
    begin = time.process_time()
    plain(part * 30_000)
    assert time.process_time() - begin < 5
