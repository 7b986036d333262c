"""Ordinary documents, put together from hand-written sentences by a seeded generator.

Enters: the topics and slots in this folder and a seed.  Leaves: articles that are no
near-duplicates of each other (char-5-gram Jaccard below `LIMIT`, checked here for every pair).
Refuses: to return an article that is too close to an earlier one.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
#: Two documents that are meant to be distinct share less than this.
LIMIT = 0.3
#: Slots that are numbers, with their ranges.
NUMBERS = {"n": (3, 9), "nn": (12, 58), "nnn": (110, 980), "year": (1984, 2021)}

Topics = dict[str, dict[str, list[str]]]


def load(name: str) -> Any:
    """One of the YAML files beside this module."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


def shingles(text: str) -> frozenset[str]:
    """The char 5-grams of the letters, digits and Han of a text.

    >>> sorted(shingles("春眠不觉晓，处"))
    ['春眠不觉晓', '眠不觉晓处']
    """
    key = "".join(c for c in text.lower() if c.isalnum())
    return frozenset(key[i : i + 5] for i in range(max(len(key) - 4, 1)))


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of common shingles."""
    return len(left & right) / len(left | right)


@dataclass(frozen=True, slots=True)
class Article:
    """A title and paragraphs."""

    title: str
    paragraphs: tuple[str, ...]
    topic: str

    @property
    def text(self) -> str:
        """The paragraphs, one a line."""
        return "\n".join(self.paragraphs)

    @property
    def landmark(self) -> str:
        """A piece from the middle of the article that no cleaning step may change."""
        middle = self.paragraphs[len(self.paragraphs) // 2]
        runs = re.findall(r"[\u4e00-\u9fff]{6,}", middle)
        return max(runs, key=len)[:14]

    def with_sentence(self, sentence: str) -> Article:
        """The same article with one more sentence in its second paragraph."""
        first, second, *rest = self.paragraphs
        head, stop, tail = second.partition("。")
        return Article(self.title, (first, head + stop + sentence + tail, *rest), self.topic)


class Writer:
    """Writes articles; remembers all of them."""

    def __init__(self, seed: int) -> None:
        """Load the topics; the seed fixes everything else."""
        self.random = random.Random(seed)
        self.topics: Topics = {**load("topics_a.yaml"), **load("topics_b.yaml")}
        self.slots: dict[str, list[str]] = load("slots.yaml")
        self.frames: dict[str, list[str]] = load("frames.yaml")
        self._turn = self._rotation()
        self._by_shingle: dict[str, list[int]] = defaultdict(list)
        self._seen: list[frozenset[str]] = []

    def _rotation(self) -> Iterator[str]:
        while True:
            yield from self.topics

    def fill(self, pattern: str) -> str:
        """Put a value in each slot; within one call names stay the same, numbers do not."""
        values: dict[str, str] = {}

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in NUMBERS:
                return str(self.random.randint(*NUMBERS[name]))
            if name not in values:
                values[name] = self.random.choice(self.slots[name])
            return values[name]

        return re.sub(r"\{(\w+)\}", value, pattern)

    def article(
        self,
        sentences: int | None = None,
        accept: Callable[[Article], bool] = lambda _: True,
    ) -> Article:
        """The next article, the topics taking turns; a topic that is used up is passed by."""
        for topic in islice(self._turn, len(self.topics)):
            for _ in range(150):
                made = self._compose(topic, sentences or self.random.randint(5, 8))
                if accept(made) and self.admit(made.text):
                    return made
        raise RuntimeError("no room for another distinct document")

    def _compose(self, topic: str, count: int) -> Article:
        pool = self.topics[topic]["sentences"]
        # In the order they were written in, so that the text does not jump about.
        chosen = sorted(self.random.sample(range(len(pool)), count))
        opening = self.random.choice(self.frames["openings"])
        closing = self.random.choice(self.frames["closings"])
        # One call fills all: a person who is named twice keeps the name.
        patterns = "\x00".join((opening, *(pool[i] for i in chosen), closing))
        sentences = self.fill(patterns).split("\x00")
        third = -(-len(sentences) // 3)
        parts = [sentences[i : i + third] for i in range(0, len(sentences), third)]
        title = self.fill(self.random.choice(self.topics[topic]["titles"]))
        return Article(title, tuple("".join(part) for part in parts), topic)

    def closest(self, text: str) -> float:
        """The largest Jaccard between this text and those already admitted."""
        mine = shingles(text)
        shared: dict[int, int] = defaultdict(int)
        for gram in mine:
            for other in self._by_shingle.get(gram, ()):
                shared[other] += 1
        return max(
            (n / (len(mine) + len(self._seen[o]) - n) for o, n in shared.items()), default=0.0
        )

    def admit(self, text: str) -> bool:
        """Whether the text is far enough from all before it; if so, it is remembered."""
        if self.closest(text) >= LIMIT:
            return False
        mine = shingles(text)
        for gram in mine:
            self._by_shingle[gram].append(len(self._seen))
        self._seen.append(mine)
        return True
