"""An audit for people and for CI: text, JSON, JUnit XML, SARIF 2.1.0.

Enters: an `AuditResult`.  Leaves: a string without times, machine names, or values from a text:
evidence is a file, a document's id, a type and offsets.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from corpus_pipeline import __version__
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.result import AuditResult, ClauseResult, Evidence
from corpus_pipeline.text.unicode.escape import escaped

_MARKS = {"pass": "PASS", "fail": "FAIL", "not_applicable": "N/A "}

#: Pieces of evidence that the text shows under a clause.
_SHOWN = 10

#: What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: AuditResult, form: str = "text") -> str:
    """The audit in one of the formats (`text`, `json`, `sarif`, `junit`)."""
    if form not in FORMATS:
        raise PipelineError(f"no audit format {form!r}; known: {', '.join(FORMATS)}")
    return FORMATS[form](result)


def text(result: AuditResult) -> str:
    """A line per clause, evidence below those that failed."""
    lines = [f"audit of {result.run}, profile {result.profile.profile}", ""]
    width = max(len(clause.clause.id) for clause in result.clauses)
    for clause in result.clauses:
        definition = clause.clause
        lines.append(f"{_MARKS[clause.status]}  {definition.id:<{width}}  {definition.title.en}")
        note = "" if definition.verified else ", clause not verified against the document"
        lines.append(f"{'':{width + 8}}{clause.measured} [{definition.reference}{note}]")
        if clause.status == "fail":
            shown = clause.evidence[:_SHOWN]
            lines += [f"{'':{width + 8}}- {entry}" for entry in shown]
            more = len(clause.evidence) - len(shown)
            if more:
                lines.append(f"{'':{width + 8}}- … and {more} more (see --format json)")
    tally = Counter[str](clause.status for clause in result.clauses)
    words = {"pass": "passed", "fail": "failed", "not_applicable": "not applicable"}
    totals = ", ".join(f"{tally[status]} {word}" for status, word in words.items())
    lines += ["", f"{'PASSED' if result.passed else 'FAILED'}: {totals}"]
    return "\n".join(map(escaped, lines)) + "\n"


def as_json(result: AuditResult) -> str:
    """All clauses with all listed evidence, as JSON."""
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=1) + "\n"


def junit(result: AuditResult) -> str:
    """One test case per clause; what does not apply is skipped."""
    tally = Counter(clause.status for clause in result.clauses)
    numbers = {
        "tests": str(len(result.clauses)),
        "failures": str(tally["fail"]),
        "errors": "0",
        "skipped": str(tally["not_applicable"]),
    }
    root = ET.Element("testsuites", {"name": "corpus-pipeline audit", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": result.profile.profile, **numbers})
    for clause in result.clauses:
        place = {"classname": f"audit.{result.profile.profile}", "name": clause.clause.id}
        case = ET.SubElement(suite, "testcase", place)
        if clause.status == "fail":
            reference = str(clause.clause.reference)
            attributes = {"message": _xml(clause.measured), "type": reference}
            failure = ET.SubElement(case, "failure", attributes)
            failure.text = _xml("\n".join(str(entry) for entry in clause.evidence))
        elif clause.status == "not_applicable":
            ET.SubElement(case, "skipped", {"message": _xml(clause.measured)})
        else:
            ET.SubElement(case, "system-out").text = _xml(clause.measured)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def sarif(result: AuditResult) -> str:
    """SARIF 2.1.0: a rule per clause, a result per piece of evidence; passes are results too."""
    rules = [_rule(clause) for clause in result.clauses]
    results = [
        entry for index, clause in enumerate(result.clauses) for entry in _results(clause, index)
    ]
    driver = {
        "name": "corpus-pipeline",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"RUN": {"description": {"text": "the folder of the run"}}},
        "results": results,
        "properties": {
            "run": result.run,
            "seal": result.seal,
            "profile": result.profile.profile,
            "passed": result.passed,
        },
    }
    content = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _rule(clause: ClauseResult) -> dict[str, Any]:
    definition = clause.clause
    return {
        "id": definition.id,
        "shortDescription": {"text": definition.title.en},
        "fullDescription": {"text": f"{definition.title.zh}: {definition.what}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "reference": str(definition.reference),
            "verified": definition.verified,
            "limit": definition.limit,
        },
    }


def _results(clause: ClauseResult, index: int) -> list[dict[str, Any]]:
    base = {"ruleId": clause.clause.id, "ruleIndex": index}
    if clause.status != "fail":
        kind = "pass" if clause.status == "pass" else "notApplicable"
        message = {"text": clause.measured}
        return [{**base, "kind": kind, "level": "none", "message": message}]
    evidence = clause.evidence or (Evidence("manifest.json", clause.measured),)
    return [
        {
            **base,
            "kind": "fail",
            "level": "error",
            "message": {"text": str(entry)},
            "locations": [_location(entry)],
            "partialFingerprints": {"evidence/v1": _fingerprint(clause, entry)},
        }
        for entry in evidence
    ]


def _location(entry: Evidence) -> dict[str, Any]:
    place = {"uri": quote(entry.path, safe="/._-"), "uriBaseId": "RUN"}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": place}}
    if entry.document:
        location["logicalLocations"] = [{"name": entry.document, "kind": "document"}]
    return location


def _fingerprint(clause: ClauseResult, entry: Evidence) -> str:
    """A digest, equal for the same finding in two runs, whichever part holds the document."""
    subject = entry.document or entry.path
    return hashlib.sha256(f"{clause.clause.id}\0{subject}\0{entry.said}".encode()).hexdigest()


def _xml(value: str) -> str:
    return _NO_XML.sub("\ufffd", value)


FORMATS: Mapping[str, Callable[[AuditResult], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
}
