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
from pydantic import Field

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.domain import DOMAINS, load_domains
from corpus_pipeline.rules.fasttext_model import labels_of, load_fasttext, predict
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.text.arrays import F64
from corpus_pipeline.text.tokens.quality import features_of
from corpus_pipeline.text.unicode.utf8 import lists

#: The label of a text that no word of any domain tells.
NONE = "none"


class DomainOptions(Options):
    """The pack of words, and which domains stay."""

    pack: str = DOMAINS
    """The words of each domain."""

    model: str | None = None
    """A fastText model whose labels are domains, in place of the pack, as `corpus-pipeline train
    domain` writes it."""

    model_second: float = Field(default=0.2, gt=0, le=1)
    """With a model: the chance from which a domain that is not the first is a label too."""

    keep: tuple[str, ...] = ()
    """Domains that stay, by their first label; empty: all."""

    drop: tuple[str, ...] = ()
    """Domains that are dropped, by their first label."""


class DomainStage(Stage):
    """Label each document by the words in its title and text."""

    name = "domain"
    version = 2
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
        self.model = load_fasttext(assets["model"]) if "model" in assets else None
        self.second = options.model_second
        if self.model is None:
            self.book = load_domains(assets["pack"], assets["key_table"])
            self.names = (*self.book.names, NONE)
        else:
            self.names = (*sorted(labels_of(self.model)), NONE)
        known = self.names
        for name in (*options.keep, *options.drop):
            if name not in known:
                raise PipelineError(f"domain: there is no domain {name!r}{nearest(name, known)}")
        gone = set(options.drop) | (set(known) - set(options.keep) if options.keep else set())
        self.gone = sorted(gone)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The model, or the pack and the table that simplifies characters."""
        if options.model is not None:
            return {"model": options.model}
        return {"pack": options.pack, "key_table": KEY_TABLE}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Label; drop the domains that do not stay."""
        whole = docs.select(pl.concat_str("title", "text", separator="\n", ignore_nulls=True))
        words = self.model is None
        texts = whole.to_series()
        first, score, labels = self._by_words(texts) if words else self._by_model(texts)
        out = docs.with_columns(
            pl.Series("domain_label", first, dtype=pl.String),
            pl.Series("domain_score", score, dtype=pl.Float32),
            pl.Series("domain_labels", labels, dtype=pl.List(pl.String)),
        )
        label = pl.col("domain_label")
        rule = pl.when(label.is_in(self.gone)).then(pl.lit("other_domain"))
        return drop(out, self.name, rule, pl.format("domain={}", label))

    def _by_words(self, texts: pl.Series) -> tuple[list[str], F64, pl.Series]:
        """The columns, by the sums of the pack."""
        sums = self.book.sums(texts)
        order = np.argsort(-sums, axis=1, kind="stable")
        best = np.take_along_axis(sums, order, axis=1)
        told = best[:, 0] >= self.book.bounds.least
        names = np.array(self.names, dtype=object)
        share = np.divide(best[:, 0], sums.sum(axis=1), out=np.zeros(len(sums)), where=told)
        much = (best >= self.book.bounds.second * best[:, :1]) & told[:, None]
        labels = lists(self.names, order[much], much.sum(axis=1))
        first = np.where(told, order[:, 0], len(self.names) - 1)
        return names[first].tolist(), share, labels

    def _by_model(self, texts: pl.Series) -> tuple[list[str], F64, list[list[str]]]:
        """The columns, by the model; an empty text has no label."""
        lines = features_of(texts)
        found = zip(lines, *predict(self.model, lines, len(self.names)), strict=True)
        labels, score = [], np.zeros(len(lines))
        for at, (line, names, chances) in enumerate(found):
            told = bool(line) and bool(names)
            score[at] = min(float(chances[0]), 1.0) if told else 0.0
            enough = [c >= self.second or n == 0 for n, c in enumerate(chances.tolist())]
            labels.append([name for name, own in zip(names, enough, strict=True) if own and told])
        return [row[0] if row else NONE for row in labels], score, labels
