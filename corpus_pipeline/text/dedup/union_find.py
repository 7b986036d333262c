"""Which documents belong together, on numpy arrays of edges.

Enters: buckets, or edges as two arrays of document numbers.  Leaves: the edges within buckets,
connected components (a streaming union-find) and groups of them, and stars: clusters of a centre
and its direct neighbours.

Pairs of different components can be decided independently.  Components are no clusters of
duplicates: in a chain A-B-C the ends may have nothing in common.  Stars are such clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import U32, U64, Bool, Integers
from corpus_pipeline.text.dedup.union_find_kernel import (
    flatten,
    flatten_wide,
    join,
    join_wide,
    meet,
    number_groups,
    number_groups_wide,
    take,
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
    return facts[best_order(facts)]


def best_order(facts: pl.DataFrame) -> Integers:
    """The rows of `facts` in the order of `best_first`."""
    order = pl.arg_sort_by(
        "old",
        pl.col("quality").fill_nan(None),
        "length",
        "id",
        descending=[True, True, True, False],
        nulls_last=True,
    )
    return facts.select(order).to_series().to_numpy()


def rank_keys(docs: pl.DataFrame) -> U64:
    """`ranks` of documents: columns `id`, `text`, and `quality_score` where there is one."""
    quality = pl.col("quality_score") if "quality_score" in docs.columns else pl.lit(0.0)
    return ranks(docs.select("id", quality=quality, length=pl.col("text").str.len_chars()))


def ranks(facts: pl.DataFrame) -> U64:
    """The order of survival in 64 bits: quality (16), length (20), id (28, smaller is better).

    Columns: `id` (hexadecimal), `quality` and `length`.  Coarser than `best_first`, which decides;
    this only picks which documents are compared.
    """
    quality = pl.col("quality").fill_nan(None).fill_null(0.0).clip(0, 1)
    parts = facts.select(
        quality=(quality * 0xFFFF).cast(pl.UInt64),
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
    better, worse = np.minimum(a, b).astype(np.uint32), np.maximum(a, b).astype(np.uint32)
    order = np.lexsort((better, worse))
    centre, via = np.arange(size, dtype=np.uint32), np.full(size, -1)
    taken = grown(worse[order], better[order], centre)
    via[worse[order[taken]]] = order[taken]
    return centre, via


def grown(worse: U32, better: U32, centre: U32) -> Bool:
    """Let stars grow by more edges, sorted by `worse`, then `better`; which of them were taken.

    `centre`: of each number, its own where it is one; edges of smaller `worse` have come before.
    """
    # A neighbour better than a centre is either a centre itself (and would have taken it) or
    # taken; so only edges from better to worse matter, and a document goes to its best centre.
    taken = np.empty(len(worse), dtype=np.bool_)
    take(worse, better, centre, taken)
    return taken


def unmet(edges: Iterable[tuple[U32, U32]], centre: U32, most: int) -> tuple[Integers, Integers]:
    """Pairs of centres that share a neighbour: (worse, better).

    In the order of the worse centre; each has at most `most` better ones, the best first.

    >>> edges = np.array([0, 1], dtype=np.uint32), np.array([1, 2], dtype=np.uint32)
    >>> centre, _ = stars(*edges, 3)
    >>> worse, better = unmet([edges], centre, most=4)
    >>> worse.tolist(), better.tolist()
    ([2], [0])
    """
    none = np.iinfo(np.uint32).max
    met = np.full((len(centre), most), none, dtype=np.uint32)
    for one, other in edges:
        meet(one, other, centre, met)
    worse, place = np.nonzero(met != none)
    return worse, met[worse, place]


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


def distinct_pairs(one: U32, other: U32) -> tuple[Integers, Integers]:
    """Each pair of two numbers once, the smaller first, sorted.

    >>> a, b = distinct_pairs(np.array([3, 1, 2], np.uint32), np.array([1, 3, 2], np.uint32))
    >>> a.tolist(), b.tolist()
    ([1], [3])
    """
    # In one word: the pairs of a bucket of 10⁶ documents take a third of the time and of the memory
    # that they take as two columns.
    words = np.minimum(one, other).astype(np.uint64)
    words <<= np.uint64(32)
    words |= np.maximum(one, other)
    words.sort()
    words = words[np.append(True, words[1:] != words[:-1])[: len(words)]]
    smaller, larger = words >> np.uint64(32), words & np.uint64(0xFFFFFFFF)
    two = smaller != larger
    return smaller[two], larger[two]
