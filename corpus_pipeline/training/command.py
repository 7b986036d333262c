"""Train a model of one's own: what `corpus-pipeline train` does.

Enters: labelled files, the task, a folder, a seed.  Leaves: in the folder the model's files and
`card.md`: data by file and source with digests and licences, what was held out, what was measured
on it (AUC, precision and recall at cuts, calibration, what the source alone tells), and the options
with which a config uses the model.
Errors: `PipelineError` for a set that cannot teach (see `labelled`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.risk_pack import TAXONOMY
from corpus_pipeline.text.arrays import F64
from corpus_pipeline.text.measures.shares import wilson
from corpus_pipeline.training import labelled, measures, own_quality
from corpus_pipeline.training.classifier import chances, parameters_of, read_as, trained
from corpus_pipeline.training.model_card import table

#: What the second class of a task of two is called.
BAD = {"quality": "bad", "spam": "spam", "compliance": "violating"}
#: Texts → the same texts, masked.
Mask = Callable[[Sequence[str]], list[str]]
#: The stages that a model can be trained for.
TASKS = (*BAD, "langid", "domain")
CARD = "card.md"
PACKAGE = Path(__file__).parents[1]
_FOUND = (
    "Of the texts of held-out sources, those with a chance from `least` on. A corpus has fewer "
    "violating texts than this set, so that its precision is lower: read a sample of what is found "
    "before an action becomes `drop`."
)
#: The precision at which a card says what share is found.
PRECISION = 0.98


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for."""

    task: str
    good: tuple[Path, ...]
    bad: tuple[Path, ...]
    data: tuple[Path, ...]
    label: str | None
    output: Path
    seed: int
    least: int = labelled.LEAST
    #: The risk, or class of risks, of what a model for `compliance` is to find.
    risk: str | None = None
    mask: Mask = list  # personal data out of texts: a model remembers words
    name: Callable[[str], str] = str  # the same for names of files and sources


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out: the options of a config, and a line for the terminal."""

    options: str
    summary: str
    card: Path


def train(order: Order) -> Trained:
    """Read, check, split, train, measure, write."""
    _check_risk(order)
    docs = labelled.split(labelled.checked(_texts(order), order.least), order.seed)
    docs = labelled.masked(docs, order.mask, order.name)
    order.output.mkdir(parents=True, exist_ok=True)
    fit, test = (docs.filter(pl.col("side") == side) for side in ("fit", "test"))
    files: tuple[str, ...] = (f"{order.task}.bin",)
    if order.task == "quality":
        scores = own_quality.train(fit, order.output, order.seed)(test["text"].to_list())
        files = ("quality.bin", "characters.npz", "quality.yaml")
        found = two_class_blocks(test, scores)
    else:
        found = _classifier(order, fit, test)
    options = options_of(order)
    blocks = [*_data_blocks(order, docs), *found[1], "## Use", f"```yaml\n{options}```"]
    head = f"# A {order.task} model" + (f" of {order.risk}" if order.risk else "")
    sums = [(name, *_digest(order.output / name)) for name in files]
    made = table(("file", "bytes", "sha256"), sums)
    text = "\n\n".join([head, made, f"Held out: {found[0]}.", *blocks]) + "\n"
    path = order.output / CARD
    path.write_text(text, encoding="utf-8")
    return Trained(options, found[0], path)


def _check_risk(order: Order) -> None:
    """A model for `compliance` is of one risk, no other model has one."""
    if (order.task == "compliance") != (order.risk is not None):
        raise PipelineError("compliance, and nothing else, is trained for a --risk: A2e, or A2")
    if order.risk is None:
        return
    names = yaml.safe_load((PACKAGE / TAXONOMY.removeprefix("package:")).read_text("utf-8"))
    known = [*names["classes"], *names["risks"]]
    if order.risk not in known:
        raise PipelineError(f"there is no risk {order.risk!r}{nearest(order.risk, known)}")


def _texts(order: Order) -> pl.DataFrame:
    """The labelled texts; `PipelineError` for options that do not belong together."""
    if order.task not in TASKS:
        raise PipelineError(f"there is nothing to train called {order.task}; {', '.join(TASKS)}")
    if bool(order.data) == bool(order.good or order.bad) or bool(order.data) != bool(order.label):
        raise PipelineError("give --good and --bad, or --data and --label")
    if order.data and order.label:
        docs = labelled.many_classes(order.data, order.label)
        classes = {labelled.GOOD, BAD.get(order.task, "")}
        if order.task in BAD and (odd := sorted(set(docs["label"]) - classes)):
            names = " and ".join(sorted(classes))
            raise PipelineError(f"{order.task} has the labels {names}, not {odd[0]!r}")
        return docs
    if order.task not in BAD:
        raise PipelineError(f"{order.task} has many classes: give --data and --label")
    return labelled.two_classes(order.good, order.bad, BAD[order.task])


def _classifier(order: Order, fit: pl.DataFrame, test: pl.DataFrame) -> tuple[str, list[str]]:
    """Write a fastText model; what was measured of it."""
    labels = sorted(set(fit["label"].to_list()))
    lines = read_as(order.task, fit["text"].to_list())
    if odd := [label for label in labels if label.split() != [label]]:
        raise PipelineError(f"a label is one word, not {odd[0]!r}")
    model = trained(lines, fit["label"].to_list(), parameters_of(order.task), order.seed)
    model.save_model(str(order.output / f"{order.task}.bin"))
    grid = chances(model, read_as(order.task, test["text"].to_list()), labels)
    if order.task == "compliance":
        return finder_blocks(test, grid[:, labels.index(BAD[order.task])])
    if order.task in BAD:
        return two_class_blocks(test, grid[:, labels.index(labelled.GOOD)])
    return _many_class_blocks(test, grid, labels)


def two_class_blocks(test: pl.DataFrame, scores: F64) -> tuple[str, list[str]]:
    """A line, and the blocks of the card, about the score of good texts."""
    good = (test["label"] == labelled.GOOD).to_numpy()
    sources = test["source"].to_list()
    whole, alone = measures.area(scores, good), measures.source_area(scores, good, sources)
    bins, error = measures.calibration_rows(scores, good)
    line = f"AUC {whole} on {int(good.sum())} good and {int((~good).sum())} other texts"
    cuts = ("cut", "precision", "recall", "kept", "others kept")
    known = (
        f"A score that knows only the source has AUC {alone}. Where each source is of one class it "
        "is 1 and says nothing; where sources have both and it is near the AUC above, the model "
        "tells sources apart and little else."
    )
    spread = ("source", "good", "other", "5 %", "median", "95 %", "AUC within")
    return line, [
        "## Thresholds",
        "Of the texts of held-out sources, those with a score from the cut on:",
        table(cuts, measures.cut_rows(scores, good)),
        "## Calibration",
        f"Mean distance of score and share {error:.3f}.",
        table(("score", "texts", "mean score", "good"), bins),
        "## Sources",
        known,
        table(spread, measures.source_rows(scores, good, sources)),
    ]


def finder_blocks(test: pl.DataFrame, scores: F64) -> tuple[str, list[str]]:
    """A line, and the blocks of the card, about the chance that a text is what is looked for."""
    sought = (test["label"] != labelled.GOOD).to_numpy()
    whole = measures.area(scores, sought)
    bins, error = measures.calibration_rows(scores, sought)
    share = measures.found_at(scores, sought, PRECISION)
    line = (
        f"AUC {whole} on {int(sought.sum())} violating and {int((~sought).sum())} good texts; "
        f"{share:.1%} of the violating ones are found at a precision of {PRECISION:.0%}"
    )
    cuts = ("`least`", "precision", "recall", "found", "good texts found")
    return line, [
        "## Thresholds",
        _FOUND,
        table(cuts, measures.cut_rows(scores, sought)),
        "## Calibration",
        f"Mean distance of chance and share {error:.3f}.",
        table(("chance", "texts", "mean chance", "violating"), bins),
        "## Sources",
        table(
            ("source", "violating", "good", "5 %", "median", "95 %", "AUC within"),
            measures.source_rows(scores, sought, test["source"].to_list()),
        ),
    ]


def _many_class_blocks(
    test: pl.DataFrame, grid: F64, labels: Sequence[str]
) -> tuple[str, list[str]]:
    """The same for labels of which a text has one."""
    truths = test["label"].to_list()
    saids = [labels[at] for at in grid.argmax(axis=1).tolist()]
    rows, macro = measures.label_rows(truths, saids)
    right = np.array([t == s for t, s in zip(truths, saids, strict=True)])
    low, high = wilson(int(right.sum()), right.size)
    bins, error = measures.calibration_rows(grid.max(axis=1), right)
    share = f"{right.mean():.3f} ({low:.3f}–{high:.3f})"
    line = f"macro F1 {macro:.3f}, right {share} of {right.size} texts"
    return line, [
        "## Labels",
        table(("label", "texts", "precision", "recall", "F1"), rows),
        "## Calibration",
        f"Mean distance of score and share {error:.3f}.",
        table(("score", "texts", "mean score", "right"), bins),
    ]


def _data_blocks(order: Order, docs: pl.DataFrame) -> list[str]:
    """What it was trained on and what was held out."""
    files = [
        (
            order.name(path.name),
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in (*order.good, *order.bad, *order.data)
    ]
    groups = docs.group_by("source", "side").agg(
        pl.len().alias("texts"),
        pl.col("label").unique().sort().str.join(" "),
        pl.col("license").unique().sort().drop_nulls().str.join("; "),
    )
    rows = [
        (
            source,
            side,
            texts,
            labels if len(labels) < 60 else f"{labels[:57]}…",
            licence or "not stated",
        )
        for source, side, texts, labels, licence in groups.sort("source").iter_rows()
    ]
    return [
        "## Data",
        f"Seed {order.seed}. Whole sources are held out (`test`): the model never saw them.",
        table(("file", "bytes", "sha256"), files),
        table(("source", "side", "texts", "labels", "licence"), rows),
    ]


def _digest(path: Path) -> tuple[int, str]:
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()


def options_of(order: Order) -> str:
    """The lines of a config that use the model."""
    if order.risk is not None:
        model = order.output / f"{order.task}.bin"
        return f"compliance:\n  classifiers:\n    {order.risk}:\n      model: {model}\n"
    lines = [f"{order.task}:", f"  model: {order.output / (order.task + '.bin')}"]
    if order.task == "quality":
        lines += [
            f"  characters: {order.output / 'characters.npz'}",
            f"  scale: {order.output / 'quality.yaml'}",
        ]
    return "\n".join(lines) + "\n"
