"""A quality score from a user's good and bad texts: the two models, and the curves over them.

Enters: texts of the side `fit` with labels, and a folder.  Leaves: `quality.bin`, `characters.npz`
and `quality.yaml` there, for the options `model`, `characters` and `scale` of the stage `quality`,
and a function that scores texts as the stage will.

As with the packaged score the curves are fitted on what the two models say of texts that they did
not see: of other sources where each class has two or more, of other texts otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.quality import Curve
from corpus_pipeline.stages.quality import summed
from corpus_pipeline.text.arrays import F64, I64, Bool
from corpus_pipeline.text.measures.fluency import char_model
from corpus_pipeline.training import char_model as characters
from corpus_pipeline.training import quality
from corpus_pipeline.training.additive import fitted
from corpus_pipeline.training.classifier import read_as, trained
from corpus_pipeline.training.labelled import GOOD

FOLDS = 3
#: Longest example of a pack: the file is for people to read.
EXAMPLE = 600
#: The packaged score is set against good texts of the same length; here the labels alone say what a
#: length is worth, so that a score is the chance of a good text.
FLAT = Curve(measure="length", knots=(1.0, 2.0), points=(0.0, 0.0))
_EVEN = {"value": 0.0, "reason": "the score is the chance of a good text among those of the set"}
_PARAMETERS = {name: value for name, value in quality.PARAMETERS.items() if name != "seed"}

Scores = Callable[[Sequence[str]], F64]


def train(fit: pl.DataFrame, folder: Path, seed: int) -> Scores:
    """Write the three files; returns the score of texts."""
    texts, good = fit["text"].to_list(), (fit["label"] == GOOD).to_numpy()
    columns = _crossed(texts, good, folds(fit), seed)
    offset, fits = fitted(columns, good, at_least=quality.AT_LEAST, at_most=quality.AT_MOST)
    offset = round(offset, 4)
    curves = [quality.rounded(c.measure, c.knots, c.points) for c in fits]
    words, parts = _models(texts, good, seed)
    words.save_model(str(folder / "quality.bin"))
    characters.write(parts, folder / "characters.npz")
    models = quality.Models(words, char_model(parts))

    def scores(some: Sequence[str]) -> F64:
        score: F64 = 1 / (1 + np.exp(-summed(offset, curves, models.columns(some))))
        return score

    pack = folder / "quality.yaml"
    cuts = quality.cut_points(summed(offset, curves, columns))
    quality.write_pack(pack, offset, curves, FLAT, cuts)
    _write_examples(pack, texts, good, scores)
    return scores


def folds(fit: pl.DataFrame) -> I64:
    """The fold of each text: by its source where no class loses all its texts so, or by itself."""
    names = sorted(set(fit["source"].to_list()), key=_hash)
    fold = {name: at % FOLDS for at, name in enumerate(names)}
    by_source = np.array([fold[name] for name in fit["source"]], dtype=np.int64)
    labels = fit["label"].to_numpy()
    classes = set(labels.tolist())
    if all(set(labels[by_source != k].tolist()) == classes for k in range(FOLDS)):
        return by_source
    return np.array([_hash(text) % FOLDS for text in fit["text"]], dtype=np.int64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


def _crossed(texts: Sequence[str], good: Bool, fold: I64, seed: int) -> dict[str, F64]:
    """The measures of each text, by models that did not see its fold."""
    columns: dict[str, F64] = {}
    for k in range(FOLDS):
        own = np.flatnonzero(fold == k)
        rest = np.flatnonzero(fold != k)
        if not own.size:
            continue
        words, parts = _models([texts[at] for at in rest.tolist()], good[rest], seed)
        models = quality.Models(words, char_model(parts))
        for name, values in models.columns([texts[at] for at in own.tolist()]).items():
            columns.setdefault(name, np.zeros(len(texts)))[own] = values
    return columns


def _models(texts: Sequence[str], good: Bool, seed: int) -> tuple[Any, Any]:
    """A fastText model of both classes, and the arrays of a character model of the good ones."""
    labels = ["good" if one else "bad" for one in good.tolist()]
    words = trained(read_as("quality", texts), labels, _PARAMETERS, seed)
    clean = [text[: quality.MOST_OF_ONE] for text, one in zip(texts, good, strict=True) if one]
    return words, characters.counted(clean)


def _write_examples(path: Path, texts: Sequence[str], good: Bool, scores: Scores) -> None:
    """Put the surest text of each class into the pack: it will not load with other models."""
    short = [at for at, text in enumerate(texts) if len(text) <= EXAMPLE] or [*range(len(texts))]
    score = scores([texts[at] for at in short])
    side = good[short]
    if not side.any() or side.all():
        raise PipelineError(f"one class has no text of {EXAMPLE} characters or less")
    best = short[int(np.argmax(np.where(side, score, -1)))]
    worst = short[int(np.argmin(np.where(side, 2, score)))]
    high, low = score[side].max(), score[~side].min()
    if high <= low:
        raise PipelineError("no good text scores above a bad one: the classes do not differ")
    pack = yaml.safe_load(path.read_text("utf-8"))
    why = "the surest good and the surest bad text of the training set"
    example = {"id": "surest", "least": round(float(high + low) / 2, 3), "why": why}
    pack["calibration"] |= {"even": _EVEN, "reason": "trained on labels: see card.md"}
    pack["examples"] = [example | {"hits": [texts[best]], "misses": [texts[worst]]}]
    path.write_text(yaml.safe_dump(pack, allow_unicode=True, sort_keys=False, width=96), "utf-8")
