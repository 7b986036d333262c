"""A compliance audit of a finished run: clauses that pass, fail or do not apply, with evidence.

Enters: a finished run and a profile.  Leaves: an `AuditResult`; what it holds names documents and
places, never a value that was found in a text.  Refuses: to pass a clause that was not measured.
It produces evidence for an audit as laws ask for; it is none itself.
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
    """Hold a finished run against a profile: the name of a packaged one, or a YAML file."""
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
    if clause.needs is None or clause.needs in run.stages:
        return None
    said = f"the {clause.needs} stage did not run"
    found = [Evidence("manifest.json", said)] if clause.absent == "fail" else []
    return Outcome(clause.absent, said, found)


def _measured(run: Run, clause: Clause) -> Outcome:
    measure = CHECKS[clause.check].measure
    try:
        outcome: Outcome = measure(run, clause)
    except Exception as error:  # noqa: BLE001 - a damaged file fails the clause, not the audit
        said = f"could not be measured ({type(error).__name__}); see what verify says"
        return Outcome("fail", said, [Evidence("manifest.json", said)])
    return outcome
