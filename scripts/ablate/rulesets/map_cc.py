"""MAP-CC, the Chinese part of Matrix: rules on characters, as meant and as its code runs.

Enters: a text.  Leaves: the first rule that drops it, and the text with half-width marks and
without addresses, as their `filter.py` writes it.

Their code compares the pair that `duplicates_rules` returns with false, so that no repetition ever
drops a document, and for n-grams of five characters and more it counts different characters instead
of repeated ones.  `RULES` enforces what the comments there say; `AS_RUN` is what runs.
"""

import math
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from scripts.ablate.rulesets.base import Judged, RuleSet, covered, grams, share, words_of

BRACKETED = 0.1
SENTENCES = 2
CHARACTERS = (50, 10_000)
WORD_LENGTH = (1.3, 10)
HASHES = ELLIPSES = 0.1
DIGITS = 0.3
LINES_MORE, LINES_BULLET = 0.3, 0.9
DIFFERENT_CHARACTERS = 0.1
ENTROPY_NATS = 3.0
TOP_GRAMS = {2: 0.20, 3: 0.18, 4: 0.16}
DUPLICATE_GRAMS = dict.fromkeys(range(5, 11), 0.60)

MORE = ("readmore", "展开", "更多", "。。。")
BULLETS = tuple("•●○■□▪▫※·➢\u2023\u25b6\u25c0\u25e6\u2013")
FULL = "。！“”＃＄％＆‘’（）＊＋，－／：；＜＝＞？＠［＼］＾＿｀｛｜｝～"
HALF = ".!\"\"#$%&''()*+,-/:;<=>?@[\\]^_`{|}~"
HALF_WIDTH = str.maketrans(FULL, HALF)
ADDRESSES = (
    r"https?://[^\s,，\u4e00-\u9fa5]*|www\.[^\s,，\u4e00-\u9fa5]*",
    # Begins where a run begins: the same matches, in linear time.
    r"(?<![a-zA-Z0-9-])[a-zA-Z0-9-]+\.[a-zA-Z0-9-]+\.[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+\.?",
    r"(?<![\u4e00-\u9fa5])(\b[a-zA-Z0-9.-]+\.[a-z]{2,6}\b)",
)


def written(text: str) -> str:
    """The text with half-width marks and without addresses."""
    text = text.translate(HALF_WIDTH)
    for pattern in ADDRESSES:
        text = re.sub(pattern, "", text)
    return text


def bracketed(text: str) -> int:
    r"""The characters that 【(.*?)】 finds, in linear time.

    >>> bracketed("【甲乙】丙【【丁】】【戊"), bracketed("】【甲\n】")
    (4, 0)
    """
    inside = 0
    for line in text.split("\n"):
        start = line.find("【")
        while start >= 0 and (end := line.find("】", start)) >= 0:
            inside += end - start - 1
            start = line.find("【", end)
    return inside


def of_text(text: str, plain: str) -> Iterator[str]:
    """Rules 1 to 7 of `self_defined_rules`; `plain` is the text under NFKC."""
    if sum(bool(part.strip()) for part in re.split(r'[.!…?;"]+', text)) < SENTENCES:
        yield "sentences"
    if not CHARACTERS[0] <= len(plain) <= CHARACTERS[1]:
        yield "characters"
    bare = re.sub(r"[^\w\s]", "", plain)
    words = words_of(bare)
    if not WORD_LENGTH[0] <= share(sum(map(len, words)), len(words)) <= WORD_LENGTH[1]:
        yield "word_length"
    if len(re.findall("#+", text)) / len(text) > HASHES:
        yield "hashes"
    if len(re.findall(r"…+|\.{2,}", text)) / len(text) > ELLIPSES:
        yield "ellipses"
    if share(sum(map(str.isdigit, bare)), len(bare)) > DIGITS:
        yield "digits"


def of_shape(plain: str) -> Iterator[str]:
    """Rules 8 to 12: lines, marks, different characters, entropy."""
    lines = plain.splitlines()
    if share(sum(line.endswith(MORE) for line in lines), len(lines)) > LINES_MORE:
        yield "read_more"
    if share(sum(line.startswith(BULLETS) for line in lines), len(lines)) > LINES_BULLET:
        yield "bullets"
    if not any(sign in string.punctuation or sign == "…" for sign in plain):
        yield "no_punctuation"
    counts = Counter(plain)
    if len(counts) / len(plain) <= DIFFERENT_CHARACTERS:
        yield "different_characters"
    shares = [count / len(plain) for count in counts.values()]
    if -sum(one * math.log(one) for one in shares) < ENTROPY_NATS:
        yield "entropy"


def of_repetition(text: str) -> Iterator[str]:
    """The repetition rules as the comments of `duplicates_rules` describe them."""
    for n, most in TOP_GRAMS.items():
        counts = Counter(grams(text, n))
        if (max(counts.values(), default=1) - 1) * n / len(text) > most:
            yield f"top_{n}_gram"
    for n, most in DUPLICATE_GRAMS.items():
        if covered(text, n) / len(text) > most:
            yield f"duplicate_{n}_grams"


def judge_as_run(text: str, _words: Sequence[str]) -> Judged:
    """What the code does."""
    plain = unicodedata.normalize("NFKC", text)
    text = written(text)
    if share(bracketed(plain), len(plain)) > BRACKETED:
        return Judged("brackets", text)
    plain = unicodedata.normalize("NFKC", text)
    return Judged(next(chain(of_text(text, plain), of_shape(plain)), None), text)


def judge(text: str, words: Sequence[str]) -> Judged:
    """What the code means."""
    rule, text = judge_as_run(text, words)
    return Judged(rule or next(of_repetition(text), None), text)


SOURCE = (
    "arXiv:2404.04167, 2405.19327; github.com/multimodal-art-projection/MAP-NEO: "
    "Matrix/chinese_data_clean_pipeline/filter/filter.py"
)
LEFT_OUT = "lists of addresses, lid.176 ≥ .4, `linewise_filter` (never called), all dedup"
RULES = RuleSet("map_cc", "MAP-CC as meant", SOURCE, LEFT_OUT, judge)
AS_RUN = RuleSet("map_cc_as_run", "MAP-CC as its code runs", SOURCE, LEFT_OUT, judge_as_run)
