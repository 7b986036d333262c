"""Combine the model's answer with what the characters of a document allow.

Enters: the counts and shares of one document (`FACTS`) and the model's probabilities by label.
Leaves: label and score (0 to 1).
Refuses: to label Chinese text foreign by the model alone where it is short, long, or has
characters that only simplified Chinese uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corpus_pipeline.rules.langid import LangIdBounds
from corpus_pipeline.text.arrays import F32

Facts = Mapping[str, Any]
Answer = Mapping[str, float]

#: The columns of `Rules.facts` that `judge` reads beside the model's answer.
FACTS = (
    "eastern",
    "han",
    "kana",
    "hangul",
    "latin",
    "cyrillic",
    "arabic",
    "uyghur",
    "kazakh",
    "mongolian",
    "simplified",
    "traditional",
    "japanese",
    "mainland",
    "unjapanese",
    "kana_share",
    "hangul_share",
    "cantonese",
    "cantonese_too",
    "wu",
    "wu_too",
    "chinese",
    "classical",
    "vernacular",
    "digit",
    "ordinal",
    "letters",
)
CHINESE = ("zh", "lzh", "yue", "wuu")
#: Labels of the model that a text in Latin letters cannot have.
NOT_LATIN = {*CHINESE, "ja", "ko", "ru", "kk", "mn", "ar", "ug"}
#: A bound that no probability reaches.
_NEVER = 2.0


def judge(facts: Facts, answer: Answer, b: LangIdBounds) -> tuple[str, float]:
    """Label and score of one document."""
    return _of_han(facts, answer, b) if facts["eastern"] else _of_alphabet(facts, answer, b)


def _of_alphabet(facts: Facts, answer: Answer, b: LangIdBounds) -> tuple[str, float]:
    for alphabet, label, marker in (
        ("arabic", "ug", "uyghur"),
        ("cyrillic", "kk", "kazakh"),
        ("cyrillic", "mn", "mongolian"),
    ):
        sure = facts[marker] >= b.alphabet_share * facts[alphabet]
        if facts[alphabet] > facts["latin"] and sure:
            return label, b.marker_score
    latin = facts["latin"] >= facts["cyrillic"] + facts["arabic"]
    allowed = {k: v for k, v in answer.items() if not (latin and k in NOT_LATIN)}
    total = sum(allowed.values())
    label, probability = max(allowed.items(), key=lambda pair: pair[1], default=("und", 0.0))
    # What the letters rule out leaves its weight to the rest, and its doubt.
    score = min(probability / total, (1 + total) / 2) if total else 0.0
    return (label if score >= b.language_probability else "und"), score


def _of_han(facts: Facts, answer: Answer, b: LangIdBounds) -> tuple[str, float]:
    if facts["digit"] and 0 < facts["ordinal"] == facts["letters"]:
        # 第12条 alone: Chinese statutes write 第十二条, Japanese ones digits; either may be meant.
        return "ja", b.ordinal_score
    for label in ("ja", "ko"):
        if answer.get(label, 0.0) >= _least(facts, b, label):
            return label, min(answer[label], 1.0)
    for label, syllables in (("ko", "hangul"), ("ja", "kana")):
        if facts[syllables] > facts["han"]:
            return label, b.syllable_score
    return _of_chinese(facts, answer, b)


def _of_chinese(facts: Facts, answer: Answer, b: LangIdBounds) -> tuple[str, float]:
    chinese = {label: answer.get(label, 0.0) for label in CHINESE}
    for label, markers in (("yue", "cantonese"), ("wuu", "wu")):
        if facts[markers] and chinese[label] >= b.marked_probability:
            chinese[label] += 1.0
        elif not facts[markers] + facts[markers + "_too"]:
            # Without one word of its own it is written as everybody writes.
            chinese[label] = 0.0
    classical = facts["classical"] >= b.classical_share * facts["han"]
    if classical and not facts["vernacular"] and chinese["lzh"] >= b.classical_probability:
        chinese["lzh"] += 1.0
    label = max(chinese, key=lambda name: chinese[name])
    # What the model calls Japanese and the characters do not is Chinese with half a doubt.
    score = min(max(answer.get(label, 0.0), b.chinese_score), 1.0)
    if label != "zh":
        return label, score
    # A few characters are as good in a classical text or in a dialect.
    score *= 1 - b.short_doubt * math.exp(-facts["han"] / b.short_han)
    if facts["traditional"] == facts["simplified"]:
        score = min(score, b.no_script_score)
    return ("zh-Hant" if facts["traditional"] > facts["simplified"] else "zh-Hans"), score


def _least(facts: Facts, b: LangIdBounds, label: str) -> float:
    """The probability that makes a Han text Japanese or Korean; `_NEVER` where nothing can."""
    quoting = facts["kana_share"] >= b.kana_trace or facts["hangul_share"] >= b.hangul_trace
    if not quoting and (facts["mainland"] or facts["han"] >= b.long_han):
        return _NEVER
    brief = facts["han"] <= b.line_han
    if facts["japanese"] >= max(1 if brief else b.japanese_least, b.japanese_share * facts["han"]):
        return b.japanese_probability
    if quoting and not facts["chinese"]:
        return b.quoting_probability
    if facts["kana"] + facts["hangul"]:
        return b.foreign_probability
    if facts["japanese"] or (facts["simplified"] and facts["traditional"]):
        return b.foreign_seen
    return _unseen(facts, b, label)


def _unseen(facts: Facts, b: LangIdBounds, label: str) -> float:
    """The same for a text without any sign of another language.

    Two characters, or one that Japanese hardly writes, are no proof of what the model says.
    """
    if facts["han"] <= b.brief_han or (label == "ja" and facts["unjapanese"]):
        return _NEVER
    return b.foreign_unseen if facts["han"] >= b.foreign_han else b.foreign_short


def calibrated(scores: F32, table: Sequence[Sequence[float]]) -> F32:
    """How often an answer of such a probability is right, interpolated between `table`."""
    stated, right = np.asarray(table, dtype=np.float64).T
    means: F32 = np.interp(scores, stated, right).astype(np.float32)
    return means
