"""Pilot and release: two ways to be strict about the same clauses.

Enters: the mode, the plan of a pilot (YAML), results of clauses.  Leaves: the results with the plan
that each finding has, and what the run is beyond that its pilot may be.
For release every finding blocks.  In a pilot a finding stands open with a plan (what, who, until
when); without one, or past its day, it fails, and some clauses no plan leaves open
(supervision.yaml says which and why).
Refuses: a pilot without an end, a scope or a limit, one that has ended or lasts too long, a plan
that goes beyond its pilot or is about a clause that no profile has (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.decisions import Decisions, of_profile
from corpus_pipeline.products.audit.profile import Clause, Profile
from corpus_pipeline.products.audit.result import ClauseResult, Pilot, Supervision, Waiver
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Setting, Strict

MODES: tuple[Literal["pilot", "release"], ...] = ("pilot", "release")
_PACK = "package:products/audit/supervision.yaml"

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Never(Strict):
    """What no pilot leaves open: all clauses of one `check`, or one `clause` of a profile."""

    check: str | None = None
    clause: str | None = None
    why: Words

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.check is None) == (self.clause is None):
            raise ValueError("needs either check or clause")
        return self

    def covers(self, profile: str, clause: Clause) -> bool:
        """Whether the clause is one of them."""
        return clause.check == self.check or f"{profile}/{clause.id}" == self.clause


class SupervisionPack(Pack):
    """The content of supervision.yaml."""

    noun: ClassVar[str] = "supervision pack"

    longest_pilot: Setting[int]
    never: tuple[Never, ...]


class Limit(Strict):
    """How large a pilot may be: kept documents."""

    documents: Annotated[int, Field(gt=0)]


class PilotEntry(Strict):
    """A pilot as its plan writes it."""

    name: Named
    scope: Sentence
    begins: date
    ends: date
    limit: Limit
    approver: Named
    sources: tuple[Text, ...] = ()


class PlanEntry(Strict):
    """What will be done about a clause, by whom, until when.

    `control_id`: `clause` or `profile/clause`.  `findings`: fingerprints of the findings that it is
    about; without any, the whole clause.
    """

    control_id: Text
    what: Sentence
    who: Named
    until: date
    findings: tuple[Text, ...] = ()


class PlanFile(Pack):
    """The content of the file."""

    noun: ClassVar[str] = "plan"

    pack: str = "plan"
    version: int = 1
    source: str = "handed in"
    pilot: PilotEntry
    plans: tuple[PlanEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How an audit is supervised: the pilot and its plans by clause; for release there are none.

    `never`: clauses that no plan leaves open, with the reason.
    """

    mode: Literal["pilot", "release"]
    pilot: Pilot | None = None
    plans: Mapping[str, Waiver] = field(default_factory=dict)
    about: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ended: Mapping[str, Waiver] = field(default_factory=dict)
    never: Mapping[str, Words] = field(default_factory=dict)

    def over(self, run: Run) -> Supervision:
        """The supervision of this run, with what it is beyond that its pilot may be."""
        return Supervision(self.mode, self.pilot, tuple(self._broken(run)))

    def _broken(self, run: Run) -> Iterator[Words]:
        if self.pilot is None:
            return
        kept = int(run.counts["kept"])
        if kept > self.pilot.documents:
            yield both(
                f"kept documents: {kept:,}, the pilot may have {self.pilot.documents:,}",
                f"保留 {kept:,} 篇，超过试点上限 {self.pilot.documents:,} 篇",
            )
        counted = run.counts["by_source"]
        used = sorted(name for name, one in counted.items() if one["kept"])
        beyond = [concealed(name) for name in used if name not in self.pilot.sources]
        if self.pilot.sources and beyond:
            named = ", ".join(beyond)
            yield both(f"not a source of the pilot: {named}", f"不在试点范围内的来源：{named}")


