"""Risk packs: groups of terms, the verdicts they count towards, and the proof of both.

Enters: the taxonomy, the packaged seed and the user's own packs.  Leaves: one `RiskBook`.
Refuses: an unknown risk id or verdict, a term over ten characters, a pack without a licence,
and any group or verdict that its own examples contradict.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.lexicon import Lexicon, Term
from corpus_pipeline.rules.pack import Head, Rule, prove, read_pack, read_yaml

Role = Literal["brand", "lure", "topic", "contact"]

#: GB/T 45654 8.1: a keyword normally has at most ten Chinese characters.
LONGEST_TERM = 10

_FROZEN = ConfigDict(extra="forbid", frozen=True)


class Position(BaseModel):
    """How much more a hit counts where spam puts its words."""

    model_config = _FROZEN

    title: float
    bracket: float
    keywords: float
    edge: float


class Scoring(BaseModel):
    """The numbers of the score; the comments beside them in the pack say why."""

    model_config = _FROZEN

    position: Position
    topic_cap: float
    contact_cap: float
    context_factor: float
    full_length: int
    edge_share: float
    edge_from: int


class Verdict(BaseModel):
    """A drop rule: from which score on, and how many different brands or lures it takes."""

    model_config = _FROZEN

    threshold: float
    distinct: int
    why: str
    spam: tuple[str, ...]
    clean: tuple[str, ...]


class RiskHead(Head):
    """What a pack brings beside its groups; only the seed has to bring the scoring."""

    licence: Annotated[str, StringConstraints(min_length=1)]
    score: Scoring | None = None
    context: tuple[str, ...] = ()
    verdicts: dict[str, Verdict] = Field(default_factory=dict)


class RiskRule(Rule):
    """One group of terms."""

    risk: str
    verdict: str
    role: Role
    weight: float
    obfuscated: bool = False
    terms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    unless_left: str | None = None


class RiskBook:
    """All packs together, compiled."""

    def __init__(self, taxonomy: Path, packs: Sequence[Path]) -> None:
        """Read, check, compile and prove."""
        known = read_yaml(taxonomy).get("risks", {})
        rules: list[RiskRule] = []
        verdicts: dict[str, Verdict] = {}
        context: list[str] = []
        scoring: Scoring | None = None
        sources: dict[str, str] = {}
        for path in packs:
            pack = read_pack(path, RiskHead, RiskRule)
            verdicts |= pack.head.verdicts
            context += pack.head.context
            scoring = pack.head.score or scoring
            for rule in pack.rules:
                _check(rule, pack.name, known, verdicts)
                if rule.id in sources:
                    raise PipelineError(
                        f"rule pack {pack.name}, rule {rule.id}: {sources[rule.id]} has that id"
                    )
                sources[rule.id] = pack.name
                rules.append(rule)
        if scoring is None:
            raise PipelineError("compliance: no pack says how to score")
        self.rules, self.verdicts, self.scoring = tuple(rules), verdicts, scoring
        self.context = tuple(dict.fromkeys(context))
        self.sources = sources
        self.lexicon = _compiled(self.rules)
        self._prove()

    def _prove(self) -> None:
        def judges(rule: RiskRule, example: str) -> bool:
            return any(self.rules[hit.rule].id == rule.id for hit in self.lexicon.find(example))

        for rule in self.rules:
            prove(self.sources[rule.id], [rule], judges)


def _compiled(rules: Sequence[RiskRule]) -> Lexicon:
    return Lexicon(
        [
            Term(term.lower(), number, rule.obfuscated)
            for number, rule in enumerate(rules)
            for term in rule.terms
        ],
        [(number, pattern) for number, rule in enumerate(rules) for pattern in rule.patterns],
        {number: rule.unless_left for number, rule in enumerate(rules) if rule.unless_left},
    )


def _check(
    rule: RiskRule, pack: str, risks: dict[str, object], verdicts: dict[str, Verdict]
) -> None:
    where = f"rule pack {pack}, rule {rule.id}"
    if rule.risk not in risks:
        raise PipelineError(f"{where}: there is no risk {rule.risk!r} (A1a to A5b)")
    if rule.verdict not in verdicts:
        raise PipelineError(f"{where}: there is no verdict {rule.verdict!r}")
    if not rule.terms and not rule.patterns:
        raise PipelineError(f"{where}: needs terms or patterns")
    for term in rule.terms:
        if not term.strip() or len(term) > LONGEST_TERM:
            raise PipelineError(f"{where}: {term!r} has not 1 to {LONGEST_TERM} characters")
