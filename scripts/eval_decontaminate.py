"""How well `decontaminate` finds benchmark questions, and what else it takes for one.

    python scripts/eval_decontaminate.py DATA [--items N] [--bulk MB] [--json]

DATA is the data folder: its `benchmarks/`, its `text/sample.jsonl.zst` and, for `--bulk`, as many
megabytes of `text/bulk.jsonl.zst`.  Recall: N items of each benchmark are put into real pages, in
every variant; an item is *reported* if it is among the page's hits and *dropped* if the page goes.
Variants without choices are asked of items whose stem tells enough without them, variants with
choices of items that have any; edits of stems of 20 characters or more.  False positives: every
document as it is; those that are dropped are listed with the item, to be read.
"""

import argparse
import json
import random
import re
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import opencc
import polars as pl
import zstandard

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from frames import asset, docs_of

from corpus_pipeline.stages.decontaminate import Decontaminate, DecontaminateOptions
from corpus_pipeline.text.contamination.passages_kernel import HAN
from corpus_pipeline.text.contamination.question import BLANK, split_choices
from corpus_pipeline.text.dedup.key import key_text

Variant = Callable[[str, list[str], random.Random], str]

TRADITIONAL = opencc.OpenCC("s2tw").convert
PUNCTUATION = re.compile(r"[，。？！、；：“”‘’（）《》,.?!;:\"'()]")
HALF = str.maketrans("，。？！、；：“”（）", ',.?!,;:""()')
WIDE = {ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789,.?!:;()"}
#: A formula's command is not torn apart.
TOKENS = re.compile(r"(?s)\\[A-Za-z]+|.")
LINES = re.compile(r"(?s)(?:\\[A-Za-z]+|.){1,7}")
#: Characters that stand in for a wrong one.
OTHERS = "天地人和日月水火风山石田土木金大小多少上下来去东西南北"


def printed(stem: str, choices: list[str], _: random.Random) -> str:
    """As in a test paper, a choice a line."""
    return "\n".join([stem, *(f"{x}．{c}" for x, c in zip("ABCDEFGH", choices, strict=False))])


def shuffled(stem: str, choices: list[str], rng: random.Random) -> str:
    """The choices in another order."""
    return printed(stem, rng.sample(choices, len(choices)), rng)


def inline(stem: str, choices: list[str], _: random.Random) -> str:
    """The choices in one line, other labels."""
    return stem + " " + " ".join(f"({x}) {c}" for x, c in zip("ABCDEFGH", choices, strict=False))


def unlabelled(stem: str, choices: list[str], _: random.Random) -> str:
    """The choices without letters."""
    return "\n".join([stem, *choices])


def filled(stem: str, choices: list[str], rng: random.Random) -> str:
    """An answer in the blank, the choices below."""
    blanks = list(BLANK.finditer(stem))
    chosen = rng.choice(choices) if choices else "甲"
    if blanks:
        stem = stem[: blanks[-1].start()] + f"（{chosen}）" + stem[blanks[-1].end() :]
    return printed(stem, choices, rng)


def edited(times: int, *, delete: bool = False) -> Variant:
    """So many letters of the stem replaced or deleted."""

    def edit(stem: str, _: list[str], rng: random.Random) -> str:
        letters = list(stem)
        for at in rng.sample([i for i, c in enumerate(letters) if c.isalnum()], times):
            letters[at] = "" if delete else rng.choice(OTHERS.replace(letters[at], ""))
        return "".join(letters)

    return edit


def latex(stem: str, _: list[str], __: random.Random) -> str:
    """Other commands for the same formula."""
    stem = stem.replace("\\leqslant", "\\le ").replace("\\frac", "\\dfrac").replace("\\left", "")
    return stem.replace("\\right", "").replace("$", "").replace("\\mathrm", "\\rm ")


#: With the stem alone.
ALONE: dict[str, Variant] = {
    "exact": lambda stem, _, __: stem,
    "traditional": lambda stem, _, __: TRADITIONAL(stem),
    "full_width": lambda stem, _, __: stem.translate(WIDE),
    "half_width": lambda stem, _, __: stem.translate(HALF),
    "no_punctuation": lambda stem, _, __: PUNCTUATION.sub("", stem),
    "spaced": lambda stem, _, __: " ".join(TOKENS.findall(stem)),
    "broken_lines": lambda stem, _, __: "\n".join(LINES.findall(stem)),
    "latex": latex,
    "one_edited": edited(1),
    "two_edited": edited(2),
    "one_deleted": edited(1, delete=True),
}
CHOICES: dict[str, Variant] = {
    "printed": printed,
    "shuffled": shuffled,
    "inline": inline,
    "unlabelled": unlabelled,
    "filled": filled,
    "choices_edited": lambda s, c, r: printed(edited(1)(s, c, r), c, r),
}
EDITS = ("one_edited", "two_edited", "one_deleted")
#: The page around: paragraphs before and after, none, or 100 kB.
AROUND = ("page", "sentence", "long")


def pages(path: Path, most: int) -> Iterator[dict[str, Any]]:
    """Documents until they hold so many bytes."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            most -= len(document["text"].encode())
            if most < 0:
                return
            yield document


def built(folder: Path) -> tuple[Decontaminate, float]:
    """The stage with these benchmarks, and how long it took to start."""
    options = DecontaminateOptions(benchmarks=(str(folder),))
    assets = {name: asset(ref) for name, ref in Decontaminate.asset_refs(options).items()}
    start = time.process_time()
    return Decontaminate(options, assets), time.process_time() - start


def planted(text: str, around: str, page: str, long: str) -> str:
    """The question in a page."""
    if around == "sentence":
        return f"{page[:200]}{text}{page[200:400]}"
    before, after = (long[:17_000], long[17_000:34_000]) if around == "long" else (
        page[:300], page[300:600]
    )  # fmt: skip
    return f"{before}\n{text}\n{after}"


def recall(found: Decontaminate, around: list[str], count: int) -> dict[str, dict[str, Any]]:
    """Per variant and benchmark: items tried, reported, dropped."""
    rng = random.Random(4)
    long = "".join(around[:200])
    telling = found.index.sizes.telling
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(found.items):
        groups.setdefault(item.benchmark.split("/")[1], []).append(number)
    out: dict[str, dict[str, Any]] = {}
    jobs = [(name, variant, "page") for name, variant in (ALONE | CHOICES).items()]
    jobs += [(f"exact_in_{place}", ALONE["exact"], place) for place in AROUND[1:]]
    for name, variant, place in jobs:
        for group, numbers in groups.items():
            chosen, texts = [], []
            for number in rng.sample(numbers, len(numbers)):
                item = found.items[number]
                stem, inside = split_choices(item.text)
                choices = [*inside, *item.choices]
                if name in CHOICES and len(choices) < 2:
                    continue
                if name not in CHOICES and telling[number] < HAN * found.options.ngram:
                    continue
                if name in EDITS and len(key_text(stem, found.table)) < 20:
                    continue
                chosen.append(item)
                texts.append(planted(variant(stem, choices, rng), place, rng.choice(around), long))
                if len(chosen) == (count if place != "long" else count // 5):
                    break
            if not chosen:
                continue
            done = found(docs_of(texts))
            named = [
                (item.benchmark, item.item) in {(hit["benchmark"], hit["item"]) for hit in hits}
                for item, hits in zip(chosen, done["decontaminate_hits"].to_list(), strict=True)
            ]
            gone = done["dropped_by"].is_not_null()
            out.setdefault(name, {})[group] = {
                "items": len(chosen),
                "reported": round(sum(named) / len(chosen), 4),
                "dropped": round(gone.sum() / len(chosen), 4),
            }
    return out


def false_positives(found: Decontaminate, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """What is dropped and reported of documents as they are, and how fast."""
    texts = [document["text"] for document in documents]
    batch = docs_of(texts)
    start = time.process_time()
    done = found(batch)
    seconds = time.process_time() - start
    size = sum(len(text.encode()) for text in texts)
    gone = done.with_row_index("row").filter(pl.col("dropped_by").is_not_null())
    return {
        "documents": len(texts),
        "megabytes": round(size / 1e6, 1),
        "mb_per_second": round(size / 1e6 / seconds, 1),
        "reported": int((done["decontaminate_hits"].list.len() > 0).sum()),
        "dropped": [
            f"{documents[row]['source']} {documents[row]['path']}: {evidence}"
            for row, evidence in zip(gone["row"], gone["drop_evidence"], strict=True)
        ],
    }


def measured(data: Path, count: int, bulk: int) -> dict[str, Any]:
    """All figures."""
    sample = list(pages(data / "text" / "sample.jsonl.zst", 1 << 40))
    with tempfile.TemporaryDirectory() as folder:
        packed = data / "benchmarks" / "zh_benchmarks.tar.zst"
        with zstandard.open(packed, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and later
            tar.extractall(folder)
        found, seconds = built(Path(folder) / "benchmarks")
    telling = found.index.sizes.telling
    found(docs_of(["热身" * 50]))
    texts = [one["text"] for one in sample if len(one["text"]) > 700]
    return {
        "items": len(found.items),
        "stems_that_tell_enough": int((telling >= HAN * found.options.ngram).sum()),
        "start_seconds": round(seconds, 2),
        "sample": false_positives(found, sample),
        "bulk": false_positives(found, list(pages(data / "text" / "bulk.jsonl.zst", bulk * 10**6))),
        "recall": recall(found, texts, count),
    }


def main() -> None:
    """Print the figures, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--bulk", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = measured(chosen.data, chosen.items, chosen.bulk)
    if chosen.json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    for name in ("items", "stems_that_tell_enough", "start_seconds"):
        print(f"{name:24} {figures[name]}")
    for name in ("sample", "bulk"):
        found = figures[name]
        print(f"{name:24} {found | {'dropped': len(found['dropped'])}}")
        for line in found["dropped"]:
            print(f"    {line}")
    print("\nreported/dropped %, by variant and benchmark")
    for variant, groups in figures["recall"].items():
        cells = [
            f"{group.split('+')[-1][:8]} {100 * one['reported']:.1f}/{100 * one['dropped']:.1f}"
            for group, one in groups.items()
        ]
        total = sum(one["items"] for one in groups.values())
        every = [sum(one["items"] * one[k] for one in groups.values()) / total
                 for k in ("reported", "dropped")]  # fmt: skip
        print(f"{variant:18} {100 * every[0]:5.1f}/{100 * every[1]:5.1f}   " + "  ".join(cells))


if __name__ == "__main__":
    main()
