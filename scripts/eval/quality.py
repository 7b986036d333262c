"""Quality: how well the score tells good texts of every register from bad ones of every kind.

Enters: texts of `quality_texts`.  Leaves: the area under the ROC curve of each kind of bad text
against all good ones, and the share of the good register that loses most below `min_score`.
Refuses: to count a kind twice because it has more texts: means are over kinds; to import the
package before it is asked for answers.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOM = "quality"
#: The rule beside us is a count of our own: see `punctuation`.
BASELINES: dict[str, Any] = {}
#: Published rule sets that judge the same texts: `scripts/ablate/rulesets`.
RULE_SETS = ("fineweb2", "map_cc", "evalweb", "chinese_c4", "hplt", "data_juicer")


def items(data: Path) -> list[dict[str, Any]]:
    """All texts, the good ones first."""
    from scripts.eval.quality_texts import texts  # noqa: PLC0415 – needs the package

    return texts(data)


def ours(items: list[dict[str, Any]]) -> list[Any]:
    """The score of each text as it comes, without another stage before, and the default bound."""
    import polars as pl  # noqa: PLC0415 – not in the baselines' environment

    import corpus_pipeline as cp  # noqa: PLC0415 – as above

    stage = cp.stage("quality", min_score=0)
    texts = [one["text"] for one in items]
    docs = pl.DataFrame({"id": [str(at) for at in range(len(texts))], "text": texts})
    scores: list[Any] = stage(docs)["quality_score"].to_list()
    return scores


def answer(rule: str | None) -> float:
    """A verdict as a score, whose area is the mean of good kept and bad dropped."""
    return float(rule is None)


def punctuation(items: list[dict[str, Any]]) -> list[float]:
    """How near the share of punctuation is to that of prose (.09)."""
    marks = set("，。！？；：、“”‘’（）《》,.!?;:()\"'")
    return [
        -abs(sum(c in marks for c in one["text"]) / max(len(one["text"]), 1) - 0.09)
        for one in items
    ]


def area(good: list[float], bad: list[float]) -> float:
    """The chance that a good text scores above a bad one; ties count half."""
    ordered = sorted(good)
    above = sum(
        2 * len(ordered) - bisect_right(ordered, score) - bisect_left(ordered, score)
        for score in bad
    )
    return above / (2 * len(ordered) * len(bad))


def by_kind(
    items: list[dict[str, Any]], answers: list[Any], *, good: bool
) -> dict[str, list[float]]:
    """The scores of each kind."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for one, answer in zip(items, answers, strict=True):
        if one["good"] is good:
            kinds[one["kind"]].append(answer)
    return kinds


def areas_of(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """The area of each kind of bad text against all good ones."""
    pooled = [score for scores in by_kind(items, answers, good=True).values() for score in scores]
    bad = by_kind(items, answers, good=False)
    return {kind: area(pooled, scores) for kind, scores in bad.items()}


def score(items: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Mean and worst area over the kinds of bad text, and of each; the worst register's loss."""
    from corpus_pipeline.stages.quality import Quality  # noqa: PLC0415 – as above

    good, areas = by_kind(items, answers, good=True), areas_of(items, answers)
    least = Quality.OptionsModel().min_score
    lost = {
        kind: sum(score < least for score in scores) / len(scores) for kind, scores in good.items()
    }
    plain = areas_of(items, punctuation(items))
    figures = {
        "auc_macro": sum(areas.values()) / len(areas),
        "auc_worst": min(areas.values()),
        "register_lost": max(lost.values()),
        "punctuation_auc_macro": sum(plain.values()) / len(plain),
    }
    return figures | {f"auc_{kind}": value for kind, value in sorted(areas.items())}


def mistakes(items: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """The worst good texts and the best bad ones."""
    ranked = sorted(zip(answers, items, strict=True), key=lambda pair: pair[0])
    worst = [pair for pair in ranked if pair[1]["good"]][:20]
    best = [pair for pair in reversed(ranked) if not pair[1]["good"]][:20]
    return [f"{value:.3f} {one['kind']}: {one['text'][:120]!r}" for value, one in worst + best]
