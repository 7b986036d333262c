"""The bounds of a finished run that its columns can judge: rule, measure, ranges by register.

Enters: a finished run.  Leaves: its tunable rules by name.
Errors: `PipelineError` for a rule that is unknown (with the nearest) or whose stage did not run,
and for a pack that has changed since the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.bounds import Bound, Bounds, Range, load_bounds
from corpus_pipeline.rules.messages import nearest

#: Documents for which no range of a shape or register of their own holds.
EVERY = "all others"


@dataclass(frozen=True, slots=True)
class Tunable:
    """A rule on one measure: documents outside their range are dropped by it.

    `when`: column → range that must hold for the rule to be asked.  `own`: shapes (`verse (shape)`)
    and registers with a range of their own, the widest first; of all that a document may be the
    first holds; `common` holds for all others.
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


def tunables(run: Run) -> dict[str, list[Tunable]]:
    """Rule → its measures, of the stages that ran."""
    found: dict[str, list[Tunable]] = {}
    config = run.manifest["config"]
    if "heuristics" in run.stages:
        bounds = _heuristics(run)
        for rule in bounds.rules:
            found[rule.id] = [_of(rule, name, bounds) for name in _measures(rule)]
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
    assets = []
    for name in ("pack", "register_bounds", "registers", "key_table"):
        pinned = entry["assets"][name]
        asset = resolve(pinned["ref"], Path.cwd())
        if asset.sha256 != pinned["sha256"]:
            raise PipelineError(f"{pinned['ref']} is not the one of the run: it was changed")
        assets.append(asset)
    return load_bounds(*assets)


def _measures(rule: Bound) -> list[str]:
    names = [*rule.limits, *(name for ranges in rule.shapes.values() for name in ranges)]
    return list(dict.fromkeys(names))


def _of(rule: Bound, measure: str, bounds: Bounds) -> Tunable:
    own = {shape_name(name): ranges.get(measure) for name, ranges in rule.shapes.items()}
    own |= bounds.widened(rule, measure)
    return Tunable(
        rule=rule.id,
        stage="heuristics",
        column=f"heuristics_{measure}",
        option=f"heuristics.pack: rules.{rule.id}.limits.{measure}",
        common=rule.limits.get(measure, Range(min=float("-inf"))),
        own=dict(sorted(own.items(), key=lambda one: (_width(one[1]), one[0]))),
        when={f"heuristics_{name}": span for name, span in rule.when.items()},
    )


def _width(span: Range | None) -> float:
    """What sorts the widest range first; a range is bounded on one side."""
    if span is None:
        return float("-inf")
    return span.min if span.min is not None else -float(span.max or 0.0)


def shape_name(shape: str) -> str:
    """What a shape is called beside registers, some of which have the same name."""
    return f"{shape} (shape)"
