"""What a model says of a document, as far as its characters allow it.

Enters: the facts of one document and the model's probabilities.  Leaves: label and score.
Refuses: to call Chinese text foreign on the model's word alone where it is short, long, or has
characters that only simplified Chinese writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]
Bounds = Mapping[str, float]
Answer = Mapping[str, float]

#: What is asked of a document beside the model's answer.
FACTS = (
    *("eastern", "han", "kana", "hangul", "latin", "cyrillic", "arabic"),
    *("uyghur", "kazakh", "mongolian", "simplified", "traditional", "japanese", "mainland"),
    *("kana_share", "hangul_share"),
)
CHINESE = ("zh", "lzh", "yue", "wuu")
#: What a model may not say of a text in Latin letters.
NOT_LATIN = {*CHINESE, "ja", "ko", "ru", "kk", "mn", "ar", "ug"}


def judge(facts: Facts, answer: Answer, b: Bounds) -> tuple[str, float]:
    """Label and score of one document."""
    return _of_han(facts, answer, b) if facts["eastern"] else _of_alphabet(facts, answer, b)


def _of_alphabet(facts: Facts, answer: Answer, b: Bounds) -> tuple[str, float]:
    for alphabet, label, marker in (
        ("arabic", "ug", "uyghur"),
        ("cyrillic", "kk", "kazakh"),
        ("cyrillic", "mn", "mongolian"),
    ):
        sure = facts[marker] >= b["alphabet_share"] * facts[alphabet]
        if facts[alphabet] > facts["latin"] and sure:
            return label, 0.95
    latin = facts["latin"] >= facts["cyrillic"] + facts["arabic"]
    allowed = {k: v for k, v in answer.items() if not (latin and k in NOT_LATIN)}
    label, probability = max(allowed.items(), key=lambda pair: pair[1], default=("und", 0.0))
    sure = probability >= b["language_probability"] * (sum(answer.values()) or 1.0)
    return (label if sure else "und"), min(probability, 1.0)


def _of_han(facts: Facts, answer: Answer, b: Bounds) -> tuple[str, float]:
    for label in ("ja", "ko"):
        if answer.get(label, 0.0) >= _least(facts, b):
            return label, min(answer[label], 1.0)
    for label, syllables in (("ko", "hangul"), ("ja", "kana")):
        if facts[syllables] > facts["han"]:
            return label, b["syllable_score"]
    chinese = {label: answer.get(label, 0.0) for label in CHINESE}
    label = max(chinese, key=lambda name: chinese[name])
    # What the model calls Japanese and the characters do not is Chinese with half a doubt.
    score = min(max(sum(chinese.values()), 0.5), 1.0)
    if label != "zh":
        return label, score
    more = facts["traditional"] > facts["simplified"]
    return ("zh-Hant" if more else "zh-Hans"), score


def _least(facts: Facts, b: Bounds) -> float:
    """The probability that makes a Han text Japanese or Korean; 2 where nothing can."""
    traces = facts["kana"] + facts["hangul"]
    quoting = facts["kana_share"] >= b["kana_trace"] or facts["hangul_share"] >= b["hangul_trace"]
    if not quoting and (facts["mainland"] or facts["han"] >= b["long_han"]):
        return 2.0
    if facts["japanese"] >= max(2, b["japanese_share"] * facts["han"]):
        return b["japanese_probability"]
    if traces or facts["japanese"] or (facts["simplified"] and facts["traditional"]):
        return b["foreign_probability"]
    return b["foreign_unseen"] if facts["han"] >= b["foreign_han"] else 2.0
