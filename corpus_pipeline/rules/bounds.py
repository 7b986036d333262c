"""Bounds on measures as data: load a pack, check it against its examples, and judge.

Enters: a YAML pack with `shapes` (forms of text, told by their measures) and `rules` (the range
that each measure must lie in), a pack with the percentiles of registers, and a detector of
registers; then frames with a Float32 column for each of `JUDGED`.
Leaves: for each row the rule that it breaks, with its evidence.
Errors: `PipelineError` for a pack with an unknown measure, shape or register, with a range without
a number, or that disagrees with its examples.  An example is a text, which is measured, or numbers
such as `dup_10=0.7 length=900 shape=verse register=law`.

The bound of a text is that of its shape; a register that the text may be (`Registers.tell`) can
only widen it.  So a text of which nobody is sure gets the widest bound of all that it may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Name, Pack, PackError, Rule, Rules, Text, load, named, prove
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.registers import SPEECH, Registers, Told, load_registers
from corpus_pipeline.rules.settings import Strict
from corpus_pipeline.text.arrays import F32, I64, Bool
from corpus_pipeline.text.measures.measures import MEASURES, measure

#: The shape of a text that fits no shape of the pack.
PLAIN = "plain"
#: What ranges may name: the measures, and one that the detector of registers makes of its words.
JUDGED = {**MEASURES, SPEECH: "words of speech (我, 你, 了吧, 真的) for each 1,000 characters"}
#: Measure → its value in each row.
Values = Mapping[str, F32]
_NUMBERS = re.compile(r"\w+=[\w.]+(?: \w+=[\w.]+)*")


class Range(Strict):
    """From `min` to `max`, both included."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs min or max")
        return self


class Ranged(Rule):
    """A rule that looks only at texts whose measures lie in the ranges of `when`."""

    when: dict[str, Range] = Field(default_factory=dict)


class Shape(Ranged):
    """A form of text: every measure in `when` lies in its range.  The first that fits counts."""


class Bound(Ranged):
    """Measures that must lie in their ranges, where `when` holds; one outside breaks the rule.

    `shapes` gives a shape ranges of its own in place of `limits`; an empty mapping: none.
    `registers` names those that the rule does not ask.
    """

    limits: dict[str, Range]
    shapes: dict[str, dict[str, Range]] = Field(default_factory=dict)
    registers: tuple[Name, ...] = ()


class BoundsPack(Pack):
    """The content of the file."""

    shapes: Rules[Shape]
    rules: Rules[Bound]


class RegisterBounds(Strict):
    """Rule → measure → the range of good texts of a register, and of which texts it was taken."""

    id: Name
    texts: int
    sources: Text
    limits: dict[str, dict[str, Range]]


