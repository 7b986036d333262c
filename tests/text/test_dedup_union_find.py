"""Components, stars and bucket pairs against plain Python."""

import time

import numpy as np
import polars as pl
from clock import linear
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.dedup.union_find import (
    UnionFind,
    best_first,
    bucket_pairs,
    components,
    rank_keys,
    stars,
    unmet,
)

EDGES = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


def ends(edges):
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


@given(EDGES, st.randoms())
@settings(max_examples=150, deadline=None)
def test_components_are_the_closure(edges, rng):
    """Labels are the smallest number that can be reached, in any order and portions of edges."""
    label = list(range(30))
    for _ in range(30):
        for a, b in edges:
            label[a] = label[b] = min(label[a], label[b])
    assert components(*ends(edges), 30).tolist() == label
    rng.shuffle(edges)
    forest = UnionFind(30)
    for at in range(0, len(edges), 7):
        forest.union(*ends(edges[at : at + 7]))
    assert forest.roots().tolist() == label


def test_long_chain():
    """A chain of 800,000 shuffled edges is one component, found in under a second of CPU."""

    def chain(count):
        return np.random.default_rng(0).permutation(count)

    def joined(a):
        return components(a, a + 1, len(a) + 1)

    assert not joined(chain(200_000)).any()
    # Measured: 0.013 s.
    linear(joined, chain, 800_000, most=1)


@given(EDGES)
@settings(max_examples=150, deadline=None)
def test_stars_are_greedy(edges):
    """The best free number takes its free neighbours; a taken one has an edge to its centre."""
    edges = [(a, b) for a, b in edges if a != b]
    expected: dict[int, int] = {}
    for number in range(30):
        if expected.setdefault(number, number) == number:
            for a, b in edges:
                other = a + b - number
                if number in (a, b) and other not in expected:
                    expected[other] = number
    centre, edge = stars(*ends(edges), 30)
    assert centre.tolist() == [expected[i] for i in range(30)]
    for number in range(30):
        if centre[number] != number:
            assert set(edges[edge[number]]) == {number, centre[number]}


def test_unmet_looks_one_star_further():
    """Two centres that share a neighbour are proposed, the better second, and no others."""
    edges = [end.astype(np.uint32) for end in ends([(0, 5), (3, 5), (1, 2)])]
    one, other = unmet([edges], stars(*edges, 6)[0], most=4)
    assert (one.tolist(), other.tolist()) == ([3], [0])


def bucketed(sizes, **options):
    bucket = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    member = np.arange(len(bucket), dtype=np.uint64)
    chosen = {"full": 5, "representatives": 2, "next_to": 1} | options
    one, other = bucket_pairs(bucket, member, member[::-1].copy(), **chosen)
    return bucket, list(zip(one.tolist(), other.tolist(), strict=True))


def test_small_buckets_give_all_pairs():
    """Up to the bound every pair of a bucket is there once, and none across buckets."""
    bucket, pairs = bucketed([1, 2, 5, 3])
    expected = [(i, j) for i in range(11) for j in range(i + 1, 11) if bucket[i] == bucket[j]]
    assert sorted(pairs) == expected


def test_families_are_linear():
    """Of 100,000 members each meets the best ones and its neighbour: 3 pairs a member, no more."""
    started = time.process_time()
    _, pairs = bucketed([100_000])
    assert len(set(pairs)) == len(pairs) <= 3 * 100_000
    assert {b for a, b in pairs if a == 0} == set(range(1, 100_000))
    assert time.process_time() - started < 10


def test_order_of_survival():
    """Quality first, then length, then the smaller id; not scored and NaN come last."""
    facts = pl.DataFrame(
        {
            "id": ["e", "d", "c", "b", "a", "f"],
            "quality": [None, 0.2, 0.9, 0.9, 0.9, float("nan")],
            "length": [99, 5, 5, 5, 6, 1],
            "old": [False] * 6,
        }
    )
    assert best_first(facts)["id"].to_list() == ["a", "b", "c", "d", "e", "f"]


def test_rank_keys_have_the_same_order():
    """The 64-bit rank key orders as `best_first` does, for ids as the pipeline makes them."""
    docs = pl.DataFrame(
        {
            "id": ["f" * 32, "0" * 32, "5" * 32, "7" * 32],
            "text": ["长一些的文本", "短文", "短文", "短文"],
            "quality_score": [0.1, 0.1, 0.1, 0.8],
        }
    )
    order = np.argsort(rank_keys(docs))[::-1]
    assert docs["id"].gather(order).str.head(1).to_list() == ["7", "f", "0", "5"]
