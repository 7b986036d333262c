"""Generate bad texts for the quality model from good texts and a grammar; no page is copied.

Enters: good texts, the grammar `quality_templates.yaml`, a seeded generator.
Leaves: (kind, text) pairs: degraded texts, advertisements of the grammar, and good texts between
two advertisements.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import opencc
import yaml

Degrade = Callable[[str, random.Random], str]
TEMPLATES = Path(__file__).with_name("quality_templates.yaml")


def pieces(text: str, rng: random.Random, low: int, high: int, count: int) -> list[str]:
    """`count` random substrings of `low` to `high` letters, like keywords for search engines."""
    letters = "".join(c for c in text if c.isalpha()) or text
    return [
        letters[at : at + rng.randint(low, high)]
        for at in (rng.randrange(len(letters)) for _ in range(count))
    ]


def swapped(text: str, rng: random.Random) -> str:
    """Neighbouring characters change places, as in machine-spun text."""
    chars = list(text)
    for at in range(len(chars) - 2):
        if rng.random() < 0.3:
            chars[at], chars[at + 1] = chars[at + 1], chars[at]
    return "".join(chars)


def replaced(text: str, rng: random.Random) -> str:
    """A quarter of the characters become others of the text, or look-alikes, as in bad OCR."""
    noise = "".join(sorted(set(text))) + "丨口曰己巳已末未土士人入八日目白自囗囹丶丿乚一二三0O1l|"
    return "".join(rng.choice(noise) if rng.random() < 0.25 else c for c in text)


def dropped(text: str, rng: random.Random) -> str:
    """Three in ten characters are missing."""
    return "".join(c for c in text if rng.random() < 0.7)


def shuffled(text: str, rng: random.Random) -> str:
    """The text in pairs of characters, in random order."""
    cuts = [text[at : at + 2] for at in range(0, len(text), 2)]
    rng.shuffle(cuts)
    return "".join(cuts)


def stuffed(text: str, rng: random.Random) -> str:
    """A few phrases repeated many times, as in keyword stuffing."""
    words = pieces(text, rng, 3, 7, rng.randint(2, 5))
    sign = rng.choice([" ", "，", "、", "|", "_", ",", "\n", "-"])
    tail = ["", "官网", "价格", "厂家", "哪家好", "多少钱", "排行榜", "图片", "批发", "最新"]
    return sign.join(rng.choice(words) + rng.choice(tail) for _ in range(rng.randint(8, 50)))


def menu(text: str, rng: random.Random) -> str:
    """Short phrases like the titles in a menu."""
    sign = rng.choice([" ", " | ", "\n", " > ", "\n· ", " / ", "\t"])
    return sign.join(pieces(text, rng, 2, 6, rng.randint(10, 60)))


def teasers(text: str, rng: random.Random) -> str:
    """Truncated beginnings of articles with a link to more."""
    more = rng.choice(["[详细]", "...", "……查看全文", " [阅读更多]", "…展开", " 更多>>"])
    return "\n".join(piece + more for piece in pieces(text, rng, 10, 24, rng.randint(4, 14)))


def as_gbk(text: str, rng: random.Random) -> str:
    """UTF-8 decoded as GB18030."""
    del rng
    return text.encode().decode("gb18030", errors="replace")


def as_latin(text: str, rng: random.Random) -> str:
    """UTF-8 or GB18030 decoded as Windows-1252."""
    return text.encode(rng.choice(["utf-8", "gb18030"])).decode("cp1252", errors="replace")


def as_big5(text: str, rng: random.Random) -> str:
    """UTF-8 decoded as Big5."""
    del rng
    return text.encode().decode("big5hkscs", errors="replace")


def mash(text: str, rng: random.Random) -> str:
    """Random keystrokes, or random characters of the text."""
    keys = ["的撒发生大幅度我去额发顺丰阿斯顿发个和就可怜", "asdfghjklqwertyuiop;"]
    pool = rng.choice([*keys, text])
    marks = rng.choice(["，。", "", " ", "！？"])
    return "".join(rng.choice(pool + marks) for _ in range(rng.randint(20, 200)))


def scattered(text: str, rng: random.Random) -> str:
    """A symbol between all characters, as used against word filters."""
    sign = rng.choice(["*", " ", "❤", "-", ".", "★", "丶", "~"])
    return sign.join(text[:200])


TRAINED: tuple[Degrade, ...] = (
    swapped,
    replaced,
    dropped,
    stuffed,
    menu,
    teasers,
    as_gbk,
    as_latin,
    mash,
)
#: Kinds that are only measured on.
UNSEEN: tuple[Degrade, ...] = (shuffled, as_big5, scattered)


class Templates:
    """Advertisements, footers and comments from the grammar in the YAML file."""

    def __init__(self, path: Path) -> None:
        """Read sentences and slots."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.slots: dict[str, list[str]] = data["slots"]
        self.families: dict[str, list[str]] = data["families"]
        self.unseen: list[str] = data["unseen"]
        self.hant = opencc.OpenCC("s2t")

    def make(self, family: str, rng: random.Random) -> str:
        """One text of a family, in either script."""
        lines = [rng.choice(self.families[family]) for _ in range(rng.randint(2, 12))]
        sign = rng.choice(["\n", "", " ", "\n\n"])
        text = sign.join(self._filled(line, rng) for line in lines)
        return self.hant.convert(text) if rng.random() < 0.4 else text

    def _filled(self, line: str, rng: random.Random) -> str:
        for name, words in self.slots.items():
            while "{" + name + "}" in line:
                line = line.replace("{" + name + "}", rng.choice(words), 1)
        return "".join(str(rng.randrange(10)) if c == "#" else c for c in line)


def negatives(
    good: list[str], templates: Templates, rng: random.Random, *, unseen: bool
) -> list[tuple[str, str]]:
    """A (kind, text) pair for each good text: degraded, an advertisement, or the text between two.

    `unseen` uses only the kinds and families that training never sees.
    """
    families = [name for name in templates.families if (name in templates.unseen) is unseen]
    texts: list[tuple[str, str]] = []
    for text in good:
        draw = rng.random()
        if draw < 0.55:
            degrade = rng.choice(UNSEEN if unseen else TRAINED)
            texts.append((degrade.__name__, degrade(text, rng)))
        elif draw < 0.9:
            family = rng.choice(families)
            texts.append((family, templates.make(family, rng)))
        else:
            family = rng.choice(families)
            spam = [templates.make(family, rng) for _ in range(2)]
            texts.append((f"mixed_{family}", f"{spam[0]}\n{text[:120]}\n{spam[1]}"))
    return texts
