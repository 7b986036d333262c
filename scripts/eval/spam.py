"""Spam: how much of each kind is found, and how many good texts are lost for it.

Enters: the test halves of `web/web_dev.jsonl.zst`, and articles of it with injected names.
Leaves: for each kind of spam the share that is dropped, for each good register the share that is
lost, and the share of injections that is found, and that leaves the article whole when cut.
Refuses: to count what is labelled by a keyword rule as truth beyond what it says: home pages
labelled `gambling` hold some that are none.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

from scripts.eval.injections import injected
from scripts.eval.reading import rows

ROOM = "spam"
BASELINES: dict[str, Any] = {}
#: Published rule sets that judge the same texts: `scripts/ablate/rulesets`.
RULE_SETS = ("fineweb2", "map_cc", "evalweb", "chinese_c4", "hplt", "data_juicer")
SEED = 29
#: Articles that are injected, by source.
ARTICLES = ("news_article", "news_or_web_article", "blog", "machine_translated_article")
MOST = 1000


def items(data: Path) -> list[dict[str, Any]]:
    """Good texts and spam of the test half, then articles with names in them."""
    from corpus_pipeline.training.halves import GOOD_REGISTERS, half  # noqa: PLC0415 – lazy

    read = [row for row in rows(data / "web" / "web_dev.jsonl.zst") if half(row["id"]) == "test"]
    found = []
    for row in read:
        if row.get("register") in GOOD_REGISTERS:
            found.append({"group": "good", "kind": row["register"], "text": row["text"]})
        elif row.get("spam") == "yes":
            source = "home" if row["register"] == "website_homepage_text" else row["register"]
            kind = f"{source}_{row['spam_type']}"
            found.append({"group": "spam", "kind": kind, "text": row["text"]})
    articles = [row["text"] for row in read if row.get("register") in ARTICLES][:MOST]
    return found + [{"group": "injected", **one} for one in injected(articles, SEED)]


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The rule that drops each text as it comes, or null."""
    import polars as pl  # noqa: PLC0415 – not in the baselines' environment

    import corpus_pipeline as cp  # noqa: PLC0415 – as above

    docs = pl.DataFrame(
        {
            "id": [str(at) for at in range(len(items))],
            "title": [one.get("title") for one in items],
            "text": [one["text"] for one in items],
        },
        schema={"id": pl.String, "title": pl.String, "text": pl.String},
    )
    rules: list[Any] = cp.stage("spam")(docs)["drop_rule"].to_list()
    return rules


def answer(rule: str | None) -> str | None:
    """A verdict as this room has it."""
    return rule


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Shares found by kind, their least and mean; the share of good texts lost, and the worst."""
    hit: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one, answer in zip(items, answers, strict=True):
        hit[one["group"], one["kind"]].append(answer is not None)
    shares = {key: sum(values) / len(values) for key, values in hit.items()}
    good = [value for key, values in hit.items() if key[0] == "good" for value in values]
    put = [value for key, values in hit.items() if key[0] == "injected" for value in values]
    parasites = [v for key, values in hit.items() if "parasite" in key[1] for v in values]
    figures = {
        "good_lost": sum(good) / len(good),
        "register_lost": max(share for key, share in shares.items() if key[0] == "good"),
        "parasites": sum(parasites) / len(parasites),
        "injected": sum(put) / len(put),
    }
    named = {f"{group}_{kind}": share for (group, kind), share in shares.items() if group != "good"}
    return figures | dict(sorted(named.items()))


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """Good texts that are dropped, and spam that is not."""
    found = []
    for one, answer in zip(items, answers, strict=True):
        if (answer is not None) == (one["group"] == "good"):
            found.append(f"{one['group']} {one['kind']}: {answer}: {one['text'][:100]!r}")
    return found[:200]
