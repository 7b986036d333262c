"""Obfuscation is undone, and what only looks like it stays."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.html.obfuscation import (
    kinds_of,
    undo_source,
    undo_text,
    undo_tree,
)
from corpus_pipeline.text.html.parse import parse
from corpus_pipeline.text.html.pinyin import pronounced, toneless


def of_text(text):
    undone = Counter()
    return undo_text(text, undone), dict(+undone)


def of_page(page):
    undone = Counter()
    tree = parse(page)
    undo_tree(tree, page, undone)
    return tree.body.text(), undone.total()


def test_the_table_knows_the_common_characters():
    """Each of the 3,755 characters of level one has a syllable, in alphabetical order."""
    codes = [bytes([a, b]) for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF)]
    characters = [code.decode("gb2312", "ignore") for code in codes]
    syllables = [pronounced(c) for c in characters if c]

    assert len(syllables) == 3755
    assert None not in syllables
    assert [s[0] for s in syllables] == sorted(s[0] for s in syllables)


@pytest.mark.parametrize(
    ("text", "plain", "undone"),
    [
        ("暴(bao)力", "暴力", {"pinyin": 1}),
        ("枪{qiang}支【zhi】", "枪支", {"pinyin": 2}),
        ("女（nv3）人", "女人", {"pinyin": 1}),
        ("选项(a)和函数(f)", "选项(a)和函数(f)", {}),
        ("粉丝(fans)", "粉丝(fans)", {}),
        ("注意(yi]思", "注意(yi]思", {}),
        ("“暴(bao)”字的读音", "“暴(bao)”字的读音", {}),
        ("中&#22269;人", "中国人", {"entity": 1}),
        ("&#20013;&#22269;", "中国", {"entity": 2}),
        ("写作 &#20013; 即可", "写作 &#20013; 即可", {}),
        ("他说&ldquo;好&rdquo;。", "他说“好”。", {"entity": 2}),
        ("a &lt; b，用 &nbsp; 空格", "a < b，用 &nbsp; 空格", {"entity": 1}),
        ("标题：\\u4e2d\\u56fd\\u4eba", "标题：中国人", {"escape": 3}),
        ("%u4e2d%u56fd%u4eba", "中国人", {"escape": 3}),
        ('s = "\\u4e2d\\u56fd\\u4eba" # 中国人的字符串写法', None, {}),
        ('{"t":"\\u4e2d\\u56fd\\u4eba\\ud83d\\ude00"}', '{"t":"中国人😀"}', {"escape": 5}),
        ("C:\\users\\u1234", None, {}),
        ("中\u200b国\u00ad人", "中国人", {"joiner": 2}),
        ("👨\u200d👩\u200d👧", None, {}),
        ("नमस्\u200dते", None, {}),
        ("", "", {}),
    ],
)
def test_texts(text, plain, undone):
    """Each obfuscation is undone and counted once; its look-alikes stay."""
    assert of_text(text) == (text if plain is None else plain, undone)


@pytest.mark.parametrize(
    ("page", "text", "undone"),
    [
        ("<p><ruby>汉<rt>hàn</rt></ruby>字</p>", "汉字", 1),
        ("<p><ruby><rb>漢</rb><rp>(</rp><rt>ㄏㄢˋ</rt><rp>)</rp></ruby>字</p>", "漢字", 1),
        ("<p>汉<i class='py pinyin'>hàn</i>字</p>", "汉字", 1),
        ("<p><a class=pinyin-index>bao</a></p>", "bao", 0),
        ("<p>汉<span style='DISPLAY: none'>x1</span>字</p>", "汉字", 1),
        ("<p>汉<span style='opacity:0.9'>语</span>字</p>", "汉语字", 0),
        ("<p>汉<b style='visibility:hidden'>x1</b>字</p>", "汉字", 1),
        ("<div style='font-size:0'><span style='font-size:14px'>汉字</span></div>", "汉字", 0),
        ("<div style='display:none'>菜单</div><p>汉字</p>", "菜单汉字", 0),
    ],
)
def test_pages(page, text, undone):
    """What a reader does not see within a sentence goes; blocks are left to the extraction."""
    assert of_page(page) == (text, undone)


def test_a_lesson_about_references_keeps_them():
    """The source of a page about references stays as it is, also in runs."""
    lesson = "<p>“中国”两字的 Unicode 编码写作 &amp;#20013;&amp;#22269;</p>"

    assert undo_source(lesson, Counter()) == lesson


def test_tones_are_taken_off():
    """Syllables are compared without tones, however these are written."""
    assert [toneless(s) for s in ("hàn", "LÜ4", "nǚ", " shì ")] == ["han", "lv", "nv", "shi"]


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["汉", "暴(bao)", "&#22269;", "\\u4e2d", "\u200b", "。", "“", " ", "a", "&", ";"]
        ),
        max_size=30,
    )
)
def test_what_is_undone_is_counted(parts):
    """A text changes exactly when something was counted."""
    text = "".join(parts)
    plain, undone = of_text(text)

    assert (plain != text) == bool(kinds_of(Counter(undone)))
