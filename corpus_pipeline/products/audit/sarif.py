"""An audit as SARIF 2.1.0: a rule per clause, a result per finding, the risks as a taxonomy.

Enters: an `AuditResult`.  Leaves: JSON without times, machine names, or values from a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from corpus_pipeline import __version__
from corpus_pipeline.products.audit.profile import Level, risk_names
from corpus_pipeline.products.audit.result import (
    STATUS_WORDS,
    AuditResult,
    ClauseResult,
    Evidence,
    Status,
)

_LEVELS: Mapping[Level, str] = {"required": "error", "should": "warning", "practice": "note"}
_KINDS: Mapping[Status, str] = {
    "pass": "pass",
    "fail": "fail",
    "not_applicable": "notApplicable",
    "not_checked": "open",
}
_TAXONOMY = "risks"


def sarif(result: AuditResult) -> str:
    """The log: passes, clauses that do not apply and unchecked ones are results too."""
    named = sorted({risk for entry in result.clauses for risk in entry.clause.risks})
    results = [
        found
        for index, entry in enumerate(result.clauses)
        for found in _results(entry, index, named)
    ]
    results += [_absent(entry, result) for entry in result.absent]
    driver = {
        "name": "corpus-pipeline",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(entry, named) for entry in result.clauses],
    }
    taxonomies = {"taxonomies": [_taxonomy(named)]} if named else {}
    if named:
        driver["supportedTaxonomies"] = [{"name": _TAXONOMY, "index": 0}]
    run = {
        "tool": {"driver": driver},
        # Without it a later upload of another profile takes the place of this one.
        "automationDetails": {"id": f"corpus-audit/{result.profile.profile}/"},
        **taxonomies,
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"RUN": {"description": {"text": "the folder of the run"}}},
        "results": results,
        "properties": {
            "run": result.run,
            "seal": result.seal,
            "profile": result.profile.profile,
            "passed": result.passed,
            "exitCode": result.exit_code,
        },
    }
    content = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _taxonomy(named: list[str]) -> dict[str, Any]:
    names = risk_names()
    taxa = [
        {"id": risk, "name": names[risk].en, "shortDescription": {"text": names[risk].zh}}
        for risk in named
    ]
    about = "the risks of generated content that GB/T 45654-2025 lists in its annex A"
    return {"name": _TAXONOMY, "shortDescription": {"text": about}, "taxa": taxa}


def _rule(entry: ClauseResult, named: list[str]) -> dict[str, Any]:
    clause = entry.clause
    target = {"toolComponent": {"name": _TAXONOMY, "index": 0}}
    relations = [
        {"target": {"id": risk, "index": named.index(risk), **target}, "kinds": ["relevant"]}
        for risk in clause.risks
    ]
    mend = {} if clause.mend is None else {"help": {"text": f"{clause.mend.en}\n{clause.mend.zh}"}}
    return {
        "id": clause.id,
        "shortDescription": {"text": clause.title.en},
        "fullDescription": {"text": f"{clause.title.zh}: {clause.what.zh} ({clause.what.en})"},
        **mend,
        "defaultConfiguration": {"level": _LEVELS[clause.level]},
        **({"relationships": relations} if relations else {}),
        "properties": {
            "reference": str(clause.reference),
            "basis": clause.basis,
            "confirmed": clause.confirmed,
            "level": clause.level,
            "method": clause.method,
            "limit": clause.limit,
        },
    }


def _results(entry: ClauseResult, index: int, named: list[str]) -> list[dict[str, Any]]:
    taxa = [
        {
            "id": risk,
            "index": named.index(risk),
            "toolComponent": {"name": _TAXONOMY, "index": 0},
        }
        for risk in entry.clause.risks
    ]
    base: dict[str, Any] = {"ruleId": entry.clause.id, "ruleIndex": index}
    if taxa:
        base["taxa"] = taxa
    if entry.status != "fail":
        said = entry.measured.en if entry.reason is None else entry.reason.en
        word = STATUS_WORDS[entry.status]
        message = {"text": f"{word.en} ({word.zh}): {said}"}
        return [{**base, "kind": _KINDS[entry.status], "level": "none", "message": message}]
    evidence = entry.evidence or (Evidence("manifest.json", entry.measured),)
    states = entry.states or (None,) * len(evidence)
    return [
        {
            **base,
            "kind": "fail",
            "level": _LEVELS[entry.clause.level],
            "message": {"text": str(found)},
            "locations": [_location(found)],
            "partialFingerprints": {"evidence/v2": found.fingerprint(entry.clause.id)},
            **({} if state is None else {"baselineState": state}),
            **_suppressions(entry),
        }
        for found, state in zip(evidence, states, strict=True)
    ]


def _suppressions(entry: ClauseResult) -> dict[str, Any]:
    """A waiver is a suppression by somebody outside the tool."""
    if entry.waiver is None:
        return {}
    waiver = entry.waiver
    accepted = {
        "kind": "external",
        "status": "accepted",
        "justification": waiver.justification,
        "properties": {"approver": waiver.approver, "expires": waiver.expires.isoformat()},
    }
    return {"suppressions": [accepted]}


def _absent(entry: Mapping[str, Any], result: AuditResult) -> dict[str, Any]:
    """A finding of the baseline that is found no more."""
    ids = [known.clause.id for known in result.clauses]
    rule = str(entry["clause"])
    return {
        "ruleId": rule,
        **({"ruleIndex": ids.index(rule)} if rule in ids else {}),
        "kind": "fail",
        "level": "none",
        "message": {"text": f"found no more: {entry['said']}"},
        "partialFingerprints": {"evidence/v2": entry["fingerprint"]},
        "baselineState": "absent",
    }


def _location(entry: Evidence) -> dict[str, Any]:
    place = {"uri": quote(entry.path, safe="/._-"), "uriBaseId": "RUN"}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": place}}
    if entry.document:
        location["logicalLocations"] = [{"name": entry.document, "kind": "document"}]
    return location
