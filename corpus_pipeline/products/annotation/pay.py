"""Who is paid what: accepted items by a rate card, exact to the last place.

Enters: a rate card (YAML), the items that people did with what speaks against each, their standing.
Leaves: a row for each person and role, and sums.  Amounts are decimals, never floats.

amount = round(accepted x rate x (1 + bonus)), rounded once, in each row; the total is the sum of
the rows.  items = accepted + rejected; an item counts under the first of the card's reasons that
applies, in the order of `REASONS`.  Below the floor nothing is accepted.  A skill is known from
`least` answers on; who is not known has neither bonus nor floor.  Reviewers have a rate, no bonus.
"""

from __future__ import annotations

import decimal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.standing import Standing
from corpus_pipeline.products.annotation.vote_files import Role
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Strict

Reason = Literal["incomplete", "wrong_on_gold", "refused_by_reviewer", "too_fast", "careless"]
#: Why an item is not paid, by rank: it lacks a required answer, is wrong where the answer is known,
#: a reviewer answered otherwise, it took too little time to be read, its annotator does not look.
REASONS: tuple[Reason, ...] = (
    "incomplete",
    "wrong_on_gold",
    "refused_by_reviewer",
    "too_fast",
    "careless",
)
FLOOR = "below_floor"
_MODES = {
    "half_even": decimal.ROUND_HALF_EVEN,
    "half_up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN,
}
#: Digits of every product: rates and bonuses of six places, and millions of items, are exact.
_DIGITS = decimal.Context(prec=50)
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]
Part = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6, allow_inf_nan=False)]


class Rate(Strict):
    """What an accepted item of a question set is worth, and an item that was reviewed."""

    question_set: Text
    annotator: Money
    reviewer: Money = Decimal(0)


class Band(Strict):
    """A bonus from a skill on, as a share of the reward."""

    name: Text
    least: Part = Field(alias="from")
    bonus: Annotated[Decimal, Field(ge=0, le=10, decimal_places=6, allow_inf_nan=False)]


class RateCard(Pack):
    """A rate card: `pack` is its name, `version` its version."""

    noun: ClassVar[str] = "rate card"

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    places: Annotated[int, Field(ge=0, le=6)] = 2
    rounding: Literal["half_even", "half_up", "down"] = "half_even"
    rates: tuple[Rate, ...] = Field(min_length=1)
    skill: Literal["gold_accuracy", "wawa"] = "gold_accuracy"
    least: Annotated[int, Field(ge=1)] = 10
    floor: Part = Decimal(0)
    bands: tuple[Band, ...] = ()
    rejections: tuple[Reason, ...] = ("incomplete", "wrong_on_gold", "refused_by_reviewer")

    @model_validator(mode="after")
    def _names_stand_once(self) -> Self:
        for what, names in (
            ("rate for", [rate.question_set for rate in self.rates]),
            ("band", [band.name for band in self.bands]),
            ("band from", [str(band.least) for band in self.bands]),
        ):
            twice = [name for name, number in Counter(names).items() if number > 1]
            if twice:
                raise ValueError(f"two {what} {twice[0]}")
        return self

    def rate(self, question_set: str) -> Rate:
        """The rate of a question set; `PipelineError` where the card has none."""
        for rate in self.rates:
            if rate.question_set == question_set:
                return rate
        known = ", ".join(rate.question_set for rate in self.rates)
        raise PipelineError(f"rate card {self.pack}: no rate for {question_set}, only for {known}")

    def band(self, skill: Decimal) -> Band | None:
        """The highest band that a skill reaches."""
        reached = [band for band in self.bands if band.least <= skill]
        return max(reached, key=lambda band: band.least, default=None)


def read_card(path: Path) -> RateCard:
    """The rate card in this file."""
    if not path.is_file():
        raise PipelineError(f"no such rate card: {path}")
    return load(resolve(str(path), Path.cwd()), RateCard)


@dataclass(frozen=True, slots=True)
class Item:
    """A task that somebody did in a role, and what speaks against paying for it."""

    person: str
    role: Role
    task: str
    against: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Payment:
    """What one person gets for one role; `skill`: None where too little is known."""

    person: str
    role: Role
    items: int
    accepted: int
    rejected: Mapping[str, int]
    skill: Decimal | None
    band: str
    bonus: Decimal
    rate: Decimal
    amount: Decimal


def payments(
    card: RateCard, question_set: str, items: Sequence[Item], known: Mapping[str, Standing]
) -> list[Payment]:
    """A payment for each person and role, in sorted order."""
    rate = card.rate(question_set)
    groups: dict[tuple[Role, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.role, item.person), []).append(item)
    return [
        _payment(card, rate, groups[role, person], known.get(person))
        for role, person in sorted(groups)
    ]


def _payment(
    card: RateCard,
    rate: Rate,
    items: Sequence[Item],
    standing: Standing | None,
) -> Payment:
    role, person = items[0].role, items[0].person
    skill = _skill(card, standing) if standing and role == "annotator" else None
    wanted = [reason for reason in REASONS if reason in card.rejections]
    reasons = [next((r for r in wanted if r in item.against), "") for item in items]
    if skill is not None and skill < card.floor:
        reasons = [reason or FLOOR for reason in reasons]
    rejected = Counter(filter(None, reasons))
    accepted = len(items) - rejected.total()
    band = card.band(skill) if skill is not None else None
    bonus = band.bonus if band else Decimal(0)
    each = rate.annotator if role == "annotator" else rate.reviewer
    ordered = {reason: rejected[reason] for reason in (*REASONS, FLOOR) if rejected[reason]}
    amount = _amount(card, accepted, each, bonus)
    name = band.name if band else ""
    return Payment(person, role, len(items), accepted, ordered, skill, name, bonus, each, amount)


def _skill(card: RateCard, standing: Standing) -> Decimal | None:
    """The skill that the card goes by, to six places; None where too little is known."""
    if card.skill == "wawa":
        known, value = standing.agreed.total, standing.skill
    else:
        known, value = standing.gold.total, standing.gold.value
    if value is None or known < card.least:
        return None
    return Decimal(repr(round(value, 6))).quantize(Decimal("0.000001"))


def _amount(card: RateCard, accepted: int, rate: Decimal, bonus: Decimal) -> Decimal:
    """The amount of a row.

    >>> card = RateCard(pack="c", version=1, source="s", currency="CNY",
    ...     rates=[{"question_set": "q", "annotator": "0.15"}])
    >>> _amount(card, 7, Decimal("0.15"), Decimal("0.1"))
    Decimal('1.16')
    """
    exact = _DIGITS.multiply(_DIGITS.multiply(Decimal(accepted), rate), 1 + bonus)
    return exact.quantize(Decimal(1).scaleb(-card.places), _MODES[card.rounding], _DIGITS)


def totals(rows: Sequence[Payment]) -> dict[str, Any]:
    """Items, accepted and rejected ones, amounts: in all, and by role."""

    def of(some: Sequence[Payment]) -> dict[str, Any]:
        amount = sum((row.amount for row in some), Decimal(0))
        return {
            "items": sum(row.items for row in some),
            "accepted": sum(row.accepted for row in some),
            "rejected": sum(sum(row.rejected.values()) for row in some),
            "amount": f"{amount:f}",
        }

    roles = {
        role: of([row for row in rows if row.role == role]) for role in ("annotator", "reviewer")
    }
    return {**of(rows), "by_role": roles}
