"""Where the parts of a picture lie: bars, bounds and ticks of a histogram, shades of a table.

Enters: sketches, counts, bounds.  Leaves: plain numbers in the units of the picture's own box; the
template writes them as SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus_pipeline.products.report.sketch import Sketch
from corpus_pipeline.text.arrays import F64

#: The box of a histogram and the bars in it.
WIDTH, HEIGHT, BARS = 300.0, 84.0, 40
#: A bound that lies further away than this many widths of the data is named and not drawn.
_FAR = 5.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of a rule; `register` None: for every register without its own."""

    rule: str
    side: str  # min: below it is dropped; max: above
    value: float
    register: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: kept documents below, dropped ones on top of them."""

    x: float
    width: float
    kept: float
    dropped: float


@dataclass(frozen=True, slots=True)
class Line:
    """A bound in the picture, and whether it holds for one register only."""

    x: float
    own: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """A picture of a measure."""

    bars: list[Bar]
    lines: list[Line]
    ticks: list[tuple[float, str]]
    logarithmic: bool


def histogram(one: Sketch, bounds: Sequence[Bound]) -> Histogram:
    """The bars of a measure; their heights are square roots, so that rare values are seen."""
    low, high = one.quantile(0.002), one.quantile(0.998)
    middle = one.quantile(0.5)
    logarithmic = high > 30 and high > 8 * max(middle, 1)
    common = [bound.value for bound in bounds if bound.register is None]
    if not logarithmic and high <= 1:
        low = 0.0
    span = max(high - low, 1e-6)
    near = [value for value in common if low - _FAR * span <= value <= high + _FAR * span]
    low, high = min([low, *near]), max([high, *(value + 0.02 * span for value in near)])
    if high <= low:
        high = low + 1
    edges = _edges(low, high, logarithmic=logarithmic)
    if one.whole and not logarithmic and high - low < BARS:
        edges = np.arange(np.floor(low), np.floor(high) + 2)  # a bar a whole number
    kept, dropped = one.histogram(edges)
    most = max(np.sqrt(max(map(sum, zip(kept, dropped, strict=True)))), 1e-9)
    bars = []
    for at, (stay, gone) in enumerate(zip(kept, dropped, strict=True)):
        tall = float(np.sqrt(stay + gone) / most * HEIGHT)
        share = gone / max(stay + gone, 1)
        wide = WIDTH / len(kept)
        bars.append(
            Bar(round(at * wide, 2), round(wide - 0.8, 2), tall * (1 - share), tall * share)
        )
    drawn = {bound.value: bound.register is not None for bound in reversed(bounds)}
    drawn |= dict.fromkeys(common, False)
    lines = [
        Line(_place(value, edges, logarithmic=logarithmic), own)
        for value, own in sorted(drawn.items())
        if edges[0] <= value <= edges[-1]
    ]
    return Histogram(bars, lines, _ticks(edges, logarithmic=logarithmic), logarithmic)


def _edges(low: float, high: float, *, logarithmic: bool) -> F64:
    if logarithmic:
        edges: F64 = np.geomspace(max(low, 1.0), max(high, 2.0), BARS + 1)
        return edges
    return np.linspace(low, high, BARS + 1)


def _place(value: float, edges: F64, *, logarithmic: bool) -> float:
    low, high = edges[0], edges[-1]
    if logarithmic:
        return round(float(np.log(value / low) / np.log(high / low) * WIDTH), 2)
    return round(float((value - low) / (high - low) * WIDTH), 2)


def _ticks(edges: F64, *, logarithmic: bool) -> list[tuple[float, str]]:
    """Round numbers on the axis."""
    low, high = float(edges[0]), float(edges[-1])
    if logarithmic:
        values = [m * 10.0**power for power in range(9) for m in (1, 3)]
        values = [value for value in values if low <= value <= high]
        values = values if len(values) < 7 else values[::2]
    else:
        step = 10.0 ** np.floor(np.log10((high - low) / 3))
        step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 4)
        first = np.ceil(low / step - 1e-9) * step
        values = [first + step * n for n in range(6) if first + step * n <= high + 1e-9]
    return [(_place(value, edges, logarithmic=logarithmic), number(value)) for value in values]


def number(value: float) -> str:
    """A number for people, short.

    >>> number(0.125), number(30000.0), number(2.0), number(1_500_000), number(0.0005)
    ('0.125', '30k', '2', '1.5M', '0.0005')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def shade(share: float) -> float:
    """The strength of a table's cell, 0 to 1: small shares are told apart.

    >>> shade(0.0), shade(0.25), shade(1.0)
    (0.0, 0.5, 1.0)
    """
    return round(math.sqrt(min(max(share, 0.0), 1.0)), 3)
