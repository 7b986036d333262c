"""What leaves a site for stages that count: equal where it was, and the site knows it again."""

import random

import numpy as np
import polars as pl
from frames import asset

from corpus_pipeline.stages.across_counts import LinesAcrossSites, RankAcrossSites
from corpus_pipeline.text.dedup.line_keys import END

KEY = bytes(range(32))


def lines():
    chosen = LinesAcrossSites.OptionsModel()
    refs = LinesAcrossSites.asset_refs(chosen)
    return LinesAcrossSites(chosen, {name: asset(ref) for name, ref in refs.items()})


def sketch(rng, documents=60):
    """Rows of 60 documents with one line, which has other neighbours in each half of them."""
    rank = rng.sample(range(1 << 40), documents)
    before = [(7, 9)[doc % 2] << 8 for doc in range(documents)]
    after = [(END, 11 << 8)[doc % 2] for doc in range(documents)]
    types = {"doc": pl.UInt64, "key": pl.UInt64, "size": pl.UInt8, "host": pl.UInt64}
    types |= {"rank": pl.UInt64, "before": pl.UInt32, "after": pl.UInt32}
    rows = {"doc": range(documents), "key": 1 << 60, "size": 9, "host": 0, "rank": rank}
    return pl.DataFrame(rows | {"before": before, "after": after}, schema=types)


def test_lines_are_counted_under_the_key_as_without_it():
    """What `match` finds of blind rows is what it finds of plain ones, once it is known again.

    Where two neighbours are equally frequent, too: the order of numbers is another under the key.
    """
    stage = lines()
    for seed in range(8):
        rows = sketch(random.Random(seed))
        key = bytes([seed] * 32)
        blind = stage.blind(rows, key)
        found = stage.match(blind.with_columns(rank=rows["rank"]))
        assert blind.columns == ["key", "doc", "size", "host", "before", "after"]
        assert set(blind["before"]) != set(rows["before"])
        assert stage.unblind(found, key).equals(stage.match(rows))
        assert found.height == 60


def test_a_neighbour_never_becomes_the_sign_of_none():
    """Signs stay signs, and no neighbour is made one by the key or from under it."""
    stage = lines()
    values = np.arange(200_000, dtype=np.uint32)
    rows = pl.DataFrame({"key": np.arange(len(values), dtype=np.uint64), "often_before": values})
    rows = rows.with_columns(often_after="often_before")
    back = stage.unblind(rows, KEY)["often_before"].to_numpy()
    assert back[: END + 1].tolist() == [0, 1, 2]
    assert (back[END + 1 :] > END).all()
    assert len(np.unique(back)) == len(values)


def test_scores_of_a_domain_stay_in_their_order():
    """A group's domain is a digest, its score is not, and the ranks are the same."""
    stage = RankAcrossSites(RankAcrossSites.OptionsModel(), {})
    groups = pl.DataFrame(
        {
            "key": [
                f"{domain}{score:05}" for domain in ("", "法律") for score in range(0, 60000, 999)
            ]
        }
    ).with_columns(documents=pl.lit(3, dtype=pl.Int64))
    blind = stage.blind(groups, KEY)
    plain = stage.settle(groups).sort("key")["quality_rank"]
    assert blind["key"].str.contains("^[0-9a-f]{32}[0-9]{5}$").all()
    named = blind.select("key", plain=groups["key"])
    ranked = stage.settle(blind).join(named, on="key").sort("plain")["quality_rank"]
    assert ranked.equals(plain)
