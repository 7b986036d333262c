"""What people decided and said about clauses: waivers, equivalent measures, plans.

Enters: a YAML file of waivers and statements.  Leaves: `Decisions` for one profile.
Refuses: a waiver without a justification or an approver, one that ends more than 180 days ahead, a
clause that no profile has (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Protocol, Self, TypeVar

from pydantic import StringConstraints, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.dossier import outside
from corpus_pipeline.products.audit.profile import Clause, Profile, load_profile, packaged
from corpus_pipeline.products.audit.result import ClauseResult, Outcome, Statement, Waiver
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Strict

#: The longest that a waiver may hold: the practice of those who review them twice a year.
LONGEST = timedelta(days=180)


class WaiverEntry(Strict):
    """A waiver as a file writes it; `control_id` is `clause` or `profile/clause`.

    `findings`: fingerprints of the findings that it is about; without any, the whole clause.
    """

    control_id: Text
    justification: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
    expires: date
    approver: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    findings: tuple[Text, ...] = ()


class StatementEntry(Strict):
    """What the operator says of a clause; `control_id` as of a waiver.

    `not_applicable`: why the clause does not apply; only of a clause that people look into, and
    only with an approver.
    """

    control_id: Text
    equivalent_measure: str | None = None
    plan: str | None = None
    not_applicable: str | None = None
    approver: str | None = None

    @model_validator(mode="after")
    def _somebody_answers_for_it(self) -> Self:
        if self.not_applicable is not None and not (self.not_applicable and self.approver):
            raise ValueError("not_applicable needs a reason and an approver")
        return self


class About(Protocol):
    """Something that is said of a clause."""

    @property
    def control_id(self) -> str:
        """`clause` or `profile/clause`."""


_EntryT = TypeVar("_EntryT", bound=About)


class DecisionsFile(Pack):
    """The content of the file."""

    noun: ClassVar[str] = "waivers"

    pack: str = "waivers"
    version: int = 1
    source: str = "handed in"
    waivers: tuple[WaiverEntry, ...] = ()
    statements: tuple[StatementEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """Waivers and statements by clause, as far as they are about one profile.

    `about`: the findings that a waiver is about, where it is not about its whole clause.
    """

    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    about: Mapping[str, frozenset[str]] = field(default_factory=dict)
    expired: Mapping[str, Waiver] = field(default_factory=dict)
    statements: Mapping[str, Statement] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)


def read_decisions(path: Path | None, profile: Profile, day: date) -> Decisions:
    """The decisions of a file about this profile, on this day; none without a file."""
    if path is None:
        return Decisions()
    content = load(resolve(str(path), Path.cwd()), DecisionsFile)
    valid: dict[str, Waiver] = {}
    about: dict[str, frozenset[str]] = {}
    expired: dict[str, Waiver] = {}
    for entry, clause in _mine(path, profile, content.waivers):
        waiver = Waiver(clause, concealed(entry.justification), entry.expires, entry.approver)
        if entry.expires > day + LONGEST:
            last = (day + LONGEST).isoformat()
            raise PipelineError(
                f"waivers {path.name}: that of {clause} expires on {entry.expires.isoformat()}; "
                f"{LONGEST.days} days is the longest, so {last}"
            )
        (expired if entry.expires < day else valid)[clause] = waiver
        if entry.findings:
            about[clause] = frozenset(entry.findings)
    statements = {
        clause: Statement(_told(entry.equivalent_measure), _told(entry.plan))
        for entry, clause in _mine(path, profile, content.statements)
    }
    return Decisions(valid, about, expired, statements, _outside(path, profile, content))


def _outside(path: Path, profile: Profile, content: DecisionsFile) -> dict[str, str]:
    """The clauses that the operator says do not apply, with the reason."""
    methods = {clause.id: clause.method for clause in profile.clauses}
    outside = {}
    for entry, clause in _mine(path, profile, content.statements):
        if entry.not_applicable is None:
            continue
        if methods[clause] not in {"document", "manual_sample"}:
            raise PipelineError(
                f"waivers {path.name}: {clause} is measured, nobody can say that it does not apply"
            )
        outside[clause] = f"{concealed(entry.not_applicable)} ({entry.approver})"
    return outside


def _told(words: str | None) -> str | None:
    """What somebody wrote about a clause; it may quote what stood in a text."""
    return None if words is None else concealed(words)


def _mine(
    path: Path, profile: Profile, entries: Iterable[_EntryT]
) -> Iterable[tuple[_EntryT, str]]:
    return of_profile(f"waivers {path.name}", profile, entries)


def of_profile(
    file: str, profile: Profile, entries: Iterable[_EntryT]
) -> Iterable[tuple[_EntryT, str]]:
    """The entries about clauses of this profile, with the clause's id.

    Raises `PipelineError`, which begins with `file`, for a clause that no profile has.
    """
    mine = {clause.id for clause in profile.clauses}
    for entry in entries:
        owner, slash, clause = entry.control_id.rpartition("/")
        if clause in mine and owner in {"", profile.profile}:
            yield entry, clause
        elif slash and owner == profile.profile:
            _refuse(file, clause, mine)
        elif clause not in (known := _known()):
            _refuse(file, clause, known | mine)


def _known() -> set[str]:
    """The clauses of all packaged profiles."""
    return {clause.id for name in packaged() for clause in load_profile(name).clauses}


def _refuse(file: str, clause: str, known: set[str]) -> None:
    near = nearest(clause, sorted(known))
    raise PipelineError(f"{file}: there is no clause {clause!r}{near}")


def outside_by_statement(clause: Clause, decisions: Decisions) -> Outcome | None:
    """The outcome of a clause that somebody says does not apply; None where nobody does."""
    if clause.id not in decisions.not_applicable:
        return None
    reason = decisions.not_applicable[clause.id]
    return outside(f"stated: {reason}", f"声明：{reason}")


def decided(entry: ClauseResult, decisions: Decisions) -> ClauseResult:
    """The result with what was said of its clause, and the waiver that covers its findings.

    A waiver covers a clause that is not met; nothing covers one that was not looked into.
    """
    key = entry.clause.id
    waiver = decisions.waivers.get(key) if entry.status == "fail" else None
    about = decisions.about.get(key)
    listed = len(entry.evidence) == entry.findings
    if about is not None and not (listed and about.issuperset(entry.fingerprints())):
        waiver = None
    return replace(
        entry,
        statement=decisions.statements.get(key, Statement()),
        waiver=waiver,
        expired=decisions.expired.get(key),
    )
