"""Registers: how often the kind of a text is told, by source, and what `heuristics` loses of each.

Enters: the test halves of `text/sample.jsonl.zst` and `web/web_dev.jsonl.zst`, sources whose kind
is known.  Leaves: accuracy over texts, mean recall over registers, accuracy where the confidence is
0.8 and more, and the share of documents and characters that `heuristics` drops, over all and in the
register that loses most.
Refuses: to call a source by one register where it holds several: `SOURCES` lists what is right.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.eval.reading import rows

ROOM = "registers"
BASELINES: dict[str, Any] = {}
#: Source of `web/`, by how its name begins → registers that are right, the usual one first.
SOURCES = {
    "01joy/": ("news", "report"),
    "HappyShadowWalker/": ("news", "prose", "report", "product", "howto", "qa", "review", "law"),
    "ydli-ai/": ("abstract",),
    "CLUEbenchmark/": ("product",),
    "TipDM": ("qa", "social"),
    "ssymmetry/BBT-FinCUGE FinNA": ("report", "news"),
    "ssymmetry/BBT-FinCUGE FinQA": ("report", "news"),
    "ssymmetry/BBT-FinCUGE FinNSP": ("report", "news", "social", "qa", "prose"),
    "ssymmetry/BBT-FinCUGE FinFE": ("social", "review"),
    "Toyhom/": ("qa",),
    "thu-coai/KdConv": ("dialogue",),
    "Anduin2017/": ("howto",),
    "mzlogin/": ("technical",),
    "onevcat/": ("technical", "prose"),
    "daohu527/": ("technical",),
    "OpenDocCN/": ("prose", "howto", "technical"),
    "yilirin/": ("review", "social"),
    "luoxuhai/": ("dialogue", "classical", "prose"),
}
#: Kind of `text/sample` → registers that are right.
KINDS = {
    "statutes": ("law",),
    "statutes_tw": ("law",),
    "poems": ("verse",),
    "classical": ("classical",),
    "wikipedia": ("encyclopaedia",),
    "comments": ("social", "review"),
    "documentation": ("technical",),
    "speeches": ("law", "news", "prose"),
}
SURE = 0.8


def good_texts(data: Path) -> Iterator[dict[str, Any]]:
    """Good texts of both halves: text, source, half, register, and all registers that are right."""
    from corpus_pipeline.training import halves  # noqa: PLC0415 – lazy

    for row in rows(data / "text" / "sample.jsonl.zst"):
        kind = halves.kind(row["source"])
        right = KINDS[kind]
        yield {
            "text": row["text"],
            "source": kind,
            "half": halves.half_of(row),
            "register": right[0],
            "right": right,
        }
    for row in rows(data / "web" / "web_dev.jsonl.zst"):
        found = next((name for name in SOURCES if row["source"].startswith(name)), None)
        if found is not None and row.get("spam") != "yes":
            yield {
                "text": row["text"],
                "source": found.rstrip("/"),
                "half": halves.half(row["id"]),
                "register": SOURCES[found][0],
                "right": SOURCES[found],
            }


def items(data: Path) -> list[dict[str, Any]]:
    """The texts of the test half."""
    return [row for row in good_texts(data) if row["half"] == "test"]


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """Register, confidence and the rule that drops each text, after `normalize`."""
    import polars as pl  # noqa: PLC0415 – not in the baselines' environment

    import corpus_pipeline as cp  # noqa: PLC0415 – as above

    docs = pl.DataFrame(
        {"id": [str(at) for at in range(len(items))], "text": [one["text"] for one in items]},
        schema={"id": pl.String, "text": pl.String},
    )
    out = cp.stage("heuristics")(cp.stage("normalize")(docs))
    names = ("heuristics_register", "heuristics_register_confidence", "drop_rule")
    answers: list[Any] = out.select(names).rows()
    return answers


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Accuracy, mean recall, accuracy where sure, and losses."""
    right = [answer[0] in one["right"] for one, answer in zip(items, answers, strict=True)]
    sure = [ok for ok, answer in zip(right, answers, strict=True) if answer[1] >= SURE]
    by_register: dict[str, list[bool]] = defaultdict(list)
    lost: dict[str, list[bool]] = defaultdict(list)
    chars: Counter[bool] = Counter()
    for one, ok, answer in zip(items, right, answers, strict=True):
        by_register[one["register"]].append(ok)
        lost[one["register"]].append(answer[2] is not None)
        chars[answer[2] is not None] += len(one["text"])
    every = [gone for gones in lost.values() for gone in gones]
    recalls = {name: sum(oks) / len(oks) for name, oks in by_register.items()}
    figures = {
        "right": sum(right) / len(right),
        "recall_macro": sum(recalls.values()) / len(recalls),
        "sure_right": sum(sure) / max(len(sure), 1),
        "sure_share": len(sure) / len(right),
        "good_lost": sum(every) / len(every),
        "register_lost": max(sum(gones) / len(gones) for gones in lost.values()),
        "chars_lost": chars[True] / max(chars.total(), 1),
    }
    return figures | {f"recall_{name}": value for name, value in sorted(recalls.items())}


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """What each source was taken for, and good texts that were dropped."""
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    for one, answer in zip(items, answers, strict=True):
        taken[one["source"]][answer[0]] += 1
    lines = [f"{source}: {dict(counts.most_common())}" for source, counts in taken.items()]
    lines += [
        f"{one['source']}: {answer[2]}: {one['text'][:100]!r}"
        for one, answer in zip(items, answers, strict=True)
        if answer[2] is not None
    ]
    return lines[:200]
