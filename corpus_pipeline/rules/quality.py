"""Load the curves of `quality`: what each measure adds to the log odds, cut points, examples.

Enters: `rules/packs/quality.yaml`, which `training.quality` writes, as an asset.
Leaves: `QualityPack`.
Errors: `PipelineError` for knots or cut points that do not rise, and a curve without a measure.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Name, Pack, Rule, Rules, Text, load
from corpus_pipeline.rules.settings import Setting, Strict

#: What the stage names in `asset_refs`.
SCALE = "package:rules/packs/quality.yaml"
BUCKETS = 20


def _fitting(points: tuple[float, ...]) -> tuple[float, ...]:
    if len(points) != BUCKETS - 1:
        raise ValueError(f"are {len(points)}; {BUCKETS} buckets have {BUCKETS - 1}")
    if list(points) != sorted(set(points)):
        raise ValueError("do not rise")
    return points


class Cuts(Strict):
    """The scores at which the second and later buckets begin; the first begins at 0."""

    points: Annotated[tuple[float, ...], AfterValidator(_fitting)]
    reason: Text


class Curve(Strict):
    """Log odds by one measure: linear between the knots, constant beyond them."""

    measure: Name
    knots: tuple[float, ...]
    points: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.knots) != sorted(set(self.knots)) or len(self.knots) != len(self.points):
            raise ValueError("needs rising knots and as many points")
        return self


class Scored(Rule):
    """Texts with a score of at least `least` (`hits`), and texts with a lower one (`misses`)."""

    least: Annotated[float, Field(ge=0, le=1)]


class Calibration(Strict):
    """What turns log odds into a score that means the same at every length.

    score = 1 / (1 + exp(-(odds - typical + even))): `typical` are the odds of a good text of this
    length, `even` the distance below them at which the score is one half.
    """

    typical: Curve
    even: Setting[float]
    reason: Text


class QualityPack(Pack):
    """The content of the file; odds = offset + what each curve gives, score: see `Calibration`."""

    offset: Setting[float]
    curves: tuple[Curve, ...]
    calibration: Calibration
    cuts: Cuts
    examples: Rules[Scored]


def load_scale(asset: Asset) -> QualityPack:
    """The validated pack; the stage, which has the model, checks the examples."""
    return load(asset, QualityPack)
