"""Langid: which language a document is in, and whether it is Chinese enough to stay.

Enters: kept documents.  Leaves: `langid_label`, `langid_score`, `langid_keep`; what is not in
`keep` is dropped as `not_chinese`.
Refuses: to ask a model where characters settle the matter (kana, hangul, 这 們 的, 嘅 咗), and to
drop a poem, a list of names or a statute because a model finds them odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.models import load_fasttext, load_table, predict
from corpus_pipeline.stages.langid.judge import FACTS, judge
from corpus_pipeline.stages.langid.settle import Rules, counter
from corpus_pipeline.text.han import sample
from corpus_pipeline.text.model_lines import model_lines

MODEL = "package:assets/langid.ftz"
#: Labels asked of a model: Chinese ones are four, and two look like them.
_LABELS = 6


class LangIdOptions(Options):
    """What may be configured."""

    keep: tuple[str, ...] = ("zh-Hans", "zh-Hant", "yue", "wuu", "lzh", "mixed")
    #: Any fastText model; the packaged one reads tokens, others read plain text.
    model: str = MODEL
    table: str = "package:rules/packs/langid.yaml"


class LangId(Stage):
    """The stage."""

    name: ClassVar[str] = "langid"
    version: ClassVar[int] = 1
    columns: ClassVar[Schema] = {
        "langid_label": pl.String(),
        "langid_score": pl.Float32(),
        "langid_keep": pl.Boolean(),
    }
    OptionsModel: ClassVar[type[Options]] = LangIdOptions
    options: LangIdOptions

    def __init__(self, options: LangIdOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and the model."""
        super().__init__(options, assets)
        table = load_table(assets["table"])
        self.bounds: dict[str, float] = table["bounds"]
        self.names = {old: new for new, olds in table["labels"].items() for old in olds}
        self.counter = counter(table["markers"])
        self.rules = Rules(self.bounds)
        self.model = load_fasttext(assets["model"])

    @classmethod
    def asset_refs(cls, options: LangIdOptions) -> Mapping[str, str]:
        """The model and the table."""
        return {"model": options.model, "table": options.table}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Characters first; the model is asked where they leave a question."""
        texts = docs.get_column("text").fill_null("")
        found = self.rules.facts(self.counter.count(texts), texts.str.len_chars())
        labels = found.get_column("label").to_list()
        scores = found.get_column("score").to_list()
        asked = found.get_column("label").is_null().arg_true().to_numpy().astype(np.int64)
        if len(asked):
            answers = self._ask(texts, asked)
            questions = found[asked].select(FACTS).iter_rows()
            for row, facts, answer in zip(asked.tolist(), questions, answers, strict=True):
                fact = dict(zip(FACTS, facts, strict=True))
                labels[row], scores[row] = judge(fact, answer, self.bounds)
        docs = docs.with_columns(
            pl.Series("langid_label", labels, dtype=pl.String),
            pl.Series("langid_score", scores, dtype=pl.Float32),
        )
        label, score = pl.col("langid_label"), pl.col("langid_score")
        docs = docs.with_columns(langid_keep=label.is_in(self.options.keep))
        rule = pl.when(~pl.col("langid_keep")).then(pl.lit("not_chinese"))
        shown = score.cast(pl.Float64).round(2).cast(pl.String)
        return drop(docs, self.name, rule, pl.format("label={} score={}", label, shown))

    def _ask(self, texts: pl.Series, rows: npt.NDArray[np.int64]) -> list[dict[str, float]]:
        """What the model says of each text: label → probability, our names for its labels."""
        if self.options.model == MODEL:
            lines = model_lines(texts, rows)
        else:
            lines = [" ".join(sample(text).split()) for text in texts.gather(rows)]
        names, scores = predict(self.model, lines, _LABELS)
        answers = []
        for row, probabilities in zip(names, scores, strict=True):
            answer: dict[str, float] = {}
            for label, probability in zip(row, probabilities.tolist(), strict=True):
                name = self.names.get(label, label)
                answer[name] = answer.get(name, 0.0) + probability
            answers.append(answer)
        return answers
