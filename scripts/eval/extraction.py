"""Main content of web pages: the human-marked pages, machine-marked news, and pages of our own.

Enters: the data folder (`html/html_dev.tar.zst`) and `tests/cases/extract.jsonl`.  Leaves: pages
with their true main text, and scores of what an extractor found.
Refuses: to import the package before `ours` is called; baselines run where it is not installed.

The score of a page is F1 over the multisets of 4-grams of characters, white space removed: it
asks for the text in its order, and for nothing of its layout.  `_chars` is the same over single
characters, the most lenient of the measures in use; words of jieba lie between the two.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.eval.reading import members

ROOM = "extraction"
_ROOT = Path(__file__).parents[2]
_GROUPS = {
    "magic-html benchmark gold (article)": "articles",
    "magic-html benchmark gold (forum)": "forums",
}
#: Below this a page counts as lost, and `mistakes` shows it.
_LOST, _POOR = 0.5, 0.9


def items(data: Path) -> list[dict[str, Any]]:
    """The pages with a true text, those of DATA first, then our own cases."""
    found: list[dict[str, Any]] = []
    archive = data / "html" / "html_dev.tar.zst"
    if archive.exists():
        files = dict(members(archive))
        truth = next(name for name in files if name.endswith("truth.jsonl"))
        root = truth.removesuffix("truth.jsonl")
        index = (json.loads(line) for line in files[f"{root}index.jsonl"].splitlines())
        charset = {row["file"]: row["decodes_as"].rstrip("?") for row in index}
        for line in files[truth].splitlines():
            row = json.loads(line)
            name = charset[row["file"]]
            page = files[root + row["file"]]
            html = page.decode("gb18030" if name.startswith("gb") else name, "replace")
            group = _GROUPS.get(row["truth"], "machine")
            found.append(
                _item(row["file"].removeprefix("raw/"), group, html, row["text"], row["url"])
            )
    cases = (_ROOT / "tests" / "cases" / "extract.jsonl").read_text(encoding="utf-8")
    for case in map(json.loads, cases.splitlines()):
        if case.get("eval", True) and "text" in case["expect"]:
            text, url = case["expect"]["text"], case.get("url")
            found.append(_item(case["label"], "cases", case["text"], text, url))
    return found


def _item(name: str, group: str, html: str, text: str, url: str | None) -> dict[str, Any]:
    return {"name": name, "group": group, "html": html, "text": text, "url": url}


#: Seconds that the last run of each extractor took on the pages of DATA; it waits for no disk.
SECONDS: dict[str, float] = {}


def _timed(
    name: str, pages: list[dict[str, Any]], one: Callable[[dict[str, Any]], str]
) -> list[Any]:
    answers = []
    taken = 0.0
    for page in pages:
        start = time.process_time()
        answers.append(one(page))
        if page["group"] != "cases":
            taken += time.process_time() - start
    SECONDS[name] = taken
    return answers


def ours(pages: list[dict[str, Any]]) -> list[Any]:
    """What the extract stage finds, one page at a time as the baselines see them."""
    sys.path.insert(0, str(_ROOT / "tests"))
    from frames import docs_of, stage  # noqa: PLC0415 – baselines run where it is not

    extract = stage("extract")
    media = ["text/html"]
    one = docs_of(["<html><p>预热。"], media_type=media)
    extract(one)  # compiles what has to be compiled

    def text(page: dict[str, Any]) -> str:
        out = extract(docs_of([page["html"]], media_type=media, url=[page["url"]]))
        return out.item(0, "text") or ""

    return _timed("ours", pages, text)


def resiliparse(pages: list[dict[str, Any]]) -> list[Any]:
    """Resiliparse's main content with its default of comments."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 – each in its environment
    from resiliparse.parse.html import HTMLTree  # noqa: PLC0415 – each in its environment

    return _timed(
        "resiliparse",
        pages,
        lambda page: extract_plain_text(
            HTMLTree.parse(page["html"]), main_content=True, alt_texts=False
        ),
    )


def trafilatura(pages: list[dict[str, Any]]) -> list[Any]:
    """Trafilatura with its defaults: comments kept, as a forum's posts are comments to it."""
    from trafilatura import extract  # noqa: PLC0415 – each in its environment

    return _timed("trafilatura", pages, lambda page: extract(page["html"]) or "")


def trafilatura_fast(pages: list[dict[str, Any]]) -> list[Any]:
    """Trafilatura without its fallbacks and without comments."""
    from trafilatura import extract  # noqa: PLC0415 – each in its environment

    return _timed(
        "trafilatura_fast",
        pages,
        lambda page: extract(page["html"], fast=True, include_comments=False) or "",
    )


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "resiliparse": resiliparse,
    "trafilatura": trafilatura,
    "trafilatura_fast": trafilatura_fast,
}


def grams(text: str, size: int = 4) -> Counter[str]:
    """The multiset of n-grams without white space; a shorter text is one gram."""
    text = "".join(text.split())
    return Counter(text[i : i + size] for i in range(max(len(text) - size + 1, 1) if text else 0))


def f1(found: str, true: str, size: int = 4) -> float:
    """F1 over the multisets of n-grams; 1 where both texts are empty."""
    a, b = grams(found, size), grams(true, size)
    return 2 * (a & b).total() / (a.total() + b.total()) if a or b else 1.0


def score(pages: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """The mean F1 of each group, and the share of pages lost."""
    metrics: dict[str, float] = {}
    scores = [f1(found or "", page["text"]) for page, found in zip(pages, answers, strict=True)]
    for group in ("articles", "forums", "machine", "cases"):
        chosen = [i for i, page in enumerate(pages) if page["group"] == group]
        if not chosen:
            continue
        metrics[f"{group}_f1"] = sum(scores[i] for i in chosen) / len(chosen)
        chars = [f1(answers[i] or "", pages[i]["text"], 1) for i in chosen]
        metrics[f"{group}_chars_f1"] = sum(chars) / len(chosen)
    metrics["pages_lost"] = sum(s < _LOST for s in scores) / max(len(scores), 1)
    return metrics


def mistakes(pages: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """A line for each page below 0.9, the worst first."""
    wrong = []
    for page, found in zip(pages, answers, strict=True):
        value = f1(found or "", page["text"])
        if value < _POOR:
            sizes = f"{len(found or '')} characters, true {len(page['text'])}"
            wrong.append((value, f"{value:.3f} {page['group']}: {page['name']} ({sizes})"))
    return [line for _, line in sorted(wrong)]
