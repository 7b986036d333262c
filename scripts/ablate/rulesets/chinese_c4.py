"""Chinese C4: bad words, whole sentences by line, and Gopher's repetition rules.

Enters: a text and a list of bad words.  Leaves: the first rule that drops it, and the lines that
end like a sentence.
"""

import re
from collections import Counter
from collections.abc import Sequence

from scripts.ablate.rulesets.base import Judged, RuleSet, cut, duplicates, grams, share, word_hits

BAD_WORD_CHARACTERS = 0.05
LINE_ENDS = ("。", "！", "？", "……", "”", "：")
LINE_LENGTH = 5
#: Their pattern begins with a range whose ends no reader shows: the private-use area is meant.
GARBLED = re.compile("[\ue000-\uf8ff]|□|■|\ufffd")
LINES = 6
LINES_DUPLICATE, LINE_CHARACTERS_DUPLICATE = 0.3, 0.2
TOP_GRAMS = {2: 0.2, 3: 0.18, 4: 0.16}
DUPLICATE_GRAMS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def is_sentence(line: str) -> bool:
    """Whether a line ends like a sentence, is long enough and not garbled."""
    return line.endswith(LINE_ENDS) and len(line) >= LINE_LENGTH and not GARBLED.search(line)


def repetition(text: str) -> str | None:
    """Gopher's rules over jieba's words, as `repetition_removal.py` counts them."""
    lines = text.split("\n")
    count, characters = duplicates(lines)
    if count / len(lines) > LINES_DUPLICATE:
        return "duplicate_lines"
    if characters / len(text) > LINE_CHARACTERS_DUPLICATE:
        return "duplicate_line_characters"
    words = cut(text)
    for n, most in TOP_GRAMS.items():
        for gram, times in Counter(grams(words, n)).items():
            if sum(map(len, gram)) * (times - 1) / len(text) > most:
                return f"top_{n}_gram"
    for n, most in DUPLICATE_GRAMS.items():
        if marked(words, n) / len(text) > most:
            return f"duplicate_{n}_grams"
    return None


def marked(words: list[str], n: int) -> int:
    """Characters of words inside n-grams met before."""
    seen: set[tuple[str, ...]] = set()
    marks = bytearray(len(words))
    for at, gram in enumerate(grams(words, n)):
        if gram in seen:
            marks[at : at + n] = b"\1" * n
        seen.add(gram)
    return sum(len(word) for word, mark in zip(words, marks, strict=True) if mark)


def judge(text: str, words: Sequence[str]) -> Judged:
    """Bad words, then lines, then repetition in the lines that are left."""
    hits = word_hits(text, words)
    if (
        share(sum(len(word) * times for word, times in hits.items()), len(text))
        > BAD_WORD_CHARACTERS
    ):
        return Judged("bad_words", text)
    lines = [line for line in map(str.strip, text.splitlines()) if is_sentence(line)]
    left = "\n".join(lines)
    if len(lines) < LINES:
        return Judged("few_sentences", left)
    return Judged(repetition(left), left)


RULES = RuleSet(
    name="chinese_c4",
    title="Chinese C4 with Gopher",
    source=(
        "github.com/shjwudp/c4-dataset-script: c4_dataset_script/Chinese/"
        "filter_out_bad_lines.py, repetition_removal.py; arXiv:2112.11446, table A1"
    ),
    left_out="the lines that occur in other documents",
    judge=judge,
    counts_words_of_c4=True,
)
