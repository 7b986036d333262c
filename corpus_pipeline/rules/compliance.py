"""Risk packs: groups of terms, and the verdicts they count towards.

Enters: the taxonomy of risks, the packaged seed packs, the user's own packs and keyword lists.
Leaves: one `RiskBook` of all of them, and their `coverage`.
Errors: `PipelineError` for an unknown risk or verdict, and a group of terms that its examples
contradict; those of `risk_pack` and `keyword_list`.  (The stage checks the examples of verdicts: it
has the score.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from typing import Literal

import ahocorasick_rs

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.coverage import Coverage, Library, coverage
from corpus_pipeline.rules.dedup_key import load_key_table
from corpus_pipeline.rules.keyword_list import keywords_of
from corpus_pipeline.rules.lexicon import Lexicon, Shape, Term
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import PackError, load, named, once, prove
from corpus_pipeline.rules.risk_pack import (
    Named,
    RiskGroup,
    RiskNames,
    RiskPack,
    RiskRule,
    Scoring,
    Verdict,
)
from corpus_pipeline.rules.words import load_cutter
from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.terms.spots import images
from corpus_pipeline.text.tokens.words import Cutter

__all__ = ["Coverage", "KeywordList", "Library", "RiskBook", "coverage", "libraries"]


@dataclass(frozen=True, slots=True)
class KeywordList:
    """A list of an operator's keywords, and what its user says of it."""

    asset: Asset
    name: str
    licence: str
    updated: date
    source: str
    risk: str | None
    action: Literal["drop", "mark"]
    least: int
    #: Whether its terms drop a text in which nothing is on offer.
    alone: bool = False

    @property
    def verdict(self) -> str:
        """The verdict that its terms count towards."""
        return f"keywords_{self.name}"


def libraries(
    taxonomy: Asset, packs: Sequence[Asset], lists: Sequence[KeywordList] = ()
) -> list[Library]:
    """The packs and lists as `coverage` counts them."""
    risks = load(taxonomy, RiskNames).risks
    read = [(asset, load(asset, RiskPack)) for asset in packs]
    own = [
        Library(p.pack, str(p.version), p.source, p.licence, p.updated, p.rules) for _, p in read
    ]
    return own + [
        Library(
            one.name, one.asset.sha256[:12], one.source, one.licence, one.updated,
            _groups_of(one, risks),
        )
        for one in lists
    ]  # fmt: skip


def _groups_of(one: KeywordList, risks: Mapping[str, Named]) -> list[RiskGroup]:
    found = keywords_of(one.asset, one.risk, risks)
    return [
        RiskGroup(
            id=one.verdict, risk=risk, verdict=one.verdict, role="name", weight=1.0,
            obfuscated=True, terms=tuple(terms),
        )
        for risk, terms in found.items()
    ]  # fmt: skip


