"""The register of supervision: a line an audit, each of which names the one before by its digest.

Enters: the register (JSON lines) and an audit under supervision.  Leaves: the register with one
entry more, its earlier lines byte for byte as they were; the same audit is not entered twice.
Each entry carries the seal of the run, the profile and its version, the mode, the outcome, the
findings that are open with their plans, the digest of the entry before, and its own; of time only
the day that was given.
Refuses: a register of which a line was changed, taken out or put in, one of another dataset, a day
before that of the last entry (`PipelineError`, one line).  What nobody can see is that the last
lines were cut off, unless the digest of the last entry is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from corpus_pipeline.io.exclusive import change
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.result import (
    MET,
    NOT_CHECKED,
    NOT_MET,
    AuditResult,
    ClauseResult,
    Supervision,
)
from corpus_pipeline.products.audit.results_file import read_bytes

FORMAT: Final = "corpus-pipeline/register/1"
#: What the first entry names as the one before.
NOTHING: Final = "0" * 64
_OUTCOMES: Final = {MET: "passed", NOT_MET: "failed", NOT_CHECKED: "incomplete"}
#: What does not make an audit another one.
_PLACE: Final = ("entry", "previous", "digest", "since", "closed")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Register:
    """The entries of a register, and what is wrong with it, if anything is."""

    entries: tuple[Entry, ...] = ()
    problem: str | None = None

    @property
    def head(self) -> str:
        """The digest of the last entry."""
        return str(self.entries[-1]["digest"]) if self.entries else NOTHING


def read_register(path: Path) -> Register:
    """The register in a file, up to the first line that is not as it was written."""
    return _parsed(read_bytes(path, "register"))


def _parsed(raw: bytes) -> Register:
    entries: list[Entry] = []
    lines = raw.split(b"\n")
    if lines.pop() != b"":
        return Register((), "the last line has no end: it was cut, or something was put after it")
    for number, line in enumerate(lines, 1):
        entry, problem = _entry(line, number, entries)
        if entry is None:
            return Register(tuple(entries), f"line {number}: {problem}")
        entries.append(entry)
    return Register(tuple(entries))


def _entry(line: bytes, number: int, before: Sequence[Entry]) -> tuple[Entry | None, str]:
    """The entry of a line, or None and what is wrong with it."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None, "is no JSON"
    if not isinstance(entry, dict) or entry.get("format") != FORMAT:
        return None, f"is no entry of a register ({FORMAT})"
    if rendered(entry) != line:
        return None, "was changed: its digest is another"
    last = before[-1] if before else {"digest": NOTHING, "register": entry.get("register")}
    if entry["previous"] != last["digest"] or entry["entry"] != number:
        return None, "does not follow the line before it: a line was changed, taken out or put in"
    if entry["register"] != last["register"]:
        return None, f"is of another register, {entry['register']!r}"
    return entry, ""


def rendered(entry: Entry) -> bytes:
    """The line of an entry, with its digest."""
    bare = {key: value for key, value in entry.items() if key != "digest"}
    digest = hashlib.sha256(_spelt(bare)).hexdigest()
    return _spelt({**bare, "digest": digest})


