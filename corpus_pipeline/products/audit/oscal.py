"""An audit as OSCAL 1.1 assessment results.

Enters: an `AuditResult`.  Leaves: JSON whose only time is the day of the audit; the same audit has
the same UUIDs (version 5).  No value from a text is in it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from corpus_pipeline import __version__
from corpus_pipeline.products.audit.profile import Method
from corpus_pipeline.products.audit.result import (
    STATUS_WORDS,
    AuditResult,
    ClauseResult,
    Status,
    Waiver,
)

_VERSION = "1.1.2"
#: Where our own properties are defined; a name, not an address that anybody has to reach.
_NAMESPACE = "https://corpus-pipeline.invalid/ns/oscal"
_METHODS: Mapping[Method, str] = {
    "automatic": "TEST",
    "technical_sample": "TEST",
    "manual_sample": "EXAMINE",
    "document": "EXAMINE",
}
#: What a target says of a status; a clause that does not apply is no target.
_STATES: Mapping[Status, tuple[str, str]] = {
    "pass": ("satisfied", "pass"),
    "fail": ("not-satisfied", "fail"),
    "not_checked": ("not-satisfied", "other"),
}


def oscal(result: AuditResult) -> str:
    """Assessment results: an observation and a finding per clause, and the clauses as resources."""
    content = {
        "assessment-results": {
            "uuid": _id(result, "results"),
            "metadata": {
                "title": f"{result.profile.title.en} ({result.run})",
                "last-modified": _time(result),
                "version": str(result.profile.version),
                "oscal-version": _VERSION,
                "props": [_prop("tool", f"corpus-pipeline {__version__}")],
            },
            "import-ap": {"href": f"#{_id(result, 'profile')}"},
            "results": [_result(result)],
            "back-matter": {"resources": [_profile(result), *_clauses(result)]},
        }
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _id(result: AuditResult, *parts: str) -> str:
    """The UUID of a part of this audit."""
    name = "/".join((result.seal, result.profile.profile, result.day.isoformat(), *parts))
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _time(result: AuditResult) -> str:
    return f"{result.day.isoformat()}T00:00:00+00:00"


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NAMESPACE, "value": " ".join(value.split()) or "–"}


def _result(result: AuditResult) -> dict[str, Any]:
    """The one result: what was reviewed, what was observed, what follows."""
    applying = [entry for entry in result.clauses if entry.status != "not_applicable"]
    outside = [entry for entry in result.clauses if entry.status == "not_applicable"]
    selection: dict[str, Any] = {"description": result.profile.reading.en}
    if applying:
        selection["include-controls"] = [{"control-id": e.clause.id} for e in applying]
    if outside:
        selection["exclude-controls"] = [{"control-id": e.clause.id} for e in outside]
    findings = [_finding(result, entry) for entry in applying]
    return {
        "uuid": _id(result, "result"),
        "title": f"profile {result.profile.profile}",
        "description": result.profile.title.zh,
        "start": _time(result),
        "end": _time(result),
        "props": [
            _prop("seal", result.seal),
            _prop("exit-code", str(result.exit_code)),
        ],
        "reviewed-controls": {"control-selections": [selection]},
        "observations": [_observation(result, entry) for entry in result.clauses],
        **({"findings": findings} if findings else {}),
    }


def _observation(result: AuditResult, entry: ClauseResult) -> dict[str, Any]:
    """What was measured of a clause."""
    observation: dict[str, Any] = {
        "uuid": _id(result, "observation", entry.clause.id),
        "title": entry.clause.id,
        "description": entry.measured.en,
        "props": [_prop("status", entry.status), _prop("status-zh", STATUS_WORDS[entry.status].zh)],
        "methods": [_METHODS[entry.clause.method]],
        "collected": _time(result),
    }
    evidence = [
        {"description": found.of("en"), "props": [_prop("fingerprint", mark)]}
        for found, mark in zip(entry.evidence, entry.fingerprints(), strict=True)
    ]
    if evidence:
        observation["relevant-evidence"] = evidence
    if entry.reason is not None:
        observation["remarks"] = f"{entry.reason.en} / {entry.reason.zh}"
    return observation


def _finding(result: AuditResult, entry: ClauseResult) -> dict[str, Any]:
    """What follows for a clause."""
    clause = entry.clause
    state, reason = _STATES[entry.status]
    props = [
        _prop("level", clause.level),
        _prop("basis", clause.basis),
        _prop("method", clause.method),
        _prop("reference", str(clause.reference)),
        *(_prop("risk", risk) for risk in clause.risks),
    ]
    for name, said in (("equivalent-measure", entry.equivalent_measure), ("plan", entry.plan)):
        if said:
            props.append(_prop(name, said))
    for name, waiver in (("waiver", entry.waiver), ("expired-waiver", entry.expired)):
        if waiver is not None:
            props.append(_prop(name, _waiver(waiver)))
    return {
        "uuid": _id(result, "finding", clause.id),
        "title": clause.title.en,
        "description": f"{clause.title.zh}：{clause.what.zh}",
        "props": props,
        "target": {
            "type": "objective-id",
            "target-id": clause.id,
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [{"observation-uuid": _id(result, "observation", clause.id)}],
    }


def _waiver(waiver: Waiver) -> str:
    return f"until {waiver.expires.isoformat()}, {waiver.approver}: {waiver.justification}"


def _profile(result: AuditResult) -> dict[str, Any]:
    """The profile as a resource: what was read of its document."""
    profile = result.profile
    return {
        "uuid": _id(result, "profile"),
        "title": profile.title.en,
        "description": f"{profile.source} {profile.reading.en}",
    }


def _clauses(result: AuditResult) -> list[dict[str, Any]]:
    """Each clause as a resource, with the digest of its wording."""
    resources = []
    for entry in result.clauses:
        clause = entry.clause
        wording = json.dumps(clause.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(wording.encode()).hexdigest()
        resources.append(
            {
                "uuid": _id(result, "clause", clause.id),
                "title": clause.id,
                "description": clause.what.en,
                "props": [_prop("sha256", digest)],
            }
        )
    return resources
