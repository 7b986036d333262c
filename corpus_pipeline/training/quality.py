"""Train the quality score: clean prose against damaged, listed and advertising texts.

Enters: documents with an open licence (see the model card `assets/quality.md`), the `fit` half of
each source.  Leaves, below `--output`: the fastText model `assets/quality.bin`, the character model
`assets/characters.npz`, beside them what was measured (`assets/quality.training.md`), and the
curves and cut points `rules/packs/quality.yaml`.

    python -m corpus_pipeline.training.quality DATA/text/bulk.jsonl.zst DATA/web/web_dev.jsonl.zst

The curves are fitted on what the two models say of texts of groups that they did not see: what they
know by heart would teach the curves to trust them too much.
One thread and a fixed seed: the same documents give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import polars as pl
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.quality import BUCKETS, Curve
from corpus_pipeline.stages.quality import MODEL_MEASURE, measured, summed
from corpus_pipeline.text.arrays import F64, Bool
from corpus_pipeline.text.measures.fluency import FLUENCY, CharModel, char_model
from corpus_pipeline.text.measures.measures import MEASURES
from corpus_pipeline.text.tokens.quality import features_of
from corpus_pipeline.training import char_model as characters
from corpus_pipeline.training.additive import fitted
from corpus_pipeline.training.documents import read_documents
from corpus_pipeline.training.halves import half, half_of
from corpus_pipeline.training.model_card import Card, finished
from corpus_pipeline.training.wreckage import TEMPLATES, Templates, Wrecks

PACKAGE = Path(__file__).parents[1]
SEED = 20261121
SEGMENTS = 2000  # per source group and side
#: Source → group, and the fold in which both models leave the group out.
GROUPS = {
    "LawRefBook/Laws": ("statutes", 0),
    "kong0107/mojLawSplitJSON": ("statutes_tw", 0),
    "NiuTrans/Classical-Modern": ("classical", 1),
    "Werneror/Poetry": ("poems", 1),
    "luoxuhai/chinese-novel": ("novels", 1),
    "DRCKnowledgeTeam/DRCD": ("wikipedia_tw", 2),
    "ymcui/cmrc2018": ("wikipedia", 2),
    "MicrosoftDocs/Dynamics-365-Operations.zh-cn": ("docs", 3),
    "yuanzhoucq/cpp-docs.zh-cn": ("docs", 3),
    "pingcap/docs-cn": ("docs", 3),
    "yowko/Docs.zh-tw": ("docs_tw", 3),
    "MicrosoftDocs/visualstudio-docs.zh-tw": ("docs_tw", 3),
    "d2l-ai/d2l-zh": ("books", 3),
    "daohu527/dig-into-apollo": ("notes", 3),
    "Toyhom/Chinese-medical-dialogue-data": ("medical", 4),
    "thu-coai/KdConv": ("dialogue", 5),
    "Anduin2017/HowToCook": ("recipes", 5),
    "thu-coai/COLDataset": ("comments", 2),
}
FOLDS = 6
#: Sources whose halves are those of the sample; the others are halved by document.
BULK = (*tuple(GROUPS)[:4], *tuple(GROUPS)[5:13], "thu-coai/COLDataset")
_NOT_HAN = re.compile("[^\u4e00-\u9fff]+")
#: One text in so many is written with half-width marks, as many pages are.
HALF_WIDTH = 6
_NARROW = str.maketrans("，。：；？！（）", ",.:;?!()")
#: Groups of little text, which the character model counts three times.
FEW = ("novels", "wikipedia", "wikipedia_tw", "notes", "medical", "dialogue", "recipes")
#: Characters of a group, and of a document, that the character model counts.
MOST, MOST_OF_ONE = 2_500_000, 20_000
#: Measures that say what a text is about or how long it is, not how good.
LEFT_OUT = (
    *("length", "han_count", "lines", "article_ratio", "list_heading", "tune_title"),
    *("even_lines", "dated_lines", "equation_lines", "amount_lines", "bits", "long_run_ratio"),
)
#: What the models say may not be trusted further than the middle of good texts that they never saw.
AT_MOST, AT_LEAST = (MODEL_MEASURE, "gain", "low_gain"), ("misfits",)
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


@dataclass(frozen=True, slots=True)
class Segment:
    """A text of the training, its group or kind of damage, and its fold."""

    kind: str
    text: str
    fold: int
    good: bool


@dataclass(frozen=True, slots=True)
class Models:
    """What the curves read beside the measures."""

    words: Any
    characters: CharModel

    def columns(self, texts: Sequence[str]) -> dict[str, F64]:
        """Every measure of these texts that a curve may use."""
        frame = measured(pl.Series(texts, dtype=pl.String), self.words, self.characters)
        names = [n for n in (*MEASURES, *FLUENCY, MODEL_MEASURE) if n not in LEFT_OUT]
        return {name: frame[name].to_numpy().astype(np.float64) for name in names}


def read(paths: Sequence[Path]) -> pl.DataFrame:
    """The documents (`text`, `group`, `half`) of `GROUPS`; other sources are left out."""
    docs = pl.concat(
        read_documents(path, ("text", "source", "id")).select("text", "source", "id")
        for path in paths
    )
    docs = docs.with_columns(pl.col("source").str.split(" ").list.first())
    docs = docs.filter(pl.col("source").is_in(list(GROUPS)))
    groups = {source: group for source, (group, _) in GROUPS.items()}
    halves = [
        half_of(row) if row["source"] in BULK else half(row["id"])
        for row in docs.select("source", "id").iter_rows(named=True)
    ]
    return docs.select(
        "text",
        pl.col("source").replace_strict(groups, return_dtype=pl.String).alias("group"),
        pl.Series("half", halves, dtype=pl.String),
    )


def texts_of(docs: pl.DataFrame, group: str, side: str) -> list[str]:
    """The texts of a group in the order of the files; `PipelineError` if there are none."""
    chosen = docs.filter((pl.col("group") == group) & (pl.col("half") == side))
    texts: list[str] = chosen.get_column("text").to_list()
    if not texts and side == "fit":
        raise PipelineError(f"training needs documents of the group {group}; there are none")
    return texts


def segment(text: str, rng: random.Random) -> str:
    """A document, one to three of its paragraphs, or a stretch that begins at a sentence."""
    draw = rng.random()
    if draw < 0.35:
        paragraphs = [p.strip() for p in text.split("\n") if len(p.strip()) >= 50]
        paragraphs = [p for p in paragraphs if 5 * han(p) > 3 * len(p)]
        if paragraphs:
            at, count = rng.randrange(len(paragraphs)), rng.choice((1, 1, 1, 2, 3))
            return rng.choice(("", "\n")).join(paragraphs[at : at + count])
    if draw < 0.6 or len(text) < 120:
        return text[:8000]
    size = int(60 * 40 ** rng.random())
    start = rng.randrange(max(len(text) - size, 1))
    while start and text[start - 1] not in "\n。！？":
        start -= 1
    return text[start : start + size].strip() or text[:size]


def han(piece: str) -> int:
    """How many characters are Han."""
    return len(_NOT_HAN.sub("", piece))


def is_text(piece: str) -> bool:
    """Whether a piece has 16 characters and a fifth of them is Han: a page of code has less."""
    return len(piece) >= 16 and 5 * han(piece) >= len(piece)


def narrow(text: str, rng: random.Random) -> str:
    """The text, or one time in `HALF_WIDTH` the text with half-width marks."""
    return text if rng.randrange(HALF_WIDTH) else text.translate(_NARROW)


def draw(docs: pl.DataFrame, side: str, count: int) -> list[Segment]:
    """`count` good segments of each group, and as many bad ones made of others of the same group.

    The bad ones of the half `test` are of kinds that training never sees.
    """
    rng = random.Random(SEED)
    wrecks = Wrecks(Templates(TEMPLATES), rng, unseen=side == "test")
    segments: list[Segment] = []
    for group, fold in dict.fromkeys(GROUPS.values()):
        texts = texts_of(docs, group, side)
        if not texts:
            continue
        pieces = (segment(rng.choice(texts), rng) for _ in range(4 * count))
        good = [narrow(piece, rng) for piece in pieces if is_text(piece)][: 2 * count]
        if len(good) < 2 * count:
            raise PipelineError(f"the texts of {group} hold too few stretches of 16 characters")
        segments += [Segment(group, piece, fold, good=True) for piece in good[:count]]
        bad = (wrecks.make(piece, texts) for piece in good[count:])
        segments += [Segment(kind, text, fold, good=False) for kind, text in bad if text.strip()]
    return segments


def counted_texts(docs: pl.DataFrame, fold: int | None) -> list[str]:
    """What the character model counts: the groups that are not of this fold."""
    rng = random.Random(SEED)
    texts: list[str] = []
    for group, of in dict.fromkeys(GROUPS.values()):
        if of == fold:
            continue
        left, chosen = MOST, []
        for text in rng.sample(own := texts_of(docs, group, "fit"), len(own)):
            chosen.append(text[:MOST_OF_ONE])
            left -= len(chosen[-1])
            if left < 0:
                break
        texts += chosen * (3 if group in FEW else 1)
    return texts


def models_without(docs: pl.DataFrame, segments: Sequence[Segment], fold: int | None) -> Models:
    """Both models, trained without the groups of a fold."""
    seen = [s for s in segments if s.fold != fold]
    good, bad = ([s.text for s in seen if s.good is side] for side in (True, False))
    parts = characters.counted(counted_texts(docs, fold))
    return Models(train(good, bad), char_model(parts))


def featured(texts: list[str]) -> list[str]:
    """The lines that the stage `quality` gives to the model for these texts."""
    return features_of(pl.Series(texts, dtype=pl.String))


def train(good: list[str], bad: list[str]) -> Any:
    """A fastText model of the labels good and bad."""
    rows = [f"__label__good {line}" for line in featured(good)]
    rows += [f"__label__bad {line}" for line in featured(bad)]
    random.Random(SEED).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(rows), encoding="utf-8")
        return fasttext.train_supervised(input=str(path), verbose=0, **PARAMETERS)


def auc(good: F64, bad: F64) -> float:
    """The chance that a good text scores above a bad one."""
    order = np.argsort(np.concatenate([bad, good]), kind="stable")
    ranks = np.empty(order.size)
    ranks[order] = np.arange(1, order.size + 1)
    total = ranks[bad.size :].sum() - good.size * (good.size + 1) / 2
    return float(total / (good.size * bad.size))


def fit(docs: pl.DataFrame, segments: Sequence[Segment]) -> tuple[float, list[Curve], F64, Bool]:
    """Offset and curves; with the log odds and classes of the segments, by models without them."""
    parts: list[dict[str, F64]] = []
    classes: list[bool] = []
    for fold in range(FOLDS):
        own = [s for s in segments if s.fold == fold]
        if not own:
            continue
        parts.append(models_without(docs, segments, fold).columns([s.text for s in own]))
        classes += [s.good for s in own]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    good = np.array(classes)
    offset, fits = fitted(columns, good, at_least=AT_LEAST, at_most=AT_MOST)
    curves = [rounded(c.measure, c.knots, c.points) for c in fits]
    return round(offset, 4), curves, summed(round(offset, 4), curves, columns), good


def rounded(measure: str, knots: Sequence[float], points: Sequence[float]) -> Curve:
    """A curve whose numbers a person can read; equal knots are one."""
    pairs = {
        float(f"{knot:.4g}"): round(point, 3) for knot, point in zip(knots, points, strict=True)
    }
    return Curve(measure=measure, knots=tuple(pairs), points=tuple(pairs.values()))


def against(usual: Curve, odds: F64, segments: Sequence[Segment]) -> F64:
    """The odds of segments as the score takes them: against those of good texts of their length."""
    lengths = [len(segment.text) for segment in segments]
    even = load_even()
    return odds - np.interp(lengths, usual.knots, usual.points) + even


def load_even() -> float:
    """How far below the odds of a good text the score is one half: a number of the pack."""
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "quality.yaml").read_text("utf-8"))
    return float(pack["calibration"]["even"]["value"])


def in_folds(segments: Sequence[Segment]) -> list[Segment]:
    """The segments in the order in which `fit` scores them."""
    return [s for fold in range(FOLDS) for s in segments if s.fold == fold]


def cut_points(odds: F64) -> list[float]:
    """19 cut points of the buckets: quantiles of the scores of good and bad texts, rising."""
    scores = 1 / (1 + np.exp(-odds))
    cuts = np.maximum(np.round(np.quantile(scores, np.arange(1, BUCKETS) / BUCKETS), 6), 1e-6)
    for place in range(1, len(cuts)):  # a model of few texts gives many the same score
        cuts[place] = max(cuts[place], np.round(cuts[place - 1] + 1e-6, 6))
    points: list[float] = cuts.tolist()
    return points


#: Characters at which the odds of good texts are looked at.
LENGTHS = (8.0, 12.0, 20.0, 35.0, 60.0, 100.0, 170.0, 300.0, 550.0, 1000.0, 2000.0)
#: Texts of a group that are cut, and how many must reach a length, by this share of it.
TYPICAL_TEXTS, FEWEST, LONG_ENOUGH = 200, 15, 0.8


def typical(docs: pl.DataFrame, odds: Callable[[Sequence[str]], F64]) -> Curve:
    """The odds of good texts by length: the median over groups of the medians of a group.

    Texts of the fit half are cut at each length that they reach: what more text makes surer must
    not count as quality.  The curve never falls.
    """
    groups = dict.fromkeys(GROUPS.values())
    texts = [texts_of(docs, group, "fit")[:TYPICAL_TEXTS] for group, _ in groups]
    points: dict[float, float] = {}
    for length in LENGTHS:
        cut = [[t[: int(length)] for t in some if len(t) >= LONG_ENOUGH * length] for some in texts]
        many = [some for some in cut if len(some) >= FEWEST] or [some for some in cut if some]
        middles = [float(np.median(odds(some))) for some in many]
        if middles:
            points[length] = max([round(float(np.median(middles)), 2), *points.values()])
    return Curve(measure="length", knots=tuple(points), points=tuple(points.values()))


def rows_of(segments: Sequence[Segment], odds: F64) -> list[tuple[Any, ...]]:
    """A row for each kind: name, texts, AUC against the other side, quantiles of the score."""
    good = np.array([s.good for s in segments])
    kinds = np.array([s.kind for s in segments])
    rows: list[tuple[Any, ...]] = []
    for side in (True, False):
        for kind in sorted(set(kinds[good == side].tolist())):
            part, other = odds[(kinds == kind) & (good == side)], odds[good != side]
            area = auc(part, other) if side else auc(other, part)
            spread = np.quantile(1 / (1 + np.exp(-part)), (0.05, 0.5, 0.95))
            rows.append((kind, part.size, f"{area:.3f}", *(f"{value:.3f}" for value in spread)))
    return rows


@dataclass(frozen=True)
class Trained:
    """What a training made: segments it saw, odds of a text, their usual course by length."""

    segments: list[Segment]
    odds: Callable[[Sequence[str]], F64]
    usual: Curve


def save_models(docs: pl.DataFrame, segments: Sequence[Segment], assets: Path) -> Models:
    """Train both models on these segments and the texts, and write them into the folder."""
    good, bad = ([s.text for s in segments if s.good is side] for side in (True, False))
    train(good, bad).save_model(str(assets / "quality.bin"))
    parts = characters.counted(counted_texts(docs, None))
    characters.write(parts, assets / "characters.npz")
    return Models(fasttext.load_model(str(assets / "quality.bin")), char_model(parts))


def write(docs: pl.DataFrame, output: Path, count: int) -> Trained:
    """Train and fit on the halves for it, write models and curves below `output`."""
    segments = draw(docs, "fit", count)
    offset, curves, crossed, _ = fit(docs, segments)
    assets, packs = output / "assets", output / "rules" / "packs"
    for folder in (assets, packs):
        folder.mkdir(parents=True, exist_ok=True)
    models = save_models(docs, segments, assets)

    def odds_of(texts: Sequence[str]) -> F64:
        return summed(offset, curves, models.columns(texts))

    usual = typical(docs, odds_of)
    cuts = cut_points(against(usual, crossed, in_folds(segments)))
    write_pack(packs / "quality.yaml", offset, curves, usual, cuts)
    return Trained(segments, odds_of, usual)


def run(paths: Sequence[Path], output: Path, count: int) -> Card:
    """Train, write models and curves, measure on the other halves; returns the card."""
    docs = read(paths)
    trained = write(docs, output, count)
    held = draw(docs, "test", max(count // 5, 1))
    odds = against(trained.usual, trained.odds([s.text for s in held]), held)
    sides = np.array([s.good for s in held])
    return Card(
        model=output / "assets" / "quality.bin",
        command=f"python -m corpus_pipeline.training.quality {' '.join(p.name for p in paths)}"
        f" --segments {count}",
        parameters=PARAMETERS,
        trained_on=Counter(s.kind for s in trained.segments),
        summary=f"other halves: AUC {auc(odds[sides], odds[~sides]):.4f}, "
        f"{sides.sum()} good, {(~sides).sum()} bad",
        columns=("kind", "texts", "AUC", "5 %", "median", "95 %"),
        rows=rows_of(held, odds),
    )


def write_pack(
    path: Path, offset: float, curves: Sequence[Curve], usual: Curve, cuts: Sequence[float]
) -> None:
    """Write the packaged pack with these numbers to `path`; reasons and examples are kept."""
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "quality.yaml").read_text("utf-8"))
    pack["offset"]["value"], pack["cuts"]["points"] = offset, list(cuts)
    pack["curves"] = [plain(curve) for curve in curves]
    pack["calibration"]["typical"] = plain(usual)
    text = yaml.safe_dump(
        pack, allow_unicode=True, sort_keys=False, width=96, default_flow_style=None
    )
    path.write_text(text, encoding="utf-8")


def plain(curve: Curve) -> dict[str, Any]:
    """A curve as the pack writes it."""
    return {
        "measure": curve.measure,
        "knots": list(curve.knots),
        "points": list(curve.points),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Train the quality score.")
    parser.add_argument("documents", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, default=PACKAGE)
    parser.add_argument("--segments", type=int, default=SEGMENTS, help="per group of sources")
    options = parser.parse_args(arguments)
    return finished(lambda: run(options.documents, options.output, options.segments))


if __name__ == "__main__":
    raise SystemExit(main())
