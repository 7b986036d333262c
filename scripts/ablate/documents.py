"""The documents of the comparison: good, plain and bad texts, and a raw mixture of them.

Enters: the data folder.  Leaves: `Document`s of the halves that nothing was fitted on, those held
out for the language models apart, and a mixture in the shares of `SHARES`.

Refuses: to mix what is held out; a folder without the data (`FileNotFoundError`).
"""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.training import halves
from scripts.ablate.parasites import injected
from scripts.eval import quality_texts
from scripts.eval.reading import members, rows

SEED = 29
#: Characters of each good register that no model is trained on.
HELD_OUT = 30_000
#: The raw mixture, in shares of its characters: a crawl before any filter holds less prose than
#: other things.  Where a stratum has too little, the whole mixture is made smaller.
SHARES = {
    "prose": 0.36,
    "manuals": 0.12,
    "plain": 0.06,
    "pages": 0.10,
    "spam": 0.13,
    "messages": 0.07,
    "injected": 0.06,
    "junk": 0.10,
}
#: Two other mixtures, to see how much hangs on the shares: little that is bad, and no manuals.
OTHER_SHARES = {
    "milder": {
        "prose": 0.50,
        "manuals": 0.20,
        "plain": 0.08,
        "pages": 0.08,
        "spam": 0.05,
        "messages": 0.03,
        "injected": 0.03,
        "junk": 0.03,
    },
    "web alone": {"prose": 0.60, "pages": 0.15, "spam": 0.12, "injected": 0.06, "junk": 0.07},
}
#: Characters of the mixture, if there is enough of everything.
MIXTURE = 2_400_000
#: Neither good nor bad by what they are: short, of one line, or made by a machine.
PLAIN = (
    "app_description",
    "complaint_or_news",
    "forum_comment",
    "news_title",
    "llm_generated_answer",
    "scraped_article",
)
#: Registers that are bad whatever a row's mark says, and what they are called here.
BAD = {
    "website_homepage_text": "home_pages",
    "stitched_qa": "spider_pool",
    "product_feed": "product_feeds",
    "segmented_tokens": "segmented_words",
}
#: Bad, but no spam.
JUNK = ("segmented_words", "home_pages", "links", "titles", "tables")


@dataclass(frozen=True, slots=True)
class Document:
    """A text, what kind it is of, and the stratum that it belongs to."""

    key: str
    kind: str
    stratum: str
    text: str
    title: str | None = None
    url: str | None = None
    #: A name that was put into the text; a rule set that takes it out has done its work.
    name: str = ""
    held_out: bool = False

    @property
    def good(self) -> bool:
        """Whether a filter that drops it is wrong."""
        return self.stratum in {"prose", "manuals"}

    @property
    def bad(self) -> bool:
        """Whether a filter that keeps it is wrong."""
        return self.stratum in {"spam", "messages", "injected", "junk"}


def documents(data: Path) -> list[Document]:
    """All documents of the test halves, those held out marked."""
    found = [*of_web(data), *of_sample(data), *of_pages(data), *lists(data)]
    found = marked(found)
    news = [one for one in found if one.kind == "news_article" and not one.held_out]
    made = injected([one.text for one in news], random.Random(SEED))
    return found + [
        Document(
            f"injected {at}",
            f"injected_{one.shape}",
            "injected",
            one.text,
            one.title,
            None,
            one.name,
        )
        for at, one in enumerate(made)
    ]


def of_web(data: Path) -> Iterator[Document]:
    """Rows of `web/`, of the test half."""
    for row in rows(data / "web" / "web_dev.jsonl.zst"):
        placed = place(row)
        if placed and halves.half(row["id"]) == "test":
            kind, stratum = placed
            yield Document(row["id"], kind, stratum, row["text"], row.get("title"), row.get("url"))


