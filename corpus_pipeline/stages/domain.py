"""Say what a text is about: the six scenarios and fourteen general domains.

Enters: kept documents.  Leaves: `domain_label` (the domain that the text has most words of),
`domain_score` (its share of the sums of all domains, 0 to 1), `domain_labels` (all domains with
much of it, the first one first).
Refuses: to drop, unless `keep` or `drop` names domains; to guess where no word tells (`none`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.domain import DOMAINS, load_domains
from corpus_pipeline.rules.messages import nearest

#: The label of a text that no word of any domain tells.
NONE = "none"


class DomainOptions(Options):
    """The pack of words, and which domains stay."""

    pack: str = DOMAINS
    """The words of each domain."""

    keep: tuple[str, ...] = ()
    """Domains that stay, by their first label; empty: all."""

    drop: tuple[str, ...] = ()
    """Domains that are dropped, by their first label."""


class DomainStage(Stage):
    """Label each document by the words in its title and text."""

    name = "domain"
    version = 1
    columns: ClassVar[Schema] = {
        "domain_label": pl.String(),
        "domain_score": pl.Float32(),
        "domain_labels": pl.List(pl.String()),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "domain_label": "What the text is about: a scenario or a general domain, or `none`.",
        "domain_score": "The share of that domain among the words of all domains, 0 to 1.",
        "domain_labels": "Every domain with much of the text, the first one first.",
    }
    OptionsModel = DomainOptions

    def __init__(self, options: DomainOptions, assets: Mapping[str, Asset]) -> None:
        """Load and prove the pack; refuse the name of a domain that it does not have."""
        super().__init__(options, assets)
        self.book = load_domains(assets["pack"], assets["key_table"])
        known = (*self.book.names, NONE)
        for name in (*options.keep, *options.drop):
            if name not in known:
                raise PipelineError(f"domain: there is no domain {name!r}{nearest(name, known)}")
        gone = set(options.drop) | (set(known) - set(options.keep) if options.keep else set())
        self.gone = sorted(gone)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The pack, and the table that simplifies characters."""
        return {"pack": options.pack, "key_table": KEY_TABLE}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Label; drop the domains that do not stay."""
        whole = docs.select(pl.concat_str("title", "text", separator="\n", ignore_nulls=True))
        sums = self.book.sums(whole.to_series())
        order = np.argsort(-sums, axis=1, kind="stable")
        best = np.take_along_axis(sums, order, axis=1)
        told = best[:, 0] >= self.book.bounds.least
        names = np.array([*self.book.names, NONE], dtype=object)
        share = np.divide(best[:, 0], sums.sum(axis=1), out=np.zeros(len(sums)), where=told)
        much = (best >= self.book.bounds.second * best[:, :1]) & told[:, None]
        labels = [names[row[mask]].tolist() for row, mask in zip(order, much, strict=True)]
        first = np.where(told, order[:, 0], len(self.book.names))
        out = docs.with_columns(
            pl.Series("domain_label", names[first].tolist(), dtype=pl.String),
            pl.Series("domain_score", share, dtype=pl.Float32),
            pl.Series("domain_labels", labels, dtype=pl.List(pl.String)),
        )
        label = pl.col("domain_label")
        rule = pl.when(label.is_in(self.gone)).then(pl.lit("other_domain"))
        return drop(out, self.name, rule, pl.format("domain={}", label))
