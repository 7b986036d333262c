"""Domains: how the first label agrees with the labels of other authors, source by source.

Enters: labelled rows of `web/web_dev.jsonl.zst`, the test half.  Leaves: macro F1 over the classes
of each source, their mean, and macro F1 over the domains of all sources together.
Refuses: to count a label as wrong that is right by another name: `MEANT` says which of our labels
each class of a source may have; a class of a paper is a science and its subject.

Classes of sources are not clean: a channel of a news site holds whatever the editors put there.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "domains"
BASELINES: dict[str, Any] = {}
#: The class of a source (field `domain`) → our labels that are right; the first is the one counted.
MEANT = {
    "automobile_transport": ("transport",),
    "transport": ("transport",),
    "autonomous_driving": ("transport",),
    "medicine_health": ("medicine",),
    "finance": ("finance",),
    "culture": ("culture",),
    "literature": ("culture",),
    "education": ("education",),
    "employment": ("employment",),
    "military": ("military",),
    "sports": ("sports",),
    "technology": ("technology",),
    "travel": ("travel",),
    "government_policy": ("news_politics",),
    "international": ("news_politics",),
    "society": ("news_politics",),
    "entertainment": ("entertainment",),
    "games": ("games",),
    "real_estate": ("real_estate",),
    "daily_life": ("daily_life",),
    "gov_services": ("gov_services",),
    "urban_governance": ("urban_governance",),
    "scientific_research": ("science",),
    "agriculture_research": ("science", "agriculture"),
    "arts_research": ("science", "culture"),
    "economy_research": ("science", "finance"),
    "education_research": ("science", "education"),
    "law_research": ("science", "law"),
    "military_research": ("science", "military"),
    "public_administration_research": ("science", "gov_services", "urban_governance"),
    "sports_research": ("science", "sports"),
    "transport_research": ("science", "transport"),
}
#: Papers carry their class as a subject.
PAPERS = "ydli-ai/CSL"


def items(data: Path) -> list[dict[str, Any]]:
    """Labelled texts of the test half."""
    from corpus_pipeline.training.halves import half  # noqa: PLC0415 – needs the package

    found = []
    for row in rows(data / "web" / "web_dev.jsonl.zst"):
        meant = MEANT.get(row.get("domain") or "")
        if meant and half(row["id"]) == "test":
            paper = row["source"].startswith(PAPERS)
            also = ("science",) if paper else ()
            source = row["source"].split("/")[0]
            found.append({"source": source, "title": row.get("title"), "text": row["text"]})
            found[-1]["meant"] = list(dict.fromkeys((*meant, *also)))
    return found


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The labels of each text, the first one first."""
    import polars as pl  # noqa: PLC0415 – not in the baselines' environment

    import corpus_pipeline as cp  # noqa: PLC0415 – as above

    docs = pl.DataFrame(
        {
            "id": [str(at) for at in range(len(items))],
            "title": [one["title"] for one in items],
            "text": [one["text"] for one in items],
        },
        schema={"id": pl.String, "title": pl.String, "text": pl.String},
    )
    labels: list[Any] = cp.stage("domain")(docs)["domain_labels"].to_list()
    return labels


def counted(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, Counter[tuple[str, str]]]:
    """Source → (meant, said) → texts; a label that is right counts as the one that is meant."""
    pairs: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for one, answer in zip(items, answers, strict=True):
        said = answer[0] if answer else "none"
        meant = one["meant"][0]
        pairs[one["source"]][meant, meant if said in one["meant"] else said] += 1
    return pairs


def macro_f1(pairs: Counter[tuple[str, str]]) -> dict[str, float]:
    """F1 of each class that is meant somewhere."""
    classes = sorted({meant for meant, _ in pairs})
    found = {}
    for name in classes:
        right = pairs[name, name]
        meant = sum(n for (one, _), n in pairs.items() if one == name)
        said = sum(n for (_, one), n in pairs.items() if one == name)
        found[name] = 2 * right / (meant + said) if meant + said else 0.0
    return found


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Macro F1 over all, mean over sources, of each source, and of each domain."""
    pairs = counted(items, answers)
    sources = {source: macro_f1(found) for source, found in pairs.items()}
    means = {source: sum(f.values()) / len(f) for source, f in sources.items()}
    whole = macro_f1(sum(pairs.values(), Counter()))
    either = sum(
        bool({*answer} & {*one["meant"]}) for one, answer in zip(items, answers, strict=True)
    )
    figures = {
        "macro_f1": sum(whole.values()) / len(whole),
        "source_mean_f1": sum(means.values()) / len(means),
        "any_label": either / len(items),
    }
    figures |= {f"f1_{name}": value for name, value in whole.items()}
    return figures | {f"source_{name}": value for name, value in sorted(means.items())}


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """The commonest confusions, then texts."""
    found = []
    for one, answer in zip(items, answers, strict=True):
        said = answer[0] if answer else "none"
        if said not in one["meant"]:
            found.append(f"{one['source']}: {one['meant'][0]} as {said}: {one['text'][:80]!r}")
    return found[:300]
