"""`ip` names the signs of rights in a document, and the first one of the pack decides."""

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage

STORY = "他说：“今夜有雨。”她没有说话。"


@pytest.fixture(scope="module")
def ip():
    return stage("ip")


@pytest.mark.parametrize(
    ("licence", "risk", "sign"),
    [
        ("CC BY-SA 4.0", "low", "open_licence"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "medium", "restricted_licence"),
        ("CC0-1.0", "none", "public_domain"),
        ("公有领域", "none", "public_domain"),
        ("木兰宽松许可证", "low", "open_licence"),
        ("All rights reserved", "high", "reserved_licence"),
        ("合同 2026-01", "medium", "unread_licence"),
        (None, "medium", "no_licence"),
    ],
)
def test_the_licence_decides_where_nothing_else_is_said(ip, licence, risk, sign):
    """Each class of licence has its risk; an unknown one and none at all are never harmless."""
    row = ip(docs_of(["春天来了，河水涨了起来。"], license=[licence])).row(0, named=True)

    assert (row["ip_risk"], row["ip_basis"]) == (risk, [sign])


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("春天来了。\n© 2024 某某网 版权所有", "copyright_line"),
        ("春天来了。\n未经许可，禁止转载。", "reprint_forbidden"),
        ("中图分类号：TP391 文献标识码：A\n一种方法", "academic_work"),
    ],
)
def test_notices_raise_the_risk_of_a_text_without_a_licence(ip, text, sign):
    """A line of copyright, a ban on reprints and a publisher's number are signs in the text."""
    docs = ip(docs_of([text, text], license=[None, "CC BY 4.0"]))

    assert docs["ip_risk"].to_list()[0] == "high"
    assert sign in docs["ip_basis"][0]
    assert sign in docs["ip_basis"][1]


def test_a_reservation_by_machine_outweighs_a_licence(ip):
    """A page that refuses mining is at risk, whatever licence its source states."""
    page = {"extract_tdm": pl.Series([True, False]), "extract_robots": pl.Series([None, "noai"])}
    docs = ip(docs_of(["春天来了。"] * 2, license=["CC0-1.0"] * 2, **page))

    assert docs["ip_risk"].to_list() == ["high", "high"]
    assert [basis[0] for basis in docs["ip_basis"]] == ["tdm_reserved", "robots_refuse"]


def test_the_kind_of_work_counts(ip):
    """A story without a licence is at risk; a statute and a classical text are not."""
    kinds = pl.Series(["dialogue", "law", "classical", "news"])
    docs = ip(docs_of([STORY] * 4, heuristics_register=kinds))

    assert docs["ip_risk"].to_list() == ["high", "none", "none", "medium"]


def test_the_page_s_own_licence_counts(ip):
    """The licence that a page states is a licence where its source has none."""
    docs = ip(docs_of(["春天来了。"], extract_license_id=pl.Series(["CC-BY-4.0"])))

    assert docs["ip_basis"][0].to_list() == ["open_licence"]


def test_every_kept_document_has_a_risk_and_a_basis(ip):
    """An empty text, and one without any sign, have a record too: nothing stands unrecorded."""
    docs = ip(docs_of(["", None, "春"]))

    assert docs["ip_risk"].null_count() == 0
    assert docs["ip_basis"].list.len().min() == 1


def test_risks_are_dropped_where_asked_to():
    """`drop` names risks; the evidence names the signs."""
    docs = stage("ip", drop=["high"])(docs_of([STORY, STORY], license=["CC0-1.0", "版权所有"]))

    assert docs["drop_rule"].to_list() == [None, "rights_at_risk"]
    assert docs["drop_evidence"][1] == "risk=high by=reserved_licence"


@pytest.mark.parametrize("unit", ["版权", "未经许可", "©", "转载请"])
def test_hostile_text_is_linear(ip, unit):
    """A text of nothing but beginnings of notices takes time in proportion to its length."""
    linear(ip, lambda size: docs_of([unit * (size // len(unit))]), 300_000, most=1)
