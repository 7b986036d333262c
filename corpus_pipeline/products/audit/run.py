"""An audit of a finished run: clauses that are met or not, do not apply, or were not looked into.

Enters: a finished run, a profile, and what people handed in.  Leaves: an `AuditResult`, which names
documents and places, never a value from a text.  A clause that could not be measured is not met;
one for which nothing was handed in was not checked.
The result is evidence for an audit that a law asks for, not that audit itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.baseline import absent, compared, read_baseline
from corpus_pipeline.products.audit.decisions import (
    Decisions,
    decided,
    outside_by_statement,
    read_decisions,
)
from corpus_pipeline.products.audit.documents_file import documents_of
from corpus_pipeline.products.audit.dossier import Dossier, Pass, Rows, outside
from corpus_pipeline.products.audit.profile import (
    CHECKS,
    LEVELS,
    Clause,
    Level,
    document_names,
    load_profile,
)
from corpus_pipeline.products.audit.result import (
    LISTED,
    AuditResult,
    ClauseResult,
    Evidence,
    Outcome,
)
from corpus_pipeline.products.audit.results_file import day_of, read_results
from corpus_pipeline.products.audit.supervision import alone, read_plan, supervised
from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.runs import Run, open_run


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is handed in with a run, and what counts.

    `results`: files of what people found in samples.  `documents`: an index of documents.
    `waivers`: a file of waivers and statements.  `baseline`: an earlier audit, as JSON or SARIF.
    `day`: the day on which documents and waivers must be in force; None: today.
    `supervision`: `pilot`, with the `plan` of the pilot, or `release`; None: neither.
    `fail_on`: the least binding level whose clauses decide the exit code.
    """

    results: Sequence[Path] = ()
    documents: Path | None = None
    waivers: Path | None = None
    baseline: Path | None = None
    plan: Path | None = None
    supervision: str | None = None
    day: date | None = None
    fail_on: Level = "required"


def options_of(
    fail_on: str,
    day: str | None,
    results: Sequence[Path] = (),
    files: Mapping[str, Path | None] | None = None,
    supervision: str | None = None,
) -> AuditOptions:
    """Options from words; `PipelineError` for a level or a day that is none.

    `files`: `documents`, `waivers`, `baseline` and `plan` by name.
    """
    level = next((level for level in LEVELS if level == fail_on), None)
    if level is None:
        raise PipelineError(f"no level {fail_on!r}; known: {', '.join(LEVELS)}")
    on = None if day is None else day_of(day, "--date")
    return AuditOptions(
        results=results, day=on, fail_on=level, supervision=supervision, **(files or {})
    )


def audit(
    root: Path, profile: str | Path = "house", options: AuditOptions | None = None
) -> AuditResult:
    """Check a finished run against a profile: the name of a packaged one, or a YAML file.

    Raises `PipelineError` where there is no such profile or no finished run, and for files handed
    in that are not what they should be.
    """
    chosen, run = load_profile(profile), open_run(root)
    options = options or AuditOptions()
    day = options.day or datetime.now(tz=UTC).date()
    decisions = read_decisions(options.waivers, chosen, day)
    baseline = read_baseline(options.baseline, chosen.profile)
    plan = read_plan(options.supervision, options.plan, chosen, day)
    if plan is not None:
        alone(decisions, options.baseline)
    names = document_names(chosen)
    handed = documents_of(run, options.documents, names, day)
    dossier = Dossier(run, day, read_results(options.results), handed)
    outcomes = _outcomes(dossier, chosen.clauses, decisions)
    results = [
        decided(_result(clause, outcome), decisions)
        for clause, outcome in zip(chosen.clauses, outcomes, strict=True)
    ]
    gone: tuple[dict[str, Any], ...] = ()
    if baseline is not None:
        results = [compared(entry, baseline) for entry in results]
        gone = tuple(absent(results, baseline))
    supervision = None
    if plan is not None:
        results = [supervised(entry, plan) for entry in results]
        supervision = plan.over(run)
    name, seal = str(run.manifest["name"]), str(run.manifest["seal"])
    return AuditResult(name, seal, chosen, tuple(results), day, options.fail_on, gone, supervision)


def _outcomes(dossier: Dossier, clauses: tuple[Clause, ...], decisions: Decisions) -> list[Outcome]:
    """What comes of each clause, the rows read once for all of them."""
    started = [
        _not_yet(clause, dossier.day)
        or outside_by_statement(clause, decisions)
        or _absent(dossier.run, clause)
        or _started(dossier, clause)
        for clause in clauses
    ]
    looking = {number: rows for number, rows in enumerate(started) if isinstance(rows, Rows)}
    row_pass = Pass(dossier, looking)
    row_pass.over_all()
    outcomes = []
    for number, entry in enumerate(started):
        if isinstance(entry, Outcome):
            outcomes.append(entry)
        elif number in row_pass.broken:
            outcomes.append(_unmeasured(row_pass.broken[number]))
        else:
            outcomes.append(_ended(entry))
    return outcomes


def _not_yet(clause: Clause, day: date) -> Outcome | None:
    """The outcome of a clause that is not in force yet; None where it is."""
    start = clause.effective_from
    if start is None or start <= day:
        return None
    return outside(f"in force from {start}, after {day}", f"自 {start} 起施行，晚于检查日期 {day}")


def _absent(run: Run, clause: Clause) -> Outcome | None:
    """The outcome of a clause whose stage did not run; None where it ran, or none is needed."""
    if clause.needs is None or clause.needs in run.stages:
        return None
    reason = both(f"the {clause.needs} stage did not run", f"未运行 {clause.needs} 阶段")
    subject = f"no {clause.needs}"
    found = [Evidence("manifest.json", reason, subject=subject)] if clause.absent == "fail" else []
    return Outcome(clause.absent, reason, found, reason=reason)


def _started(dossier: Dossier, clause: Clause) -> Outcome | Rows:
    """The outcome of a clause, or what has to see the rows first."""
    measure = CHECKS[clause.check].measure
    try:
        started: Outcome | Rows = measure(dossier, clause)
    except Exception as error:  # noqa: BLE001 - a damaged file fails the clause, not the audit
        return _unmeasured(error)
    return started


def _ended(rows: Rows) -> Outcome:
    try:
        return rows.outcome()
    except Exception as error:  # noqa: BLE001 - a damaged file fails the clause, not the audit
        return _unmeasured(error)


def _unmeasured(error: Exception) -> Outcome:
    kind = type(error).__name__
    reason = both(
        f"could not be measured ({kind}); see what verify says",
        f"无法测量（{kind}）；请运行 verify 查看原因",
    )
    evidence = [Evidence("manifest.json", reason, subject="could not be measured")]
    return Outcome("fail", reason, evidence, reason=reason)


def _result(clause: Clause, outcome: Outcome) -> ClauseResult:
    findings = len(outcome.evidence) if outcome.findings is None else outcome.findings
    return ClauseResult(
        clause,
        outcome.status,
        outcome.measured,
        tuple(outcome.evidence[:LISTED]),
        outcome.facts,
        findings,
        outcome.reason,
    )
