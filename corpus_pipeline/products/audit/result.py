"""What an audit says: outcomes, clause by clause, as plain values.

Enters: outcomes of checks, and what people said about them.  Leaves: `AuditResult`, and the exit
code that follows from it.  No value from a text is held: evidence is a file, a document's id, a
type and offsets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from corpus_pipeline import __version__
from corpus_pipeline.products.audit.profile import LEVELS, Clause, Level, Profile
from corpus_pipeline.products.audit.words import Words, both

Status = Literal["pass", "fail", "not_applicable", "not_checked"]

#: What people who read a report call a status, in the words of the assessments that are filed.
STATUS_WORDS: Mapping[Status, Words] = {
    "pass": both("met", "符合"),
    "fail": both("not met", "不符合"),
    "not_applicable": both("not applicable", "不适用"),
    "not_checked": both("not checked", "未检查"),
}

#: Whether the same finding stood in the audit that this one is compared with.
BaselineState = Literal["new", "unchanged"]

#: Pieces of evidence that are listed for a clause; `findings` counts all of them.
LISTED = 200

#: Exit codes: every clause is met; one is not; one could not be looked into.
MET, NOT_MET, NOT_CHECKED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding: its file, what is wrong in words (`said`), and its document's id.

    `subject`: what is wrong with what, without figures, so that the same finding of two runs is
    known for the same; where it is not given, the document or the file is.
    """

    path: str
    said: Words
    document: str | None = None
    subject: str = ""

    def __str__(self) -> str:
        return self.of("en")

    def of(self, language: Literal["en", "zh"]) -> str:
        """The finding in one line of this language."""
        who = f"{self.document}: " if self.document else ""
        return f"{self.path}: {who}{self.said.of(language)}"

    def fingerprint(self, clause: str) -> str:
        """A digest, equal for the same finding in two runs, whichever part holds the document."""
        subject = "\0".join((clause, self.document or self.path, self.subject))
        return hashlib.sha256(subject.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        said = {"said": self.said.en, "said_zh": self.said.zh}
        return {"path": self.path, **said, "document": self.document}


@dataclass(slots=True)
class Outcome:
    """The result of a check: what was measured, in words and as numbers, and the evidence.

    `findings`: how many there are, where not all are listed as evidence.
    `reason`: why the clause does not apply, or was not looked into.
    """

    status: Status
    measured: Words
    evidence: list[Evidence] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    findings: int | None = None
    reason: Words | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody's decision that a clause which is not met stands for a while.

    `is_plan`: of a pilot: `justification` says what will be done, `approver` who does it.
    """

    control_id: str
    justification: str
    expires: date
    approver: str
    is_plan: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        who = {"justification": self.justification, "approver": self.approver}
        kind = {"kind": "plan"} if self.is_plan else {}
        return {"control_id": self.control_id, **who, "expires": self.expires.isoformat(), **kind}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the operator says of a clause: a measure that does the same, and what is planned."""

    equivalent_measure: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Pilot:
    """A pilot: what it is about, from when to when, and how large it may be.

    `sources`: those that it may use; none named: any.
    """

    name: str
    scope: str
    begins: date
    ends: date
    documents: int
    approver: str
    sources: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        days = {"begins": self.begins.isoformat(), "ends": self.ends.isoformat()}
        limit = {"limit": {"documents": self.documents}, "sources": list(self.sources)}
        return {"name": self.name, "scope": self.scope, **days, **limit, "approver": self.approver}


@dataclass(frozen=True, slots=True)
class Supervision:
    """Under which supervision an audit was made.

    `broken`: how the run is beyond what its pilot may be.  `closed`: findings that stood open in
    the audit of the register before this one, by clause; `since`: the number of that entry.
    """

    mode: Literal["pilot", "release"]
    pilot: Pilot | None = None
    broken: tuple[Words, ...] = ()
    entry: int | None = None
    since: int | None = None
    closed: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "mode": self.mode,
            "pilot": None if self.pilot is None else self.pilot.to_dict(),
            "broken": [said.model_dump() for said in self.broken],
            "entry": self.entry,
            "since": self.since,
            "closed": [dict(one) for one in self.closed],
        }


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """A clause, whether the run meets it, and what was said and decided about it.

    `states`: of each piece of evidence, in order; empty where nothing was compared.
    `expired`: a waiver that no longer counts.  `never`: why no plan of a pilot counts for it.
    """

    clause: Clause
    status: Status
    measured: Words
    evidence: tuple[Evidence, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: int = 0
    reason: Words | None = None
    statement: Statement = Statement()
    waiver: Waiver | None = None
    expired: Waiver | None = None
    states: tuple[BaselineState, ...] = ()
    never: Words | None = None

    @property
    def equivalent_measure(self) -> str | None:
        """The measure that the operator says does the same."""
        return self.statement.equivalent_measure

    @property
    def plan(self) -> str | None:
        """What the operator plans, where the clause is not met."""
        return self.statement.plan

    @property
    def known(self) -> bool:
        """Whether everything that was found had been found before."""
        whole = len(self.evidence) == self.findings
        return bool(self.states) and whole and all(state == "unchanged" for state in self.states)

    @property
    def stands(self) -> bool:
        """Whether the clause fails, neither waived nor known from before."""
        return self.status == "fail" and self.waiver is None and not self.known

    @property
    def unseen(self) -> bool:
        """Whether nobody looked into the clause, and no pilot plans to.

        No waiver counts here: it cannot say what nobody has looked at.
        """
        planned = self.waiver is not None and self.waiver.is_plan
        return self.status == "not_checked" and not planned

    def fingerprints(self) -> list[str]:
        """Those of the evidence, in order."""
        return [entry.fingerprint(self.clause.id) for entry in self.evidence]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        prints = self.fingerprints()
        states = self.states or (None,) * len(prints)
        return {
            **self.clause.model_dump(mode="json"),
            "status": self.status,
            "status_zh": STATUS_WORDS[self.status].zh,
            "measured": self.measured.en,
            "measured_zh": self.measured.zh,
            "reason_given": None if self.reason is None else self.reason.model_dump(),
            "equivalent_measure": self.equivalent_measure,
            "plan": self.plan,
            "waiver": None if self.waiver is None else self.waiver.to_dict(),
            "expired_waiver": None if self.expired is None else self.expired.to_dict(),
            **({} if self.never is None else {"never_open": self.never.model_dump()}),
            "facts": dict(self.facts),
            "findings": self.findings,
            "evidence": [
                {**entry.to_dict(), "fingerprint": mark, "baseline_state": state}
                for entry, mark, state in zip(self.evidence, prints, states, strict=True)
            ],
        }


@dataclass(frozen=True, slots=True)
class AuditResult:
    """All clauses of a profile, in its order.

    `day`: the one on which documents and waivers had to be in force.
    `absent`: findings of the audit that this one is compared with which are found no more.
    """

    run: str
    seal: str
    profile: Profile
    clauses: tuple[ClauseResult, ...]
    day: date
    fail_on: Level = "required"
    absent: tuple[Mapping[str, Any], ...] = ()
    supervision: Supervision | None = None

    @property
    def judged(self) -> tuple[ClauseResult, ...]:
        """The clauses that count for the exit code: those of the level `fail_on` and above."""
        levels = LEVELS[: LEVELS.index(self.fail_on) + 1]
        return tuple(entry for entry in self.clauses if entry.clause.level in levels)

    @property
    def exit_code(self) -> int:
        """0 met, 1 a clause is not met, 3 none is, but one was not checked."""
        broken = self.supervision is not None and self.supervision.broken
        if broken or any(entry.stands for entry in self.judged):
            return NOT_MET
        if any(entry.unseen for entry in self.judged):
            return NOT_CHECKED
        return MET

    @property
    def passed(self) -> bool:
        """Whether every clause that counts is met."""
        return self.exit_code == MET

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        about = self.profile.model_dump(mode="json", exclude={"clauses"})
        return {
            "run": self.run,
            "seal": self.seal,
            "profile": self.profile.profile,
            "profile_version": self.profile.version,
            "about": about,
            "tool": {"name": "corpus-pipeline", "version": __version__},
            "day": self.day.isoformat(),
            "fail_on": self.fail_on,
            "exit_code": self.exit_code,
            "passed": self.passed,
            **({} if self.supervision is None else {"supervision": self.supervision.to_dict()}),
            "clauses": [clause.to_dict() for clause in self.clauses],
            "absent": [dict(entry) for entry in self.absent],
        }
