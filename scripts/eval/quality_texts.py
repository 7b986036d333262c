"""The texts of the room `quality`.

Enters: `text/sample.jsonl.zst` and `web/web_dev.jsonl.zst` (the halves that nothing was fitted
on), the links of the pages of `html/`, the tables of `pii/`.  Leaves: items: kind, good or bad,
text.

Link lists, tables, home pages, feeds, segmented words and SMS are real; loops, code, text without
marks and shuffled text are made of good texts of the test half by `training.wreckage`.
"""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.training import halves, wreckage
from scripts.eval import extraction
from scripts.eval.reading import rows

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


def texts(data: Path) -> list[dict[str, Any]]:
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
    whole = [one["text"] for one in good if len(one["text"]) >= 100]
    documents = [one["text"] for one in good if one["kind"] == "documentation"]
    for make in MADE:
        for text in rng.sample(whole, TEXTS):
            others = documents if make is wreckage.code else whole
            yield item(make.__name__, make(text, others, rng), good=False)
