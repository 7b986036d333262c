"""The page scorer's floor: taming of hostile markup, blocks, lines and metadata."""

import pytest
from frames import asset

from corpus_pipeline.rules.extract import load_pages
from corpus_pipeline.text.html.blocks import read_blocks, source_of
from corpus_pipeline.text.html.main_text import main_text
from corpus_pipeline.text.html.metadata import page_meta, with_lead
from corpus_pipeline.text.html.parse import parse, tamed

PAGES = load_pages(asset("package:rules/packs/extract.yaml"))
LINE = "河边的柳树绿了，散步的人也多了起来。"


def lines_of(markup):
    page = read_blocks(
        source_of(parse(markup), PAGES.hints), PAGES.bounds, PAGES.hints, thread=False
    )
    lines = page.lines
    tags = map(page.tag_of, range(len(lines.text)))
    return list(zip(lines.text, lines.size, lines.links, tags, strict=True))


def test_an_ordinary_page_is_not_tamed():
    """A page with a few thousand balanced tags reaches the parser as it is."""
    page = f"<div><b>{LINE}</b></div>" * 3000

    assert tamed(page) is page


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 9000,
        "".join(f"<b x={i}>" for i in range(900)) + "<p>" * 900,
        "<div " + "a=1 " * 20_000 + ">",
    ],
)
def test_hostile_markup_is_tamed(page):
    """Deep nesting, open formatting and endless attributes go before the parser sees them."""
    assert len(tamed(page + LINE)) < len(page + LINE)
    assert tamed(page + LINE).endswith(LINE)


def test_lines_end_at_blocks_and_breaks():
    """A block and `br` end a line; what stands within a line does not."""
    markup = "<p>一<b>二</b><span>三</span><br>四</p>五<div>六 <a href=x>七八</a></div>"

    assert lines_of(markup) == [
        ("一二三", 3, 0, "p"),
        ("四", 1, 0, "p"),
        ("五", 1, 0, "body"),
        ("六 七八", 3, 2, "div"),
    ]


def test_entities_are_characters():
    """Entities in the text are read once, and only once."""
    assert lines_of("<p>甲&amp;lt;乙&lt;丙&nbsp;丁&hellip;</p>")[0][0] == "甲&lt;乙<丙 丁…"


def test_the_text_under_the_title_wins_a_close_race():
    """The text under the page's title wins where its length alone would not do."""
    other = "<div class=x><p>" + "别的文章的摘要，也有一样长的句子。" * 4 + "</p></div>"
    own = "<div class=x><h1>柳树绿了</h1><p>" + LINE * 8 + "</p></div>"
    markup = f"<title>柳树绿了</title>{other}{own}"
    titled, plain = (
        main_text(parse(markup), PAGES.bounds, PAGES.hints, title=title).text
        for title in ("柳树绿了", "")
    )

    assert ("别的文章" in titled, "别的文章" in plain) == (False, True)
    assert LINE * 8 in titled


def test_an_item_may_begin_with_an_empty_block():
    """The text of an item whose first block is empty is read, without a marker."""
    item = f"<li><div></div><p>{LINE}</p></li>"
    text = main_text(parse(f"<ul>{item * 3}</ul>"), PAGES.bounds, PAGES.hints).text

    assert text == "\n".join([LINE] * 3)


@pytest.mark.parametrize(
    ("title", "clean", "site"),
    [
        ("春天来了_某某网", "春天来了", "某某网"),
        ("春天来了 - 某某网", "春天来了", "某某网"),
        ("春天来了|天气|某某网", "春天来了", "某某网"),
        ("3-2 险胜", "3-2 险胜", None),
        ("", None, None),
    ],
)
def test_titles_lose_the_name_of_the_site(title, clean, site):
    """The site's name is cut from the title and kept as the site."""
    meta = page_meta(parse(f"<title>{title}</title>"), {})

    assert (meta.title, meta.site) == (clean, site)


@pytest.mark.parametrize(
    ("lead", "date", "author"),
    [
        ("2024-05-13 08:49 来源：人民日报", "2024-05-13 08:49", None),
        ("（记者 王五）2024年5月3日", "2024年5月3日", None),
        ("作者：李四 2024/5/3", "2024/5/3", "李四"),
        ("电话 2024-13-45 号", None, None),
        ("点击 120 次", None, None),
    ],
)
def test_date_and_author_are_read_as_stated(lead, date, author):
    """A date or author is taken from the lead only where it stands there."""
    meta = with_lead(page_meta(parse("<p>无</p>"), {}), lead)

    assert (meta.date, meta.author) == (date, author)


@pytest.mark.parametrize(
    ("content", "label"),
    [
        ('{"AIGC":{"Label":"2","ContentProducer":"某"}}', "2"),
        ('{"Label":"3"}', "3"),
        ("1", "1"),
        ("[" * 5000, "[" * 100),
        ('{"AIGC":{}}', None),
    ],
)
def test_labels_of_generated_content(content, label):
    """The label is found in every way it is written, and broken JSON is no failure."""
    meta = page_meta(parse(f"<meta name='AIGC' content='{content}'>"), {})

    assert meta.aigc == label
