"""What `quality` knows beside its model: the scale that makes log odds a score, and examples.

Enters: `rules/packs/quality.yaml`, which `training.quality` writes.  Leaves: `QualityPack`.
Refuses: cut points that do not rise, and another number of them than there are buckets.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, Rule, Rules, Text, load
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
    """The scores at which a bucket begins; the first begins at 0."""

    points: Annotated[tuple[float, ...], AfterValidator(_fitting)]
    reason: Text


class Scored(Rule):
    """Texts whose score is at least `least`, and texts whose score is below."""

    least: Annotated[float, Field(ge=0, le=1)]


class QualityPack(Pack):
    """The file."""

    slope: Setting[float]
    offset: Setting[float]
    cuts: Cuts
    examples: Rules[Scored]


def load_scale(asset: Asset) -> QualityPack:
    """The validated pack; its examples are proved by the stage, which has the model."""
    return load(asset, QualityPack)
