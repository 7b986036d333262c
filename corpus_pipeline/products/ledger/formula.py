"""The language of rules: arithmetic over named figures, exact, and nothing else.

Enters: a text such as `kept * quality * uniqueness`.  Leaves: a `Formula`, which gives a fraction
for the figures of a holder.  The language has numbers, names, `+ - * / ^`, parentheses, `min` and
`max`; powers are whole numbers, so that all values are fractions.  Refuses: an unknown name,
anything else, and what would take long (`PipelineError`, one line).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.text.unicode.escape import escaped

#: Characters of a rule, parentheses in each other, and the highest power.
LONGEST, DEEPEST, HIGHEST = 500, 30, 8
#: Bits of a numerator or denominator: powers of powers would not end.
LARGEST = 100_000

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z][a-z_]*)|(?P<sign>[-+*/^(),]))")
_FUNCTIONS: Mapping[str, Callable[[list[Fraction]], Fraction]] = {"min": min, "max": max}

Figures = Mapping[str, Fraction | int]
_Value = Callable[[Figures], Fraction]


@dataclass(frozen=True, slots=True)
class Formula:
    """A rule that was read: its text, the figures that it names, and what it computes."""

    text: str
    names: tuple[str, ...]
    value: _Value


def formula(text: str, known: Collection[str]) -> Formula:
    """The rule in this text over these figures.

    >>> rule = formula("kept * quality ^ 2", ["kept", "quality"])
    >>> rule.value({"kept": 3, "quality": Fraction(1, 2)})
    Fraction(3, 4)
    """
    reader = _Reader(text, known)
    value = reader.whole()
    return Formula(text, tuple(dict.fromkeys(reader.names)), value)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            rest = text[at:].lstrip()
            raise PipelineError(f"the rule {escaped(text)!r}: cannot read {escaped(rest[:12])!r}")
        yield found.group().strip()
        at = found.end()


class _Reader:
    """Reads a rule from left to right: sums of products of powers."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        if len(text) > LONGEST:
            raise PipelineError(f"the rule has {len(text)} characters, more than {LONGEST}")
        self.text, self.known = text, known
        self.names: list[str] = []
        self.left = list(_tokens(text))[::-1]
        self.depth = 0

    def wrong(self, why: str) -> PipelineError:
        return PipelineError(f"the rule {escaped(self.text)!r}: {why}")

    def whole(self) -> _Value:
        value = self.sum()
        if self.left:
            raise self.wrong(f"{self.left[-1]!r} is one too many")
        return value

    def next_is(self, *signs: str) -> str | None:
        return self.left.pop() if self.left and self.left[-1] in signs else None

    def sum(self) -> _Value:
        value = self.product()
        while sign := self.next_is("+", "-"):
            value = _both(value, self.product(), sign)
        return value

    def product(self) -> _Value:
        value = self.power()
        while sign := self.next_is("*", "/"):
            value = _both(value, self.power(), sign)
        return value

    def power(self) -> _Value:
        if self.next_is("-"):
            below = self.nested(self.power)
            return lambda figures: -below(figures)
        base = self.atom()
        if not self.next_is("^"):
            return base
        exponent = self.left.pop() if self.left else ""
        if not exponent.isdigit() or int(exponent) > HIGHEST:
            raise self.wrong(f"a power is a whole number from 0 to {HIGHEST}")
        return lambda figures: _small(_small(base(figures), int(exponent)) ** int(exponent))

    def atom(self) -> _Value:
        sign = self.left.pop() if self.left else ""
        if sign[:1].isdigit():
            number = Fraction(sign)
            return lambda _figures: number
        if sign == "(":
            value = self.nested(self.sum)
            self.close()
            return value
        if sign in _FUNCTIONS:
            return self.call(sign)
        if not sign[:1].isalpha():
            place = f" before {sign!r}" if sign else " at the end"
            raise self.wrong(f"a figure or a number is missing{place}")
        if sign not in self.known:
            raise self.wrong(f"{sign} is no figure{nearest(sign, self.known)}")
        self.names.append(sign)
        return lambda figures: Fraction(figures[sign])

    def call(self, name: str) -> _Value:
        if not self.next_is("("):
            raise self.wrong(f"{name} needs a parenthesis")
        parts = [self.nested(self.sum)]
        while self.next_is(","):
            parts.append(self.nested(self.sum))
        self.close()
        return lambda figures: _FUNCTIONS[name]([part(figures) for part in parts])

    def close(self) -> None:
        if not self.next_is(")"):
            raise self.wrong("a parenthesis is not closed")

    def nested(self, read: Callable[[], _Value]) -> _Value:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"more than {DEEPEST} parentheses in each other")
        value = read()
        self.depth -= 1
        return value


def _small(value: Fraction, times: int = 1) -> Fraction:
    """The value; `PipelineError` where its digits would not end."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits * max(times, 1) > LARGEST:
        raise PipelineError("the rule gives a number of too many digits")
    return value


def _both(left: _Value, right: _Value, sign: str) -> _Value:
    def value(figures: Figures) -> Fraction:
        first, second = left(figures), right(figures)
        if sign == "/":
            if second == 0:
                raise PipelineError("the rule divides by zero")
            return _small(first / second)
        if sign == "*":
            return _small(first * second)
        return first + second if sign == "+" else first - second

    return value
