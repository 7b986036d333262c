"""Train the quality model: clean prose against wreckage that this script makes itself.

Enters: `bulk.jsonl.zst` (openly licensed documents, see the model card).  Leaves: a fastText
model, its scale (`quality.yaml`: calibration and cut points) and a report on standard
output.  Refuses: to copy anybody's spam: every bad text is a degraded good one or grows from the
templates in `corpus_pipeline/training/quality_templates.yaml`.

    python -m corpus_pipeline.training.quality DATA/text/bulk.jsonl.zst
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fasttext
import numpy as np
import opencc
import polars as pl
import yaml
import zstandard

from corpus_pipeline.stages.quality import features, log_odds

PACKAGE = Path(__file__).parents[1]
SEED = 20261121
SEGMENTS = 4000  # per source group and side
#: Source → group; sources that are not named here are held out and only report.
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
HELD_OUT = (
    "chinese-poetry/chinese-poetry",
    "google-deepmind/xquad",
    "OI-wiki/OI-wiki",
    "reactjs/zh-hans.reactjs.org",
    "tensorflow/docs-l10n",
    "wjcx-zh/cpp-docs.zh-tw",
    "xreader-cn/AspNetCore.Docs.zh-cn",
)
Degrade = Callable[[str, random.Random], str]


def read(path: Path) -> pl.DataFrame:
    """The documents, without the comments: they are good and bad at once."""
    with path.open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file).read()
    return pl.read_ndjson(raw).filter(pl.col("source").is_in([*GROUPS, *HELD_OUT]))


def segments(texts: list[str], count: int, rng: random.Random) -> list[str]:
    """Stretches of 40 to 600 characters, begun at a line or a sentence."""
    found: list[str] = []
    while len(found) < count:
        text = rng.choice(texts)
        size = int(40 * 15 ** rng.random())
        start = rng.randrange(max(len(text) - size, 1))
        while start and text[start - 1] not in "\n。！？":
            start -= 1
        piece = text[start : start + size].strip()
        if len(piece) >= 16:
            found.append(piece)
    return found


def pieces(text: str, rng: random.Random, low: int, high: int, count: int) -> list[str]:
    """Short cuts from a text, as a search-engine optimiser would take them."""
    letters = "".join(c for c in text if c.isalpha()) or text
    return [
        letters[at : at + rng.randint(low, high)]
        for at in (rng.randrange(len(letters)) for _ in range(count))
    ]


def swapped(text: str, rng: random.Random) -> str:
    """Spun by machine: neighbours change places."""
    chars = list(text)
    for at in range(len(chars) - 2):
        if rng.random() < 0.3:
            chars[at], chars[at + 1] = chars[at + 1], chars[at]
    return "".join(chars)


def replaced(text: str, rng: random.Random) -> str:
    """Characters read wrongly: every fourth becomes another of the same text, or noise."""
    noise = "".join(sorted(set(text))) + "丨口曰己巳已末未土士人入八日目白自囗囹丶丿乚一二三0O1l|"
    return "".join(rng.choice(noise) if rng.random() < 0.25 else c for c in text)


def dropped(text: str, rng: random.Random) -> str:
    """Every third character is missing."""
    return "".join(c for c in text if rng.random() < 0.7)


def shuffled(text: str, rng: random.Random) -> str:
    """The words of a text in any order."""
    cuts = [text[at : at + 2] for at in range(0, len(text), 2)]
    rng.shuffle(cuts)
    return "".join(cuts)


def stuffed(text: str, rng: random.Random) -> str:
    """A few phrases again and again."""
    words = pieces(text, rng, 3, 7, rng.randint(2, 5))
    sign = rng.choice([" ", "，", "、", "|", "_", ",", "\n", "-"])
    tail = ["", "官网", "价格", "厂家", "哪家好", "多少钱", "排行榜", "图片", "批发", "最新"]
    return sign.join(rng.choice(words) + rng.choice(tail) for _ in range(rng.randint(8, 50)))


def menu(text: str, rng: random.Random) -> str:
    """Titles of other pages."""
    sign = rng.choice([" ", " | ", "\n", " > ", "\n· ", " / ", "\t"])
    return sign.join(pieces(text, rng, 2, 6, rng.randint(10, 60)))


def teasers(text: str, rng: random.Random) -> str:
    """Beginnings of articles, cut off."""
    more = rng.choice(["[详细]", "...", "……查看全文", " [阅读更多]", "…展开", " 更多>>"])
    return "\n".join(piece + more for piece in pieces(text, rng, 10, 24, rng.randint(4, 14)))


def as_gbk(text: str, rng: random.Random) -> str:
    """UTF-8 read as GBK."""
    del rng
    return text.encode().decode("gb18030", errors="replace")


def as_latin(text: str, rng: random.Random) -> str:
    """UTF-8 or GBK read as Latin-1."""
    return text.encode(rng.choice(["utf-8", "gb18030"])).decode("cp1252", errors="replace")


def as_big5(text: str, rng: random.Random) -> str:
    """UTF-8 read as Big5."""
    del rng
    return text.encode().decode("big5hkscs", errors="replace")


def mash(text: str, rng: random.Random) -> str:
    """Hands on the keyboard, or characters drawn by lot."""
    keys = ["的撒发生大幅度我去额发顺丰阿斯顿发个和就可怜", "asdfghjklqwertyuiop;"]
    pool = rng.choice([*keys, text])
    marks = rng.choice(["，。", "", " ", "！？"])
    return "".join(rng.choice(pool + marks) for _ in range(rng.randint(20, 200)))


def scattered(text: str, rng: random.Random) -> str:
    """Signs between the characters, to hide words from filters."""
    sign = rng.choice(["*", " ", "❤", "-", ".", "★", "丶", "~"])
    return sign.join(text[:200])


TRAINED: tuple[Degrade, ...] = (
    swapped, replaced, dropped, stuffed, menu, teasers, as_gbk, as_latin, mash,
)  # fmt: skip
UNSEEN: tuple[Degrade, ...] = (shuffled, as_big5, scattered)


class Templates:
    """Advertisements, footers and comments from the grammar in the YAML file."""

    def __init__(self, path: Path) -> None:
        """Read sentences and slots."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.slots: dict[str, list[str]] = data["slots"]
        self.families: dict[str, list[str]] = data["families"]
        self.unseen: list[str] = data["unseen"]
        self.hant = opencc.OpenCC("s2t")

    def make(self, family: str, rng: random.Random) -> str:
        """One text of a family, in either script."""
        lines = [rng.choice(self.families[family]) for _ in range(rng.randint(2, 12))]
        sign = rng.choice(["\n", "", " ", "\n\n"])
        text = sign.join(self._filled(line, rng) for line in lines)
        return self.hant.convert(text) if rng.random() < 0.4 else text

    def _filled(self, line: str, rng: random.Random) -> str:
        for name, words in self.slots.items():
            while "{" + name + "}" in line:
                line = line.replace("{" + name + "}", rng.choice(words), 1)
        return "".join(str(rng.randrange(10)) if c == "#" else c for c in line)


