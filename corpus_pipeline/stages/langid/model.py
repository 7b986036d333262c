"""Ask the fastText language model about texts.

Enters: a model, a column of texts and the rows to ask about.  Leaves: for each such row the labels
by our names, with their probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from corpus_pipeline.rules.fasttext_model import predict
from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.tokens.langid import model_lines
from corpus_pipeline.text.unicode.classes import sample

#: Labels asked for: all of the packaged model, as `judge` rules some out by the letters.
_LABELS = 24
#: Probabilities below this are left out.
_LEAST = 0.001


def ask(
    model: Any,
    texts: pl.Series,
    rows: I64,
    names: Mapping[str, str],
    *,
    tokens: bool,
) -> list[dict[str, float]]:
    """Label → probability for each row; `tokens` if the model is ours: lines of tokens in."""
    if tokens:
        lines = model_lines(texts, rows)
    else:
        lines = [" ".join(sample(text).split()) for text in texts.gather(rows)]
    answers = []
    for row, probabilities in zip(*predict(model, lines, _LABELS, _LEAST), strict=True):
        if tokens:
            answers.append(dict(zip(row, probabilities.tolist(), strict=True)))
            continue
        answer: dict[str, float] = {}
        for label, probability in zip(row, probabilities.tolist(), strict=True):
            name = names.get(label, label)
            answer[name] = answer.get(name, 0.0) + probability
        answers.append(answer)
    return answers
