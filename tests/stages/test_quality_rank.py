"""`quality_rank` puts a twentieth of each domain into each rank, whatever the splits are."""

import polars as pl
import pytest
from frames import docs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shuffled import after, decisions_of

from corpus_pipeline.stages.quality_rank import QualityRank


def quality_rank(**options):
    return QualityRank(QualityRank.OptionsModel(**options), {})


def scored(scores, domains=None):
    """Documents with these scores and domains."""
    docs = docs_of([f"第{n}篇文章。" for n in range(len(scores))])
    docs = docs.with_columns(pl.Series("quality_score", scores, dtype=pl.Float32))
    if domains is None:
        return docs
    return docs.with_columns(pl.Series("domain_label", domains, dtype=pl.String))


def plain(scores, domains):
    """The rank by its definition: how many twentieths of the domain lie below the document."""
    ranks = []
    for score, domain in zip(scores, domains, strict=True):
        if score is None:
            ranks.append(None)
            continue
        like = [s for s, d in zip(scores, domains, strict=True) if d == domain and s is not None]
        below, same = sum(s < score for s in like), sum(s == score for s in like)
        ranks.append(min(19, 20 * (2 * below + same) // (2 * len(like))))
    return ranks


def test_each_rank_holds_a_twentieth_of_its_domain():
    """Two domains with other scores have the same number of documents in every rank."""
    scores = [n / 200 for n in range(100)] + [0.5 + n / 200 for n in range(100)]
    out = after(quality_rank(), scored(scores, ["law"] * 100 + ["games"] * 100))
    counts = out.group_by("domain_label", "quality_rank").len()

    assert counts.height == 40
    assert counts["len"].unique().to_list() == [5]
    assert out["drop_rule"].is_null().all()


@settings(max_examples=4, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(0, 12), st.sampled_from(["law", "法律1", "", None])),
        min_size=1,
        max_size=40,
    ),
    batch=st.integers(0, 7),
)
def test_ranks_are_those_of_a_plain_count(rows, batch):
    """Ties, missing scores and missing domains included, and whatever the splits are."""
    scores = [None if step is None else step / 16 for step, _ in rows]
    domains = [domain for _, domain in rows]
    out = after(quality_rank(), scored(scores, domains), batch=batch)

    assert out["quality_rank"].to_list() == plain(scores, [domain or "" for domain in domains])


def test_order_and_splits_do_not_show():
    """The same documents in another order and in other splits have the same ranks."""
    docs = scored(
        [(n * 37 % 101) / 101 for n in range(60)], [("law", "games")[n % 3 == 0] for n in range(60)]
    )
    one = decisions_of(after(quality_rank(), docs), quality_rank()).sort("id")
    other = after(quality_rank(), docs.reverse(), batch=7)

    assert decisions_of(other, quality_rank()).sort("id").equals(one)


@pytest.mark.parametrize(("within", "ranks"), [(True, [10, 10]), (False, [5, 15])])
def test_the_whole_run_may_be_one_group(within, ranks):
    """With `within_domain: false`, and without a domain, all documents are ranked together."""
    out = after(quality_rank(within_domain=within), scored([0.1, 0.9], ["law", "games"]))
    plain_run = after(quality_rank(), scored([0.1, 0.9]))

    assert out["quality_rank"].to_list() == ranks
    assert plain_run["quality_rank"].to_list() == [5, 15]


def test_dropped_documents_do_not_count():
    """Ranks are those of the documents that stay; a dropped one has none."""
    docs = scored([0.1, 0.4, 0.9]).with_columns(
        dropped_by=pl.Series([None, "quality", None]),
        drop_rule=pl.Series([None, "low_quality", None]),
        drop_evidence=pl.Series([None, "score=0.4", None]),
    )
    out = after(quality_rank(), docs)

    assert out["quality_rank"].to_list() == [5, None, 15]


def test_without_scores_nothing_is_ranked():
    """On texts that nothing scored the stage runs, and no document has a rank."""
    out = after(quality_rank(), docs_of(["我们昨天去了图书馆。", ""]))

    assert out["quality_rank"].to_list() == [None, None]
    assert out["drop_rule"].is_null().all()
