"""The loops of `union_find`: a forest in an array that has the parent of each number.

Enters: the parent of each number, edges.  Leaves: the same array, joined or flattened; groups;
stars, where the edges come in order.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U32, Int, OutBool, OutU32, OutU32Grid
from corpus_pipeline.text.compiled import compiled, compiled_uncounted, variant

#: The group of a document that resembles no other.
ALONE = 0xFFFFFFFF


@compiled
def join(parent: OutU32, a: I64, b: I64) -> None:
    """Put the larger root of each edge under the smaller; paths are halved on the way up."""
    for i in range(len(a)):
        left, right = np.int64(a[i]), np.int64(b[i])
        while left != right:
            if left < right:
                left, right = right, left
            above = np.int64(parent[left])
            if above == left:
                parent[left] = right
                break
            # The parent of a number that is no root may be any smaller one of its component.
            parent[left] = min(above, np.int64(parent[above]))
            left = above


@compiled
def flatten(parent: OutU32) -> None:
    """Make the root the parent of every number: its parent, being smaller, has its root already."""
    for number in range(len(parent)):
        parent[number] = parent[parent[number]]


@compiled
def number_groups(roots: U32, most: int, out: OutU32) -> tuple[Int, Int, Int]:
    """Each number's group into `out`; returns groups, components and the largest component."""
    out[:] = 0
    for number in range(len(roots)):
        out[roots[number]] += 1
    members, components, largest, groups = np.int64(0), 0, np.int64(0), np.int64(0)
    for number in range(len(roots)):
        if roots[number] == number:
            size = np.int64(out[number])
            if size > 1:
                out[number] = members // most
                groups = members // most + 1
                members += size
                components += 1
                largest = max(largest, size)
            else:
                out[number] = ALONE
    for number in range(len(roots) - 1, -1, -1):
        out[number] = out[roots[number]]
    return groups, components, largest


@compiled_uncounted
def take(worse: U32, better: U32, centre: OutU32, taken: OutBool) -> None:
    """Give each number that is its own centre to the first of its better ones that is one, too.

    The edges come in the order of `worse`, then `better`; `taken` says which were taken.
    """
    for i in range(len(worse)):
        number, other = worse[i], better[i]
        taken[i] = number != other and centre[number] == number and centre[other] == other
        if taken[i]:
            centre[number] = other


@compiled_uncounted
def meet(one: U32, other: U32, centre: U32, met: OutU32Grid) -> None:
    """Note for each centre the smallest other centres that took a neighbour of it.

    `met`: a row for each number, ascending, filled with the largest u32.
    """
    for i in range(len(one)):
        for turn in range(2):
            left, right = (one[i], other[i]) if turn == 0 else (other[i], one[i])
            value = centre[right]
            if centre[left] != left or value in (left, right):
                continue
            for place in range(met.shape[1]):
                there = met[left, place]
                if value == there:
                    break
                if value < there:
                    met[left, place], value = value, there


# More than 2³² documents have numbers of 64 bits.
join_wide = variant(join, parent="OutU64")
flatten_wide = variant(flatten, parent="OutU64")
number_groups_wide = variant(number_groups, roots="U64")