class PercentilesPack(Pack):
    """What `scripts.register_bounds` writes."""

    registers: tuple[RegisterBounds, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Three String columns, one entry a row; rule and evidence are null where every bound holds."""

    shape: pl.Series
    rule: pl.Series
    evidence: pl.Series


@dataclass(frozen=True, slots=True)
class _Check:
    """One measure of one rule; `low` and `high` by the number of the shape.

    `lower` and `higher` are the bounds by the number of the register; infinite where it has none,
    so that they widen nothing.
    """

    rule: Bound
    measure: str
    low: F32
    high: F32
    lower: F32
    higher: F32

    def fails(self, values: Values, shape: I64, plausible: Bool) -> Bool:
        """The rows in which the rule applies and the measure lies outside its range."""
        value = values[self.measure]
        outside: Bool = value < self.low[shape]
        outside |= value > self.high[shape]
        if self.rule.when and outside.any():
            outside &= _inside(self.rule.when, values, value.size)
        for row in np.flatnonzero(outside).tolist():
            low, high = self.range(int(shape[row]), plausible[row])
            outside[row] = not low <= value[row] <= high
        return outside

    def range(self, shape: int, plausible: Bool) -> tuple[float, float]:
        """The widest of the bounds of a shape and of the registers that a text may be."""
        low = self.lower[plausible].min(initial=self.low[shape])
        high = self.higher[plausible].max(initial=self.high[shape])
        return float(low), float(high)


class Bounds:
    """A checked pack, ready to judge."""

    def __init__(
        self, pack: BoundsPack, percentiles: PercentilesPack, registers: tuple[str, ...]
    ) -> None:
        """Lay out the ranges of each rule as one row of numbers per measure."""
        self.shapes, self.rules = pack.shapes, pack.rules
        self.registers = registers
        self._names = (*(shape.id for shape in pack.shapes), PLAIN)
        self._own = {one.id: one.limits for one in percentiles.registers}
        self._checks = tuple(
            self._check(rule, name)
            for rule in pack.rules
            for name in dict.fromkeys(chain(rule.limits, *rule.shapes.values()))
        )

    def judge(self, measures: pl.DataFrame, plausible: Bool) -> Verdicts:
        """The shape of each row, and the first rule in pack order that it breaks.

        `plausible`: rows × registers, true where the text may be of the register.
        """
        values = _values(measures)
        shape = self._shape(values, measures.height)
        broken = np.full(measures.height, -1)
        for number, check in enumerate(self._checks):
            fails = check.fails(values, shape, plausible)
            broken[fails & (broken < 0)] = number
        rules: list[str | None] = [None] * measures.height
        evidence = rules.copy()
        for row in np.flatnonzero(broken >= 0).tolist():
            check = self._checks[broken[row]]
            rules[row] = check.rule.id
            low, high = check.range(int(shape[row]), plausible[row])
            value = float(values[check.measure][row])
            evidence[row] = evidence_of(check.measure, value, low, high)
        return Verdicts(
            pl.Series("shape", self._names).gather(shape),
            pl.Series("rule", rules, dtype=pl.String),
            pl.Series("evidence", evidence, dtype=pl.String),
        )

    def widened(self, rule: Bound, measure: str) -> dict[str, Range | None]:
        """The registers that have a range of their own for a measure of a rule; `None`: none."""
        own: dict[str, Range | None] = dict.fromkeys(rule.registers)
        for name, limits in self._own.items():
            span = limits.get(rule.id, {}).get(measure)
            if span is not None and name not in own:
                own[name] = span
        return own

    def breaks(self, rule: Bound, row: Example) -> bool:
        """Whether this rule alone catches an example."""
        values = _values(row.measures)
        number = self._shape(values, 1)
        if row.shape is not None:
            number = np.array([self._names.index(row.shape)])
        checks = (check for check in self._checks if check.rule is rule)
        return any(check.fails(values, number, row.plausible)[0] for check in checks)

    def shape_of(self, measures: pl.DataFrame) -> str:
        """The shape of the only row of a frame."""
        return self._names[int(self._shape(_values(measures), 1)[0])]

    def _check(self, rule: Bound, name: str) -> _Check:
        spans = [
            rule.shapes.get(shape, rule.limits).get(name, Range(min=-np.inf))
            for shape in self._names
        ]
        own = self.widened(rule, name)
        wider = [
            (own[register] or Range(min=-np.inf, max=np.inf)) if register in own else None
            for register in self.registers
        ]
        return _Check(
            rule,
            name,
            np.array([-np.inf if s.min is None else s.min for s in spans], np.float32),
            np.array([np.inf if s.max is None else s.max for s in spans], np.float32),
            np.array([np.inf if w is None or w.min is None else w.min for w in wider], np.float32),
            np.array([-np.inf if w is None or w.max is None else w.max for w in wider], np.float32),
        )

    def _shape(self, values: Values, rows: int) -> I64:
        found = np.full(rows, len(self.shapes))
        for number, shape in reversed(list(enumerate(self.shapes))):
            found[_inside(shape.when, values, rows)] = number
        return found


class Example(NamedTuple):
    """The only row of a frame, the shape if it is given, and what registers it may be (1 × n)."""

    measures: pl.DataFrame
    shape: str | None
    plausible: Bool


def judged(measures: pl.DataFrame, told: Told) -> pl.DataFrame:
    """Measures with the one that the detector of registers made."""
    return measures.with_columns(pl.Series(SPEECH, told.speech))


def _values(measures: pl.DataFrame) -> Values:
    return {name: measures[name].to_numpy() for name in measures.columns}


def _inside(ranges: Mapping[str, Range], values: Values, rows: int) -> Bool:
    """The rows in which every measure lies in its range."""
    inside = np.ones(rows, dtype=np.bool_)
    for name, span in ranges.items():
        if span.min is not None:
            inside &= values[name] >= np.float32(span.min)
        if span.max is not None:
            inside &= values[name] <= np.float32(span.max)
    return inside


def evidence_of(name: str, value: float, low: float, high: float) -> str:
    """The measure and the bound that it breaks, with as many digits as tell them apart.

    >>> evidence_of("han_ratio", 0.0714, 0.3, float("inf"))
    'han_ratio=0.07 < 0.30'
    >>> evidence_of("length", 7, 20, float("inf"))
    'length=7 < 20'
    """
    sign, bound = ("<", low) if value < low else (">", high)
    for digits in range(0 if value % 1 == bound % 1 == 0 else 2, 7):
        shown, limit = f"{value:.{digits}f}", f"{bound:.{digits}f}"
        if shown != limit:
            break
    return f"{name}={shown} {sign} {limit}"


def load_bounds(asset: Asset, percentiles: Asset, registers: Asset, simplified: Asset) -> Bounds:
    """The bounds of a pack, checked against its examples.

    `percentiles` are those of registers, `registers` tells them with the table `simplified`.
    """
    return load(asset, BoundsPack, _Build(percentiles, registers, simplified))


@dataclass(frozen=True)
class _Build:
    """What compiles the pack; equal for equal assets, so that the cache of `load` holds."""

    percentiles: Asset
    registers: Asset
    simplified: Asset

    def __call__(self, pack: BoundsPack) -> Bounds:
        detector = load_registers(self.registers, self.simplified)
        names = detector.names[:-1]
        percentiles = load(self.percentiles, PercentilesPack)
        own = [one.id for one in percentiles.registers]
        named(self.percentiles, Pack, lambda: _check("register", own, names, "registers"))
        _check_names(pack, names)
        bounds = Bounds(pack, percentiles, names)
        if known():
            return bounds
        examples = _measured(pack, detector)

        def row(example: str) -> Example:
            return examples.get(example) or _numbers(example, bounds)

        prove(pack.shapes, lambda one, text: bounds.shape_of(row(text)[0]) == one.id, "shape")
        prove(pack.rules, lambda rule, text: bounds.breaks(rule, row(text)))
        return bounds


def _measured(pack: BoundsPack, detector: Registers) -> dict[str, Example]:
    """The examples that are texts."""
    every = chain.from_iterable((*r.hits, *r.misses) for r in (*pack.shapes, *pack.rules))
    texts = [text for text in dict.fromkeys(every) if not _NUMBERS.fullmatch(text)]
    column = pl.Series(texts, dtype=pl.String)
    measures = measure(column)
    told = detector.tell(column, measures)
    return {
        text: Example(row, None, told.plausible[number : number + 1])
        for number, (text, row) in enumerate(
            zip(texts, judged(measures, told).iter_slices(1), strict=True)
        )
    }


def _check_names(pack: BoundsPack, registers: Iterable[str]) -> None:
    """`PackError` for the name of a measure, shape, register or rule that does not exist."""
    shapes = {PLAIN, *(shape.id for shape in pack.shapes)}
    for shape in pack.shapes:
        _check("measure", shape.when, JUDGED, f"shape {shape.id}")
    for rule in pack.rules:
        _check("shape", rule.shapes, shapes, f"rule {rule.id}")
        _check("register", rule.registers, registers, f"rule {rule.id}")
        ranges = (rule.when, rule.limits, *rule.shapes.values())
        _check("measure", chain(*ranges), JUDGED, f"rule {rule.id}")


def _check(
    noun: str, names: Iterable[str], existing: Iterable[str], where: str, end: str = ""
) -> None:
    existing = sorted(existing)
    for name in sorted(set(names) - set(existing)):
        raise PackError(f"{where}: no {noun} {name}{end}{nearest(name, existing)}")


def _numbers(example: str, bounds: Bounds) -> Example:
    """What an example such as `dup_10=0.7 length=900` describes."""
    parts = dict(part.split("=") for part in example.split(" "))
    shape, register = parts.pop("shape", None), parts.pop("register", None)
    shapes = [PLAIN, *(one.id for one in bounds.shapes)]
    _check("shape", [shape] if shape else [], shapes, "examples", f" in {example!r}")
    registers = bounds.registers
    _check("register", [register] if register else [], registers, "examples", f" in {example!r}")
    _check("measure", parts, JUDGED, "examples", f" in {example!r}")
    try:
        values = {key: float(parts.get(key, 0)) for key in JUDGED}
    except ValueError as error:
        raise PackError(f"examples: {error} in {example!r}") from None
    row = pl.DataFrame([values], schema=dict.fromkeys(JUDGED, pl.Float32()))
    return Example(row, shape, np.array([[name == register for name in registers]]))
