"""`domain` says what a text is about, in either script, by words of several kinds at once."""

import json
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "domain.jsonl")
    .read_text("utf-8")
    .splitlines()
]
MB = 1_000_000


@pytest.fixture(scope="module")
def domain():
    return stage("domain")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(domain, case):
    """The first label of each case is the one that the file names."""
    assert domain(docs_of([case["text"]]))["domain_label"][0] == case["expect"]


def test_a_text_may_be_of_two_domains(domain):
    """A text with much of two domains has both labels, and a share for the first."""
    text = "球队的主教练说，下半场连进三球。导演带着主演出席首映，影片票房破亿。"
    row = domain(docs_of([text])).row(0, named=True)

    assert set(row["domain_labels"]) >= {"sports", "entertainment"}
    assert row["domain_labels"][0] == row["domain_label"]
    assert 0 < row["domain_score"] < 1


def test_the_title_counts(domain):
    """A text that tells nothing is labelled by its title."""
    out = domain(docs_of(["他笑了笑，没有说话。"], title=["航母编队展开演习"]))

    assert out["domain_label"][0] == "military"


def test_only_named_domains_are_dropped():
    """`keep` and `drop` act on the first label; without them everything stays."""
    docs = docs_of([case["text"] for case in CASES])
    kept = stage("domain", keep=("sports", "none"))(docs)
    gone = stage("domain", drop=("sports",))(docs)

    assert set(kept.filter(pl.col("dropped_by").is_null())["domain_label"]) == {"sports", "none"}
    assert set(gone.filter(pl.col("drop_rule") == "other_domain")["domain_label"]) == {"sports"}
    assert stage("domain")(docs)["dropped_by"].is_null().all()


def test_an_unknown_domain_is_named():
    """A misspelt domain is an error that names the nearest one."""
    with pytest.raises(PipelineError, match=r"no domain 'sport'.*sports"):
        stage("domain", drop=("sport",))


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=100)), min_size=1, max_size=5))
def test_any_batch_is_labelled_like_its_texts(domain, texts):
    """Any Unicode has a label and a score, the same alone and beside others."""
    docs = docs_of(texts)
    out = domain(docs)

    assert out.equals(pl.concat([domain(docs[i : i + 1]) for i in range(len(texts))]))
    assert (
        out.select("domain_label", "domain_score", "domain_labels").null_count().sum_horizontal()[0]
        == 0
    )


@pytest.mark.parametrize("unit", ["足球", "甲", "😀", "*", "1\n"])
def test_hostile_texts_are_linear(domain, unit):
    """A megabyte of one term, of symbols or of short lines takes no longer than prose."""
    linear(
        lambda text: domain(docs_of([text])), lambda size: unit * (size // len(unit)), 400_000, 2
    )
