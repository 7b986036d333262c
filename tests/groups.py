"""Which tests one worker runs one after the other when several work beside each other.

A group is a file, so that what a file sets up is set up once; all that starts Ray is one group:
two clusters at once would fight over two cores, and the run of `make demo` is made once.
"""

import re

from xdist.scheduler import LoadScopeScheduling

RAY = "ray"
#: Files that run `make demo` or the README's commands, and names that say Ray.
STARTS_RAY = re.compile(
    r"tests/test_(readme|sample)\.py|(?<![a-z])ray(?![a-z])|kill_a_worker", re.IGNORECASE
)
#: Files of twenty seconds and more.  The last file to begin leaves a core idle until it is done.
LONG = re.compile(
    r"tests/(training/|test_(cli|eval|standard_input)\.py|text/test_(compiled|wiki_wikitext)\.py"
    r"|engine/test_(engine|kinds|index)\.py|io/test_(archives|hostile)\.py)"
)


def group(test: str) -> str:
    """The group of a test, by its node id.

    >>> group("tests/test_a.py::test_b[c]"), group("tests/test_a.py::test_b[ray]")
    ('tests/test_a.py', 'ray')
    """
    return RAY if STARTS_RAY.search(test) else test.split("::", maxsplit=1)[0]


def place(test: str) -> int:
    """Where a test comes: what takes longest begins first, so that no process waits for it alone.

    >>> place("tests/engine/test_ray_cluster.py::test_a"), place("tests/test_a.py::test_b")
    (0, 2)
    """
    if group(test) == RAY:
        return 0
    return 1 if LONG.match(test) else 2


class Groups(LoadScopeScheduling):
    """Hands a group at a time to whoever is idle."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
