"""Score how much a document reads like clean prose, with a small fastText model.

Enters: kept documents.  Leaves: `quality_score` (0 to 1, calibrated: see the model card),
`quality_bucket` (0 to 19 by fixed cut points, so that a document's bucket never depends on its
neighbours), and a verdict below `min_score`.
At most 240 code points are read, from head, middle and tail.
Refuses: to judge the subject of a text; only its form counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.fasttext_model import load_fasttext, predict
from corpus_pipeline.rules.pack import named, prove
from corpus_pipeline.rules.quality import SCALE, QualityPack, Scored, load_scale
from corpus_pipeline.text.arrays import F32, F64
from corpus_pipeline.text.tokens.distinct import distinct
from corpus_pipeline.text.tokens.quality import pieces

#: Code points that are looked at: of a longer text this many of head, middle and tail.
HEAD, MIDDLE, TAIL = 100, 70, 70
_GOOD = "good"
MODEL = "package:assets/quality.bin"


class QualityOptions(Options):
    """Which model scores, and from where on a document stays."""

    model: str = MODEL
    """The fastText model with the label `good`; one's own model needs its own `scale`."""

    scale: str = SCALE
    """The pack that turns the model's log odds into a score and a bucket, with its examples."""

    min_score: float = Field(default=0.003, ge=0, le=1)
    """Score below which a document is dropped.  Low on purpose: the model was trained on clean
    prose and synthetic damage, not on the web between them.  At 0.003 it drops 1 in 1,000 poems and
    27 in 1,000 comments of the sample and nothing of 25 other sources; choose more by bucket."""


class Quality(Stage):
    """One number per document."""

    name = "quality"
    version = 1
    columns: ClassVar[Schema] = {
        "quality_score": pl.Float32(),
        "quality_bucket": pl.UInt8(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "quality_score": "How much the text reads like clean prose, 0 to 1, calibrated.",
        "quality_bucket": "The score by fixed cut points, 0 to 19.",
    }
    OptionsModel = QualityOptions

    def __init__(self, options: QualityOptions, assets: Mapping[str, Asset]) -> None:
        """Load the model and its scale."""
        super().__init__(options, assets)
        self.min_score = options.min_score
        self.model = load_fasttext(assets["model"])
        pack = load_scale(assets["scale"])
        self.slope, self.offset = pack.slope.value, pack.offset.value
        self.cuts = np.array(pack.cuts.points, dtype=np.float32)
        if options.model == MODEL or options.scale != SCALE:  # the packaged scale is of its model
            named(assets["scale"], QualityPack, lambda: self._prove(pack.examples))

    @classmethod
    def asset_refs(cls, options: QualityOptions) -> Mapping[str, str]:
        """The model, and the numbers that make its output a score."""
        return {"model": options.model, "scale": options.scale}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Score, sort into buckets, drop the worst."""
        score = self.scores(docs.get_column("text"))
        bucket = np.searchsorted(self.cuts, score, side="right")
        docs = docs.with_columns(
            pl.Series("quality_score", score),
            pl.Series("quality_bucket", bucket, dtype=pl.UInt8),
        )
        low = pl.when(pl.col("quality_score") < self.min_score).then(pl.lit("low_quality"))
        shown = pl.col("quality_score").round(4)
        return drop(docs, self.name, low, pl.format("score={} < {}", shown, self.min_score))

    def scores(self, texts: pl.Series) -> F32:
        """The score of each text."""
        lines = pl.select(features(pl.lit(texts))).to_series()
        repeated = distinct(lines)
        if repeated is None:
            odds = log_odds(self.model, lines.to_list())
        else:
            each, places = repeated
            odds = log_odds(self.model, each.to_list())[places]
        score: F32
        score = (1 / (1 + np.exp(-(self.slope * odds + self.offset)))).astype(np.float32)
        # A text without any feature (an empty one) scores 0.
        score[(lines == "").to_numpy()] = 0
        return score

    def _prove(self, examples: Sequence[Scored]) -> None:
        texts = list(dict.fromkeys(t for e in examples for t in (*e.hits, *e.misses)))
        score = dict(zip(texts, self.scores(pl.Series(texts)), strict=True))
        prove(examples, lambda example, text: bool(score[text] >= example.least), "example")


def features(text: pl.Expr) -> pl.Expr:
    """What the model reads: each Han character and mark by itself, words in lower case, digits 0.

    >>> pl.select(features(pl.lit("第12条 Hello，world！"))).item()
    '第 0 条 hello ， world ！'
    """
    text = text.fill_null("")
    length = text.str.len_chars()
    parts = [
        text.str.slice(0, HEAD),
        text.str.slice(length // 2 - MIDDLE // 2, MIDDLE),
        text.str.slice(-TAIL, TAIL),
    ]
    sample = (
        pl.when(length > HEAD + MIDDLE + TAIL)
        .then(pl.concat_str(parts, separator="\n"))
        .otherwise(text)
    )
    sample = sample.str.strip_chars().str.to_lowercase()
    return sample.map_batches(pieces, return_dtype=pl.String)


def log_odds(model: Any, texts: list[str]) -> F64:
    """The model's log odds of clean prose against wreckage, for each text."""
    labels, chances = predict(model, texts, 1)
    best = np.array([chance[0] if len(chance) else 0.5 for chance in chances], dtype=np.float64)
    best = np.clip(best, 1e-6, 1 - 1e-6)
    good = np.array([bool(label) and label[0] == _GOOD for label in labels])
    odds: F64 = np.log(best / (1 - best)) * np.where(good, 1, -1)
    return odds
