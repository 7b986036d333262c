"""A whole divided by exact shares: parts that are whole numbers and add up to it.

Enters: a value of each holder, as fractions, and a whole number.  Leaves: a part of each, by the
method of the largest remainder: all parts are rounded down, and what is left goes, one each, to
those whose parts lost most; of equal losses the first by name is served first.
Refuses: a negative value, and values that are all zero (`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from corpus_pipeline.model import PipelineError
from corpus_pipeline.text.unicode.escape import escaped


def divided(values: Mapping[str, Fraction], whole: int) -> dict[str, int]:
    """The part of each holder; they add up to `whole`.

    >>> divided({"a": Fraction(1), "b": Fraction(1), "c": Fraction(1)}, 100)
    {'a': 34, 'b': 33, 'c': 33}
    """
    for name, value in values.items():
        if value < 0:
            raise PipelineError(f"the rule gives {_shown(value)} for {escaped(name)}: not below 0")
    total = sum(values.values(), Fraction(0))
    if not total:
        raise PipelineError("the rule gives 0 for everyone: nothing to divide by")
    quotas = {name: value * whole / total for name, value in values.items()}
    parts = {name: quota.numerator // quota.denominator for name, quota in quotas.items()}
    by_loss = sorted(quotas, key=lambda name: (parts[name] - quotas[name], name))
    for name in by_loss[: whole - sum(parts.values())]:
        parts[name] += 1
    return parts


def _shown(value: Fraction) -> str:
    return f"{float(value):g}"


def decimal(value: Fraction, places: int = 6) -> str:
    """A fraction with so many places, rounded half to even.

    >>> decimal(Fraction(2, 3)), decimal(Fraction(-1, 4), 1), decimal(Fraction(5), 0)
    ('0.666667', '-0.2', '5')
    """
    scaled = round(value * 10**places)
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
