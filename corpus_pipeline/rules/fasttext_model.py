"""Load fastText models, once per process, and label lines with them.

Enters: an `Asset`; lines of text.  Leaves: a model; labels and probabilities.
Errors: `PipelineError` for a file that is no fastText model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fasttext
import fasttext.FastText

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import once
from corpus_pipeline.text.arrays import F32


def load_fasttext(asset: Asset) -> Any:
    """The fastText model of this asset."""
    return once(asset, _read)


def _read(path: Path) -> Any:
    # At every load the module prints a notice of an old API change to standard error.
    fasttext.FastText.eprint = lambda *_: None
    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise PipelineError(f"{path.name} is not a fastText model") from error


def labels_of(model: Any) -> list[str]:
    """The labels that the model gives, without `__label__`."""
    return [str(label).removeprefix("__label__") for label in model.get_labels()]


def predict(
    model: Any, lines: list[str], k: int, least: float = 0.0
) -> tuple[list[list[str]], list[F32]]:
    """The `k` likeliest labels of each line, without `__label__`, and their probabilities (f32).

    Labels with a probability below `least` are left out.  Lines must hold no line break.  The batch
    call of the binding is used because `predict(str)` of the original module breaks on numpy 2.
    """
    labels, scores = model.f.multilinePredict([line + "\n" for line in lines], k, least, "strict")
    plain = {f"__label__{name}": name for name in labels_of(model)}
    return [[plain[label] for label in row] for row in labels], list(scores)
