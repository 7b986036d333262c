"""Bounds on measures as data: load a pack, check it against its examples, and judge.

Enters: a YAML pack with `registers` (kinds of text, told by their measures) and `rules` (the range
that each measure must lie in); then frames with a Float32 column for each of `MEASURES`.
Leaves: for each row a register, and the rule that it breaks with its evidence.
Errors: `PipelineError` for a pack with an unknown measure or register, with a range without a
number, or that disagrees with its examples.  An example is a text, which is measured, or numbers
such as `dup_10=0.7 length=900 register=verse`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, PackError, Rule, Rules, load, prove
from corpus_pipeline.rules.settings import Strict
from corpus_pipeline.text.arrays import F32, I64, Bool
from corpus_pipeline.text.measures.measures import MEASURES, measure

#: The register of a text that fits no register of the pack.
PLAIN = "prose"
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


class Register(Ranged):
    """A kind of text: every measure in `when` lies in its range.  The first that fits counts."""


class Bound(Ranged):
    """Measures that must lie in their ranges, where `when` holds; one outside breaks the rule.

    `registers` gives a register ranges of its own in place of `limits`; an empty mapping: none.
    """

    limits: dict[str, Range]
    registers: dict[str, dict[str, Range]] = Field(default_factory=dict)


class BoundsPack(Pack):
    """The content of the file."""

    registers: Rules[Register]
    rules: Rules[Bound]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Three String columns, one entry a row; rule and evidence are null where every bound holds."""

    register: pl.Series
    rule: pl.Series
    evidence: pl.Series


@dataclass(frozen=True, slots=True)
class _Check:
    """One measure of one rule; `low` and `high` by the number of the register."""

    rule: Bound
    measure: str
    low: F32
    high: F32

    def fails(self, values: Values, register: I64) -> Bool:
        """The rows in which the rule applies and the measure lies outside its range."""
        value = values[self.measure]
        outside: Bool = value < self.low[register]
        outside |= value > self.high[register]
        if self.rule.when and outside.any():
            outside &= _inside(self.rule.when, values, value.size)
        return outside


class Bounds:
    """A checked pack, ready to judge."""

    def __init__(self, registers: tuple[Register, ...], rules: tuple[Bound, ...]) -> None:
        """Lay out the ranges of each rule as one row of numbers per measure."""
        self.registers = registers
        self.rules = rules
        self._names = (*(register.id for register in registers), PLAIN)
        self._checks = tuple(
            self._check(rule, name)
            for rule in rules
            for name in dict.fromkeys(chain(rule.limits, *rule.registers.values()))
        )

    def judge(self, measures: pl.DataFrame) -> Verdicts:
        """The register of each row, and the first rule in pack order that it breaks."""
        values = _values(measures)
        register = self._register(values, measures.height)
        broken = np.full(measures.height, -1)
        for number, check in enumerate(self._checks):
            fails = check.fails(values, register)
            broken[fails & (broken < 0)] = number
        rules: list[str | None] = [None] * measures.height
        evidence = rules.copy()
        for row in np.flatnonzero(broken >= 0).tolist():
            check, place = self._checks[broken[row]], register[row]
            rules[row] = check.rule.id
            evidence[row] = evidence_of(
                check.measure,
                float(values[check.measure][row]),
                float(check.low[place]),
                float(check.high[place]),
            )
        return Verdicts(
            pl.Series("register", self._names).gather(register),
            pl.Series("rule", rules, dtype=pl.String),
            pl.Series("evidence", evidence, dtype=pl.String),
        )

    def breaks(self, rule: Bound, measures: pl.DataFrame, register: str | None = None) -> bool:
        """Whether this rule alone catches the only row of a frame."""
        values = _values(measures)
        number = self._register(values, 1)
        if register is not None:
            number = np.array([self._names.index(register)])
        return any(check.fails(values, number)[0] for check in self._checks if check.rule is rule)

    def register_of(self, measures: pl.DataFrame) -> str:
        """The register of the only row of a frame."""
        return self._names[int(self._register(_values(measures), 1)[0])]

    def _check(self, rule: Bound, measure_name: str) -> _Check:
        spans = [
            rule.registers.get(name, rule.limits).get(measure_name, Range(min=-np.inf))
            for name in self._names
        ]
        low = [-np.inf if span.min is None else span.min for span in spans]
        high = [np.inf if span.max is None else span.max for span in spans]
        return _Check(rule, measure_name, np.array(low, np.float32), np.array(high, np.float32))

    def _register(self, values: Values, rows: int) -> I64:
        found = np.full(rows, len(self.registers))
        for number, register in reversed(list(enumerate(self.registers))):
            found[_inside(register.when, values, rows)] = number
        return found


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


def load_bounds(asset: Asset) -> Bounds:
    """The bounds of a pack, checked against its examples."""
    return load(asset, BoundsPack, _bounds)


def _bounds(pack: BoundsPack) -> Bounds:
    registers = pack.registers
    _check_names(registers, pack.rules)
    bounds = Bounds(registers, pack.rules)
    every = chain.from_iterable((*r.hits, *r.misses) for r in (*registers, *pack.rules))
    texts = list(dict.fromkeys(text for text in every if not _NUMBERS.fullmatch(text)))
    measured = dict(zip(texts, measure(pl.Series(texts)).iter_slices(1), strict=True))

    def row(example: str) -> tuple[pl.DataFrame, str | None]:
        if example in measured:
            return measured[example], None
        return _numbers(example, {PLAIN, *(register.id for register in registers)})

    prove(registers, lambda rule, text: bounds.register_of(row(text)[0]) == rule.id, "register")
    prove(pack.rules, lambda rule, text: bounds.breaks(rule, *row(text)))
    return bounds


def _check_names(registers: tuple[Register, ...], rules: tuple[Bound, ...]) -> None:
    """`PackError` for the name of a measure or register that does not exist."""
    registers_known = {PLAIN, *(register.id for register in registers)}
    for register in registers:
        _check("measure", register.when, MEASURES, f"register {register.id}")
    for rule in rules:
        _check("register", rule.registers, registers_known, f"rule {rule.id}")
        ranges = (rule.when, rule.limits, *rule.registers.values())
        _check("measure", chain(*ranges), MEASURES, f"rule {rule.id}")


def _check(
    noun: str, names: Iterable[str], existing: Iterable[str], where: str, end: str = ""
) -> None:
    existing = sorted(existing)
    for name in sorted(set(names) - set(existing)):
        raise PackError(f"{where}: no {noun} {name}{end}{nearest(name, existing)}")


def _numbers(example: str, registers: set[str]) -> tuple[pl.DataFrame, str | None]:
    """The row of measures that an example such as `dup_10=0.7 length=900` describes."""
    parts = dict(part.split("=") for part in example.split(" "))
    register = parts.pop("register", None)
    _check("register", [register] if register else [], registers, "examples", f" in {example!r}")
    _check("measure", parts, MEASURES, "examples", f" in {example!r}")
    try:
        values = {key: float(parts.get(key, 0)) for key in MEASURES}
    except ValueError as error:
        raise PackError(f"examples: {error} in {example!r}") from None
    schema = dict.fromkeys(MEASURES, pl.Float32())
    return pl.DataFrame([values], schema=schema), register
