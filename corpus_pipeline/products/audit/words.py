"""A sentence in two languages, and shares as people write them.

Enters: English and Chinese.  Leaves: `Words`, which reports show in the language that is asked for.
"""

from __future__ import annotations

import math
from typing import Literal

from corpus_pipeline.rules.settings import Strict

Language = Literal["en", "zh"]


class Words(Strict):
    """One sentence, in English and in Chinese; as a string it is the English one."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def of(self, language: Language) -> str:
        """The sentence in this language."""
        return self.zh if language == "zh" else self.en


def both(en: str, zh: str) -> Words:
    """A sentence in two languages.

    >>> both("3 documents", "3 篇").of("zh")
    '3 篇'
    """
    return Words(en=en, zh=zh)


def percent(share: float) -> str:
    """A share for people, with as many places as it needs.

    >>> percent(0.02951), percent(0.25), percent(0.0)
    ('2.95 %', '25 %', '0 %')
    """
    return f"{round(share * 100, 2):g} %"


def at_most(bound: float) -> str:
    """An upper bound for people: never below what it rounds.

    >>> at_most(0.03114), at_most(0.0295), at_most(1.0)
    ('3.12 %', '2.95 %', '100 %')
    """
    return f"{math.ceil(round(bound * 10_000, 6)) / 100:g} %"
