"""Which documents belong together, on numpy arrays of edges.

Enters: buckets, or edges as two arrays of document numbers.  Leaves: the edges within buckets,
connected components (a streaming union-find) and groups of them, and stars: clusters of a centre
and its direct neighbours.

Pairs of different components can be decided independently.  Components are no clusters of
duplicates: in a chain A-B-C the ends may have nothing in common.  Stars are such clusters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U64, Integers
from corpus_pipeline.text.dedup.union_find_kernel import (
    flatten,
    flatten_wide,
    join,
    join_wide,
    number_groups,
    number_groups_wide,
)

#: Numbers written at once where an array may be a file.
STEP = 1 << 22


def best_first(facts: pl.DataFrame) -> pl.DataFrame:
    """Documents in the order of survival: highest quality, then longest, then smallest id.

    Columns: `id`, `quality` (null or NaN: no score, comes last), `length` in characters, and `old`:
    whether the document is one of an index; those come first of all.

    >>> facts = pl.DataFrame({"id": ["b", "a", "c", "d"], "quality": [None, None, 0.1, None],
    ...                       "length": [3, 3, 2, 1], "old": [False, False, False, True]},
    ...                      schema_overrides={"quality": pl.Float32})
    >>> best_first(facts)["id"].to_list()
    ['d', 'c', 'a', 'b']
    """
    return facts.sort(
        "old",
        pl.col("quality").fill_nan(None),
        "length",
        "id",
        descending=[True, True, True, False],
        nulls_last=True,
    )


def rank_keys(docs: pl.DataFrame) -> U64:
    """The order of survival in 64 bits: quality (16), length (20), id (28, smaller is better).

    Columns: `id` (hexadecimal), `text`, and `quality_score` where there is one.  Coarser than
    `best_first`, which decides; this only picks which documents are compared.
    """
    quality = pl.col("quality_score") if "quality_score" in docs.columns else pl.lit(0.0)
    return ranks_of(docs.select("id", quality=quality, length=pl.col("text").str.len_chars()))


def ranks_of(facts: pl.DataFrame) -> U64:
    """The same, of documents of which only `id`, `quality` and `length` are known."""
    parts = facts.select(
        quality=(pl.col("quality").fill_nan(None).fill_null(0.0).clip(0, 1) * 0xFFFF).cast(
            pl.UInt64
        ),
        length=pl.col("length").fill_null(0).clip(0, 0xFFFFF).cast(pl.UInt64),
        id=pl.col("id").str.head(7).str.to_integer(base=16, dtype=pl.UInt64, strict=False),
    ).with_columns(id=0xFFFFFFF - pl.col("id").fill_null(0xFFFFFFF))
    total = pl.col("quality") * (1 << 48) + pl.col("length") * (1 << 28) + pl.col("id")
    return parts.select(total.cast(pl.UInt64)).to_series().to_numpy()


def positions(pairs: pl.DataFrame, docs: pl.Series) -> tuple[Integers, Integers]:
    """The positions in `docs` of the ends of each pair (columns `a` and `b`, values of `docs`)."""
    order = docs.arg_sort()
    at = docs.gather(order)
    a, b = (order.gather(at.search_sorted(pairs.get_column(end))).to_numpy() for end in "ab")
    return a.astype(np.int64), b.astype(np.int64)


class UnionFind:
    """Components of the numbers 0 … size - 1; edges may come in any order and any portions.

    The root of a component is its smallest number, so the result depends on the edges alone.
    Memory: 4 bytes a number (8 above 2³² numbers), or the file's where `parent` is mapped to one.

    >>> forest = UnionFind(6)
    >>> forest.union(np.array([4, 1]), np.array([5, 4]))
    >>> forest.union(np.array([2]), np.array([3]))
    >>> forest.roots().tolist()
    [0, 1, 2, 2, 1, 1]
    """

    def __init__(self, size: int, parent: Integers | None = None) -> None:
        """Every number is a component of its own."""
        own = np.empty(size, dtype=number_type(size)) if parent is None else parent
        self.parent = np.asarray(own)
        for start in range(0, size, STEP):
            end = min(start + STEP, size)
            self.parent[start:end] = np.arange(start, end, dtype=own.dtype)

    def union(self, a: Integers, b: Integers) -> None:
        """Join the ends of each edge."""
        edges = (np.ascontiguousarray(end, dtype=np.int64) for end in (a, b))
        (join if self.parent.dtype == np.uint32 else join_wide)(self.parent, *edges)

    def roots(self) -> Integers:
        """The root of every number; the array is this object's own and not a copy."""
        (flatten if self.parent.dtype == np.uint32 else flatten_wide)(self.parent)
        return self.parent


def number_type(size: int) -> Any:
    """The smallest type that numbers `size` documents."""
    return np.uint32 if size <= 1 << 32 else np.uint64


def portions(roots: Integers, most: int, out: Integers) -> tuple[int, int, int]:
    """Number the components of two and more, in order, and put `most` members in a group.

    `out` (u32, as long as `roots`) gets each number's group, `ALONE` where it is in no component.
    Returns how many groups and components there are, and the size of the largest component.

    >>> out = np.zeros(6, dtype=np.uint32)
    >>> portions(np.array([0, 1, 2, 2, 1, 1], dtype=np.uint32), 2, out)
    (2, 2, 3)
    >>> out.tolist()
    [4294967295, 0, 1, 1, 0, 0]
    """
    number = number_groups if roots.dtype == np.uint32 else number_groups_wide
    groups, components, largest = number(roots, most, np.asarray(out))
    return int(groups), int(components), int(largest)