def read_plan(mode: str | None, path: Path | None, profile: Profile, day: date) -> Plan | None:
    """The supervision that is asked for; None where none is."""
    if mode is None:
        if path is not None:
            raise PipelineError("--plan belongs to --supervision pilot")
        return None
    if mode not in MODES:
        raise PipelineError(f"no supervision {mode!r}; known: {', '.join(MODES)}")
    if (mode == "pilot") != (path is not None):
        say = "a pilot needs its plan: give --plan" if path is None else "--plan is of a pilot"
        raise PipelineError(f"--supervision {mode}: {say}")
    if path is None:
        return Plan("release")
    content = load(resolve(str(path), Path.cwd()), PlanFile)
    file = f"plan {path.name}"
    entry = content.pilot
    _in_time(file, entry, day)
    limit, sources = entry.limit.documents, entry.sources
    days = entry.begins, entry.ends
    pilot = Pilot(
        concealed(entry.name), concealed(entry.scope), *days, limit, entry.approver, sources
    )
    return _planned(file, pilot, content, profile, day)


def _in_time(file: str, pilot: PilotEntry, day: date) -> None:
    """`PipelineError` where the pilot is not under way on this day, or lasts too long."""
    begins, ends = pilot.begins.isoformat(), pilot.ends.isoformat()
    longest = supervision_pack().longest_pilot.value
    if pilot.ends < pilot.begins:
        raise PipelineError(f"{file}: the pilot ends on {ends}, before it begins on {begins}")
    if pilot.ends - pilot.begins > timedelta(days=longest):
        raise PipelineError(
            f"{file}: the pilot lasts from {begins} to {ends}; {longest} days is the longest"
        )
    if day > pilot.ends:
        raise PipelineError(
            f"{file}: the pilot ended on {ends}: audit for release, or decide on another pilot"
        )
    if day < pilot.begins:
        raise PipelineError(f"{file}: the pilot begins on {begins}, after {day.isoformat()}")


def _planned(file: str, pilot: Pilot, content: PlanFile, profile: Profile, day: date) -> Plan:
    plans: dict[str, Waiver] = {}
    ended: dict[str, Waiver] = {}
    about: dict[str, frozenset[str]] = {}
    for entry, clause in of_profile(file, profile, content.plans):
        if clause in plans or clause in ended:
            raise PipelineError(f"{file}: {clause} has two plans")
        if entry.until > pilot.ends:
            until, ends = entry.until.isoformat(), pilot.ends.isoformat()
            raise PipelineError(
                f"{file}: that of {clause} lasts until {until}, the pilot until {ends}"
            )
        waiver = Waiver(clause, concealed(entry.what), entry.until, entry.who, is_plan=True)
        (ended if entry.until < day else plans)[clause] = waiver
        if entry.findings:
            about[clause] = frozenset(entry.findings)
    never = {
        clause.id: one.why
        for clause in profile.clauses
        for one in supervision_pack().never
        if one.covers(profile.profile, clause)
    }
    return Plan("pilot", pilot, plans, about, ended, never)


@cache
def supervision_pack() -> SupervisionPack:
    """What holds for all pilots."""
    return load(resolve(_PACK, Path()), SupervisionPack)


def alone(decisions: Decisions, baseline: Path | None) -> None:
    """`PipelineError` where something else than a plan would let a finding pass."""
    if decisions.waivers or decisions.expired:
        raise PipelineError("--supervision: a waiver lets nothing pass; in a pilot a plan does")
    if baseline is not None:
        raise PipelineError("--supervision: findings known from a --baseline do not pass either")


def supervised(entry: ClauseResult, plan: Plan) -> ClauseResult:
    """The result with the plan that covers its findings, or why none does."""
    key = entry.clause.id
    if plan.mode == "release" or entry.status not in {"fail", "not_checked"}:
        return entry
    waiver, about = plan.plans.get(key), plan.about.get(key)
    listed = len(entry.evidence) == entry.findings
    if about is not None and not (listed and about.issuperset(entry.fingerprints())):
        waiver = None
    never = plan.never.get(key)
    # What is planned about a clause that nothing leaves open is no reason to let it pass.
    kept = None if never is not None else waiver
    return replace(entry, waiver=kept, expired=plan.ended.get(key), never=never)
