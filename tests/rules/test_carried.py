"""Columns beside the text: which of them are masked, and what a masked URL or id looks like."""

from urllib.parse import quote, unquote, urlsplit

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage

from corpus_pipeline.model import DOCUMENT, VERDICT
from corpus_pipeline.rules.pii.addresses import masked_address, suspects
from corpus_pipeline.rules.pii.carried import ADDRESSES, CARRIED, CLOSED, carried
from corpus_pipeline.stages import STAGES

PII = stage("pii")
DETECTOR = PII._detector

#: Before → after, percent encoding undone for the eye.
URLS = {
    "https://a.example/u/13800000000?x=1": "https://a.example/u/<手机号>?x=1",
    "https://a.example/?tel=13800000000&qq=10000000": "https://a.example/?tel=<手机号>&qq=<QQ号>",
    "https://a.example/?id=13800000000": "https://a.example/?id=<手机号>",
    "https://a.example/?m=zhang%40example.com#x": "https://a.example/?m=<邮箱>#x",
    "https://a.example/%31%338%300000000.html": "https://a.example/<手机号>.html",
    "https://a.example/?u=https%253A%252F%252Fb.example%252F13800000000&y=2": (
        "https://a.example/?u=https%3A%2F%2Fb.example%2F<手机号>&y=2"
    ),
    "https://a.example/c_110101190001010014-1.html": "https://a.example/c_<身份证号>-1.html",
    "https://a.example/%E6%8A%A4%E7%85%A7/E00000001": "https://a.example/护照/<护照号>",
    "http://192.0.2.1/vip/13800000000": "http://192.0.2.1/vip/<手机号>",
    "https://a.example/zhang@example.com.html": "https://a.example/<邮箱>.html",
    "https://a.example/zhang@example.com.tar.gz": "https://a.example/<邮箱>.tar.gz",
}
HARMLESS = (
    "https://a.example/20231112/t20231112_1234567.shtml",
    "https://a.example/2020/04-03/9146479.shtml",
    "https://a.example/img/3f2a13800000000bcd.jpg",
    "https://a.example/?t=1700000000000&page=2",
    "http://192.0.2.1/vip/",
    "<urn:uuid:1e3a0c22-1380-4138-a380-138000000000>",
)


def test_every_column_of_strings_is_carried_or_closed():
    """Whoever adds a column of strings says whether words of the input may stand in it."""
    schema = {**DOCUMENT, **VERDICT}
    for info in STAGES.values():
        schema |= info.load().columns
    docs = pl.DataFrame(schema=schema)

    assert set(carried(docs)) == set(CARRIED)
    assert not {*CARRIED, *ADDRESSES} & CLOSED


def test_an_unknown_column_is_masked_too():
    """Words in a list of structs of a column that nobody declared lose the number."""
    rows = [[{"name": "电话13800000000", "n": 1}], [], None]
    docs = docs_of(["一", "二", "三"]).with_columns(strange_words=pl.Series(rows))

    assert PII(docs)["strange_words"].to_list() == [[{"name": "电话<手机号>", "n": 1}], [], None]


@pytest.mark.parametrize("name", [name for name in CARRIED if DOCUMENT.get(name)])
def test_each_column_of_documents_is_masked(name):
    """The value is gone from every column of a document, kept or dropped."""
    docs = docs_of(
        ["正文"] * 2, dropped_by=[None, "heuristics"], **{name: ["电话:13800000000"] * 2}
    )

    assert PII(docs)[name].to_list() == ["电话:<手机号>"] * 2


@pytest.mark.parametrize(("url", "masked"), URLS.items())
def test_a_masked_url_is_one(url, masked):
    """Placeholders are percent encoded, the rest stays, and masking again changes nothing."""
    out = masked_address(url, DETECTOR)

    assert out.isascii()
    assert unquote(out) == masked
    assert urlsplit(out)[:2] == urlsplit(url)[:2]
    assert masked_address(out, DETECTOR) == out
    assert suspects(pl.Series([url]), DETECTOR).item()


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_an_address_that_was_cut_off_is_masked(charset):
    """Wherever it ends, within a character too, what stands before the end is found."""
    address = "https://a.example/?q=" + quote("护照：E00000001。谢谢你，再见", encoding=charset)
    number = address.index("E00000001") + len("E00000001")

    for end in range(number + 9, len(address)):
        assert "E00000001" not in masked_address(address[:end], DETECTOR), address[:end]


def test_pages_of_news_are_not_looked_at():
    """A date and a number alone are passed by; a number of a person behind a date is not."""
    names = ["t20231112_1234567.html", "20231112_13800000000", "qq_20231112_1234567"]
    urls = pl.Series([f"https://a.example/2023/11/12/{name}" for name in names])

    assert suspects(urls, DETECTOR).to_list() == [False, True, True]


@pytest.mark.parametrize("address", HARMLESS)
def test_dates_servers_and_digests_stay(address):
    """What a URL or an id is full of is nobody's."""
    assert masked_address(address, DETECTOR) == address


def test_the_policy_holds_for_urls():
    """A type that is kept or only recorded in texts stays in URLs as well."""
    kept = stage("pii", policy={"mobile": "keep"})
    docs = docs_of(["正文"], url=["https://a.example/13800000000?m=a@example.com"])

    assert unquote(kept(docs)["url"].item()) == "https://a.example/13800000000?m=<邮箱>"


def test_hostile_addresses_take_linear_time():
    """Twice as long URLs take about twice as long, whatever they repeat."""

    def made(size):
        pieces = ("1-", "%31", "a@b.", "138", "%25", "一")
        return [f"https://a.example/{piece * size}" for piece in pieces]

    linear(lambda urls: [masked_address(url, DETECTOR) for url in urls], made, 1_000, most=1)