def forest(a: Integers, b: Integers) -> tuple[Integers, Integers]:
    """The fewest edges with the same components: each number with the smallest of its component.

    >>> roots, numbers = forest(np.array([7, 5, 5]), np.array([9, 7, 9]))
    >>> roots.tolist(), numbers.tolist()
    ([5, 5], [7, 9])
    """
    named, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    roots = components(places[: len(a)], places[len(a) :], len(named))
    below_root = roots != np.arange(len(named))
    return named[roots[below_root]], named[below_root]


def components(a: Integers, b: Integers, size: int) -> Integers:
    """For each of the numbers 0 … size - 1 the smallest number of its component.

    >>> components(np.array([0, 3]), np.array([3, 4]), 6).tolist()
    [0, 1, 2, 0, 0, 5]
    """
    forest = UnionFind(size)
    forest.union(a, b)
    return forest.roots()


def stars(a: Integers, b: Integers, size: int) -> tuple[Integers, Integers]:
    """Clusters of a centre and its neighbours, centres by rank.

    Numbers are ranks: the best document is 0.  From 0 to size - 1, each number that belongs to no
    star yet becomes a centre and takes the neighbours that belong to none.  Returns the centre of
    each number (its own where it is one) and the position of the edge to it (-1 for centres).

    >>> centre, edge = stars(np.array([0, 1]), np.array([1, 2]), 3)  # a chain: 2 is not like 0
    >>> centre.tolist(), edge.tolist()
    ([0, 0, 2], [-1, 0, -1])
    """
    better, worse = np.minimum(a, b), np.maximum(a, b)
    # A neighbour better than a centre is either a centre itself (and would have taken it) or
    # taken; so only edges from better to worse matter, and a document goes to its best centre.
    order = np.lexsort((worse, better))
    ends = np.searchsorted(better[order], np.arange(size + 1)).tolist()
    neighbours = worse[order].tolist()
    edges = order.tolist()
    centre = list(range(size))
    via = [-1] * size
    for number in range(size):
        if centre[number] != number:
            continue
        for position in range(ends[number], ends[number + 1]):
            other = neighbours[position]
            if other != number and centre[other] == other:
                centre[other] = number
                via[other] = edges[position]
    return np.array(centre, dtype=np.int64), np.array(via, dtype=np.int64)


def unmet(a: Integers, b: Integers, size: int, most: int) -> tuple[Integers, Integers]:
    """Pairs of centres that share a neighbour and are not compared yet: (worse, better).

    In the order of the worse centre; each has at most `most` better ones, the best first.

    >>> worse, better = unmet(np.array([0, 1]), np.array([1, 2]), 3, most=4)
    >>> worse.tolist(), better.tolist()
    ([2], [0])
    """
    centre, _ = stars(a, b, size)
    left, right = np.concatenate([a, b]), np.concatenate([b, a])
    taken_elsewhere = (centre[left] == left) & (centre[right] != left) & (centre[right] != right)
    worse, better = left[taken_elsewhere], centre[right[taken_elsewhere]]
    # Sorted, not `np.unique`: its table of hashes takes ten times as long.
    pairs = np.sort(worse.astype(np.int64) * size + better)
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    worse, better = pairs // max(size, 1), pairs % max(size, 1)
    place = np.arange(len(worse)) - np.searchsorted(worse, worse)
    return worse[place < most], better[place < most]


def pair_codes(a: Integers, b: Integers) -> I64:
    """One number for each pair of numbers below 2³¹, whichever way round it is.

    >>> pair_codes(np.array([1]), np.array([7])) == pair_codes(np.array([7]), np.array([1]))
    array([ True])
    """
    codes: I64 = np.minimum(a, b) << 32 | np.maximum(a, b)
    return codes


def non_singletons(keys: pl.DataFrame) -> pl.DataFrame:
    """The rows (sorted by `key`) whose key another row has too; most buckets have one document.

    >>> non_singletons(pl.DataFrame({"key": [1, 2, 2, 5]})).get_column("key").to_list()
    [2, 2]
    """
    key = pl.col("key")
    return keys.filter(((key == key.shift(1)) | (key == key.shift(-1))).fill_null(value=False))


def bucket_pairs(
    bucket: Integers,
    member: Integers,
    ranks: Integers,
    *,
    full: int,
    representatives: int,
    next_to: int,
) -> tuple[Integers, Integers]:
    """Pairs of members that share a bucket; a pair may come several times, in either order.

    A bucket of up to `full` members gives all its pairs.  A larger one, a family of pages from one
    template, gives pairs in proportion to its size: each member with the best `representatives` of
    the bucket and with the `next_to` that follow it.  A higher number in `ranks` is better.

    >>> a, b = bucket_pairs(np.zeros(9), np.arange(9), np.arange(9)[::-1],
    ...                     full=3, representatives=1, next_to=0)
    >>> a.tolist(), b.tolist()
    ([0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8])
    """
    rows = pl.DataFrame({"bucket": bucket, "rank": ranks, "member": member})
    rows = rows.sort("bucket", "rank", "member", descending=[False, True, False])
    bucket, member = (rows.get_column(name).to_numpy() for name in ("bucket", "member"))
    begins = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]])[: len(bucket)])
    sizes = np.diff(np.append(begins, len(bucket)))
    begin, size = np.repeat(begins, sizes), np.repeat(sizes, sizes)
    place = np.arange(len(bucket)) - begin
    reach = np.where(size <= full, full, next_to)
    left, right = [member[:0]], [member[:0]]
    for step in range(1, max(full, next_to + 1)):
        near = np.flatnonzero((place + step < size) & (step <= reach))
        left.append(member[near])
        right.append(member[near + step])
    for best in range(representatives):
        far = np.flatnonzero((size > full) & (place > best + next_to))
        left.append(member[begin[far] + best])
        right.append(member[far])
    return np.concatenate(left), np.concatenate(right)
