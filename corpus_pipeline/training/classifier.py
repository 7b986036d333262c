"""A small text classifier of a user's own labels: a fastText model of words and their pairs.

Enters: texts with labels and sides.  Leaves: the model, and its chances of each label for texts.
What the model reads is what the stage that will use it gives to it: for `langid` the letters of a
text, for all others the line of `text.tokens.quality.features`.
One thread and a fixed seed: the same texts give the same bytes.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.fasttext_model import predict
from corpus_pipeline.text.arrays import F64
from corpus_pipeline.text.tokens.quality import features_of
from corpus_pipeline.text.unicode.classes import sample

#: Of texts of some hundred characters; 16 dimensions for two labels and for twenty.
_WORDS: Mapping[str, Any] = {
    "lr": 0.3,
    "epoch": 10,
    "dim": 16,
    "wordNgrams": 2,
    "minCount": 2,
    "minn": 0,
    "maxn": 0,
    "bucket": 100_000,
    "loss": "softmax",
    "thread": 1,
}
#: Languages differ by letters: character n-grams instead of pairs of words.
_LETTERS: Mapping[str, Any] = {**_WORDS, "wordNgrams": 1, "minn": 1, "maxn": 4, "minCount": 1}


def parameters_of(task: str) -> Mapping[str, Any]:
    """The parameters of a model for the stage of this task."""
    return _LETTERS if task == "langid" else _WORDS


def read_as(task: str, texts: Sequence[str]) -> list[str]:
    """The line of each text that the stage of this task gives to a model."""
    if task == "langid":
        return [" ".join(sample(text).split()) for text in texts]
    return features_of(pl.Series(texts, dtype=pl.String))


def trained(
    lines: Sequence[str], labels: Sequence[str], parameters: Mapping[str, Any], seed: int
) -> Any:
    """A fastText model of these lines, in an order that the seed fixes.

    `PipelineError` where its steps run out of bounds.
    """
    rows = [f"__label__{label} {line}" for line, label in zip(lines, labels, strict=True)]
    random.Random(seed).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        try:
            return fasttext.train_supervised(input=str(path), verbose=0, seed=seed, **parameters)
        except (ValueError, RuntimeError) as error:
            raise PipelineError(f"fastText cannot learn from these texts: {error}") from None


def chances(model: Any, lines: list[str], labels: Sequence[str]) -> F64:
    """The chance of each label (columns) for each line (rows), the same for all of an empty one."""
    grid: F64 = np.full((len(lines), len(labels)), 1 / len(labels))
    place = {label: at for at, label in enumerate(labels)}
    for row, (names, values) in enumerate(zip(*predict(model, lines, len(labels)), strict=True)):
        if names:
            grid[row] = 0.0
            for name, value in zip(names, values.tolist(), strict=True):
                grid[row, place[name]] = min(value, 1.0)
    return grid
