"""What `compliance` drops of ordinary texts, what it finds, and how fast.

    python -m scripts.eval_compliance DATA [--half fit|test] [--bulk N] [--only PART]

DATA is the data folder.  All parts look at one half of each source, `test` unless told otherwise;
nothing was fitted on that half.  `ordinary`: the cases of the tests, by topic.  `real`: web texts
of good registers, and every Nth document of `text/bulk.jsonl.zst`.  `found`: offers and fraud of
the web set by kind, found by `compliance` alone and by `spam` or `compliance`; for each verdict its
precision.  `classifiers`: a fastText model of each risk, as `corpus-pipeline train compliance`
makes it, trained on the other half.  `speed`: megabytes for each second of one core, with the packs
and with a list of 20,000 keywords beside them.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import rjieba
import zstandard

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from frames import docs_of, stage

from corpus_pipeline.training.classifier import chances, parameters_of, read_as, trained
from corpus_pipeline.training.halves import GOOD_REGISTERS, half
from corpus_pipeline.training.measures import found_at

ORDINARY = Path(__file__).parents[1] / "tests" / "cases" / "compliance_ordinary.jsonl"
PARTS = ("ordinary", "real", "found", "classifiers", "speed")
#: What a model of each risk is to find, by the kinds of spam of the web set; A2 has its own set.
RISKS = {
    "A1f": ("porn", "parasite_porn", "escort"),
    "A1h gambling": ("gambling", "parasite_gambling"),
    "A1h fraud": ("fraud", "phishing", "financial_fraud", "fake_id_invoice", "loan_ad"),
}
PRECISIONS = (0.98, 0.95, 0.9)
LIST_SIZE = 20_000


def lines_of(path: Path) -> Iterator[Any]:
    """The rows of a compressed file of JSON lines."""
    with path.open("rb") as packed:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), "utf-8"):
            yield json.loads(line)


def judged(texts: Sequence[str], name: str = "compliance") -> pl.DataFrame:
    """What a stage says of texts, with the register that `heuristics` finds."""
    docs = docs_of([*texts])
    register = stage("heuristics")(docs)["heuristics_register"]
    return stage(name)(docs.with_columns(register))


def of_ordinary(side: str) -> None:
    """Ordinary texts that are dropped, by topic."""
    rows = [json.loads(line) for line in ORDINARY.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["half"] == side]
    out = judged([row["text"] for row in rows])
    totals, gone = Counter(row["topic"] for row in rows), Counter[str]()
    for row, rule in zip(rows, out["drop_rule"], strict=True):
        gone[row["topic"]] += rule is not None
    print(f"ordinary texts: {gone.total()} of {len(rows)} dropped in {len(totals)} topics")
    print(f"  with any hit: {(out['compliance_hits'].list.len() > 0).sum()}")


def of_real(data: Path, web: Sequence[Any], step: int) -> None:
    """Real ordinary documents that are dropped."""
    good = [row["text"] for row in web if row.get("register") in GOOD_REGISTERS]
    bulk = [
        row["text"]
        for number, row in enumerate(lines_of(data / "text" / "bulk.jsonl.zst"))
        if number % step == 0
    ]
    for name, texts in (("web, good registers", good), ("text/bulk", bulk)):
        out = judged(texts)
        rules = Counter(out["drop_rule"].drop_nulls())
        share = rules.total() / max(len(texts), 1)
        print(f"{name}: {rules.total()} of {len(texts)} dropped ({share:.3%}) {dict(rules)}")


def of_found(web: Sequence[Any]) -> None:
    """Recall of each kind of offer, and precision of each verdict."""
    good = [row for row in web if row.get("register") in GOOD_REGISTERS or row.get("spam") == "no"]
    bad = [row for row in web if row.get("spam") == "yes"]
    texts = [row["text"] for row in (*good, *bad)]
    alone = judged(texts)["drop_rule"].to_list()
    before = judged(texts, "spam")["drop_rule"].to_list()
    kinds: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for at, row in enumerate((*good, *bad)):
        own = alone[at] is not None
        if own:
            verdicts[alone[at]].append(at >= len(good))
        if at >= len(good):
            source = "page" if row["register"] == "website_homepage_text" else row["register"]
            kinds[f"{source} {row['spam_type']}"].append((own, own or before[at] is not None))
    print("kind | texts | compliance alone | spam or compliance")
    for kind, found in sorted(kinds.items()):
        own, either = (sum(pair[side] for pair in found) / len(found) for side in (0, 1))
        print(f"{kind} | {len(found)} | {own:.1%} | {either:.1%}")
    lost = sum(rule is not None for rule in alone[: len(good)])
    print(f"good texts and calls dropped: {lost} of {len(good)}")
    for verdict, right in sorted(verdicts.items()):
        print(f"{verdict} | {len(right)} dropped | precision {sum(right) / len(right):.1%}")


def comments(data: Path) -> list[tuple[str, bool, str]]:
    """Text, whether it is offensive, half: the comments of COLDataset."""
    found = []
    for part in ("train", "dev"):
        packed = (data / "toxic" / f"cold_{part}.csv.zst").read_bytes()
        plain = zstandard.ZstdDecompressor().stream_reader(packed).read().decode("utf-8")
        for number, row in enumerate(csv.DictReader(io.StringIO(plain))):
            if row["TEXT"].strip():
                side = half(f"cold/{part}/{number}")
                found.append((row["TEXT"], row["label"] == "1", side))
    return found


def of_classifiers(data: Path, web: Sequence[Any], side: str) -> None:
    """Recall at high precision of a model of each risk; and what the packs find of offence."""
    sets = {"A2": comments(data)}
    rows = [(row, half(row["id"])) for row in web]
    for risk, kinds in RISKS.items():
        sets[risk] = [
            (row["text"], row.get("spam") == "yes", own)
            for row, own in rows
            if row.get("spam_type") in kinds
            or row.get("register") in GOOD_REGISTERS
            or row.get("spam") == "no"
        ]
    for risk, texts in sets.items():
        fit = [one for one in texts if one[2] != side]
        test = [one for one in texts if one[2] == side]
        labels = ["violating" if bad else "good" for _, bad, _ in fit]
        lines = read_as("compliance", [text for text, _, _ in fit])
        model = trained(lines, labels, parameters_of("compliance"), 0)
        asked = read_as("compliance", [text for text, _, _ in test])
        scores = chances(model, asked, ["violating", "good"])[:, 0]
        sought = np.array([bad for _, bad, _ in test])
        shares = ", ".join(f"{found_at(scores, sought, p):.1%} at {p:.0%}" for p in PRECISIONS)
        print(f"classifier of {risk}: {sought.sum()} of {len(test)} violate; recall {shares}")
        if risk == "A2":
            out = stage("compliance")(docs_of([text for text, _, _ in test]))
            marked = (out["compliance_hits"].list.len() > 0).to_numpy()
            told = f"{(marked & sought).sum()} offensive, {(marked & ~sought).sum()} other comments"
            print(f"  the packs mark {told}, and drop {out['drop_rule'].count()}")


def keyword_file(folder: Path, texts: Sequence[str]) -> Path:
    """A list of made-up keywords: two or three words of the texts in a row, 200 single ones."""
    rng = random.Random(5)
    seen = Counter(word for text in texts[:3000] for word in rjieba.cut(text[:2000]))
    words = [w for w in seen if len(w) > 1 and min(w) >= "\u4e00" and max(w) <= "\u9fff"]
    terms: set[str] = set()
    while len(terms) < LIST_SIZE:
        terms.add("".join(rng.sample(words, 1 if len(terms) % 100 == 0 else rng.choice((2, 3)))))
    path = folder / "keywords.txt"
    path.write_text("\n".join(sorted(terms)), "utf-8")
    return path


def of_speed(data: Path, step: int) -> None:
    """Megabytes a second of one core, the best of three."""
    texts = [
        row["text"]
        for number, row in enumerate(lines_of(data / "text" / "bulk.jsonl.zst"))
        if number % step == 0
    ]
    size = sum(len(text.encode()) for text in texts) / 1e6
    batches = [docs_of(texts[at : at + 1000]) for at in range(0, len(texts), 1000)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(keyword_file(Path(folder), texts))
        own = {"path": path, "licence": "none", "updated": "2026-11-29", "risk": "A1h"}
        for name, options in (("packs", {}), ("packs and 20,000", {"keywords": [own]})):
            judge, best = stage("compliance", **options), float("inf")
            for _ in range(3):
                started = time.process_time()
                hits = sum(judge(batch)["compliance_hits"].list.len().sum() for batch in batches)
                best = min(best, time.process_time() - started)
            print(f"{name}: {size / best:.1f} MB/s of {size:.0f} MB, {hits} hits")


def main() -> int:
    """Print the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="the folder of real data")
    parser.add_argument("--half", choices=("fit", "test"), default="test")
    parser.add_argument("--bulk", type=int, default=9, help="of text/bulk every Nth document")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this; repeatable")
    options = parser.parse_args()
    parts = options.only or PARTS
    everything = list(lines_of(options.data / "web" / "web_dev.jsonl.zst"))
    web = [row for row in everything if half(row["id"]) == options.half]
    if "ordinary" in parts:
        of_ordinary(options.half)
    if "real" in parts:
        of_real(options.data, web, options.bulk)
    if "found" in parts:
        of_found(web)
    if "classifiers" in parts:
        of_classifiers(options.data, everything, options.half)
    if "speed" in parts:
        of_speed(options.data, options.bulk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
