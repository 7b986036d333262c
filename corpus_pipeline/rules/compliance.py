"""Risk packs: groups of terms, and the verdicts they count towards.

Enters: the taxonomy of risks, the packaged seed pack and the user's own packs, as assets.
Leaves: one `RiskBook` of all packs.
Errors: `PipelineError` for an unknown risk or verdict, a term over ten characters, a pack without a
licence, and a group of terms that its examples contradict.  (The stage checks the examples of
verdicts: it has the score.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Annotated, Literal, Self

import ahocorasick_rs
from pydantic import AfterValidator, Field, model_validator

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.lexicon import Lexicon, Term
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import (
    Pack,
    PackError,
    Pattern,
    Rule,
    Rules,
    Text,
    load,
    named,
    prove,
    rust_pattern,
)
from corpus_pipeline.rules.settings import Strict
from corpus_pipeline.rules.words import load_cutter
from corpus_pipeline.text.tokens.words import Cutter

Role = Literal["brand", "lure", "name", "topic", "contact"]

#: GB/T 45654 8.1: a keyword normally has at most ten Chinese characters.
LONGEST_TERM = 10


class Named(Strict):
    """A name in two languages."""

    zh: Text
    en: Text


class RiskNames(Pack):
    """The content of the taxonomy: the risks that a group of terms may name, in classes."""

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
    #: Words beside a hit that put it on offer; without any, only its sentence is looked at.
    signs: tuple[str, ...] = ()
    spam: tuple[str, ...]
    clean: tuple[str, ...]


def _short(term: str) -> str:
    if not term.strip() or len(term) > LONGEST_TERM:
        raise ValueError(f"{term!r} has not 1 to {LONGEST_TERM} characters")
    return term


class RiskRule(Rule):
    """A group of terms with one risk, one weight and one verdict that it counts towards."""

    risk: str
    verdict: str
    role: Role
    weight: float
    obfuscated: bool = False
    terms: tuple[Annotated[str, AfterValidator(_short)], ...] = ()
    patterns: tuple[Annotated[Pattern, AfterValidator(rust_pattern)], ...] = ()
    unless_left: Pattern | None = None
    #: Whether no sentence says it: words around it excuse a hit only where it is quoted.
    shape: bool = False

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self.terms and not self.patterns:
            raise ValueError("needs terms or patterns")
        return self


class RiskPack(Pack):
    """The content of a file; one of the packs, usually the seed, has to bring the scoring."""

    licence: Text
    score: Scoring | None = None
    context: tuple[str, ...] = ()
    information: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    contacts: tuple[Annotated[Pattern, AfterValidator(rust_pattern)], ...] = ()
    verdicts: dict[str, Verdict] = Field(default_factory=dict)
    rules: Rules[RiskRule]


class RiskBook:
    """All packs together: rules in the order of the packs, verdicts by name, compiled terms."""

    def __init__(
        self, taxonomy: Asset, packs: Sequence[Asset], dictionary: Asset | None = None
    ) -> None:
        """Load and compile the packs, and check them against their examples.

        A user dictionary changes where words begin and end, and so which terms are hits.
        """
        risks = load(taxonomy, RiskNames).risks
        rules: list[RiskRule] = []
        verdicts: dict[str, Verdict] = {}
        context: list[str] = []
        information: set[str] = set()
        contacts: list[str] = []
        scoring: Scoring | None = None
        self._sources: dict[str, Asset] = {}
        for asset in packs:
            pack = load(asset, RiskPack)
            verdicts |= pack.verdicts
            context += pack.context
            information.update(chain.from_iterable(pack.information.values()))
            contacts += pack.contacts
            scoring = pack.score or scoring
            for rule in pack.rules:
                named(asset, RiskPack, partial(self._check, rule, risks, verdicts))
                self._sources[rule.id] = asset
                rules.append(rule)
        if scoring is None:
            raise PipelineError("compliance: no pack says how to score")
        self.rules, self.verdicts, self.scoring = tuple(rules), verdicts, scoring
        self.context = ahocorasick_rs.AhoCorasick(dict.fromkeys(context))
        self.information = frozenset(information)
        self.contacts = tuple(re.compile(pattern) for pattern in contacts)
        self.signs = {name: frozenset(verdict.signs) for name, verdict in verdicts.items()}
        self.mark_words = sorted(self.information.union(*self.signs.values()))
        self.marks = ahocorasick_rs.AhoCorasick(self.mark_words)
        self.lexicon = _compiled(self.rules, load_cutter(dictionary))
        for rule in self.rules:
            named(self._sources[rule.id], RiskPack, partial(self._prove, rule, dictionary))

    def _prove(self, rule: RiskRule, dictionary: Asset | None) -> None:
        try:
            prove([rule], self._judges)
        except PackError as error:
            if dictionary is None:
                raise
            # Either file may be the wrong one: name both.
            raise PackError(f"{error} with the words of {dictionary.path.name}") from error

    def _judges(self, rule: RiskRule, example: str) -> bool:
        return any(self.rules[hit.rule].id == rule.id for hit in self.lexicon.find(example))

    def _check(
        self, rule: RiskRule, risks: Mapping[str, Named], verdicts: Mapping[str, Verdict]
    ) -> None:
        if rule.id in self._sources:
            raise PackError(f"rule {rule.id}: {self._sources[rule.id].path.name} has that id")
        for name, noun, existing in (
            (rule.risk, "risk", risks),
            (rule.verdict, "verdict", verdicts),
        ):
            if name not in existing:
                end = nearest(name, sorted(existing))
                raise PackError(f"rule {rule.id}: there is no {noun} {name!r}{end}")


def _compiled(rules: Sequence[RiskRule], cut: Cutter) -> Lexicon:
    return Lexicon(
        [
            Term(term.lower(), number, rule.obfuscated)
            for number, rule in enumerate(rules)
            for term in rule.terms
        ],
        [(number, pattern) for number, rule in enumerate(rules) for pattern in rule.patterns],
        {number: rule.unless_left for number, rule in enumerate(rules) if rule.unless_left},
        cut,
    )
