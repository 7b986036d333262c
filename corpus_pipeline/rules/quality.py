"""Load the scale of `quality`: how the model's log odds become a score and a bucket; examples.

Enters: `rules/packs/quality.yaml`, which `training.quality` writes, as an asset.
Leaves: `QualityPack`.
Errors: `PipelineError` for cut points that do not rise, or of another number than `BUCKETS` - 1.
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
    """The scores at which the second and later buckets begin; the first begins at 0."""

    points: Annotated[tuple[float, ...], AfterValidator(_fitting)]
    reason: Text


class Scored(Rule):
    """Texts with a score of at least `least` (`hits`), and texts with a lower one (`misses`)."""

    least: Annotated[float, Field(ge=0, le=1)]


class QualityPack(Pack):
    """The content of the file; score = 1 / (1 + exp(-(slope * log odds + offset)))."""

    slope: Setting[float]
    offset: Setting[float]
    cuts: Cuts
    examples: Rules[Scored]


def load_scale(asset: Asset) -> QualityPack:
    """The validated pack; the stage, which has the model, checks the examples."""
    return load(asset, QualityPack)