class RiskBook:
    """All packs together: rules in the order of the packs, verdicts by name, compiled terms."""

    def __init__(
        self,
        taxonomy: Asset,
        packs: Sequence[Asset],
        simplified: Asset,
        dictionary: Asset | None = None,
        lists: Sequence[KeywordList] = (),
    ) -> None:
        """Load and compile the packs, and check them against their examples.

        `simplified`: the character table of the dedup key.  A user dictionary changes where words
        begin and end, and so which terms are hits.
        """
        self.risks = load(taxonomy, RiskNames).risks
        self.packs = [load(asset, RiskPack) for asset in packs]
        self.table: U32 = once(
            simplified, lambda _: images(load_key_table(simplified).fast), "images"
        )
        self._sources: dict[str, Asset] = {}
        rules: list[RiskGroup] = []
        self.verdicts: dict[str, Verdict] = {}
        self.kinds: dict[str, str] = {}
        for asset, pack in zip(packs, self.packs, strict=True):
            self.verdicts |= pack.verdicts
            self.kinds |= pack.kinds
            named(asset, RiskPack, partial(self._check_kinds, pack))
            for rule in pack.rules:
                named(asset, RiskPack, partial(self._check, rule))
                self._sources[rule.id] = asset
                rules.append(rule)
        offers = tuple(dict.fromkeys(chain.from_iterable(pack.offers for pack in self.packs)))
        for one in lists:
            self.verdicts[one.verdict] = _verdict_of(one, offers)
            rules += _groups_of(one, self.risks)
        self.scoring = _scoring_of(self.packs)
        self.position = self.scoring.position.model_dump()
        self.rules = tuple(rules)
        self._read_company()
        after = _after(self.rules, self.verdicts)
        self.lexicon = _compiled(self.rules, load_cutter(dictionary), self.table, after)
        for rule in (rule for pack in self.packs for rule in pack.rules):
            named(self._sources[rule.id], RiskPack, partial(self._prove, rule, dictionary))

    def asks(self, rule: int) -> bool:
        """Whether the company of the hits of a rule is asked for: it may bring a drop, or save."""
        return self.rules[rule].role != "topic" and not self.marks_only(rule)

    def marks_only(self, rule: int) -> bool:
        """Whether a rule is that of a list that drops nothing."""
        verdict = self.verdicts[self.rules[rule].verdict]
        return verdict.of_list and verdict.action == "mark"

    def _read_company(self) -> None:
        """Gather the words around a hit that excuse it or make it an offer."""
        context = dict.fromkeys(chain.from_iterable(pack.context for pack in self.packs))
        self.context = ahocorasick_rs.AhoCorasick([*context])
        groups = (pack.information.values() for pack in self.packs)
        self.information = frozenset(chain.from_iterable(chain.from_iterable(groups)))
        self.contacts = tuple(re.compile(p) for pack in self.packs for p in pack.contacts)
        self.signs = {name: frozenset(one.signs) for name, one in self.verdicts.items()}
        self.mark_words = sorted(self.information.union(*self.signs.values()))
        self.marks = ahocorasick_rs.AhoCorasick(self.mark_words)
        self.registers = {
            name: factor for pack in self.packs for name, factor in pack.registers.items()
        }

    def _prove(self, rule: RiskRule, dictionary: Asset | None) -> None:
        try:
            prove([rule], self._judges)
        except PackError as error:
            if dictionary is None:
                raise
            # Either file may be the wrong one: name both.
            raise PackError(f"{error} with the words of {dictionary.path.name}") from error

    def _judges(self, rule: RiskRule, example: str) -> bool:
        return any(
            self.rules[hit.rule].id == rule.id for hit in self.lexicon.find(example, waits=False)
        )

    def _check_kinds(self, pack: RiskPack) -> None:
        for kind, risk in pack.kinds.items():
            if risk not in self.risks:
                end = nearest(risk, sorted(self.risks))
                raise PackError(f"kinds.{kind}: there is no risk {risk!r}{end}")

    def _check(self, rule: RiskRule) -> None:
        if rule.id in self._sources:
            raise PackError(f"rule {rule.id}: {self._sources[rule.id].path.name} has that id")
        for name, noun, existing in (
            (rule.risk, "risk", sorted(self.risks)),
            (rule.verdict, "verdict", sorted(self.verdicts)),
        ):
            if name not in existing:
                raise PackError(
                    f"rule {rule.id}: there is no {noun} {name!r}{nearest(name, existing)}"
                )


def _scoring_of(packs: Iterable[RiskPack]) -> Scoring:
    """The scoring of the last pack that brings one."""
    found = [pack.score for pack in packs if pack.score is not None]
    if not found:
        raise PipelineError("compliance: no pack says how to score")
    return found[-1]


def _verdict_of(one: KeywordList, offers: tuple[str, ...]) -> Verdict:
    """A list's own verdict: so many different terms of it beside words of an offer."""
    return Verdict(
        threshold=float(one.least), distinct=one.least, why=f"terms of {one.name}",
        action=one.action, of_list=True, signs=() if one.alone else offers, spam=(), clean=(),
    )  # fmt: skip


def _after(
    rules: Sequence[RiskGroup], verdicts: Mapping[str, Verdict]
) -> dict[int, frozenset[int]]:
    """Rule → the rules that its verdict cannot do without, if it is none of them.

    Without one of those the verdict does not hold, and nothing else of it needs to be looked for.
    """
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    for name, verdict in verdicts.items():
        if odd := [rule for rule in verdict.needs if rule not in numbers]:
            end = nearest(odd[0], sorted(numbers))
            raise PipelineError(f"compliance: verdict {name}: there is no rule {odd[0]!r}{end}")
    return {
        number: frozenset(numbers[name] for name in verdicts[rule.verdict].needs)
        for number, rule in enumerate(rules)
        if verdicts[rule.verdict].needs and rule.id not in verdicts[rule.verdict].needs
    }


def _compiled(
    rules: Sequence[RiskGroup], cut: Cutter, table: U32, after: Mapping[int, frozenset[int]]
) -> Lexicon:
    return Lexicon(
        [
            Term(term.lower(), number, rule.obfuscated)
            for number, rule in enumerate(rules)
            for term in rule.terms
        ],
        [
            Shape(number, pattern, rule.anchors)
            for number, rule in enumerate(rules)
            for pattern in rule.patterns
        ],
        {number: rule.unless_left for number, rule in enumerate(rules) if rule.unless_left},
        cut,
        table,
        after=after,
    )
