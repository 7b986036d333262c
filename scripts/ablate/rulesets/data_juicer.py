"""Data-Juicer's demonstration recipe for Chinese.

Enters: a text and a list of words.  Leaves: the first rule that drops it.
"""

import math
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from scripts.ablate.rulesets.base import Judged, RuleSet, grams, share, word_hits, words_of

ALPHANUMERIC = 0.9
LINE_LENGTH = (10, 10_000)
CHARACTER_GRAM, CHARACTERS_REPEATED = 10, 0.5
FLAGGED = 0.0045
SPECIAL = 0.25
CHARACTERS = (10, 10_000)
WORDS = (10, 10_000)
WORD_GRAM, WORDS_REPEATED = 10, 0.5
#: Its `SPECIAL_CHARACTERS`: marks, digits, white space; emoji lie above the basic plane.
SIGNS = frozenset(
    string.punctuation
    + string.digits
    + string.whitespace
    + "\u3000’“— –●•…【】、。，！？；：（）《》"
)


def characters_repeated(text: str) -> float:
    """The most frequent 10-grams, as many as the root of their number, of all."""
    counts = Counter(text[at : at + CHARACTER_GRAM] for at in range(len(text) - CHARACTER_GRAM + 1))
    ordered = sorted(counts.values(), reverse=True)
    several = sum(count > 1 for count in ordered)
    return share(sum(ordered[: min(math.isqrt(len(ordered)), several)]), sum(ordered))


def words_repeated(words: list[str]) -> float:
    """The share of 10-grams of words that occur more than once."""
    counts = Counter(grams(words, WORD_GRAM)).values()
    return share(sum(count for count in counts if count > 1), sum(counts))


def of_text(text: str) -> Iterator[str]:
    """Its filters on characters and lines."""
    lines = text.splitlines()
    if not CHARACTERS[0] <= len(text) <= CHARACTERS[1]:
        yield "text_length"
    if not LINE_LENGTH[0] <= share(len(text), len(lines)) <= LINE_LENGTH[1]:
        yield "average_line_length"
    if not LINE_LENGTH[0] <= max(map(len, lines), default=0) <= LINE_LENGTH[1]:
        yield "maximum_line_length"
    if sum(map(str.isalnum, text)) / len(text) > ALPHANUMERIC:
        yield "alphanumeric"
    if characters_repeated(text) > CHARACTERS_REPEATED:
        yield "character_repetition"
    if (
        sum(sign in SIGNS or "\U0001f000" < sign < "\U00020000" for sign in text) / len(text)
        > SPECIAL
    ):
        yield "special_characters"


def of_words(text: str, words: Sequence[str]) -> Iterator[str]:
    """Its filters on jieba's words."""
    spoken = words_of(text)
    if not WORDS[0] <= len(spoken) <= WORDS[1]:
        yield "words_num"
    if words_repeated(spoken) > WORDS_REPEATED:
        yield "word_repetition"
    if sum(word_hits(text, words).values()) / len(spoken) > FLAGGED:
        yield "flagged_words"


def judge(text: str, words: Sequence[str]) -> Judged:
    """The filters of `demo_zh.yaml` that need no model."""
    return Judged(next(chain(of_text(text), of_words(text, words)), None), text)


RULES = RuleSet(
    name="data_juicer",
    title="Data-Juicer zh",
    source=(
        "arXiv:2309.02033; github.com/modelscope/data-juicer: "
        "demos/data_visualization_op_effect/configs/demo_zh.yaml and the operators it names"
    ),
    left_out="LID ≥ .8, perplexity ≤ 1500, its lists of stop words and flagged words, SimHash",
    judge=judge,
)
