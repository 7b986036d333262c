"""Admit or refuse each source by the share of its documents that violate the law.

Enters: all documents with the verdicts and columns of the stages before, dropped ones too.  Leaves:
`source_admission_…`, the same in every document of a source; a row for each source in the manifest
(`admission`); and the verdict `source_refused` on what is left of a source over the limit.
Refuses: to judge a source of which too few documents were looked at.

sketch: what of each document counts (rules/packs/source_admission.yaml), before and after cleaning.
settle: shares with their exact (Clopper-Pearson) one-sided bounds, as the audit's samples have.
Clopper-Pearson and not Wilson: it never claims more than its confidence, also where next to nothing
of few documents was found, which is where a source is admitted.

Before cleaning: all documents of the source that a stage looked at, kept or dropped: what was
collected.  After: those that stay.  The limit is held against the first: a source is refused for
what it is, not for what cleaning could not find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import AggregateStage, Asset, Options, Schema
from corpus_pipeline.rules.source_admission import ADMISSION, FINDINGS, LOOKED, load_admission
from corpus_pipeline.text.measures.shares import lower_bound, upper_bound

Verdict = Literal["admitted", "refused", "too_few"]
RULE = "source_refused"
#: Digits of a share in reports and columns.
_DIGITS = 6


class SourceAdmissionOptions(Options):
    """What counts, how much is too much, and what becomes of a refused source."""

    pack: str = ADMISSION
    """The rules of what counts, the limit and the least number of documents, with their reasons."""

    limit: float | None = Field(default=None, gt=0, lt=1)
    """The share of violating documents above which a source is refused; null: that of the pack,
    5 % (TC260-003 5.1 a)."""

    least: int | None = Field(default=None, ge=1)
    """Documents that must have been looked at; null: that of the pack, 59."""

    judged_by: Literal["share", "lower", "upper"] = "share"
    """What is held against the limit: the share itself, as the clause has it; its lower bound
    (refuse only what is surely over the limit) or its upper bound (admit only what is surely
    not)."""

    on_refuse: Literal["drop", "report"] = "drop"
    """Whether the rest of a refused source is dropped, or only reported."""


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of` documents, and the bounds of the share with one-sided confidence."""

    count: int
    of: int
    lower: float
    upper: float

    @property
    def share(self) -> float | None:
        """Null where nothing was looked at."""
        return self.count / self.of if self.of else None

    def record(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        share = None if self.share is None else round(self.share, _DIGITS)
        bounds = {"lower": round(self.lower, _DIGITS), "upper": round(self.upper, _DIGITS)}
        return {"count": self.count, "of": self.of, "share": share, **bounds}


class SourceAdmission(AggregateStage):
    """Measure each source by what was found in its documents."""

    name = "source_admission"
    version = 1
    columns: ClassVar[Schema] = {
        "source_admission_verdict": pl.String(),
        **{f"source_admission_{finding}": pl.Float32() for finding in FINDINGS},
        "source_admission_upper": pl.Float32(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "source_admission_verdict": "What became of its source: `admitted`, `refused`, or "
        "`too_few` documents to judge.",
        "source_admission_violating": "Share of its source's documents that compliance or spam "
        "found violating, of those looked at, dropped ones too. Null: none was looked at.",
        "source_admission_personal": "Share in which personal data was found. Null: none was "
        "looked at.",
        "source_admission_low_quality": "Share dropped or marked as poor text or advertising. "
        "Null: none was looked at.",
        "source_admission_duplicated": "Share dropped as copies. Null: none was looked at.",
        "source_admission_upper": "Upper bound (Clopper-Pearson, one-sided 95 %) of the share of "
        "violating documents.",
    }
    sees_dropped = True
    reports = "admission"
    needs: ClassVar[tuple[str, ...] | None] = (
        "source",
        "spam_kind",
        *(column for columns in LOOKED.values() for column in columns),
    )
    OptionsModel: ClassVar[type[Options]] = SourceAdmissionOptions
    options: SourceAdmissionOptions

    def __init__(self, options: SourceAdmissionOptions, assets: Mapping[str, Asset]) -> None:
        """Load and prove the pack."""
        super().__init__(options, assets)
        self.rules = load_admission(assets["pack"])
        bounds = self.rules.bounds
        self.limit = bounds.limit if options.limit is None else options.limit
        self.least = bounds.least if options.least is None else options.least
        self.confidence = bounds.confidence

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The pack."""
        return {"pack": options.pack}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """The source of each document and what counts, in all and of what stays (`…_left`)."""
        # What an earlier run refused, cleaning had left.
        by = docs.get_column("dropped_by")
        alive = by.is_null() | (by == self.name).fill_null(value=False)
        counted = self.rules.counted(docs)
        left = counted.select((pl.all() & alive).name.suffix("_left"))
        keys = docs.select(key=pl.col("source").fill_null(""), left=alive)
        return pl.concat([keys, counted, left], how="horizontal").with_row_index("row")

    def settle(self, groups: pl.DataFrame) -> pl.DataFrame:
        """The verdict on each source."""
        rows = [self._decided(row) for row in groups.iter_rows(named=True)]
        schema = {"key": pl.String(), **self.columns, "drop_rule": pl.String()}
        return pl.DataFrame(rows, {**schema, "drop_evidence": pl.String()}, orient="row")

    def report(self, groups: pl.DataFrame) -> list[dict[str, Any]]:
        """A row for each source, for the manifest."""
        return [self._reported(row) for row in groups.iter_rows(named=True)]

    def _share(self, row: Mapping[str, Any], finding: str, *, left: bool) -> Share:
        end = "_left" if left else ""
        count, of = int(row[f"{finding}_bad{end}"]), int(row[f"{finding}_of{end}"])
        bounds = (bound(count, of, self.confidence) for bound in (lower_bound, upper_bound))
        return Share(count, of, *bounds)

    def _judged(self, share: Share) -> tuple[Verdict, str]:
        """The verdict on a source with this share of violating documents, and why."""
        if share.of < self.least:
            return "too_few", f"documents={share.of} < {self.least}"
        name = "violating" if self.options.judged_by == "share" else f"{self.options.judged_by}_95"
        value = {"lower": share.lower, "upper": share.upper}.get(
            self.options.judged_by, share.count / share.of
        )
        over = value > self.limit
        sign = ">" if over else "<="
        figures = f"{name}={value:.4f} {sign} {self.limit} ({share.count} of {share.of})"
        return ("refused" if over else "admitted"), figures

    def _decided(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The row of `settle` for one source."""
        violating = self._share(row, FINDINGS[0], left=False)
        verdict, why = self._judged(violating)
        gone = verdict == "refused" and self.options.on_refuse == "drop"
        others = (self._ratio(row, finding) for finding in FINDINGS)
        dropped = (RULE, why) if gone else (None, None)
        return row["key"], verdict, *others, violating.upper, *dropped

    def _ratio(self, row: Mapping[str, Any], finding: str) -> float | None:
        of = int(row[f"{finding}_of"])
        return row[f"{finding}_bad"] / of if of else None

    def _reported(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row of the manifest for one source."""
        verdict, why = self._judged(self._share(row, FINDINGS[0], left=False))
        shares: dict[str, Any] = {
            finding: {
                "before": self._share(row, finding, left=False).record(),
                "after": self._share(row, finding, left=True).record(),
            }
            for finding in FINDINGS
        }
        documents = {"documents": int(row["documents"]), "documents_after": int(row["left"])}
        judged = {"limit": self.limit, "least": self.least, "why": why}
        dropped = verdict == "refused" and self.options.on_refuse == "drop"
        named = {"source": row["key"], "verdict": verdict, "dropped": dropped}
        return {**named, **documents, **shares, **judged}
