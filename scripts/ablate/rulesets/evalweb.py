"""EvalWeb, the rules of ChineseWebText: length, Han, script, sensitive words, repetition.

Enters: a text and a list of words.  Leaves: the first rule that drops it.

Their test for Traditional script is whether zhconv's `zh-cn` changes anything.  OpenCC's `t2s`
stands for it here, with the signs that zhconv changes and OpenCC does not: of 655 texts the two
disagree on 5, which are kept here (2026-11).
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import opencc

from scripts.ablate.rulesets.base import Judged, RuleSet, share

CHARACTERS = 200
LINE_LENGTH = 10
HAN = 0.3
WORDS_PER_LINE = 0.5
GRAM, REPEATED = 13, 0.5
#: zhconv 1.4.3 turns 「」『』 into quotation marks, and 妳 検 部份 份子 藉口 into other words.
CHANGED_TOO = re.compile("[「」『』妳検]|部份|份子|藉口")


@cache
def converter() -> opencc.OpenCC:
    """OpenCC from Traditional to Simplified."""
    return opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False)


def repeated(text: str) -> float:
    """The share of the 13-grams that occur more than once, white space and case aside."""
    folded = re.sub(r"[ \n\t]", "", text.strip().lower())
    counts = Counter(folded[at : at + GRAM] for at in range(len(folded) - GRAM)) or Counter(
        [folded]
    )
    return sum(count for count in counts.values() if count > 1) / counts.total()


def judge(text: str, words: Sequence[str]) -> Judged:
    """The rules of `preprocess.py` in their order."""
    lines = text.count("\n") + 1
    if len(text) <= CHARACTERS or len(text) / lines < LINE_LENGTH:
        return Judged("length", text)
    if share(len(re.findall("[\u4e00-\u9fa5]", text)), len(text)) < HAN:
        return Judged("han", text)
    if CHANGED_TOO.search(text) or converter().convert(text) != text:
        return Judged("traditional", text)
    if sum(word in text for word in words) / lines > WORDS_PER_LINE:
        return Judged("sensitive_words", text)
    if repeated(text) > REPEATED:
        return Judged("repetition", text)
    return Judged(None, text)


RULES = RuleSet(
    name="evalweb",
    title="EvalWeb (ChineseWebText)",
    source="arXiv:2311.01149; github.com/CASIA-LM/ChineseWebText: preprocess.py",
    left_out="its list of 1,494 words (none of 100 crawl documents falls by it), its models, CCNet",
    judge=judge,
)
