"""What extract finds out about a page beside its text, and the obfuscation that it undoes."""

import json
import time
from pathlib import Path

import polars as pl
import pytest
from frames import docs_of, stage

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "extract_meta.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
EXTRACT = stage("extract")
LINE = "河边的柳树绿了，散步的人也多了起来，孩子们在桥上放风筝。"


def batch(cases):
    return docs_of(
        [case["text"] for case in cases],
        media_type=[case.get("media_type", "text/html") for case in cases],
        fetched_at=[case.get("fetched_at") for case in cases],
        response_headers=[
            json.dumps(case["headers"]) if "headers" in case else None for case in cases
        ],
    )


def marked(case):
    known = pytest.mark.xfail(strict=True, reason=case.get("xfail", ""))
    return pytest.param(case, id=case["label"], marks=[known] if "xfail" in case else [])


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_cases(case):
    """Each page has the columns that its case expects."""
    out = EXTRACT(batch([case])).to_dicts()[0]

    assert {name: out[name] for name in case["expect"]} == case["expect"]


def test_rows_do_not_depend_on_each_other():
    """A batch of one and a batch of many give the same rows."""
    docs = batch(CASES)
    together = EXTRACT(docs)
    alone = pl.concat([EXTRACT(docs[i]) for i in range(docs.height)])

    assert together.equals(alone)


def test_the_license_of_the_source_is_not_touched():
    """What a page claims goes to its own column, never to that of the source."""
    page = f'<html><a rel="license" href="https://spdx.org/licenses/MIT.html">x</a><p>{LINE}</p>'
    out = EXTRACT(docs_of([page] * 2, media_type=["text/html"] * 2, license=["CC0-1.0", None]))

    assert out["license"].to_list() == ["CC0-1.0", None]
    assert out["extract_license_id"].to_list() == ["MIT", "MIT"]


def test_a_text_has_no_statements():
    """A document that is no page has null in every column."""
    out = EXTRACT(docs_of([f"本文由AI生成。{LINE}暴(bao)力"], media_type=["text/plain"]))

    assert out.select(list(EXTRACT.columns)).row(0) == (None,) * len(EXTRACT.columns)
    assert out["text"].to_list() == [f"本文由AI生成。{LINE}暴(bao)力"]


@pytest.mark.parametrize("headers", ["", "[]", "{", "null", '{"x-robots-tag": null, "link": 3}'])
def test_odd_headers_are_no_error(headers):
    """Headers that are no object of strings say nothing."""
    page = f"<html><p>{LINE}</p></html>"
    docs = docs_of([page], media_type=["text/html"], response_headers=[headers])

    assert EXTRACT(docs)["extract_tdm"].to_list() == [None]


@pytest.mark.parametrize(
    "page",
    [
        "<style>" + ".a{display:none}" * 10_000 + "</style>" + LINE,
        "<style>@media x{" + ".a{b:c}.a{display:none}" * 8_000,
        "display:none " * 20_000,
        "&amp;#20013;" * 20_000,
        "署名 " * 12_000,
        "生成" * 80_000,
        "AI生成<" * 25_000,
        "\\u4e2d " * 40_000,
        "发布" * 80_000,
        "发布时间：" + "<a" * 25_000,
        '"AIGC":{' * 25_000,
        "<script>" + '"AIGC":{"Label":1}' * 12_000,
        '<a href="//creativecommons.org/x">' * 5000,
        "<meta name=robots content=noindex>" * 20_000,
        "<h1>" + "_某" * 12_000,
        "<title>" + "_某网" * 12_000 + "</title>",
        "暴(" * 80_000,
        "<p>" + "由AI" * 100 + "本文" * 12_000,
    ],
    ids=lambda p: f"{p[:20]!r}x{len(p)}",
)
def test_hostile_pages_end_in_time(page):
    """A page made to stall the patterns costs seconds at most."""
    start = time.process_time()
    out = EXTRACT(docs_of([f"<html><p>{LINE}</p>{page}"], media_type=["text/html"]))

    assert out.height == 1
    assert time.process_time() - start < 5
