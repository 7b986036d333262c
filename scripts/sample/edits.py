"""Small changes to a text: what makes twins, near-duplicates and broken encodings.

Enters: a text.  Leaves: the changed text.  Refuses: chance; every edit has its place.
"""

from __future__ import annotations

from sample.prose import jaccard, shingles

ZERO_WIDTH = "\u200b"
#: Written over single characters to make near-duplicates; rare enough to be new 5-grams.
_REPLACEMENTS = "某甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_WIDE = {ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F))}
_HALF_PUNCTUATION = str.maketrans("，。：；？！（）", ",.:;?!()")
#: Kangxi radicals and CJK radicals look like the ideographs and are other code points.
_RADICALS = str.maketrans("人一工山水火木手日月", "⼈⼀⼯⼭⽔⽕⽊⼿⽇⽉")


def near(text: str, target: float, phase: int = 0) -> str:
    """The text with single characters replaced, evenly, until the Jaccard is just above target."""
    places = [i for i, c in enumerate(text) if "\u4e00" <= c <= "\u9fff"]
    original, best = shingles(text), text
    for edits in range(1, len(places) // 6):
        step = len(places) / edits
        chars = list(text)
        for n in range(edits):
            at = places[int((n + 0.5) * step + phase) % len(places)]
            chars[at] = _REPLACEMENTS[(n + phase) % len(_REPLACEMENTS)]
        changed = "".join(chars)
        if jaccard(original, shingles(changed)) < target:
            return best
        best = changed
    return best


def full_width(text: str) -> str:
    """ASCII as full-width forms."""
    return text.translate(_WIDE)


def half_punctuation(text: str) -> str:
    """Chinese punctuation as ASCII."""
    return text.translate(_HALF_PUNCTUATION)


def zero_width(text: str) -> str:
    """A zero-width space after each seventh character."""
    return "".join(c + ZERO_WIDTH if i % 7 == 6 else c for i, c in enumerate(text))


def spaced(text: str) -> str:
    """A space between all characters, as justified PDF text has it."""
    return "\n".join(" ".join(line) for line in text.split("\n"))


def radicals(text: str) -> str:
    """Common characters as look-alike radicals, as some PDF fonts have it."""
    return text.translate(_RADICALS)


def kun_jin_kao(text: str) -> str:
    """What is left when GBK bytes were read as UTF-8 and the result as GBK again: 锟斤拷."""
    lost = text.encode("gbk").decode("utf-8", "replace")
    return lost.encode("utf-8").decode("gbk", "replace")


def utf8_as_gbk(text: str) -> str:
    """UTF-8 bytes read as GBK, losses and all."""
    return text.encode("utf-8").decode("gb18030", "replace")
