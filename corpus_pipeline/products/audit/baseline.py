"""An earlier audit to compare with: which findings are new, which stood there, which are gone.

Enters: a file that `audit` wrote before, as JSON or SARIF.  Leaves: fingerprints by clause.
Refuses: a file that is neither, and an audit of another profile (`PipelineError`, one line).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.result import BaselineState, ClauseResult
from corpus_pipeline.products.audit.results_file import read_bytes

#: Clause → fingerprint → what was said.
Baseline = Mapping[str, Mapping[str, str]]


def read_baseline(path: Path | None, profile: str) -> Baseline | None:
    """The findings of an earlier audit; None without a file."""
    if path is None:
        return None
    wrong = PipelineError(f"baseline {path.name}: neither JSON nor SARIF of an audit")
    try:
        content = json.loads(read_bytes(path, "baseline"))
    except ValueError:
        raise wrong from None
    try:
        of, findings = _sarif(content) if "runs" in content else _own(content)
    except (KeyError, TypeError, IndexError, AttributeError):
        raise wrong from None
    if of != profile:
        raise PipelineError(f"baseline {path.name}: is of profile {of}, not of {profile}")
    known: dict[str, dict[str, str]] = {}
    for clause, mark, said in findings:
        known.setdefault(clause, {})[mark] = concealed(said)
    return known


def _own(content: Mapping[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    findings = [
        (str(clause["id"]), str(entry["fingerprint"]), f"{entry['path']}: {entry['said']}")
        for clause in content["clauses"]
        if clause["status"] == "fail"
        for entry in clause["evidence"]
    ]
    return str(content["profile"]), findings


def _sarif(content: Mapping[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    run = content["runs"][0]
    findings = [
        (str(entry["ruleId"]), str(mark), str(entry["message"]["text"]))
        for entry in run["results"]
        if entry["kind"] == "fail" and entry.get("baselineState") != "absent"
        for mark in [entry["partialFingerprints"]["evidence/v2"]]
    ]
    return str(run["properties"]["profile"]), findings


def compared(entry: ClauseResult, baseline: Baseline) -> ClauseResult:
    """The result with the state of each of its findings."""
    known = baseline.get(entry.clause.id, {})
    states: tuple[BaselineState, ...] = tuple(
        "unchanged" if mark in known else "new" for mark in entry.fingerprints()
    )
    return replace(entry, states=states)


def absent(results: Iterable[ClauseResult], baseline: Baseline) -> Iterator[dict[str, Any]]:
    """The findings of the baseline that are found no more, where the clause was looked into."""
    for entry in results:
        looked = entry.status in {"pass", "fail"} and len(entry.evidence) == entry.findings
        marks = set(entry.fingerprints())
        for mark, said in baseline.get(entry.clause.id, {}).items() if looked else ():
            if mark not in marks:
                yield {"clause": entry.clause.id, "fingerprint": mark, "said": said}
