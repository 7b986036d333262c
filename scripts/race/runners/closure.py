"""Reading, and transitive closure: the usual recipe around a library that only finds candidates.

Enters: pairs of positions.  Leaves: all but the first document of each connected group.
"""

from collections.abc import Iterable
from pathlib import Path

import orjson


def read(path: Path) -> tuple[list[str], list[str]]:
    """Ids and texts of a JSON lines file."""
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [row["id"] for row in rows], [row["text"] for row in rows]


def all_but_first(edges: Iterable[tuple[int, int]], ids: list[str]) -> list[str]:
    """The ids that are connected with an earlier one."""
    parent = list(range(len(ids)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for one, other in edges:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [ids[i] for i in range(len(ids)) if root(i) != i]
