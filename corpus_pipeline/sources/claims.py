"""Which source an input belongs to: each file is claimed by one source.

Enters: sources and the locators of inputs.  Leaves: locator → source, and what is wrong: files that
two sources claim or none, sources that no file is of.

A source claims what its patterns fit, less what it excludes.  A source with the pattern `**` takes
what no other claims, wherever it stands in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from corpus_pipeline.sources.record import Source


@dataclass(frozen=True, slots=True)
class Claims:
    """Inputs by source; `contested`: locator → the names of those that claim it."""

    of: dict[str, Source] = field(default_factory=dict)
    contested: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unclaimed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


def claimants(sources: Sequence[Source], locator: str) -> list[Source]:
    """The sources that claim an input: one, if the registry is in order."""
    named = [source for source in sources if source.claims(locator)]
    return named or [one for one in sources if one.takes_rest and not one.leaves(locator)]


def claims(sources: Sequence[Source], locators: Iterable[str]) -> Claims:
    """Who claims what."""
    of, contested, unclaimed = {}, {}, []
    busy: set[str] = set()
    for locator in locators:
        found = claimants(sources, locator)
        busy |= {source.name for source in found}
        if len(found) == 1:
            of[locator] = found[0]
        elif found:
            contested[locator] = tuple(source.name for source in found)
        else:
            unclaimed.append(locator)
    idle = tuple(source.name for source in sources if source.name not in busy)
    return Claims(of, contested, tuple(unclaimed), idle)
