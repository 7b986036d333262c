"""Several releases as one: each document once, in the state that stands, and what is not known.

Enters: releases, oldest first.  Leaves: a `Chain`: the rows of all documents, with the number of
the release whose word on them stands, and remarks on what the releases cannot say.

Which word stands: that of the newest release that has the document.  A release that was compared
with an index of older ones adds to them: where it drops a document again that stands in an older
one, or was erased there, the older word stands.
Refuses: the same release twice, a wrong order, releases that do not belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.ledger.release import ERASED, Book, Release, states
from corpus_pipeline.products.runs import KEPT

ID = ["high", "low"]


@dataclass(frozen=True, slots=True)
class Chain:
    """The documents of a chain of releases; `apart`: why duplicates across it are not known."""

    releases: tuple[Release, ...]
    rows: pl.DataFrame
    apart: Words | None


def chained(releases: Sequence[Release], book: Book, *, linked: bool) -> Chain:
    """The releases as one; `linked`: those that do not belong together are refused."""
    _in_order(releases)
    _compared_in_order(releases)
    rows, apart = releases[0].rows.with_columns(release=pl.lit(0, dtype=pl.UInt16)), None
    held = {number for number, state, *_ in states(book) if state in {KEPT, ERASED}}
    kept = {number for number, state, *_ in states(book) if state == KEPT}
    for number, release in enumerate(releases[1:], 1):
        known = release.rows.select(ID).join(rows.select(ID), on=ID, how="semi")
        if linked and not _belongs(release, releases[:number], known.height):
            raise PipelineError(
                f"releases of different chains: {release.run.root} has no document, parent or "
                f"index in common with {releases[0].run.root} (chain: any counts them all the same)"
            )
        added, before = release.rows.height - known.height, rows.height - known.height
        if added and before and not release.against:
            apart = _apart(release)
        rows = _laid_over(rows, release, number, (held, kept))
    return Chain(tuple(releases), rows, apart)


def _laid_over(
    rows: pl.DataFrame, release: Release, number: int, verdicts: tuple[set[int], set[int]]
) -> pl.DataFrame:
    """The rows of older releases under those of a newer one."""
    held, kept = verdicts
    newer = release.rows.with_columns(release=pl.lit(number, dtype=pl.UInt16))
    if release.against:
        standing = rows.filter(pl.col("verdict").is_in(sorted(held))).select(ID)
        again = newer.filter(~pl.col("verdict").is_in(sorted(kept))).select(ID)
        newer = newer.join(again.join(standing, on=ID, how="semi"), on=ID, how="anti")
    return pl.concat([rows.join(newer.select(ID), on=ID, how="anti"), newer])


def _belongs(release: Release, older: Sequence[Release], known: int) -> bool:
    parents = {entry["seal"] for entry in release.run.manifest.get("parents", [])}
    return bool(known or release.against or parents & {one.seal for one in older})


def _in_order(releases: Sequence[Release]) -> None:
    """Each release once, none before one that it was made from."""
    places: dict[str, Release] = {}
    for release in releases:
        if (first := places.get(release.seal)) is not None:
            again = f"{first.run.root} and {release.run.root}"
            raise PipelineError(f"the same release twice: {again} have one seal")
        places[release.seal] = release
    for number, release in enumerate(releases):
        parents = {entry["seal"] for entry in release.run.manifest.get("parents", [])}
        for later in releases[number + 1 :]:
            if later.seal in parents:
                raise PipelineError(
                    f"oldest first: {release.run.root} was made from {later.run.root}, "
                    "which is given after it"
                )


def _compared_in_order(releases: Sequence[Release]) -> None:
    """No release drops documents for one that only a later release has."""
    for number, release in enumerate(releases[:-1]):
        if not release.against:
            continue
        of = release.rows.filter(pl.col("to_high").is_not_null())
        outside = of.select(high="to_high", low="to_low").unique()
        # What came again is dropped for itself: for the document of that id in an older release.
        itself = (pl.col("to_high") == pl.col("high")) & (pl.col("to_low") == pl.col("low"))
        own = release.rows.filter(~itself.fill_null(value=False))
        for rows in (own, *(one.rows for one in releases[:number])):
            outside = outside.join(rows.select(ID), on=ID, how="anti")
        for later in releases[number + 1 :]:
            if later.rows.select(ID).join(outside, on=ID, how="semi").height:
                raise PipelineError(
                    f"oldest first: {release.run.root} was compared with documents of "
                    f"{later.run.root}, which is given after it"
                )


def _apart(release: Release) -> Words:
    name = str(release.run.manifest["name"])
    return both(
        f"{name} was not compared with the releases before it (--against): duplicates across "
        "them are not known",
        f"{name} 未与此前的发布版本比对（--against），跨版本重复情况未知",
    )
