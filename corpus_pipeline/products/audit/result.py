"""What an audit says: outcomes, clause by clause, as plain values.

Enters: outcomes of checks.  Leaves: `AuditResult`.  No value from a text is held: evidence is a
file, a document's id, a type and offsets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from corpus_pipeline import __version__
from corpus_pipeline.products.audit.profile import Clause, Profile

Status = Literal["pass", "fail", "not_applicable"]

#: Pieces of evidence that are listed for a clause; the measurement holds the full count.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding: its file, what is wrong in words (`said`), and its document's id."""

    path: str
    said: str
    document: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {f'{self.document}: ' if self.document else ''}{self.said}"


@dataclass(slots=True)
class Outcome:
    """The result of a check: what was measured, in words and as numbers, and the evidence."""

    status: Status
    measured: str
    evidence: list[Evidence] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """A clause, and whether the run passes it."""

    clause: Clause
    status: Status
    measured: str
    evidence: tuple[Evidence, ...]
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **self.clause.model_dump(mode="json"),
            "status": self.status,
            "measured": self.measured,
            "facts": self.facts,
            "evidence": [asdict(entry) for entry in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class AuditResult:
    """All clauses of a profile, in its order."""

    run: str
    seal: str
    profile: Profile
    clauses: tuple[ClauseResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no clause failed."""
        return all(clause.status != "fail" for clause in self.clauses)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "run": self.run,
            "seal": self.seal,
            "profile": self.profile.profile,
            "profile_version": self.profile.version,
            "tool": {"name": "corpus-pipeline", "version": __version__},
            "passed": self.passed,
            "clauses": [clause.to_dict() for clause in self.clauses],
        }
