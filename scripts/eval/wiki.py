"""Wiki pages: real paragraphs in the markup of an article, and pages of our own.

Enters: the paragraphs of Wikipedia in `text/` of the data folder, and `tests/cases/wiki.jsonl`.
Leaves: wikitext with the text that its reader sees, and scores of what a converter made of it.
Refuses: to score layout: the measure is F1 over 4-grams without white space, as for web pages.

No dump is in the data folder.  Each paragraph is dressed as such articles are written: a box, notes
and links as frequent as on zh.wikipedia.org, templates around words, categories, links to other
languages.  What is dressed is known, so that the truth is the paragraph itself.
"""

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.eval.extraction import f1
from scripts.eval.reading import rows

ROOM = "wiki"
ROOT = Path(__file__).parents[2]
SOURCES = ("DRCD", "cmrc2018", "xquad")
POOR = 0.9
#: Around words: what the reader sees is `{}`.  Plain links are most of what an article has.
WRAPS = (
    *("[[{}]]",) * 8,
    *("[[条目名|{}]]",) * 6,
    "'''{}'''",
    "{{{{link-en|{}|Foreign title}}}}",
    "{{{{le|条目名|Foreign title|{}}}}}",
    "{{{{tsl|en|Foreign title|条目名|{}}}}}",
    "{{{{internal link helper|条目名|Foreign|lang=法语|lang-code=fr|d={}}}}}",
    "{{{{nowrap|{}}}}}",
    "{{{{small|{}}}}}",
    "{{{{color|red|{}}}}}",
    "{{{{lang|zh|{}}}}}",
    "-{{zh-hans:{};zh-hant:{}}}-",
    '<span style="color:red">{}</span>',
    "[https://example.org/a?b=c {}]",
    "{{{{Unknown style|{}}}}}",
)
#: Behind words, without a sign of it on the page.
SILENT = (
    '<ref name="a{}">{{{{cite book|title=书|author=[[人]]}}}}</ref>',
    "<ref>[http://example.org/{} 来源]</ref>",
    "<!-- 注{} -->",
    "{{{{来源请求|date=20{}年}}}}",
    "{{{{sfn|王|20{}}}}}",
)
HEAD = (
    "{{{{NoteTA|G1=IT|1=zh-hans:内存; zh-hant:記憶體;}}}}\n{{{{about|此事|其他|{0} (消歧义)}}}}\n"
    "{{{{Infobox thing\n| name = {{{{lang|en|{0}}}}}\n| size = {{{{convert|5|m|ft}}}}\n|}}}}\n"
    "[[File:{0}.jpg|thumb|[[人物]]的说明]]\n"
)
TAIL = (
    "\n\n{{{{reflist|2}}}}\n{{{{Navbox|title={0}|list1=[[甲]]{{{{·}}}}[[乙]]}}}}\n{{{{DEFAULTSORT:{0}}}}}\n"
    "[[Category:{0}]]\n[[en:{0}]]\n[[ja:{0}]]\n[[zh-min-nan:{0}]]\n[[be-x-old:{0}]]\n"
)


def items(data: Path) -> list[dict[str, Any]]:
    """The dressed paragraphs, and the cases of `tests/cases`."""
    path = ROOT / "tests" / "cases" / "wiki.jsonl"
    found = [
        {"group": "cases", "name": case["label"], "text": case["text"]}
        | {"truth": case["expect"]["text"], "shown": []}
        for case in map(json.loads, path.read_text("utf-8").splitlines())
    ]
    if data.exists():
        rng = random.Random(9)
        found += [
            dressed(row["id"], row["text"], rng)
            for row in rows(data / "text" / "sample.jsonl.zst")
            if any(source in row["source"] for source in SOURCES)
        ]
    return found


def dressed(name: str, text: str, rng: random.Random) -> dict[str, Any]:
    """A paragraph as an article's wikitext: every third clause has markup."""
    parts, shown = [], []
    for part in re.split(r"([\u3400-\u9fff]{2,6})", text):
        chance = rng.random()
        if not re.fullmatch(r"[\u3400-\u9fff]{2,6}", part) or chance > 0.15:
            parts.append(part)
        elif chance > 0.12:
            parts.append(part + rng.choice(SILENT).format(rng.randrange(10, 25)))
        else:
            wrap = rng.choice(WRAPS)
            parts.append(wrap.format(part, part))
            if "{{" in wrap:
                shown.append(part)
    title = f"条目{len(text)}"
    page = HEAD.format(title) + "".join(parts) + TAIL.format(title)
    return {"group": "pages", "name": name, "text": page, "truth": text, "shown": shown}


def ours(pages: list[dict[str, Any]]) -> list[Any]:
    """What the reader of dumps makes of each page."""
    sys.path.insert(0, str(ROOT / "tests"))
    from frames import asset  # noqa: PLC0415 – baselines run where it is not

    from corpus_pipeline.rules.wiki import WIKI_RULES, load_templates  # noqa: PLC0415 – so is it
    from corpus_pipeline.text.wiki.wikitext import plain  # noqa: PLC0415 – and this

    templates = load_templates(asset(WIKI_RULES))
    return [plain(page["text"], templates, "标题").text for page in pages]


def mwparserfromhell(pages: list[dict[str, Any]]) -> list[Any]:
    """The parser's `strip_code` with its defaults."""
    from mwparserfromhell import parse  # noqa: PLC0415 – each in its environment

    return [parse(page["text"]).strip_code() for page in pages]


def mwparserfromhell_params(pages: list[dict[str, Any]]) -> list[Any]:
    """The same, with the parameters of templates kept."""
    from mwparserfromhell import parse  # noqa: PLC0415 – each in its environment

    return [parse(page["text"]).strip_code(keep_template_params=True) for page in pages]


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "mwparserfromhell": mwparserfromhell,
    "mwparserfromhell_params": mwparserfromhell_params,
}


def score(pages: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """F1 of pages, words within templates that were kept, cases that are right to the letter."""
    metrics: dict[str, float] = {}
    both = list(zip(pages, answers, strict=True))
    dresses = [(page, found) for page, found in both if page["group"] == "pages"]
    cases = [(page, found) for page, found in both if page["group"] == "cases"]
    if dresses:
        scores = [f1(found, page["truth"]) for page, found in dresses]
        metrics["pages_f1"] = sum(scores) / len(scores)
        words = [(found, word) for page, found in dresses for word in page["shown"]]
        metrics["shown_kept"] = sum(word in found for found, word in words) / len(words)
    if cases:
        metrics["cases_right"] = sum(
            found.split() == page["truth"].split() for page, found in cases
        ) / len(cases)
        metrics["cases_f1"] = sum(f1(found, page["truth"]) for page, found in cases) / len(cases)
    return metrics


def mistakes(pages: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """A line for each page below 0.9 and each case that is not right."""
    return [
        f"{page['group']}: {page['name']}: {Counter(missing).most_common(3)} missing"
        for page, found in zip(pages, answers, strict=True)
        if f1(found, page["truth"]) < POOR
        for missing in [[word for word in page["shown"] if word not in found]]
    ]
