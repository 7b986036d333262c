"""How far a keyword library covers the risks that it has to cover.

Enters: packs and keyword lists, and the taxonomy with its minima.  Leaves: different terms of each
risk beside the least number asked for, terms that are too long, and the age of each pack.
Refuses: to count patterns, shapes and words of counter-evidence as keywords, and one term twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from corpus_pipeline.rules.risk_pack import Minima, RiskGroup, RiskNames

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class RiskTerms:
    """Different terms of a risk, and how many are asked for (0: the minima do not speak of it)."""

    risk: str
    zh: str
    en: str
    terms: int
    least: int

    @property
    def met(self) -> bool:
        """Whether there are enough."""
        return self.terms >= self.least


@dataclass(frozen=True, slots=True)
class PackTerms:
    """A pack or list: its origin, when it was looked through (None: not stated), its terms."""

    name: str
    version: str
    source: str
    licence: str
    updated: date | None
    terms: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Terms of all packs against the minima; a term of two risks counts once in `total`."""

    total: int
    least: int
    risks: tuple[RiskTerms, ...]
    too_long: int
    packs: tuple[PackTerms, ...]
    days: int

    @property
    def lacking(self) -> tuple[RiskTerms, ...]:
        """The risks with fewer terms than asked for."""
        return tuple(risk for risk in self.risks if not risk.met)

    @property
    def enough(self) -> bool:
        """Whether the library has the terms asked for, in all and of each risk."""
        return self.total >= self.least and not self.lacking

    def stale(self, on: date) -> tuple[PackTerms, ...]:
        """The packs that state no date, or one more than `days` before the day `on`."""
        return tuple(
            pack for pack in self.packs
            if pack.updated is None or (on - pack.updated).days > self.days
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Library:
    """What `coverage` reads of a pack or a keyword list."""

    name: str
    version: str
    source: str
    licence: str
    updated: date | None
    groups: Sequence[RiskGroup]


def coverage(packs: Iterable[Library], risks: RiskNames) -> Coverage:
    """Count the terms of these packs against the minima of the taxonomy."""
    packs = tuple(packs)
    of_risk: dict[str, set[str]] = {risk: set() for risk in risks.risks}
    for group in (group for pack in packs for group in pack.groups):
        of_risk[group.risk].update(term.lower() for term in group.terms)
    every = set().union(*of_risk.values())
    minima = risks.library
    return Coverage(
        total=len(every),
        least=minima.total,
        risks=tuple(
            RiskTerms(
                risk, names.zh, names.en, len(of_risk[risk]), minima.classes.get(risk[:-1], 0)
            )
            for risk, names in risks.risks.items()
        ),
        too_long=sum(too_long(term, minima) for term in every),
        packs=tuple(_pack_terms(pack) for pack in packs),
        days=minima.days,
    )


def _pack_terms(pack: Library) -> PackTerms:
    terms = {term.lower() for group in pack.groups for term in group.terms}
    return PackTerms(pack.name, pack.version, pack.source, pack.licence, pack.updated, len(terms))


def too_long(term: str, minima: Minima) -> bool:
    """Whether a term has more Chinese characters, or more words of another language, than allowed.

    >>> least = Minima(total=1, classes={}, characters=4, words=2, days=7)
    >>> too_long("一二三四", least), too_long("一二三四五", least), too_long("a b c", least)
    (False, True, True)
    """
    han = len(_HAN.findall(term))
    return han > minima.characters or len(_WORD.findall(_HAN.sub(" ", term))) > minima.words
