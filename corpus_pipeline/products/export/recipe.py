"""What a recipe may say: what is left out, held out, repeated, and how often.

Enters: the section `export.recipe` of a config.  Leaves: checked options.
Refuses: an unknown comparison, shares above 1, weights and caps that are no sensible numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from corpus_pipeline.model import Options

Value = bool | int | float | str
#: Copies that a weight may ask for at most: a slip of a digit would fill a disk.
MOST = 100.0


class Condition(Options):
    """A document stays where `column op value` holds."""

    column: str
    """Any column of the run."""

    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]
    """Null passes `!=`, `not in` and `is null`, and fails the others."""

    value: Value | tuple[Value, ...] | None = None
    """A number, a text, true or false; a list of them for `in` and `not in`; none for `is null`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.op in {"is null", "is not null"}:
            if self.value is not None:
                raise ValueError(f"{self.op} takes no value")
        elif isinstance(self.value, tuple) != (self.op in {"in", "not in"}):
            wanted = "a list" if self.op in {"in", "not in"} else "one value"
            raise ValueError(f"{self.op} wants {wanted}")
        elif self.value is None:
            raise ValueError(f"{self.op} wants a value")
        return self

    def __str__(self) -> str:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        shown = "" if value is None else f" {value}"
        return f"{self.column} {self.op}{shown}"


class Weight(Options):
    """How often a document is repeated, by one of its columns; weights of columns are multiplied.

    0 leaves out, 1 is once, 0.5 every second document, 2.5 two or three times.
    """

    column: str
    """A column of names, numbers or yes and no: `source`, `domain_label`, `quality_bucket` …"""

    values: dict[str, float] = Field(default_factory=dict)
    """Value → weight."""

    steps: dict[float, float] = Field(default_factory=dict)
    """For numbers: from this value on, this weight; the highest step that is reached counts."""

    otherwise: float = Field(default=1.0, ge=0, le=MOST)
    """The weight of all other documents, those without a value among them."""

    @field_validator("values", mode="before")
    @classmethod
    def _names(cls, values: object) -> object:
        # YAML reads 0 and true as a number and a truth: a bucket, a flag.
        return (
            {_name(key): one for key, one in values.items()}
            if isinstance(values, Mapping)
            else values
        )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.values) == bool(self.steps):
            raise ValueError("needs either values or steps")
        for weight in (*self.values.values(), *self.steps.values()):
            if not 0 <= weight <= MOST:
                raise ValueError(f"a weight of {weight:g} is not between 0 and {MOST:g}")
        return self


def _name(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


class Shares(Options):
    """Shares of the characters, by a column; what is not named shares the rest as it is."""

    column: str
    """A column of names: `domain_label`, `source`, `heuristics_register` …"""

    values: dict[str, float]
    """Value → share of all characters; where they add up to 1, nothing else stays."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.values or min(self.values.values()) < 0:
            raise ValueError("needs shares of 0 and more")
        if sum(self.values.values()) > 1 + 1e-9:
            raise ValueError(f"the shares add up to {sum(self.values.values()):g}, more than 1")
        return self


class Curve(Options):
    """More copies the better a document is: f(x) = C·uᵖ·e^(λu), 0 below `drop_below`.

    x is the document's place by quality among the characters, 0 to 1; u is its place above
    `drop_below`.  C makes the curve reach the target, p and λ are sought so that the best are
    repeated as often as `cap` allows, and among such curves the flattest is taken.  The values are
    those of Dolma 3 (OLMo 3): drop the worst 40 %, repeat the best 5 % up to 7 times.
    """

    column: str = "quality_score"
    """What quality is; without a value a document is the worst."""

    within: str | None = None
    """A column of names in each of which documents are ranked apart, e.g. `domain_label`."""

    drop_below: float = Field(default=0.4, ge=0, lt=1)
    """The part of the characters, from the worst on, that is left out."""

    cap: float = Field(default=7.0, gt=0, le=MOST)
    """The most copies of the best, on average over `top`."""

    top: float = Field(default=0.05, gt=0, le=1)
    """The part of the characters, from the best on, that counts as the best."""


class Holdout(Options):
    """Documents kept apart from training, whole clusters of similar ones, once each."""

    share: float = Field(gt=0, lt=1)
    """Of the clusters, by a hash of their name."""

    by: str | None = None
    """The column of clusters; null: `near_dedup_cluster`, or `exact_dedup_cluster`, or `id`."""

    name: str = Field(default="validation", pattern=r"^[a-z][a-z0-9_]*$")
    """What the split is called."""


class Recipe(Options):
    """The mixture: filter, hold out, weight, share, rank; a null part changes nothing."""

    seed: int = 0
    """Another seed holds out others, and rounds others up."""

    filter: tuple[Condition, ...] = ()
    """All of them have to hold."""

    validation: Holdout | None = None
    """The documents that are not trained on."""

    weights: tuple[Weight, ...] = ()
    """How often documents are repeated, by their columns."""

    shares: Shares | None = None
    """How much of the characters each value of a column has."""

    target_characters: float | None = Field(default=None, gt=0)
    """Characters for training; null: what the weights give."""

    curve: Curve | None = None
    """How copies depend on quality."""
