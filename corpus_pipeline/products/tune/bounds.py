"""The bounds of a finished run that its columns can judge: rule, measure, range by register.

Enters: a finished run.  Leaves: its tunable rules by name.
Errors: `PipelineError` for a rule that is unknown (with the nearest) or whose stage did not run,
and for a pack that has changed since the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.bounds import PLAIN, Bound, Bounds, Range, load_bounds
from corpus_pipeline.rules.messages import nearest

#: Every register of a run that has none.
EVERY = "all"
REGISTER = "heuristics_register"


@dataclass(frozen=True, slots=True)
class Tunable:
    """A rule on one measure: documents outside the range of their register are dropped by it.

    `when`: column → range that must hold for the rule to be asked.  `own`: registers with a range
    of their own; `common` holds for all others.
    """

    rule: str
    stage: str
    column: str
    option: str  # where a config sets it
    common: Range
    own: Mapping[str, Range | None] = field(default_factory=dict)
    when: Mapping[str, Range] = field(default_factory=dict)

    @property
    def side(self) -> str:
        """`min` or `max`: which bound is tuned."""
        ranges = [self.common, *(one for one in self.own.values() if one is not None)]
        return "min" if any(one.min is not None for one in ranges) else "max"


def distance(one: Tunable) -> pl.Expr:
    """How far each document's value lies from the bound of its register, on either side.

    Null where the rule is not asked, and for documents that another rule dropped.
    """
    bound = pl.lit(_limit(one.common, one.side), dtype=pl.Float64)
    for name, span in one.own.items():
        here = pl.col(REGISTER) == name
        bound = pl.when(here).then(pl.lit(_limit(span, one.side), pl.Float64)).otherwise(bound)
    mine = (pl.col("dropped_by") == one.stage) & (pl.col("drop_rule") == one.rule)
    asked = pl.col("dropped_by").is_null() | mine
    for column, span in one.when.items():
        low, high = span.min, span.max
        asked &= pl.col(column) >= pl.lit(-math.inf if low is None else low, pl.Float32)
        asked &= pl.col(column) <= pl.lit(math.inf if high is None else high, pl.Float32)
    return pl.when(asked).then((pl.col(one.column) - bound).abs())


def _limit(span: Range | None, side: str) -> float | None:
    value: float | None = None if span is None else getattr(span, side)
    return None if value is None or math.isinf(value) else value


def needed(one: Tunable) -> list[str]:
    """The columns that `distance` reads, beside the verdict."""
    return [one.column, *one.when, *([REGISTER] if one.own else [])]


def tunables(run: Run) -> dict[str, list[Tunable]]:
    """Rule → its measures, of the stages that ran."""
    found: dict[str, list[Tunable]] = {}
    config = run.manifest["config"]
    if "heuristics" in run.stages:
        for rule in _heuristics(run).rules:
            found[rule.id] = [_of(rule, name) for name in _measures(rule)]
    if "quality" in run.stages:
        least = Range(min=config["quality"]["min_score"])
        found["low_quality"] = [
            Tunable("low_quality", "quality", "quality_score", "quality.min_score", least)
        ]
    return found


def tunable(run: Run, rule: str, measure: str | None = None) -> list[Tunable]:
    """The measures of one rule, or the one that is asked for."""
    known = tunables(run)
    name = {"quality.min_score": "low_quality"}.get(rule, rule)
    if name not in known:
        raise PipelineError(
            f"{run.root.name} has no rule {rule!r} that columns can judge"
            f"{nearest(rule, known)}; known: {', '.join(known) or 'none'}"
        )
    chosen = [one for one in known[name] if measure in (None, one.column.split("_", 1)[1])]
    if not chosen:
        names = ", ".join(one.column.split("_", 1)[1] for one in known[name])
        raise PipelineError(f"{rule} has no measure {measure!r}: {names}")
    return chosen


def only(run: Run, rule: str, measure: str | None) -> Tunable:
    """The one measure of a rule; `PipelineError` where there are several."""
    every = tunable(run, rule, measure)
    if len(every) > 1:
        names = ", ".join(one.column.split("_", 1)[1] for one in every)
        raise PipelineError(f"{rule} has several measures, name one with --measure: {names}")
    return every[0]


def _heuristics(run: Run) -> Bounds:
    entry = next(one for one in run.manifest["stages"] if one["name"] == "heuristics")
    pinned = entry["assets"]["pack"]
    asset = resolve(pinned["ref"], Path.cwd())
    if asset.sha256 != pinned["sha256"]:
        raise PipelineError(f"the pack {pinned['ref']} is not the one of the run: it was changed")
    return load_bounds(asset)


def _measures(rule: Bound) -> list[str]:
    names = [*rule.limits, *(name for ranges in rule.registers.values() for name in ranges)]
    return list(dict.fromkeys(names))


def _of(rule: Bound, measure: str) -> Tunable:
    return Tunable(
        rule=rule.id,
        stage="heuristics",
        column=f"heuristics_{measure}",
        option=f"heuristics.pack: rules.{rule.id}.limits.{measure}",
        common=rule.limits.get(measure, Range(min=float("-inf"))),
        own={name: ranges.get(measure) for name, ranges in rule.registers.items()},
        when={f"heuristics_{name}": span for name, span in rule.when.items()},
    )


def register_names(own: Mapping[str, object]) -> list[str]:
    """The registers with ranges of their own, plain prose last."""
    return sorted(own, key=lambda name: (name == PLAIN, name))
