"""The content of risk packs and of their taxonomy, as typed values.

Enters: YAML, validated by `rules.pack.load`.  Leaves: `RiskPack`, `RiskNames`.
Errors: pydantic's, which `load` turns into one line: a term over ten characters, a pack without a
licence, a risk without its class.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Name, Pack, Pattern, Rule, Rules, Text, rust_pattern
from corpus_pipeline.rules.settings import Strict

#: The packaged taxonomy.
TAXONOMY = "package:rules/packs/compliance_risks.yaml"
Role = Literal["brand", "lure", "name", "topic", "contact"]
Action = Literal["drop", "mark"]

#: GB/T 45654 8.1: a keyword normally has at most ten Chinese characters.
LONGEST_TERM = 10


class Named(Strict):
    """A name in two languages."""

    zh: Text
    en: Text


class Minima(Strict):
    """What a keyword library needs: terms in all, of each risk of a class, length, age."""

    total: int
    classes: dict[str, int]
    characters: int
    words: int
    days: int


class RiskNames(Pack):
    """The content of the taxonomy: the risks that a group of terms may name, in classes."""

    library: Minima
    classes: Annotated[dict[str, Named], Field(min_length=1)]
    risks: Annotated[dict[str, Named], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_risk_has_its_class(self) -> Self:
        for risk in self.risks:
            if risk[:-1] not in self.classes:
                raise ValueError(f"risks.{risk} is of no class{nearest(risk[:-1], self.classes)}")
        for name in self.classes:
            if name not in {risk[:-1] for risk in self.risks}:
                raise ValueError(f"classes.{name} has no risk")
        return self


class Position(Strict):
    """Factors of a hit's weight in the places where spam puts its words."""

    title: float
    bracket: float
    keywords: float
    edge: float


class Scoring(Strict):
    """The numbers of the score; the pack comments on each."""

    position: Position
    topic_cap: float
    contact_cap: float
    context_factor: float
    full_length: int
    edge_share: float
    edge_from: int
    reach: int
    own_line: int
    contact_sign: int
    own_sign: int
    stuffed: float


class Verdict(Strict):
    """A drop rule: the least score, and the least number of different brands or lures."""

    threshold: float
    distinct: int
    why: str
    #: `mark`: hits and score are written, and no document is dropped.
    action: Action = "drop"
    #: Least number of different rules that are hit, and rules of which one has to be.
    rules: int = 0
    needs: tuple[str, ...] = ()
    #: Words of a warning or a report: a text with one of them is no offer of this kind.
    vetoes: tuple[str, ...] = ()
    #: Words beside a hit that put it on offer; without any, only its sentence is looked at.
    signs: tuple[str, ...] = ()
    spam: tuple[str, ...]
    clean: tuple[str, ...]
    #: Whether it is that of a user's keyword list; no pack says so.
    of_list: bool = False


def _short(term: str) -> str:
    if not term.strip() or len(term) > LONGEST_TERM:
        raise ValueError(f"{term!r} has not 1 to {LONGEST_TERM} characters")
    return term


class RiskGroup(Strict):
    """What is looked for of one risk, what a hit counts, and towards which verdict."""

    id: str
    risk: str
    verdict: str
    role: Role
    weight: float
    #: Where it is looked for.
    scope: Literal["all", "text", "title"] = "all"
    #: `mark`: a verdict drops nothing that it would not drop without these hits.
    action: Action = "drop"
    obfuscated: bool = False
    terms: tuple[str, ...] = ()
    patterns: tuple[Annotated[Pattern, AfterValidator(rust_pattern)], ...] = ()
    #: Words of which one stands in whatever the patterns match; elsewhere they are not tried.
    anchors: tuple[str, ...] = ()
    unless_left: Pattern | None = None
    #: Whether no sentence says it: words around it excuse a hit only where it is quoted.
    shape: bool = False


class RiskRule(Rule, RiskGroup):
    """A group of a pack: short terms, and examples that prove it."""

    id: Name
    terms: tuple[Annotated[str, AfterValidator(_short)], ...] = ()
    #: Where its terms are from; empty: the source of the pack.
    source: str = ""

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.terms and not self.patterns:
            raise ValueError("needs terms or patterns")
        return self


class RiskPack(Pack):
    """The content of a file; one of the packs, usually the seed, has to bring the scoring."""

    licence: Text
    #: The day its terms were last looked through.
    updated: date | None = None
    score: Scoring | None = None
    context: tuple[str, ...] = ()
    information: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    #: Register of a text (`heuristics_register`) → factor of its score.
    registers: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    #: Words of an offer of whatever it may be: beside them the terms of a user's list may drop.
    offers: tuple[str, ...] = ()
    #: Kind of offer (`spam_kind`) → the risk of a text that `spam` marked as one and kept.
    kinds: dict[str, str] = Field(default_factory=dict)
    contacts: tuple[Annotated[Pattern, AfterValidator(rust_pattern)], ...] = ()
    verdicts: dict[str, Verdict] = Field(default_factory=dict)
    rules: Rules[RiskRule]
