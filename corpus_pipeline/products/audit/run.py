"""A compliance audit of a finished run: clauses that pass, fail or do not apply, with evidence.

Enters: a finished run and a profile.  Leaves: an `AuditResult`, which names documents and places,
never a value from a text.  A clause that could not be measured fails.
The result is evidence for an audit that a law asks for, not that audit itself.
"""

from __future__ import annotations

from pathlib import Path

from corpus_pipeline.products.audit.profile import CHECKS, Clause, load_profile
from corpus_pipeline.products.audit.result import (
    LISTED,
    AuditResult,
    ClauseResult,
    Evidence,
    Outcome,
)
from corpus_pipeline.products.runs import Run, open_run


def audit(root: Path, profile: str | Path = "house") -> AuditResult:
    """Check a finished run against a profile: the name of a packaged one, or a YAML file.

    Raises `PipelineError` where there is no such profile or no finished run.
    """
    chosen = load_profile(profile)
    run = open_run(root)
    results = []
    for clause in chosen.clauses:
        outcome = _absent(run, clause) or _measured(run, clause)
        results.append(
            ClauseResult(
                clause,
                outcome.status,
                outcome.measured,
                tuple(outcome.evidence[:LISTED]),
                outcome.facts,
            )
        )
    name, seal = str(run.manifest["name"]), str(run.manifest["seal"])
    return AuditResult(name, seal, chosen, tuple(results))


def _absent(run: Run, clause: Clause) -> Outcome | None:
    """The outcome of a clause whose stage did not run; None where it ran, or none is needed."""
    if clause.needs is None or clause.needs in run.stages:
        return None
    reason = f"the {clause.needs} stage did not run"
    evidence = [Evidence("manifest.json", reason)] if clause.absent == "fail" else []
    return Outcome(clause.absent, reason, evidence)


def _measured(run: Run, clause: Clause) -> Outcome:
    measure = CHECKS[clause.check].measure
    try:
        outcome: Outcome = measure(run, clause)
    except Exception as error:  # noqa: BLE001 - a damaged file fails the clause, not the audit
        reason = f"could not be measured ({type(error).__name__}); see what verify says"
        return Outcome("fail", reason, [Evidence("manifest.json", reason)])
    return outcome
