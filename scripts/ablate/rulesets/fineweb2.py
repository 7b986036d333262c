"""FineWeb2 for Chinese (`cmn_Hani`): Gopher repetition, FineWeb quality, Gopher quality.

Enters: a text.  Leaves: the first rule that drops it, in the order of their pipeline.
On 1,500 texts of the development sets verdict and rule were those of datatrove itself (2026-11).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from scripts.ablate.rulesets.base import Judged, RuleSet, duplicates, words_of

#: `configs/cmn_Hani.yml`; what that file leaves open is the value of `fineweb-2-pipeline.py`.
LINES_DUPLICATE = 0.287
TOP_GRAMS = {2: 0.256, 3: 0.201, 4: 0.171}
DUPLICATE_GRAMS = {5: 0.198, 6: 0.182, 7: 0.167, 8: 0.154, 9: 0.14, 10: 0.127}
LINES_PUNCTUATED = 0.106
CHARACTERS_DUPLICATE = 0.1
NEWLINES_PER_WORD = 0.178
WORDS = (50, 100_000)
WORD_LENGTH = (1, 5)
WORDS_ALPHABETIC = 0.735
STOP_WORDS = frozenset("的年在月是和日了於·為有被人中为他與後也而由")
STOP_WORDS_LEAST = 2
#: Defaults of datatrove's `GopherQualityFilter`.
SYMBOLS_PER_WORD = 0.1
LINES_BULLET, LINES_ELLIPSIS = 0.9, 0.3
#: datatrove's `TERMINAL_PUNCTUATION`, those of its signs that Chinese text may hold.
TERMINAL = tuple("!.?‼‽⁇⁈⁉。﹒﹖﹗！．？｡")
#: datatrove's `PUNCTUATION_SET`, control characters aside.
SYMBOLS = frozenset(
    "!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»"
)
SYMBOLS |= frozenset(TERMINAL)


def repetition(text: str, words: list[str]) -> Iterator[str]:
    """Gopher's repetition rules; the longest n-gram counts the blanks between its words."""
    lines = re.split("\n+", text)
    if duplicates(lines)[0] / len(lines) > LINES_DUPLICATE:
        yield "dup_line_frac"
    for n, most in TOP_GRAMS.items():
        counts = Counter(" ".join(words[at : at + n]) for at in range(len(words) - n + 1))
        gram, times = counts.most_common(1)[0] if counts else ("", 0)
        if len(gram) * times / len(text) > most:
            yield f"top_{n}_gram"
    for n, most in DUPLICATE_GRAMS.items():
        if repeated(words, n) / len(text) > most:
            yield f"duplicated_{n}_n_grams"


def repeated(words: list[str], n: int) -> int:
    """Characters of n-grams met before; a repeated one is stepped over whole."""
    seen: set[str] = set()
    at = characters = 0
    while at < len(words) - n + 1:
        gram = "".join(words[at : at + n])
        if gram in seen:
            characters += len(gram)
            at += n
        else:
            seen.add(gram)
            at += 1
    return characters


def fineweb(text: str, words: list[str]) -> Iterator[str]:
    """FineWeb's rules on lines; the one on short lines is switched off for all languages."""
    lines = [line for line in text.split("\n") if line.strip()]
    if sum(line.endswith(TERMINAL) for line in lines) / len(lines) < LINES_PUNCTUATED:
        yield "line_punct_ratio"
    if duplicates(lines)[1] / len(text.replace("\n", "")) > CHARACTERS_DUPLICATE:
        yield "char_dup_ratio"
    if text.count("\n") / len(words) > NEWLINES_PER_WORD:
        yield "list_ratio"


def gopher(text: str, words: list[str]) -> Iterator[str]:
    """Gopher's rules on words; a word of signs alone is not counted."""
    spoken = [word for word in words if not SYMBOLS.issuperset(word)]
    if not WORDS[0] <= len(spoken) <= WORDS[1]:
        yield "gopher_short_doc" if len(spoken) < WORDS[0] else "gopher_long_doc"
    length = sum(map(len, spoken)) / len(spoken)
    if not WORD_LENGTH[0] <= length <= WORD_LENGTH[1]:
        yield f"gopher_{'below' if length < WORD_LENGTH[0] else 'above'}_avg_threshold"
    if text.count("#") / len(words) > SYMBOLS_PER_WORD:
        yield "gopher_too_many_hashes"
    if (text.count("...") + text.count("…")) / len(words) > SYMBOLS_PER_WORD:
        yield "gopher_too_many_ellipsis"
    lines = text.splitlines()
    if sum(line.lstrip().startswith(("•", "-")) for line in lines) / len(lines) > LINES_BULLET:
        yield "gopher_too_many_bullets"
    if sum(line.rstrip().endswith(("...", "…")) for line in lines) / len(lines) > LINES_ELLIPSIS:
        yield "gopher_too_many_end_ellipsis"
    if sum(any(map(str.isalpha, word)) for word in words) / len(words) < WORDS_ALPHABETIC:
        yield "gopher_below_alpha_threshold"
    if len(STOP_WORDS.intersection(words)) < STOP_WORDS_LEAST:
        yield "gopher_enough_stop_words"


def judge(text: str, _words: Sequence[str]) -> Judged:
    """The three filters, one after the other; the text stays as it is."""
    words = words_of(text)
    if not words:
        return Judged("empty", text)
    found = chain(repetition(text, words), fineweb(text, words), gopher(text, words))
    return Judged(next(found, None), text)


RULES = RuleSet(
    name="fineweb2",
    title="FineWeb2 cmn_Hani",
    source=(
        "arXiv:2506.20920; github.com/huggingface/fineweb-2: configs/cmn_Hani.yml, "
        "fineweb-2-pipeline.py; datatrove 0.10.1: filters/gopher_repetition_filter.py, "
        "fineweb_quality_filter.py, gopher_quality_filter.py"
    ),
    left_out="GlotLID ≥ .692, trafilatura, MinHash; the repair of encodings and the PII of the end",
    judge=judge,
)
