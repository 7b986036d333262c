"""Score how much a document reads like clean text: its form, its words, and how they follow.

Enters: kept documents.  Leaves: `quality_score` (0 to 1, calibrated: see the model card),
`quality_bucket` (0 to 19 by fixed cut points, so that a document's bucket never depends on its
neighbours), `quality_bits` (what a character costs a model of characters), and a verdict below
`min_score`.  The log odds are a sum of curves, one for each measure: of `text.measures` over the
whole text, of a model of characters over the whole text, and of a fastText model over at most 240
code points of head, middle and tail.  The score sets them against the odds of good texts of the
same length: a short text is not worse for being less sure.
Refuses: to judge the subject of a text; lists, tables, code and repetition score low for what
they are, verse, statutes, recipes and dialogue do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.char_model import CHARACTERS, load_char_model
from corpus_pipeline.rules.fasttext_model import load_fasttext, predict
from corpus_pipeline.rules.pack import named, prove
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.quality import (
    SCALE,
    Calibration,
    Curve,
    QualityPack,
    Scored,
    load_scale,
)
from corpus_pipeline.text.arrays import F32, F64
from corpus_pipeline.text.measures.fluency import CharModel, fluency
from corpus_pipeline.text.measures.measures import measure
from corpus_pipeline.text.tokens.distinct import distinct
from corpus_pipeline.text.tokens.quality import features_of

_GOOD = "good"
MODEL = "package:assets/quality.bin"
#: The name of fastText's log odds among the measures.
MODEL_MEASURE = "model"


class QualityOptions(Options):
    """Which models score, and from where on a document stays."""

    model: str = MODEL
    """The fastText model with the label `good`; one's own model needs its own `scale`."""

    characters: str = CHARACTERS
    """The model of characters, as `corpus_pipeline.training.char_model` writes it."""

    scale: str = SCALE
    """The pack of curves that turn measures into a score, of cut points, with its examples."""

    min_score: float = Field(default=0.003, ge=0, le=1)
    """Score below which a document is dropped.  The default is the largest round bound at which the
    fit half of no good register of a hundred texts loses more than 1.5 %; docs/quality.md shows
    what this and other values drop of the other halves."""


class Quality(Stage):
    """One number per document."""

    name = "quality"
    version = 3
    columns: ClassVar[Schema] = {
        "quality_score": pl.Float32(),
        "quality_bucket": pl.UInt8(),
        "quality_bits": pl.Float32(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "quality_score": "How much the text reads like clean text, 0 to 1, calibrated.",
        "quality_bucket": "The score by fixed cut points, 0 to 19.",
        "quality_bits": "Cost of a character after the two before it, mean, in bits.",
    }
    OptionsModel = QualityOptions
    measured_by = ("model", "characters", "scale")

    def __init__(self, options: QualityOptions, assets: Mapping[str, Asset]) -> None:
        """Load the models and the curves."""
        super().__init__(options, assets)
        self.min_score = options.min_score
        self.model = load_fasttext(assets["model"])
        self.characters = load_char_model(assets["characters"])
        self.pack = load_scale(assets["scale"])
        self.cuts = np.array(self.pack.cuts.points, dtype=np.float32)
        # The packaged curves are of the packaged models.
        ours = (options.model, options.characters) == (MODEL, CHARACTERS)
        if (ours or options.scale != SCALE) and not known():
            named(assets["scale"], QualityPack, lambda: self._prove(self.pack.examples))

    @classmethod
    def asset_refs(cls, options: QualityOptions) -> Mapping[str, str]:
        """The models, and the curves that make their output a score."""
        return {
            "model": options.model,
            "characters": options.characters,
            "scale": options.scale,
        }

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Score, sort into buckets, drop the worst."""
        score, bits = self.scores(docs.get_column("text"))
        bucket = np.searchsorted(self.cuts, score, side="right")
        docs = docs.with_columns(
            pl.Series("quality_score", score),
            pl.Series("quality_bucket", bucket, dtype=pl.UInt8),
            pl.Series("quality_bits", bits),
        )
        rule, evidence = self.verdicts(docs)
        return drop(docs, self.name, pl.lit(rule), pl.lit(evidence))

    def verdicts(self, docs: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """`low_quality` below the least score."""
        low = pl.col("quality_score") < self.min_score
        shown = pl.format("score={} < {}", pl.col("quality_score").round(4), self.min_score)
        verdict = docs.select(
            rule=pl.when(low).then(pl.lit("low_quality")), evidence=pl.when(low).then(shown)
        )
        return verdict["rule"], verdict["evidence"]

    def scores(self, texts: pl.Series) -> tuple[F32, F32]:
        """The score of each text, and what a character of it costs in bits."""
        repeated = distinct(texts)
        if repeated is not None:
            each, places = repeated
            score, bits = self._scored(each)
            return score[places], bits[places]
        return self._scored(texts)

    def _scored(self, texts: pl.Series) -> tuple[F32, F32]:
        measures = measured(texts, self.model, self.characters)
        columns = {name: measures[name].to_numpy() for name in measures.columns}
        odds = summed(self.pack.offset.value, self.pack.curves, columns)
        score = calibrated(odds, columns["length"], self.pack.calibration).astype(np.float32)
        # A text without a visible character scores 0.
        score[~texts.fill_null("").str.contains(r"[^\s\x00]").to_numpy()] = 0
        return score, measures["bits"].to_numpy()

    def _prove(self, examples: Sequence[Scored]) -> None:
        texts = list(dict.fromkeys(t for e in examples for t in (*e.hits, *e.misses)))
        score = dict(zip(texts, self.scores(pl.Series(texts))[0], strict=True))
        prove(examples, lambda example, text: bool(score[text] >= example.least), "example")


def measured(texts: pl.Series, model: Any, characters: CharModel) -> pl.DataFrame:
    """All measures that a curve may use, one row per text; null counts as empty."""
    odds = pl.Series(MODEL_MEASURE, log_odds(model, features_of(texts)))
    return pl.concat(
        [measure(texts), fluency(texts, characters), odds.to_frame()], how="horizontal"
    )


def summed(offset: float, curves: Sequence[Curve], columns: Mapping[str, Any]) -> F64:
    """The log odds of each row: the offset and what each curve gives for its measure."""
    odds = offset
    for curve in curves:
        odds = odds + np.interp(columns[curve.measure], curve.knots, curve.points)
    return np.asarray(odds, dtype=np.float64)


def calibrated(odds: F64, length: F32, by: Calibration) -> F64:
    """The score of each row: its odds against those of a good text as long as it is."""
    typical = np.interp(length, by.typical.knots, by.typical.points)
    score: F64 = 1 / (1 + np.exp(-(odds - typical + by.even.value)))
    return score


def log_odds(model: Any, texts: list[str]) -> F64:
    """The model's log odds of clean prose against wreckage, for each text."""
    labels, chances = predict(model, texts, 1)
    told = np.array([bool(label) for label in labels], dtype=np.bool_)
    best = np.full(len(texts), 0.5)
    best[told] = np.concatenate([*chances, np.empty(0)])
    best = np.clip(best, 1e-6, 1 - 1e-6)
    good = np.array([label == [_GOOD] for label in labels])
    odds: F64 = np.log(best / (1 - best)) * np.where(good, 1, -1)
    return odds
