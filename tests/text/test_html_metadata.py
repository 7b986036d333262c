"""Dates, titles, licences and wishes as pages write them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.html.dates import date_in_source, iso_date
from corpus_pipeline.text.html.licence import license_id
from corpus_pipeline.text.html.metadata import page_meta, with_lead, with_text
from corpus_pipeline.text.html.parse import parse
from corpus_pipeline.text.html.robots import mining_of, robots_of


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ("2011年03月05日 10:22", "2011-03-05T10:22"),
        ("2011年3月5日10时22分", "2011-03-05T10:22"),
        ("2024-05-15 08:58:52来源：某某社", "2024-05-15T08:58:52"),
        ("2024.05.15", "2024-05-15"),
        ("2024年5月3日（星期五）08:30", "2024-05-03T08:30"),
        ("2024-05-02T23:48:32.603Z", "2024-05-02T23:48:32Z"),
        ("2024-05-02T23:48:32+0800", "2024-05-02T23:48:32+08:00"),
        ("2024-02-29", "2024-02-29"),
        ("2023-02-29", None),
        ("2024-13-01", None),
        ("24-05-03", None),
        ("1899-05-03", None),
        ("2005-2011", None),
        ("刚刚", None),
        ("", None),
    ],
)
def test_dates_are_written_as_exactly_as_stated(stated, written):
    """A date keeps its precision and its zone, and an impossible one is none."""
    assert iso_date(stated) == written


@settings(max_examples=200)
@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%Y年%m月%d日", "%Y/%m/%d", "%Y%m%d"]))
def test_every_day_of_two_centuries_is_read_back(day, form):
    """Any day from 1900 to 2099 comes back from each form; no other does."""
    written = iso_date(day.strftime(form))

    assert written == (day.isoformat() if 1900 <= day.year <= 2099 else None)


@settings(max_examples=200)
@given(st.text(max_size=40) | st.from_regex(r"[0-9年月日T:Z+./ -]{4,24}"))
def test_any_text_is_a_date_or_none(text):
    """No text makes the reading of a date fail, and what it gives has the form of ISO 8601."""
    written = iso_date(text)

    assert written is None or re.fullmatch(
        r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?)?)?", written
    )


def test_the_labelled_date_is_that_of_the_page():
    """Of several days around the title the labelled one counts, in the text's own day does not."""
    meta = page_meta(parse("<p>无</p>"), {})

    assert with_lead(meta, "2020-01-01 08:00 热点 发布时间：2021-02-03").date == "2021-02-03"
    assert with_lead(meta, "2020年1月1日起施行").date is None
    assert date_in_source("<b>发布日期</b>：<i id=t1>2021-02-03</i>") == "2021-02-03"


def test_a_date_after_the_visit_is_none():
    """A page cannot be written after it was fetched, but the next day is the same in some zone."""
    for day, expected in (("2024-05-04", "2024-05-04"), ("2024-05-05", None), ("2024", "2024")):
        meta = page_meta(parse(f"<meta name=pubdate content={day}>"), {})
        assert with_text(meta, "", "", "", "2024-05-03T23:00:00Z").date == expected


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("http://creativecommons.org/licenses/by-nc-nd/2.5/cn/", "CC-BY-NC-ND-2.5"),
        ("//creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("創用 CC 姓名標示-非商業性-相同方式分享 3.0 台灣", "CC-BY-NC-SA-3.0"),
        ("Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://spdx.org/licenses/Apache-2.0.html", "Apache-2.0"),
        ("© 2024 某某网 版权所有", None),
        ("ACC02", None),
    ],
)
def test_licences_have_one_name(stated, name):
    """However a licence is written, its identifier is that of SPDX."""
    assert license_id(stated) == name


def test_wishes_bind_the_robot_they_name():
    """A wish for one robot is not one for all, and what is no wish is not taken for one."""
    named = {"robots": "INDEX", "googlebot": "noindex", "sogou_site_verification": "noindex"}
    headers = {"x-robots-tag": "otherbot: noindex, nofollow, unavailable_after: 25 jun 2030"}

    assert robots_of(named, headers) == (
        "index, googlebot:noindex, otherbot:noindex, otherbot:nofollow,"
        " otherbot:unavailable_after: 25 jun 2030"
    )
    assert robots_of({}, {}) is None


def test_the_page_overrules_its_response():
    """A reservation in the page counts before that of the response; nonsense counts nowhere."""
    assert mining_of({"tdm-reservation": "1"}, {"tdm-reservation": "0"}) == (True, None)
    assert mining_of({"tdm-reservation": "maybe"}, {"tdm-reservation": "0"}) == (False, None)


@pytest.mark.parametrize(
    ("title", "clean", "site"),
    [
        ("第一章 春天 - 第二节 柳树 - 某某小说网", "第一章 春天 - 第二节 柳树", "某某小说网"),
        ("深度｜春天为何来得早，专家这样说", "深度｜春天为何来得早，专家这样说", None),
        ("春天来了(图)_新闻频道_某某网", "春天来了(图)", "新闻频道"),
        ("春天来了-某某日报", "春天来了", "某某日报"),
        ("COVID-19 与春天", "COVID-19 与春天", None),
        ("某某论坛", "某某论坛", None),
        ("___", None, None),
    ],
)
def test_only_the_site_is_cut(title, clean, site):
    """Columns, chapters and hyphens within words stay in the title."""
    meta = page_meta(parse(f"<title>{title}</title>"), {})

    assert (meta.title, meta.site) == (clean, site)
