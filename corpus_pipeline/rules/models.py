"""Loaders of packaged models and tables: from a pinned asset to an object, once per process.

Enters: an `Asset`.  Leaves: a fastText model, a mapping read from YAML.
Refuses: to write to standard error, and to load anything that is not an asset.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import fasttext
import fasttext.FastText
import numpy as np
import yaml

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.text.arrays import F32


@cache
def _fasttext(path: Path, _sha256: str) -> Any:
    # The module announces an old change of its interface on standard error at every load.
    fasttext.FastText.eprint = lambda *_: None
    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise PipelineError(f"{path.name} is not a fastText model") from error


def load_fasttext(asset: Asset) -> Any:
    """The fastText model at this path; loaded once per path and content."""
    return _fasttext(asset.path, asset.sha256)


def load_table(asset: Asset) -> dict[str, Any]:
    """The mapping that a YAML asset holds."""
    return _table(asset.path, asset.sha256)


@cache
def _table(path: Path, _sha256: str) -> dict[str, Any]:
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(table, dict):
        raise PipelineError(f"{path.name} is not a mapping")
    return table


def predict(
    model: Any, lines: list[str], k: int, least: float = 0.0
) -> tuple[list[list[str]], list[F32]]:
    """The `k` likeliest labels of each line, without `__label__`, and their probabilities.

    Those below `least` are left out.  Lines hold no line break.  The batch call of the binding is
    used: `predict(str)` of the original module breaks on numpy 2.
    """
    labels, scores = model.f.multilinePredict([line + "\n" for line in lines], k, least, "strict")
    names = [[str(label).removeprefix("__label__") for label in row] for row in labels]
    return names, [np.asarray(row, dtype=np.float32) for row in scores]
