"""Many documents that are alike: the work is in proportion to their number."""

import polars as pl
import pytest
from frames import docs_of, stage

from corpus_pipeline.model import survivor_facts
from scripts.bench_families import KINDS, documents

#: Of each document at most so many pairs: 4 representatives and 2 neighbours in each of 24 buckets.
MOST = 24 * 6


def candidates(near, docs):
    """The pairs that the sketches propose."""
    keys = near.sketch(docs).rename({"row": "doc"}).cast({"doc": pl.UInt64})
    return near.match(keys.with_columns(old=False).sort("key", "doc"))


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_grow_with_documents(kind):
    """Pages of one template, or edits of one text: so many pairs a document, not all pairs."""
    pairs = candidates(stage("near_dedup"), docs_of(list(documents(kind, 1000))))
    assert 1000 < pairs.height <= 1000 * MOST < 1000 * 999 / 2 / 3


def test_a_family_leaves_one():
    """Of edits of one text one stays, though few of all pairs were compared."""
    near, docs = stage("near_dedup"), docs_of(list(documents("family", 600)))
    pairs = candidates(near, docs)
    assert pairs.height < 600 * 599 / 2 / 4
    numbered = docs.with_row_index("doc").cast({"doc": pl.UInt64})
    true = near.verify(pairs, numbered.select("doc", "text"))
    facts = survivor_facts(numbered).with_columns(numbered["doc"], old=False)
    assert near.settle(true, facts)["drop_rule"].null_count() == 1