def place(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and stratum of a row of `web/`; none for calls and for messages without a mark.

    >>> place({"register": "sms", "spam": "yes", "spam_type": "gambling"})
    ('sms_gambling', 'messages')
    >>> place({"register": "sms", "spam": "no"})
    """
    register = row.get("register", "")
    if register in halves.GOOD_REGISTERS:
        return register, "prose"
    if register in PLAIN:
        return register, "plain"
    if register == "sms" and row.get("spam") == "yes":
        return f"sms_{row['spam_type']}", "messages"
    if register in BAD:
        kind = BAD[register]
        if kind == "home_pages" and row.get("spam_type"):
            named = "parasites" if row["spam_type"].startswith("parasite") else row["spam_type"]
            return f"home_pages_{named}", "spam"
        return kind, "junk" if kind in JUNK else "spam"
    return None


def of_sample(data: Path) -> Iterator[Document]:
    """Rows of `text/sample.jsonl.zst`, of the test half; comments are no good register."""
    for row in rows(data / "text" / "sample.jsonl.zst"):
        kind = halves.kind(row["source"])
        if kind != "comments" and halves.half_of(row) == "test":
            yield Document(row["id"], kind, "manuals", row["text"])


def of_pages(data: Path) -> Iterator[Document]:
    """Real pages with all that is visible on them, as a crawl's text archive has them."""
    files = dict(members(data / "html" / "html_dev.tar.zst"))
    index = next(name for name in files if name.endswith("index.jsonl"))
    root = index.removesuffix("index.jsonl")
    for row in map(json.loads, files[index].splitlines()):
        name = row["decodes_as"].rstrip("?")
        charset = "gb18030" if name.startswith("gb") else name
        text = visible(files[root + row["file"]].decode(charset, "replace"))
        if text:
            yield Document(row["file"], "pages", "pages", text, None, row.get("url"))


def visible(html: str) -> str:
    """The visible text of a page, an element a line."""
    tree = LexborHTMLParser(html)
    tree.strip_tags(["script", "style", "noscript", "template"], recursive=True)
    if tree.body is None:
        return ""
    text = tree.body.text(deep=True, separator="\n", strip=True)
    return "\n".join(line for line in map(str.strip, text.splitlines()) if line)


def lists(data: Path) -> Iterator[Document]:
    """Lists of links and of titles, and tables, as the room `quality` of the eval makes them."""
    rng = random.Random(SEED)
    made = [*quality_texts.link_lists(data, rng), *quality_texts.tables(data, rng)]
    for at, one in enumerate(made):
        yield Document(f"list {at}", one["kind"], "junk", one["text"])


def order(key: str) -> str:
    """A place in an order that nothing else depends on."""
    return hashlib.sha256(f"ablate {key}".encode()).hexdigest()


def marked(found: Iterable[Document]) -> list[Document]:
    """The documents in their order, the first of each good kind held out."""
    taken: dict[str, int] = defaultdict(int)
    result = []
    for one in sorted(found, key=lambda one: order(one.key)):
        held = one.good and taken[one.kind] < HELD_OUT
        taken[one.kind] += len(one.text) * held
        result.append(
            Document(
                one.key, one.kind, one.stratum, one.text, one.title, one.url, "", held_out=held
            )
        )
    return result


def mixture(
    found: Iterable[Document],
    characters: int = MIXTURE,
    shares: Mapping[str, float] = MappingProxyType(SHARES),
) -> list[Document]:
    """The raw mixture: documents of the strata in their shares, none held out."""
    strata: dict[str, list[Document]] = defaultdict(list)
    for one in sorted(found, key=lambda one: order(one.key)):
        if not one.held_out:
            strata[one.stratum].append(one)
    sizes = {name: sum(len(one.text) for one in strata[name]) for name in shares}
    whole = min(characters, *(sizes[name] / share for name, share in shares.items()))
    chosen: list[Document] = []
    for name, share in shares.items():
        left = whole * share
        for one in strata[name]:
            if len(one.text) <= left:
                chosen.append(one)
                left -= len(one.text)
    return sorted(chosen, key=lambda one: order(one.key))
