"""What the page says, as plain numbers: the manifest, the columns' sums and metrics.json together.

Enters: a finished run.  Leaves: `Facts`, whose `to_dict` is what `report --json` prints.
The totals are those of the manifest; what metrics.json says of time stands apart, because it is the
only thing that differs between two runs of the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.report.draw import Bound
from corpus_pipeline.products.report.summary import Line, Summary, summary
from corpus_pipeline.products.report.tally import SCORE_CELLS, Tally, tally
from corpus_pipeline.products.runs import Run
from corpus_pipeline.products.tune.bounds import tunables

#: Rows of a table, and documents from which the loss of a host is worth a line.
ROWS, LEAST_OF_HOST = 15, 20


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the funnel: what went there and what was left after it."""

    stage: str
    dropped: int
    dropped_chars: int
    quarantined: int
    left: int
    left_chars: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is counted; `bounds`: column → limits of the rules on it."""

    summary: Summary
    tally: Tally
    steps: list[Step]
    bounds: dict[str, list[Bound]]
    bounds_note: str
    rules: list[dict[str, Any]]
    registers: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    hosts: list[dict[str, Any]]
    host_losses: list[dict[str, Any]]
    sizes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: no text of a document."""
        names = ("pii", "risk", "spam", "benchmark", "language", "script", "domain", "source")
        more = ("charset", "repair", "method", "obfuscation", "license", "bucket")
        quantiles = {
            name: {str(share): one.quantile(share) for share in (0.01, 0.5, 0.99)}
            for name, one in sorted(self.tally.measures.items())
        }
        return {
            "summary": self.summary.to_dict(),
            "characters": {"kept": self.tally.kept_chars, "dropped": self.tally.dropped_chars},
            "funnel": [
                {name: getattr(step, name) for name in Step.__slots__} for step in self.steps
            ],
            "rules": self.rules,
            "registers": self.registers,
            "hosts": self.hosts,
            "clusters": self.sizes,
            "measures": quantiles,
            "sums": dict(sorted(self.tally.sums.items())),
            **{name: self.tally.rows(name) for name in (*names, *more)},
        }


def gather(run: Run) -> Facts:
    """Read the run once."""
    counted = tally(run)
    figures = summary(run.root)
    bounds, note = _bounds(run)
    hosts = counted.rows("host")
    often = [row for row in hosts if row["kept"] + row["dropped"] >= LEAST_OF_HOST]
    losses = sorted(often, key=lambda row: -row["dropped"] / (row["kept"] + row["dropped"]))
    return Facts(
        summary=figures,
        tally=counted,
        steps=_funnel(run, counted, figures.lines),
        bounds=bounds,
        bounds_note=note,
        rules=_rules(counted),
        registers=_registers(counted),
        scores=_scores(counted),
        hosts=hosts[:ROWS],
        host_losses=[row for row in losses if row["dropped"]][:ROWS],
        sizes={name: _sizes(counted, f"{name}_size") for name in ("exact", "near")},
    )


def _bounds(run: Run) -> tuple[dict[str, list[Bound]], str]:
    """The limits by column; a remark where the pack is not the one of the run."""
    found: dict[str, list[Bound]] = {}
    try:
        known = tunables(run)
    except PipelineError as error:
        return {}, str(error)
    except KeyError:
        return {}, "the manifest does not name the pack of the run"
    for every in known.values():
        for one in every:
            spans = [(None, one.common), *one.own.items()]
            for register, span in spans:
                for side in ("min", "max"):
                    value = None if span is None else getattr(span, side)
                    if value is not None and abs(value) != float("inf"):
                        bound = Bound(one.rule, side, float(value), register)
                        found.setdefault(one.column, []).append(bound)
    near = run.manifest["config"].get("near_dedup", {}).get("threshold")
    if near is not None and "near_dedup" in run.stages:
        found["near_dedup_jaccard"] = [Bound("near_duplicate", "max", float(near))]
    return found, ""


def _funnel(run: Run, counted: Tally, lines: Sequence[Line]) -> list[Step]:
    counts = run.counts
    sizes: dict[str, int] = {}
    for row in counted.rows("rule"):
        stage = str(row["value"]).partition("/")[0]
        sizes[stage] = sizes.get(stage, 0) + int(row["dropped_chars"])
    lost: dict[str, int] = {}
    for reason, rows in counts["by_quarantine"].items():
        stage = reason.partition("/")[0]
        lost[stage] = lost.get(stage, 0) + rows
    left, chars = counts["read"], counted.kept_chars + counted.dropped_chars
    names = dict.fromkeys([*(line.stage for line in lines), *lost])
    dropped = {line.stage: line.dropped for line in lines}
    steps = []
    for name in names:
        gone, broken = dropped.get(name, 0), lost.get(name, 0)
        if name in ("ingest", *run.stages) or gone or broken:
            left -= gone + broken
            chars -= sizes.get(name, 0)
            steps.append(Step(name, gone, sizes.get(name, 0), broken, left, chars))
    return steps


def _rules(counted: Tally) -> list[dict[str, Any]]:
    rows = [row for row in counted.rows("rule") if row["dropped"]]
    return [
        {
            "stage": str(row["value"]).partition("/")[0],
            "rule": str(row["value"]).partition("/")[2],
            "documents": row["dropped"],
            "characters": row["dropped_chars"],
        }
        for row in rows
    ]


def _registers(counted: Tally) -> list[dict[str, Any]]:
    """Register → documents, kept, and dropped by rule."""
    found: dict[str, dict[str, Any]] = {
        row["value"]: {**row, "rules": {}} for row in counted.rows("register")
    }
    for row in counted.rows("register_rule"):
        name, _, rule = str(row["value"]).partition("|")
        if name in found:
            found[name]["rules"][rule] = row["dropped"]
    return list(found.values())


def _scores(counted: Tally) -> list[dict[str, Any]]:
    """Register → documents by score, in equal steps."""
    found: dict[str, list[int]] = {}
    for row in counted.rows("register_score"):
        name, _, cell = str(row["value"]).rpartition("|")
        found.setdefault(name, [0] * SCORE_CELLS)[int(cell)] += int(row["hits"])
    rows = [
        {"register": name, "cells": cells, "documents": sum(cells)} for name, cells in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["documents"], row["register"]))


def _sizes(counted: Tally, name: str) -> list[dict[str, Any]]:
    """Survivors by the size of their cluster, in powers of two; size 1 is left out."""
    found: dict[int, dict[str, Any]] = {}
    for row in counted.rows(name):
        size = int(row["value"])
        if size > 1 and row["kept"]:
            low = 1 << (size.bit_length() - 1)
            bin_ = found.setdefault(
                low, {"from": low, "to": 2 * low - 1, "clusters": 0, "documents": 0}
            )
            bin_["clusters"] += row["kept"]
            bin_["documents"] += row["kept"] * size
    return [found[low] for low in sorted(found)]
