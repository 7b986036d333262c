"""Stages that count over all documents, for documents of several sites.

Enters at a site: their sketches, or sums of groups, and the key that the sites share.  Leaves: the
same under that key; the coordinator counts and settles them as one run over all documents would.
Enters at a site again: what came of them.  Leaves: it in the site's own numbers.

What may be guessed goes one way, through SipHash or BLAKE2b (hosts, titles, names of sources and
domains).  Lines go through a permutation, because what the coordinator found of a neighbour has to
be known again where no row of the site names that neighbour.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from corpus_pipeline.stages.line_dedup import LineDedup
from corpus_pipeline.stages.quality_rank import SCORE_DIGITS, QualityRank
from corpus_pipeline.stages.source_admission import SourceAdmission
from corpus_pipeline.stages.spam_names import SpamNames
from corpus_pipeline.text.arrays import U64
from corpus_pipeline.text.dedup.blind import (
    Secret,
    blinded,
    blinded_names,
    permuted,
    unpermuted,
)
from corpus_pipeline.text.dedup.line_keys import END

_Change = Callable[..., U64]
#: Bits of half a neighbour.
_HALF = 16


class LinesAcrossSites(LineDedup):
    """Lines and fingerprints of all sites, counted."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """Lines, neighbours and hosts under the key; of sizes only whether a row is of a line.

        Without the documents' ranks, which the coordinator knows.
        """
        secret = Secret(key)
        return rows.select(
            _changed(rows, "key", permuted, secret, f"{self.name} lines"),
            "doc",
            pl.col("size").clip(0, 1),
            _blinded(rows, "host", secret, f"{self.name} hosts"),
            *(self._neighbour(rows, side, permuted, secret) for side in ("before", "after")),
        )

    def unblind(self, matches: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """Lines and neighbours as this site numbers them."""
        secret = Secret(key)
        return matches.with_columns(
            _changed(matches, "key", unpermuted, secret, f"{self.name} lines"),
            *(
                self._neighbour(matches, side, unpermuted, secret)
                for side in ("often_before", "often_after")
            ),
        )

    def _neighbour(
        self, rows: pl.DataFrame, side: str, change: _Change, secret: Secret
    ) -> pl.Series:
        """Neighbours (u32) under the key or from under it; what stands for none stays."""
        values = rows.get_column(side).to_numpy().astype(np.uint64)
        at = np.flatnonzero(values > END)
        while len(at):  # a line that would become the sign of none goes round once more
            values[at] = change(values[at], secret, f"{self.name} neighbours", _HALF)
            at = at[values[at] <= END]
        return pl.Series(side, values.astype(np.uint32))


class NamesAcrossSites(SpamNames):
    """Names that pages of all sites show, counted."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """Names, hosts and titles under the key."""
        secret = Secret(key)
        return rows.with_columns(
            _changed(rows, "key", permuted, secret, f"{self.name} names"),
            *(_blinded(rows, use, secret, f"{self.name} {use}") for use in ("host", "topic")),
        )

    def unblind(self, matches: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """Names as this site numbers them."""
        return matches.with_columns(
            _changed(matches, "key", unpermuted, Secret(key), f"{self.name} names")
        )


class AdmissionAcrossSites(SourceAdmission):
    """Sources by what was found in their documents at all sites."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The names of sources under the key."""
        named = blinded_names(rows.get_column("key"), Secret(key), f"{self.name} sources")
        return rows.with_columns(named)


class RankAcrossSites(QualityRank):
    """Documents of all sites by domain and score."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The names of domains under the key; the score behind them stays, for it is ranked."""
        keys = rows.get_column("key")
        domain = keys.str.head(-SCORE_DIGITS)
        named = blinded_names(domain, Secret(key), f"{self.name} domains")
        return rows.with_columns((named + keys.str.tail(SCORE_DIGITS)).alias("key"))


def _changed(
    rows: pl.DataFrame, column: str, change: _Change, secret: Secret, use: str
) -> pl.Series:
    return pl.Series(column, change(rows.get_column(column).to_numpy(), secret, use))


def _blinded(rows: pl.DataFrame, column: str, secret: Secret, use: str) -> pl.Series:
    """The column one way under the key; 0 (none) stays."""
    values = rows.get_column(column).to_numpy()
    return pl.Series(column, np.where(values == 0, values, blinded(values, secret, use)))
