"""Fit the weights of registers of which there are texts with open licences, for `heuristics`.

Enters: documents (`text/bulk`, `web/web_dev`) of `SOURCES`, the `fit` half of each.  Leaves: the
pack `heuristics_registers.yaml` with new weights of its trained registers; words, features and the
registers written by hand stay as they are.

    python -m corpus_pipeline.training.registers DATA/text/bulk.jsonl.zst DATA/web/web_dev.jsonl.zst

Each register against all others and against wreckage, by logistic regression with a ridge: so log
odds of registers of different origin can stand side by side.  The same documents give the same
bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.registers import Registers, RegistersPack
from corpus_pipeline.text.arrays import F64, Bool
from corpus_pipeline.text.dedup.key import parse_key_table
from corpus_pipeline.text.measures.measures import measure
from corpus_pipeline.text.terms.trie import folding
from corpus_pipeline.training.documents import read_documents
from corpus_pipeline.training.halves import half
from corpus_pipeline.training.wreckage import TEMPLATES, Templates, Wrecks

PACKAGE = Path(__file__).parents[1]
PACK = PACKAGE / "rules" / "packs" / "heuristics_registers.yaml"
SEED = 20261129
#: Source → register.
SOURCES = {
    "LawRefBook/Laws": "law",
    "kong0107/mojLawSplitJSON": "law",
    "thu-coai/COLDataset": "social",
    "chinese-poetry/chinese-poetry": "verse",
    "Werneror/Poetry": "verse",
    "NiuTrans/Classical-Modern": "classical",
    "DRCKnowledgeTeam/DRCD": "encyclopaedia",
    "ymcui/cmrc2018": "encyclopaedia",
    "google-deepmind/xquad": "encyclopaedia",
    "Toyhom/Chinese-medical-dialogue-data": "qa",
    "thu-coai/KdConv": "dialogue",
    "luoxuhai/chinese-novel": "dialogue",
    "Anduin2017/HowToCook": "howto",
    "daohu527/dig-into-apollo": "technical",
    "yuanzhoucq/cpp-docs.zh-cn": "technical",
    "yowko/Docs.zh-tw": "technical",
    "xreader-cn/AspNetCore.Docs.zh-cn": "technical",
    "d2l-ai/d2l-zh": "technical",
    "reactjs/zh-hans.reactjs.org": "technical",
}
#: Documentation has enough sources to be halved by them: all of its documents are of the fit half.
WHOLE = tuple(source for source in SOURCES if SOURCES[source] == "technical")[1:]
#: Texts of one source; stretches of one text; characters of a stretch, from and to.
MOST, STRETCHES, SHORTEST, LONGEST = 300, 2, 60, 4000
#: Penalty of a squared weight.
RIDGE = 4.0
_STEPS = 12
WRECK = ""


def read(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Texts with their registers, at most `MOST` documents of a source."""
    rng = random.Random(SEED)
    found: list[tuple[str, str]] = []
    docs = pl.concat(
        read_documents(path, ("text", "source", "id")).select("text", "source", "id")
        for path in paths
    ).with_columns(pl.col("source").str.split(" ").list.first())
    for source, register in SOURCES.items():
        rows = docs.filter(pl.col("source") == source).select("id", "text").rows()
        own: list[str] = [
            text for name, text in rows if half(source if source in WHOLE else name) == "fit"
        ]
        if not own:
            raise PipelineError(f"training needs documents of {source}; there are none")
        for text in rng.sample(own, min(MOST, len(own))):
            found += [(text, register), *((part, register) for part in stretches(text, rng))]
    return found