def _spelt(value: Entry) -> bytes:
    """The one spelling of an entry."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def fit(path: Path, run: Path, supervision: str | None, day: str | None) -> Path:
    """The place of a register; `PipelineError` where no audit can be entered in it."""
    if supervision is None:
        raise PipelineError("--register is of audits under --supervision pilot or release")
    if day is None:
        raise PipelineError("--register needs --date: the day that is entered")
    if path.is_dir():
        raise PipelineError(f"register {path.name}: is a folder")
    if path.resolve().is_relative_to(run.resolve()):
        raise PipelineError(f"register {path}: `verify` would find a file more in the run")
    if path.exists():
        _unchanged(path, read_bytes(path, "register"))
    return path


def _unchanged(path: Path, raw: bytes) -> Register:
    """The register in these bytes; `PipelineError` where one was changed."""
    register = _parsed(raw)
    if register.problem is not None:
        raise PipelineError(f"register {path.name}: {register.problem}")
    return register


def entered(path: Path, result: AuditResult) -> AuditResult:
    """Enter an audit; the result with the number of its entry, and what was closed since then.

    Audits that end at the same time are entered one after the other.
    """
    entry: Entry = {}

    def with_entry(before: bytes) -> bytes:
        nonlocal entry
        register = _unchanged(path, before)
        entry = _of(result, register.entries)
        known = [one for one in register.entries if _same(one, entry)]
        if known:
            entry = known[0]
            return before
        _in_turn(path, register, entry)
        return before + rendered(entry) + b"\n"

    change(path, with_entry)
    return replace(result, supervision=_placed(result.supervision, entry))


def _placed(supervision: Supervision | None, entry: Entry) -> Supervision | None:
    if supervision is None:
        return None
    closed = tuple(entry["closed"])
    return replace(supervision, entry=entry["entry"], since=entry["since"], closed=closed)


def _same(one: Entry, other: Entry) -> bool:
    return all(one.get(key) == value for key, value in other.items() if key not in _PLACE)


def _in_turn(path: Path, register: Register, entry: Entry) -> None:
    """`PipelineError` for an entry of another dataset, or of a day that is over."""
    if not register.entries:
        return
    last = register.entries[-1]
    if last["register"] != entry["register"]:
        raise PipelineError(
            f"register {path.name}: is that of {last['register']!r}, not of {entry['register']!r}"
        )
    if entry["date"] < last["date"]:
        raise PipelineError(
            f"register {path.name}: its last entry is of {last['date']}, after {entry['date']}"
        )


def _of(result: AuditResult, before: Sequence[Entry]) -> Entry:
    """The entry of an audit."""
    supervision = result.supervision
    pilot = None if supervision is None else supervision.pilot
    judged = {entry.clause.id for entry in result.judged}
    still = [_open(one, counts=one.clause.id in judged) for one in result.clauses if _is_open(one)]
    entry: dict[str, Any] = {
        "format": FORMAT,
        "register": result.run,
        "entry": len(before) + 1,
        "date": result.day.isoformat(),
        "run": result.seal,
        "profile": result.profile.profile,
        "profile_version": result.profile.version,
        "fail_on": result.fail_on,
        "mode": None if supervision is None else supervision.mode,
        "pilot": None if pilot is None else pilot.to_dict(),
        "broken": [] if supervision is None else [said.en for said in supervision.broken],
        "outcome": _OUTCOMES[result.exit_code],
        "open": still,
        "previous": before[-1]["digest"] if before else NOTHING,
    }
    earlier = [one for one in before if one["profile"] == entry["profile"]]
    entry["since"] = earlier[-1]["entry"] if earlier else None
    entry["closed"] = list(_closed(earlier[-1]["open"], still)) if earlier else []
    return {**entry, "digest": json.loads(rendered(entry))["digest"]}


def _is_open(entry: ClauseResult) -> bool:
    return entry.status in {"fail", "not_checked"}


def _open(entry: ClauseResult, *, counts: bool) -> dict[str, Any]:
    """What stands open of a clause, and what is planned about it."""
    plan = entry.waiver or entry.expired
    said = None
    if plan is not None:
        said = {"what": plan.justification, "who": plan.approver, "until": plan.expires.isoformat()}
    return {
        "clause": entry.clause.id,
        "status": entry.status,
        "counts": counts,
        "passes": entry.waiver is not None,
        "findings": entry.findings,
        "fingerprints": entry.fingerprints(),
        "plan": said,
    }


def _closed(before: Iterable[Entry], now: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """What stood open then and does not now: clauses, or some of their findings."""
    left = {one["clause"]: one for one in now}
    for one in before:
        still = left.get(one["clause"])
        if still is None:
            whole = {"clause": one["clause"], "findings": one["findings"], "whole": True}
            yield {**whole, "fingerprints": one["fingerprints"]}
            continue
        listed = len(still["fingerprints"]) == still["findings"]
        gone = sorted({*one["fingerprints"]} - {*still["fingerprints"]}) if listed else []
        if gone:
            part = {"clause": one["clause"], "findings": len(gone), "whole": False}
            yield {**part, "fingerprints": gone}


def render(register: Register) -> str:
    """The entries for people: a line each, what is open and what was closed below."""
    lines = []
    for one in register.entries:
        counted = len(one["open"])
        mode = one["mode"] if one["pilot"] is None else f"pilot {one['pilot']['name']}"
        profile = f"{one['profile']} {one['profile_version']}"
        outcome = f"{one['outcome']}, {counted} open"
        lines.append(
            f"{one['entry']:>3}  {one['date']}  {one['run'][:12]}  {profile}  {mode}: {outcome}"
        )
        lines += [f"     {said}" for said in _below(one)]
    lines.append(f"head {register.head}")
    return "\n".join(lines)


def _below(entry: Entry) -> Iterator[str]:
    for broken in entry["broken"]:
        yield f"beyond the pilot: {broken}"
    for one in entry["open"]:
        plan = one["plan"]
        said = f"{plan['what']} ({plan['who']}, until {plan['until']})" if plan else "no plan"
        state = "" if one["passes"] or not one["counts"] else "!"
        yield f"open{state} {one['clause']} ({one['findings']}): {said}"
    for one in entry["closed"]:
        part = "" if one["whole"] else "in part "
        yield f"closed {part}since entry {entry['since']}: {one['clause']} ({one['findings']})"