def negatives(
    good: list[str], templates: Templates, rng: random.Random, *, unseen: bool
) -> list[tuple[str, str]]:
    """(kind, text): degraded texts, templates, and good texts with templates in between."""
    families = [name for name in templates.families if (name in templates.unseen) is unseen]
    made: list[tuple[str, str]] = []
    for text in good:
        draw = rng.random()
        if draw < 0.55:
            degrade = rng.choice(UNSEEN if unseen else TRAINED)
            made.append((degrade.__name__, degrade(text, rng)))
        elif draw < 0.9:
            family = rng.choice(families)
            made.append((family, templates.make(family, rng)))
        else:
            family = rng.choice(families)
            spam = [templates.make(family, rng) for _ in range(2)]
            made.append((f"mixed_{family}", f"{spam[0]}\n{text[:120]}\n{spam[1]}"))
    return made


def featured(texts: list[str]) -> list[str]:
    """What the stage shows the model."""
    return pl.DataFrame({"text": texts}).select(features(pl.col("text"))).to_series().to_list()


def train(good: list[str], bad: list[str]) -> fasttext.FastText:
    """Two labels, one thread, a fixed seed; so small that it need not be quantised.

    Four dimensions for two labels do what sixteen did, and a plain table is read faster than
    products of centroids behind a list of what pruning left.
    """
    rows = [f"__label__good {t}" for t in featured(good)]
    rows += [f"__label__bad {t}" for t in featured(bad)]
    random.Random(SEED).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(rows), encoding="utf-8")
        return fasttext.train_supervised(
            input=str(path), lr=0.1, epoch=3, dim=4, wordNgrams=2, minCount=4, minn=0, maxn=0,
            bucket=80_000, loss="softmax", thread=1, seed=SEED, verbose=0,
        )  # fmt: skip


