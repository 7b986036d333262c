"""What was found in the documents of a batch, gathered into columns.

Enters: hits and findings of single rows.  Leaves: the columns `compliance_hits` and
`compliance_score`; the rule and the evidence of the rows that are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

HIT = pl.Struct(
    {
        "risk": pl.String,
        "rule": pl.String,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "weight": pl.Float32,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, what shows it, what it adds to the score, and whether it drops the document."""

    verdict: str
    evidence: str
    score: float
    drops: bool


class Findings:
    """Hits and findings of a batch, by row."""

    def __init__(self, rows: int) -> None:
        """Begin with nothing found."""
        self._rows = rows
        self._hits: list[tuple[int, str, str, int, int, float]] = []
        self._scores: dict[int, float] = {}
        self._dropped: dict[int, Finding] = {}

    def hit(self, row: int, risk: str, rule: str, place: tuple[int, int], weight: float) -> None:
        """Add a hit."""
        self._hits.append((row, risk, rule, *place, weight))

    def add(self, row: int, finding: Finding) -> None:
        """Add a finding; of several that drop a document the first is its verdict."""
        self._scores[row] = max(self._scores.get(row, 0.0), finding.score)
        if finding.drops:
            self._dropped.setdefault(row, finding)

    def columns(self) -> list[pl.Series]:
        """The hits and the score of every row."""
        schema = {"row": pl.UInt32, **{field.name: field.dtype for field in HIT.fields}}
        flat = pl.DataFrame(self._hits, schema=schema, orient="row")
        listed = flat.group_by("row", maintain_order=True).agg(
            pl.struct(pl.exclude("row")).alias("compliance_hits")
        )
        rows = pl.DataFrame({"row": pl.arange(0, self._rows, dtype=pl.UInt32, eager=True)})
        none = pl.lit([], dtype=pl.List(HIT))
        hits = rows.join(listed, on="row", how="left", maintain_order="left").select(
            pl.col("compliance_hits").fill_null(none)
        )
        scores = [self._scores.get(row, 0.0) for row in range(self._rows)]
        return [
            hits["compliance_hits"],
            pl.Series("compliance_score", scores, dtype=pl.Float32),
        ]

    def verdicts(self, *, drops: bool) -> tuple[pl.Series, pl.Series]:
        """Rule and evidence of every row; null where it stays, and everywhere without `drops`."""
        rules: list[str | None] = [None] * self._rows
        shown: list[str | None] = [None] * self._rows
        for row, finding in self._dropped.items():
            if drops:
                rules[row], shown[row] = finding.verdict, finding.evidence
        return pl.Series(rules, dtype=pl.String), pl.Series(shown, dtype=pl.String)
