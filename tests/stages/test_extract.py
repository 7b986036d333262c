"""The extract stage: pages become their main text, and no markup makes it fail or stall."""

import json
import tarfile
import time
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
import zstandard
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "extract.jsonl").read_text().splitlines()
]
EXTRACT = stage("extract")
LINE = "河边的柳树绿了，散步的人也多了起来，孩子们在桥上放风筝。"


def pages(texts, media="text/html", **columns):
    return docs_of(texts, media_type=[media] * len(texts), **columns)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case["label"],
            marks=[pytest.mark.xfail(reason=case.get("xfail", ""), strict=True)]
            * ("xfail" in case),
        )
        for case in CASES
    ],
)
def test_cases(case):
    """Each case has the text and the columns that it expects."""
    media = case.get("media_type", "text/html; charset=utf-8")
    out = EXTRACT(docs_of([case["text"]], media_type=[media], url=[case.get("url")])).to_dicts()[0]

    assert {name: out[name] for name in case["expect"]} == case["expect"]
    if "drop_rule" not in case["expect"]:
        assert out["dropped_by"] is None


def test_response_headers_are_read_and_taken():
    """X-Robots-Tag joins the page's own wishes, and the headers leave the batch."""
    docs = pages(
        [f'<html><meta name="robots" content="noindex"><p>{LINE}</p>'],
        response_headers=['{"x-robots-tag": "noai, NoIndex"}'],
    )
    out = EXTRACT(docs)

    assert out["extract_robots"].to_list() == ["noindex, noai"]
    assert "response_headers" not in out.columns


def test_title_is_filled_only_where_it_is_null():
    """A title that the input gave stays; a missing one comes from the page."""
    page = f"<html><title>页面的题目</title><p>{LINE}</p>"
    out = EXTRACT(pages([page, page], title=["输入的题目", None]))

    assert out["title"].to_list() == ["输入的题目", "页面的题目"]
    assert out["extract_title"].to_list() == ["页面的题目", "页面的题目"]


def test_an_address_makes_a_thread():
    """The address alone tells that several people write on a page."""
    posts = "".join(f"<div class=reply>{LINE}第{i}楼说的。</div>" for i in range(3))
    page = f"<html><div class='article-content'><p>{LINE * 5}</p></div><div>{posts}</div>"
    out = EXTRACT(pages([page, page], url=["https://bbs.example.com/1", "https://example.com/1"]))

    assert ["第2楼" in text for text in out["text"]] == [True, False]


def test_link_share_is_measured():
    """`extract_links` is the share of the kept characters that are links."""
    page = f"<html><p>{'字' * 30}，<a href=/x>{'链' * 29}</a></p><p>{LINE * 3}</p>"
    out = EXTRACT(pages([page]))

    assert 0.1 < out["extract_links"][0] < 0.3


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 100_000 + LINE,
        "<b>" * 50_000 + LINE,
        "<p>" + "".join(f"<font a={i}>" for i in range(3000)) + f"<p>{LINE}" * 3000,
        "<table><tr><td>" * 20_000 + LINE,
        "<ul><li>" * 30_000 + LINE,
        "<a href='" * 50_000 + LINE,
        "<div " + " ".join(f"a{i}=1" for i in range(60_000)) + f">{LINE}",
        "<script>" * 100_000 + LINE,
        "<!--" * 100_000 + LINE,
        "<" * 300_000 + LINE,
        "&" * 300_000 + LINE,
        "\0".join("<html><body><p>" + LINE),
        "<div></div>" * 50_000 + LINE,
        "例.com\n<br>" * 50_000 + LINE,
        "<script " * 100_000 + LINE,
        "<div><a href=x>" * 20_000 + LINE,
        "<div><a href=x><b>" * 20_000 + LINE,
        "<table><tr>" + f"<td>{LINE}" * 15_000,
        "<ul>" + "<li>短句" * 25_000,
        "<pre>" + "  x = 1\n" * 100_000,
        "<div class=post><b>某</b><p>2020-1-1 10:00</p>" * 900 + LINE,
        "<math>" + "<mrow>" * 5000 + "x" + LINE,
        "回复" * 50_000,
        f"<html><p>{LINE}</p>" * 60_000,
        "",
        " ",
        "<",
        "</p></div></html>" * 100,
        "<html><frameset><frame src=a></frameset></html>",
    ],
    ids=lambda p: f"{p[:20]!r}x{len(p)}",
)
def test_hostile_markup_ends_in_time(page):
    """Markup that stalls parsers costs seconds at most, and never an exception."""
    start = time.process_time()
    out = EXTRACT(pages([page]))

    assert out.height == 1
    assert time.process_time() - start < 10


def test_deep_markup_keeps_its_text():
    """A page with 100,000 nested blocks still gives its text."""
    out = EXTRACT(pages(["<div>" * 100_000 + f"<p>{LINE}</p><p>{LINE}</p>"]))

    assert out["text"].to_list() == [f"{LINE}\n{LINE}"]


def test_rows_do_not_depend_on_each_other():
    """A batch of one and a batch of many give the same rows."""
    docs = pages([case["text"] for case in CASES])
    together = EXTRACT(docs)
    alone = pl.concat([EXTRACT(docs[i]) for i in range(docs.height)])

    assert together.equals(alone)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *("<div>", "</div>", "<p>", "<a>", "</a>", "<pre>", "</pre>", "<table>", "<tr>"),
                *("<td>", "</table>", "<br>", "<h1>", "</h1>", "<title>", "<script>", "<!--"),
                *("</script>", "-->", "&", "<", ">", '"', "'", "中文，内容。", "\0", "\n", " "),
            ]
        ),
        max_size=60,
    )
)
def test_any_markup_has_an_answer(parts):
    """No sequence of tags makes the stage raise, and no tag is left in the text."""
    out = EXTRACT(pages(["".join(parts)]))

    assert out.height == 1
    assert "<div>" not in out["text"][0]


@pytest.fixture(scope="module")
def archive(data_dir):
    packed = (data_dir / "html" / "html_dev.tar.zst").read_bytes()
    body = zstandard.ZstdDecompressor().stream_reader(packed).read()
    with tarfile.open(fileobj=BytesIO(body)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}


@pytest.mark.slow
def test_lottery_navigation_is_gone(archive):
    """News pages that carry 彩票 in their navigation only lose it with the navigation."""
    decode = stage("decode")
    texts = [
        decode.decoded(body, None)[0]
        for name, body in archive.items()
        if name.endswith(".html") and b"163.com" in body
    ]
    hard = [text for text in texts if "彩票" in text]
    out = EXTRACT(pages(hard)).filter(pl.col("dropped_by").is_null())
    left = out.filter(pl.col("text").str.contains("彩票", literal=True))

    assert len(hard) > 50
    assert out.height == len(hard)
    assert left.height == 0
