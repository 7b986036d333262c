"""A sentence in two languages, and shares as people write them.

Enters: English and Chinese.  Leaves: `Words`, which reports show in the language that is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator

from corpus_pipeline.rules.settings import Strict

Language = Literal["en", "zh"]


#: A space between two Chinese signs, or before a per cent sign: a line of YAML ended there, or the
#: figure was written in English.
_FOLD = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u4e00-\u9fff（《“])| (?=%)"
)


def _chinese(value: object) -> object:
    return _FOLD.sub("", value) if isinstance(value, str) else value


class Words(Strict):
    """One sentence, in English and in Chinese; as a string it is the English one."""

    en: str
    zh: Annotated[str, BeforeValidator(_chinese)]

    def __str__(self) -> str:
        return self.en

    def of(self, language: Language) -> str:
        """The sentence in this language."""
        return self.zh if language == "zh" else self.en


def both(en: str, zh: str) -> Words:
    """A sentence in two languages.

    >>> both("3 documents", "3 篇").of("zh"), both("3 % of all", "共 3 %").zh
    ('3 篇', '共 3%')
    """
    return Words(en=en, zh=zh)


def percent(share: float) -> str:
    """A share for people, with as many places as it needs.

    >>> percent(0.02951), percent(0.25), percent(0.0)
    ('2.95 %', '25 %', '0 %')
    """
    return f"{round(share * 100, 2):g} %"


def many(number: int, noun: str) -> str:
    """So many of something, in English.

    >>> many(1, "source"), many(0, "gap")
    ('1 source', '0 gaps')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def part(number: int, whole: int, noun: str, verb: str) -> str:
    """So many of all that do something, in English: one of one does it.

    >>> part(0, 292, "document", "fail"), part(1, 1, "document", "repeat")
    ('0 of 292 documents fail', '1 of 1 document repeats')
    """
    return f"{number} of {many(whole, noun)} {verb}{'s' if whole == 1 else ''}"


def at_most(bound: float) -> str:
    """An upper bound for people: never below what it rounds.

    >>> at_most(0.03114), at_most(0.0295), at_most(1.0)
    ('3.12 %', '2.95 %', '100 %')
    """
    return f"{math.ceil(round(bound * 10_000, 6)) / 100:g} %"


#: Kinds of sources, as a report calls them; the key of the registry stands behind the Chinese.
KIND_WORDS: Mapping[str, Words] = {
    "open": both("open", "开源（open）"),
    "self_collected": both("self_collected", "自采（self_collected）"),
    "commercial": both("commercial", "商业（commercial）"),
    "user_input": both("user_input", "使用者输入（user_input）"),
    "synthetic": both("synthetic", "合成（synthetic）"),
    "public_data": both("public_data", "公共数据（public_data）"),
}


def kinds_of(kinds: Iterable[str]) -> Words:
    """Kinds of sources in a row.

    >>> kinds_of(["open", "rented"])
    Words(en='open, rented', zh='开源（open）、rented')
    """
    named = [KIND_WORDS.get(kind) or both(kind, kind) for kind in kinds]
    return both(", ".join(kind.en for kind in named), "、".join(kind.zh for kind in named))
