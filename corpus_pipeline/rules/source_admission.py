"""Load what counts against a source, and how much of it a source may have.

Enters: `rules/packs/source_admission.yaml`, or a pack of the user's, as an asset.
Leaves: `Admission`: expressions over documents, and bounds.
Errors: `PipelineError` for a rule without a clause or one that its examples contradict.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self, get_args

import polars as pl
from pydantic import model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Name, Pack, Rule, Rules, Text, load, prove
from corpus_pipeline.rules.settings import Settings

ADMISSION = "package:rules/packs/source_admission.yaml"

Finding = Literal["violating", "personal", "low_quality", "duplicated"]
#: What a source is measured by, in the order of reports; the limit is on the first.
FINDINGS: tuple[Finding, ...] = get_args(Finding)
#: Finding → columns of which one is not null where the document was looked at.
LOOKED: dict[Finding, tuple[str, ...]] = {
    "violating": ("compliance_score", "spam_score"),
    "personal": ("pii_spans",),
    "low_quality": ("heuristics_length", "quality_score"),
    "duplicated": ("exact_dedup_cluster", "near_dedup_cluster"),
}


@dataclass(frozen=True, slots=True)
class AdmissionBounds:
    """The numbers of the pack, which gives the reason of each."""

    limit: float
    least: int
    confidence: float


class CountedRule(Rule):
    """Documents that count: by verdict, by kind of spam, by score, by type of personal data."""

    finding: Finding
    verdicts: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    kinds: tuple[Name, ...] = ()
    types: tuple[Name, ...] = ()
    score: float | None = None

    @model_validator(mode="after")
    def _has_a_clause(self) -> Self:
        if not (self.verdicts or self.kinds or self.types or self.score is not None):
            raise ValueError("needs verdicts, kinds, types or score")
        return self

    def names(self, verdict: str) -> bool:
        """Whether the verdict, `stage/rule`, is one that counts."""
        return _fits(verdict, self.verdicts) and not _fits(verdict, self.unless)

    def found(self, verdicts: Collection[str], columns: Collection[str]) -> list[pl.Expr]:
        """Whether a document counts, as expressions of which one must hold.

        `verdicts`: those that occur; over frames with `dropped_by` and `__verdict`, null where it
        stays.  A mark counts whatever stage dropped the document afterwards; where the stage that
        marks dropped it, its verdict says more.
        """
        clauses = []
        if named := [verdict for verdict in verdicts if self.names(verdict)]:
            clauses.append(pl.col("__verdict").is_in(named))
        if self.kinds and {"spam_kind", "spam_score"} <= {*columns}:
            kind = pl.col("spam_kind").is_in([*self.kinds]) & (pl.col("spam_score") >= 1)
            clauses.append(kind & pl.col("dropped_by").ne_missing("spam"))
        if self.score is not None and "compliance_score" in columns:
            high = pl.col("compliance_score") >= self.score
            clauses.append(high & pl.col("dropped_by").ne_missing("compliance"))
        if self.types and "pii_spans" in columns:
            own = pl.element().struct.field("type").is_in([*self.types])
            some = pl.col("pii_spans").list.len() > 0
            clauses.append(pl.when(some).then(pl.col("pii_spans").list.eval(own).list.any()))
        return clauses


def _fits(verdict: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(verdict, pattern) for pattern in patterns)


class AdmissionPack(Pack):
    """The content of the file."""

    bounds: Annotated[AdmissionBounds, Settings()]
    rules: Rules[CountedRule]


@dataclass(frozen=True, slots=True)
class Admission:
    """The compiled pack."""

    bounds: AdmissionBounds
    rules: tuple[CountedRule, ...]

    def counted(self, docs: pl.DataFrame) -> pl.DataFrame:
        """For each finding whether a document was looked at (`…_of`), and counts (`…_bad`)."""
        verdict = pl.col("dropped_by") + "/" + pl.col("drop_rule")
        docs = docs.with_columns(__verdict=verdict)
        verdicts = docs.get_column("__verdict").drop_nulls().unique().to_list()
        measures = []
        for finding in FINDINGS:
            rules = [rule for rule in self.rules if rule.finding == finding]
            clauses = [one for rule in rules for one in rule.found(verdicts, docs.columns)]
            bad = pl.any_horizontal(pl.lit(value=False), *clauses).fill_null(value=False)
            seen = [pl.col(name).is_not_null() for name in LOOKED[finding] if name in docs.columns]
            measures += [
                # A verdict is a look, whatever became of the columns.
                pl.any_horizontal(pl.lit(value=False), *seen, bad).alias(f"{finding}_of"),
                bad.alias(f"{finding}_bad"),
            ]
        return docs.with_columns(measures).select(one.meta.output_name() for one in measures)


def load_admission(asset: Asset) -> Admission:
    """The compiled pack of this asset; `PipelineError` where its examples contradict it."""
    return load(asset, AdmissionPack, _proved)


def _proved(pack: AdmissionPack) -> Admission:
    prove(pack.rules, _judges)
    return Admission(pack.bounds, pack.rules)


def _judges(rule: CountedRule, example: str) -> bool:
    """Whether a document with this one fact counts."""
    name, _, value = example.partition("=")
    if name == "spam_kind":
        return value in rule.kinds
    if name == "pii":
        return value in rule.types
    if name == "compliance_score":
        return rule.score is not None and float(value) >= rule.score
    return rule.names(example)
