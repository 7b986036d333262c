"""Quality: how well the score tells good texts of every register from bad ones of every kind.

Enters: `text/sample.jsonl.zst` and `web/web_dev.jsonl.zst` (the halves that nothing was fitted
on), the links of the pages of `html/`, the tables of `pii/`.  Leaves: items (kind, good or bad,
text) and scores: the area under the ROC curve of each kind of bad text against all good ones, and
the share of each good register below `min_score`.
Refuses: to count a kind twice because it has more texts: means are over kinds.

Link lists, tables, home pages, feeds, segmented words and SMS are real; loops, code, text without
marks and shuffled text are made of good texts of the test half by `training.wreckage`.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.arrays import F64
from corpus_pipeline.training import halves, wreckage
from scripts.eval import extraction
from scripts.eval.reading import rows

ROOM = "quality"
#: The rule beside us is a count of our own: see `punctuation`.
BASELINES: dict[str, Any] = {}
SEED = 11
#: Registers of `web/` that are bad for what they are.
BAD = {
    "sms": "spam_sms",
    "website_homepage_text": "home_pages",
    "product_feed": "product_feeds",
    "segmented_tokens": "segmented_words",
}
MADE = (
    wreckage.repeated,
    wreckage.unpunctuated,
    wreckage.shuffled,
    wreckage.code,
    wreckage.site_menu,
    wreckage.as_big5,
    wreckage.scattered,
)
#: Texts of each made kind; links of a page that make a list.
TEXTS, LINKS = 150, 15


def items(data: Path) -> list[dict[str, Any]]:
    """All texts, the good ones first."""
    good = [*good_texts(data)]
    rng = random.Random(SEED)
    bad = [*web_wrecks(data), *link_lists(data, rng), *tables(data, rng), *made(good, rng)]
    return good + bad


def item(kind: str, text: str, *, good: bool) -> dict[str, Any]:
    """One text."""
    return {"kind": kind, "good": good, "text": text}


def good_texts(data: Path) -> Iterator[dict[str, Any]]:
    """Texts that are good by where they come from, of the test halves."""
    for row in rows(data / "text" / "sample.jsonl.zst"):
        kind = halves.kind(row["source"])
        if kind != "comments" and halves.half_of(row) == "test":
            yield item(kind, row["text"], good=True)
    for row in rows(data / "web" / "web_dev.jsonl.zst"):
        if row.get("register") in halves.GOOD_REGISTERS and halves.half(row["id"]) == "test":
            yield item(row["register"], row["text"], good=True)


def web_wrecks(data: Path) -> Iterator[dict[str, Any]]:
    """Real bad texts, of the test half."""
    for row in rows(data / "web" / "web_dev.jsonl.zst"):
        kind = BAD.get(row.get("register", ""))
        unwanted = row.get("spam") == "yes" or row.get("register") != "sms"
        if kind and unwanted and halves.half(row["id"]) == "test":
            yield item(kind, row["text"], good=False)


def link_lists(data: Path, rng: random.Random) -> Iterator[dict[str, Any]]:
    """The links of real pages: all of them, and the titles among them."""
    for page in extraction.items(data):
        if page["group"] == "cases":
            continue
        tree = LexborHTMLParser(page["html"])
        tree.strip_tags(["script", "style", "noscript"], recursive=True)
        links = [" ".join(node.text(deep=True).split()) for node in tree.css("a")]
        links = [link for link in links if any("\u4e00" <= c <= "\u9fff" for c in link)]
        if len(links) >= LINKS:
            yield item("links", rng.choice(["\n", "\n", " ", " | "]).join(links[:300]), good=False)
        titles = [link for link in links if len(link) >= 8]
        if len(titles) >= LINKS:
            yield item("titles", "\n".join(titles[:100]), good=False)


def tables(data: Path, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Stretches of a real table of places and codes, with other separators."""
    with (data / "pii" / "areas.csv").open(encoding="utf-8") as file:
        table = list(csv.reader(file))
    for _ in range(TEXTS):
        at, sign = rng.randrange(len(table) - 60), rng.choice([",", "\t", " ", "|"])
        part = table[at : at + rng.randint(15, 60)]
        yield item("tables", "\n".join(sign.join(row) for row in part), good=False)


def made(good: list[dict[str, Any]], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Bad texts made of good ones, of each kind the same number."""
    texts = [one["text"] for one in good if len(one["text"]) >= 100]
    documents = [one["text"] for one in good if one["kind"] == "documentation"]
    for make in MADE:
        for text in rng.sample(texts, TEXTS):
            others = documents if make is wreckage.code else texts
            yield item(make.__name__, make(text, others, rng), good=False)


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The score of each text as it comes, without another stage before, and the default bound."""
    import corpus_pipeline as cp  # noqa: PLC0415 – not in the baselines' environment

    stage = cp.stage("quality", min_score=0)
    texts = [one["text"] for one in items]
    docs = pl.DataFrame({"id": [str(at) for at in range(len(texts))], "text": texts})
    scores: list[Any] = stage(docs)["quality_score"].to_list()
    return scores


def punctuation(items: list[dict[str, Any]]) -> list[float]:
    """How near the share of punctuation is to that of prose (.09)."""
    marks = set("，。！？；：、“”‘’（）《》,.!?;:()\"'")
    return [
        -abs(sum(c in marks for c in one["text"]) / max(len(one["text"]), 1) - 0.09)
        for one in items
    ]


def area(good: F64, bad: F64) -> float:
    """The chance that a good text scores above a bad one; ties count half."""
    ordered = np.sort(good)
    above = ordered.size - np.searchsorted(ordered, bad, side="right")
    level = np.searchsorted(ordered, bad, side="right") - np.searchsorted(ordered, bad)
    return float((above + level / 2).mean() / ordered.size)


def by_kind(items: list[dict[str, Any]], answers: list[Any], *, good: bool) -> dict[str, F64]:
    """The scores of each kind."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for one, answer in zip(items, answers, strict=True):
        if one["good"] is good:
            kinds[one["kind"]].append(answer)
    return {kind: np.array(scores) for kind, scores in kinds.items()}


def areas_of(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """The area of each kind of bad text against all good ones."""
    pooled = np.concatenate([*by_kind(items, answers, good=True).values()])
    bad = by_kind(items, answers, good=False)
    return {kind: area(pooled, scores) for kind, scores in bad.items()}


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Mean and worst area over the kinds of bad text, and of each; the worst register's loss."""
    from corpus_pipeline.stages.quality import Quality  # noqa: PLC0415 – as above

    good, areas = by_kind(items, answers, good=True), areas_of(items, answers)
    least = Quality.OptionsModel().min_score
    lost = {kind: float((scores < least).mean()) for kind, scores in good.items()}
    figures = {
        "auc_macro": float(np.mean([*areas.values()])),
        "auc_worst": min(areas.values()),
        "register_lost": max(lost.values()),
        "punctuation_auc_macro": float(np.mean([*areas_of(items, punctuation(items)).values()])),
    }
    return figures | {f"auc_{kind}": value for kind, value in sorted(areas.items())}


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """The worst good texts and the best bad ones."""
    ranked = sorted(zip(answers, items, strict=True), key=lambda pair: pair[0])
    worst = [pair for pair in ranked if pair[1]["good"]][:20]
    best = [pair for pair in reversed(ranked) if not pair[1]["good"]][:20]
    return [f"{value:.3f} {one['kind']}: {one['text'][:120]!r}" for value, one in worst + best]