def stretches(text: str, rng: random.Random) -> list[str]:
    """Stretches of a text that begin at a sentence or line, of lengths from a page to a post."""
    parts = []
    for _ in range(STRETCHES):
        size = int(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
        if size >= len(text):
            continue
        start = rng.randrange(len(text) - size)
        while start and text[start - 1] not in "\n。！？":
            start -= 1
        parts.append(text[start : start + size].strip())
    return parts


def wrecks(texts: Sequence[str]) -> list[str]:
    """Wreckage made of texts, as `quality` learns it."""
    rng = random.Random(SEED)
    makes = Wrecks(Templates(TEMPLATES), rng, unseen=False)
    chosen = rng.sample(list(texts), min(len(texts), 4 * MOST))
    return [text for _, text in (makes.make(one, texts) for one in chosen) if text.strip()]


def regression(columns: F64, own: Bool, weights: F64) -> tuple[float, F64]:
    """Offset and weights of a ridge-penalised logistic regression, by Newton's method."""
    design = np.column_stack([np.ones(own.size), columns])
    penalty = np.full(design.shape[1], RIDGE)
    penalty[0] = 1e-3
    fit = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ fit, -30, 30)))
        slope = design.T @ (weights * (own - chance)) - penalty * fit
        bend = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        fit = fit + np.linalg.solve(bend + np.diag(penalty), slope)
    return float(fit[0]), fit[1:]


def fitted(
    inputs: Sequence[str], columns: F64, registers: Sequence[str]
) -> dict[str, tuple[float, dict[str, float]]]:
    """Register → offset and weights, rounded; every register weighs the same, wreckage too."""
    names = np.array(registers)
    kinds = sorted(set(registers))
    share = {kind: names.size / len(kinds) / int((names == kind).sum()) for kind in kinds}
    weights = np.array([share[name] for name in registers])
    found = {}
    for kind in kinds:
        if kind == WRECK:
            continue
        own = names == kind
        # Half of the weight is the register's own, so that an offset says nothing of how many
        # registers there are.
        balanced = np.where(own, weights * (len(kinds) - 1), weights) / 2
        offset, fit = regression(columns, own, balanced)
        pairs = zip(inputs, np.round(fit, 2).tolist(), strict=True)
        found[kind] = (round(offset, 2), {name: value for name, value in pairs if value})
    return found


def run(paths: Sequence[Path], pack: Path, table: Path) -> str:
    """Fit, and write the pack; returns what is to be said."""
    content = yaml.safe_load(pack.read_text("utf-8"))
    fold = folding(parse_key_table(table.read_text("utf-8")).fast)
    detector = Registers(RegistersPack.model_validate(content), fold)
    rows = read(paths)
    rows += [(text, WRECK) for text in wrecks([text for text, _ in rows if len(text) >= SHORTEST])]
    texts = pl.Series([text for text, _ in rows], dtype=pl.String)
    columns = detector.columns(detector.cues(texts), measure(texts))
    weights = fitted(detector.inputs, columns, [register for _, register in rows])
    # Registers written by hand are fitted too, as others to tell apart from, and stay as they are.
    trained = [one["id"] for one in content["registers"] if one["origin"] == "trained"]
    weights = {name: fit for name, fit in weights.items() if name in trained}
    write(pack, weights)
    return "".join(f"{name}: offset {offset}\n" for name, (offset, _) in weights.items())


def write(pack: Path, weights: dict[str, tuple[float, dict[str, float]]]) -> None:
    """Write new offsets and weights into the lines of the pack; everything else stays."""
    lines, name = [], ""
    for line in pack.read_text("utf-8").splitlines():
        new = line
        if line.startswith("  - id: "):
            name = line.removeprefix("  - id: ").strip()
        offset, fit = weights.get(name, (0.0, {}))
        if name in weights and line.startswith("    offset:"):
            new = f"    offset: {offset}"
        if name in weights and line.startswith("    weights:"):
            new = f"    weights: {{{', '.join(f'{k}: {v}' for k, v in fit.items())}}}"
        lines.append(new)
    pack.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Fit the weights of registers.")
    parser.add_argument("documents", type=Path, nargs="+")
    parser.add_argument("--pack", type=Path, default=PACK, help="the pack, changed in place")
    options = parser.parse_args(arguments)
    try:
        said = run(options.documents, options.pack, PACKAGE / "assets" / "dedup_key.tsv")
    except (PipelineError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(said)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
