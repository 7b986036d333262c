"""Train the quality model: clean prose against degraded and generated bad texts.

Enters: `bulk.jsonl.zst` (openly licensed documents, see the model card `assets/quality.md`).
Leaves, below `--output`: the fastText model `assets/quality.bin`, beside it what was measured
(`assets/quality.training.md`), and the scale `rules/packs/quality.yaml` (calibration, cut points).

    python -m corpus_pipeline.training.quality DATA/text/bulk.jsonl.zst

One thread and a fixed seed: the same documents give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages.quality import features, log_odds
from corpus_pipeline.training.documents import read_documents
from corpus_pipeline.training.model_card import Card, finished
from corpus_pipeline.training.wreckage import TEMPLATES, Templates, negatives

PACKAGE = Path(__file__).parents[1]
SEED = 20261121
SEGMENTS = 4000  # per source group and side
#: Source → group; each group gives the same number of segments.
GROUPS = {
    "LawRefBook/Laws": "statutes",
    "kong0107/mojLawSplitJSON": "statutes_tw",
    "NiuTrans/Classical-Modern": "classical",
    "Werneror/Poetry": "poems",
    "DRCKnowledgeTeam/DRCD": "wikipedia_tw",
    "ymcui/cmrc2018": "wikipedia",
    "MicrosoftDocs/Dynamics-365-Operations.zh-cn": "docs",
    "yuanzhoucq/cpp-docs.zh-cn": "docs",
    "pingcap/docs-cn": "docs",
    "yowko/Docs.zh-tw": "docs_tw",
    "MicrosoftDocs/visualstudio-docs.zh-tw": "docs_tw",
    "d2l-ai/d2l-zh": "books",
}
#: Sources that are only measured on.
HELD_OUT = (
    "chinese-poetry/chinese-poetry",
    "google-deepmind/xquad",
    "OI-wiki/OI-wiki",
    "reactjs/zh-hans.reactjs.org",
    "tensorflow/docs-l10n",
    "wjcx-zh/cpp-docs.zh-tw",
    "xreader-cn/AspNetCore.Docs.zh-cn",
)
#: Four dimensions score as well as sixteen for two labels, and a model that is not quantised is
#: read faster than one that is.
PARAMETERS: Mapping[str, Any] = {
    "lr": 0.1,
    "epoch": 3,
    "dim": 4,
    "wordNgrams": 2,
    "minCount": 4,
    "minn": 0,
    "maxn": 0,
    "bucket": 80_000,
    "loss": "softmax",
    "thread": 1,
    "seed": SEED,
}
Scores = NDArray[np.float64]
#: (source or kind of damage, text)
Pairs = list[tuple[str, str]]


def read(path: Path) -> pl.DataFrame:
    """The documents (`text`, `source`) of `GROUPS` and `HELD_OUT`.

    Other sources are left out; comments, for one, are both good and bad.
    """
    docs = read_documents(path, ("text", "source"))
    return docs.filter(pl.col("source").is_in([*GROUPS, *HELD_OUT]))


def texts_of(docs: pl.DataFrame, sources: Sequence[str]) -> list[str]:
    """The texts of these sources, in the order of the file; `PipelineError` if there are none."""
    texts = docs.filter(pl.col("source").is_in(sources)).get_column("text").to_list()
    if not texts:
        raise PipelineError(f"training needs documents of {' or '.join(sources)}; there are none")
    return texts


def segments(texts: list[str], count: int, rng: random.Random) -> list[str]:
    """`count` random pieces of 40 to 600 characters, which begin at a line or a sentence.

    Pieces of less than 16 characters are discarded; `PipelineError` where a hundred draws for each
    segment do not give enough.
    """
    pieces: list[str] = []
    for _ in range(100 * count):
        text = rng.choice(texts)
        size = int(40 * 15 ** rng.random())
        start = rng.randrange(max(len(text) - size, 1))
        while start and text[start - 1] not in "\n。！？":
            start -= 1
        piece = text[start : start + size].strip()
        if len(piece) >= 16:
            pieces.append(piece)
        if len(pieces) == count:
            return pieces
    raise PipelineError(f"{len(texts)} texts hold too few stretches of 16 characters")


def featured(texts: list[str]) -> list[str]:
    """The lines that the stage `quality` gives to the model for these texts."""
    return pl.DataFrame({"text": texts}).select(features(pl.col("text"))).to_series().to_list()


def train(good: list[str], bad: list[str]) -> Any:
    """A fastText model of the labels good and bad."""
    rows = [f"__label__good {line}" for line in featured(good)]
    rows += [f"__label__bad {line}" for line in featured(bad)]
    random.Random(SEED).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(rows), encoding="utf-8")
        return fasttext.train_supervised(input=str(path), verbose=0, **PARAMETERS)


def auc(good: Scores, bad: Scores) -> float:
    """The chance that a good text scores above a bad one."""
    order = np.argsort(np.concatenate([bad, good]), kind="stable")
    ranks = np.empty(order.size)
    ranks[order] = np.arange(1, order.size + 1)
    total = ranks[bad.size :].sum() - good.size * (good.size + 1) / 2
    return float(total / (good.size * bad.size))


def calibrated(good: Scores, bad: Scores) -> tuple[float, float]:
    """Slope and offset that make probabilities of log odds (Platt's scaling, by Newton steps)."""
    x = np.concatenate([good, bad])
    y = np.concatenate([np.ones(good.size), np.zeros(bad.size)])
    slope, offset = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        w = p * (1 - p) + 1e-9
        hessian = np.array([[(w * x * x).sum(), (w * x).sum()], [(w * x).sum(), w.sum()]])
        step = np.linalg.solve(hessian, np.array([((y - p) * x).sum(), (y - p).sum()]))
        # Without a bound Newton's method diverges where the two sides hardly overlap.
        slope, offset = slope + np.clip(step[0], -0.2, 0.2), offset + np.clip(step[1], -0.2, 0.2)
    return float(slope), float(offset)


def probability(odds: Scores, scale: Mapping[str, Any]) -> Scores:
    """The scores that the stage gives for these log odds."""
    chances: Scores = 1 / (1 + np.exp(-(scale["slope"] * odds + scale["offset"])))
    return chances


def scale_of(up: Scores, down: Scores, usual: Scores) -> dict[str, Any]:
    """Calibration on held-out good and bad log odds, and 19 cut points of the buckets.

    The cuts are quantiles of the usual documents and the bad ones together: fixed once, so that a
    bucket never depends on the batch.
    """
    slope, offset = calibrated(up, down)
    exact = {"slope": slope, "offset": offset}
    mixed = np.concatenate([probability(usual, exact), probability(down, exact)])
    cuts = np.round(np.quantile(mixed, np.arange(1, 20) / 20), 6)
    for place in range(1, len(cuts)):  # a model of few texts gives many the same score
        cuts[place] = max(cuts[place], np.round(cuts[place - 1] + 1e-6, 6))
    return {"slope": round(slope, 6), "offset": round(offset, 6), "cuts": cuts.tolist()}


def held_out_rows(
    side: Pairs, odds: Scores, other: Scores, scale: Mapping[str, Any], *, good: bool
) -> list[tuple[Any, ...]]:
    """A row for each kind: name, texts, AUC against the other side, quantiles of the score."""
    rows: list[tuple[Any, ...]] = []
    for kind in sorted({kind for kind, _ in side}):
        part = odds[[name == kind for name, _ in side]]
        area = auc(part, other) if good else auc(other, part)
        spread = np.quantile(probability(part, scale), (0.05, 0.5, 0.95))
        rows.append((kind, part.size, f"{area:.3f}", *(f"{value:.3f}" for value in spread)))
    return rows


def draw(docs: pl.DataFrame, count: int) -> tuple[Pairs, Pairs, Pairs, Pairs]:
    """Good and bad segments to train on, then good and bad ones that are only measured on."""
    rng = random.Random(SEED)
    templates = Templates(TEMPLATES)
    good: Pairs = []
    for group in dict.fromkeys(GROUPS.values()):
        texts = texts_of(docs, [source for source, of in GROUPS.items() if of == group])
        good += [(group, text) for text in segments(texts, count, rng)]
    bad = negatives([text for _, text in good], templates, rng, unseen=False)
    held_good: Pairs = []
    for source in HELD_OUT:
        # A tenth: 2,800 texts give the AUC two sure digits.
        part = segments(texts_of(docs, [source]), max(count // 10, 1), rng)
        held_good += [(source, text) for text in part]
    held_bad = negatives([text for _, text in held_good], templates, rng, unseen=True)
    return good, bad, held_good, held_bad


def run(bulk: Path, output: Path, count: int) -> Card:
    """Train, calibrate on held-out texts, write model and scale; returns the card."""
    docs = read(bulk)
    good, bad, held_good, held_bad = draw(docs, count)
    path = output / "assets" / "quality.bin"
    pack = output / "rules" / "packs" / "quality.yaml"
    for folder in (path.parent, pack.parent):
        folder.mkdir(parents=True, exist_ok=True)
    train([text for _, text in good], [text for _, text in bad]).save_model(str(path))
    model = fasttext.load_model(str(path))
    up, down = (log_odds(model, featured([text for _, text in p])) for p in (held_good, held_bad))
    of_groups = docs.filter(pl.col("source").is_in(list(GROUPS)))
    usual = of_groups.sample(min(20_000, of_groups.height), seed=SEED).get_column("text").to_list()
    scale = scale_of(up, down, log_odds(model, featured(usual)))
    write_scale(pack, scale)
    rows = held_out_rows(held_good, up, down, scale, good=True)
    rows += held_out_rows(held_bad, down, up, scale, good=False)
    return Card(
        model=path,
        command=f"python -m corpus_pipeline.training.quality {bulk.name} --segments {count}",
        parameters=PARAMETERS,
        trained_on=Counter(kind for kind, _ in good + bad),
        summary=f"held out: AUC {auc(up, down):.4f}, {len(held_good)} good, {len(held_bad)} bad",
        columns=("kind", "texts", "AUC", "5 %", "median", "95 %"),
        rows=rows,
    )


def write_scale(path: Path, scale: Mapping[str, Any]) -> None:
    """Write the packaged pack with these numbers to `path`; reasons and examples are kept."""
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "quality.yaml").read_text("utf-8"))
    pack["slope"]["value"], pack["offset"]["value"] = scale["slope"], scale["offset"]
    pack["cuts"]["points"] = scale["cuts"]
    text = yaml.safe_dump(pack, allow_unicode=True, sort_keys=False, width=96)
    path.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Train the quality model.")
    parser.add_argument("bulk", type=Path)
    parser.add_argument("--output", type=Path, default=PACKAGE)
    parser.add_argument("--segments", type=int, default=SEGMENTS, help="per group of sources")
    options = parser.parse_args(arguments)
    return finished(lambda: run(options.bulk, options.output, options.segments))


if __name__ == "__main__":
    raise SystemExit(main())