def auc(good: np.ndarray, bad: np.ndarray) -> float:
    """The chance that a good text scores above a bad one."""
    order = np.argsort(np.concatenate([bad, good]), kind="stable")
    ranks = np.empty(order.size)
    ranks[order] = np.arange(1, order.size + 1)
    total = ranks[bad.size :].sum() - good.size * (good.size + 1) / 2
    return float(total / (good.size * bad.size))


def calibrated(good: np.ndarray, bad: np.ndarray) -> tuple[float, float]:
    """Platt: slope and offset of the log odds under which the scores are probabilities."""
    x = np.concatenate([good, bad])
    y = np.concatenate([np.ones(good.size), np.zeros(bad.size)])
    slope, offset = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        w = p * (1 - p) + 1e-9
        hessian = np.array([[(w * x * x).sum(), (w * x).sum()], [(w * x).sum(), w.sum()]])
        step = np.linalg.solve(hessian, np.array([((y - p) * x).sum(), (y - p).sum()]))
        # Newton alone runs away where the two sides hardly overlap.
        slope, offset = slope + np.clip(step[0], -0.2, 0.2), offset + np.clip(step[1], -0.2, 0.2)
    return float(slope), float(offset)


def main() -> None:
    """Train, calibrate on what training never saw, write and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bulk", type=Path)
    parser.add_argument("--output", type=Path, default=PACKAGE)
    args = parser.parse_args()
    start = time.perf_counter()
    rng = random.Random(SEED)
    docs = read(args.bulk)
    templates = Templates(Path(__file__).with_name("quality_templates.yaml"))
    good: list[str] = []
    for group in dict.fromkeys(GROUPS.values()):
        sources = [source for source, of in GROUPS.items() if of == group]
        texts = docs.filter(pl.col("source").is_in(sources)).get_column("text").to_list()
        good += segments(texts, SEGMENTS, rng)
    bad = [text for _, text in negatives(good, templates, rng, unseen=False)]
    model = train(good, bad)
    held = docs.filter(pl.col("source").is_in(HELD_OUT))
    held_good: list[tuple[str, str]] = []
    for source in HELD_OUT:
        texts = held.filter(pl.col("source") == source).get_column("text").to_list()
        held_good += [(source, text) for text in segments(texts, 400, rng)]
    held_bad = negatives([text for _, text in held_good], templates, rng, unseen=True)
    write(model, held_good, held_bad, args.output, docs)
    print(f"{time.perf_counter() - start:.0f} s, {len(good)} good and {len(bad)} bad segments")


def write(
    model: fasttext.FastText,
    good: list[tuple[str, str]],
    bad: list[tuple[str, str]],
    output: Path,
    docs: pl.DataFrame,
) -> None:
    """Save model and scale, and print what the held-out part says."""
    path = output / "assets" / "quality.bin"
    model.save_model(str(path))
    model = fasttext.load_model(str(path))
    up = log_odds(model, featured([text for _, text in good]))
    down = log_odds(model, featured([text for _, text in bad]))
    slope, offset = calibrated(up, down)

    def score(odds: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(slope * odds + offset)))

    whole = docs.filter(pl.col("source").is_in(list(GROUPS))).sample(20_000, seed=SEED)
    spread = score(log_odds(model, featured(whole.get_column("text").to_list())))
    mixed = np.concatenate([spread, score(down)])
    cuts = np.unique(np.round(np.quantile(mixed, np.arange(1, 20) / 20), 6))
    pack = yaml.safe_load((PACKAGE / "rules" / "packs" / "quality.yaml").read_text("utf-8"))
    pack["slope"]["value"], pack["offset"]["value"] = round(slope, 6), round(offset, 6)
    pack["cuts"]["points"] = cuts.tolist()
    scale = yaml.safe_dump(pack, allow_unicode=True, sort_keys=False, width=96)
    (output / "rules" / "packs" / "quality.yaml").write_text(scale, "utf-8")
    print(f"held out: AUC {auc(up, down):.4f}, {len(good)} good, {len(bad)} bad")
    for side, odds, other in ((good, up, down), (bad, down, up)):
        for kind in sorted({kind for kind, _ in side}):
            part = odds[[of == kind for of, _ in side]]
            area = auc(part, other) if side is good else auc(other, part)
            low, middle, high = np.quantile(score(part), (0.05, 0.5, 0.95))
            print(f"  {kind:36s} {part.size:4d} AUC {area:.3f} {low:.3f} {middle:.3f} {high:.3f}")
    print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
