"""The house audit passes on a sound run and names clause and document when a promise is broken."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.formats import FORMATS, render
from corpus_pipeline.products.audit.profile import CHECKS, load_profile, packaged
from corpus_pipeline.products.audit.run import audit
from corpus_pipeline.products.export.shards import ExportOptions, export

PHONE = "13800138000"
EMAIL = "zhang.wei@example.com"


def status(result):
    return {clause.clause.id: clause.status for clause in result.clauses}


def clause(result, name):
    return next(clause for clause in result.clauses if clause.clause.id == name)


def failed(result):
    return [name for name, state in status(result).items() if state == "fail"]


def test_sound_run_passes(full_run, run):
    """A sound run passes every clause, with and without a dataset."""
    found = status(audit(full_run, "house"))
    assert found.pop("source_admission") == "not_applicable"  # the stage did not run
    assert set(found.values()) == {"pass"}
    assert audit(full_run).passed
    assert audit(run).passed


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("license", None, "source 'forum' has no licence"),
        ("license", " Unknown ", "source 'forum' has no licence"),
        ("legal_basis", "", "source 'forum' has no legal basis"),
        ("legal_basis", "待定", "source 'forum' has no legal basis"),
    ],
)
def test_rights(builder, key, value, said):
    """A source without a licence or a legal basis fails its clause, which names the missing one."""
    builder.content["sources"][1][key] = value
    result = audit(builder.write())
    assert failed(result) == ["source_rights"]
    assert [entry.said.en for entry in clause(result, "source_rights").evidence] == [said]


def test_unregistered_source(builder, make_doc):
    """Documents of a source that the registry does not know fail; an unused source does not."""
    builder.splits[0].append(make_doc("stray", "x.txt#0", "无主之文。", license="CC0-1.0"))
    builder.content["sources"].append({"name": "unused", "license": None, "legal_basis": None})
    result = audit(builder.write())
    said = [entry.said.en for entry in clause(result, "source_rights").evidence]
    assert said == ["source 'stray' is not in the registry"]


def test_document_without_licence(builder):
    """One published document without a licence fails, and is named."""
    builder.splits[1][2]["license"] = " "
    root = builder.write()
    export(root, root, ExportOptions())
    result = audit(root)
    assert failed(result) == ["document_license"]
    assert clause(result, "document_license").evidence[0].document == builder.splits[1][2]["id"]


@pytest.mark.parametrize(("split", "row"), [(0, 3), (1, 8)])
@pytest.mark.parametrize("column", ["text", "title"])
def test_personal_data(builder, split, row, column):
    """Personal data left in a kept or dropped document fails; no format shows the value."""
    builder.splits[split][row][column] = f"联系电话{PHONE}，邮箱{EMAIL}。"
    result = audit(builder.write())
    assert failed(result) == ["personal_data"]
    evidence = clause(result, "personal_data").evidence
    assert evidence[0].document == builder.splits[split][row]["id"]
    assert evidence[0].said.en == f"{column}: mobile 4–15, email 18–39"
    assert clause(result, "personal_data").facts["by_type"] == {"email": 1, "mobile": 1}
    for form in FORMATS:
        shown = render(result, form)
        assert PHONE not in shown
        assert EMAIL not in shown


def test_violating_share(builder):
    """More than 5 % violating documents of one source fail; the share is per source."""
    builder.splits[0][6]["compliance_score"] = 2.5
    builder.splits[0][0]["compliance_score"] = 1.2
    result = audit(builder.write())
    assert failed(result) == ["violating_share"]
    found = clause(result, "violating_share")
    assert [entry.said.en for entry in found.evidence] == [
        "source 'forum': 1 of 4 documents violate (25 % > 5 %)"
    ]
    assert found.facts["news"]["violating"] == 0
    assert (found.facts["news"]["documents"], found.facts["news"]["judged"]) == (16, 14)
    assert found.facts["forum"]["upper_95"] == pytest.approx(0.751, abs=0.001)


def test_what_nobody_looked_at_thins_no_source(builder):
    """Documents that fell before `compliance` do not make the share of the violating ones less."""
    unseen = {"dropped_by": "langid", "drop_rule": "not_chinese", "drop_evidence": "label=ja"}
    for row in (row for split in builder.splits for row in split if row["source"] == "news"):
        row.update(unseen, compliance_score=None, langid_keep=False)
    builder.splits[0][0].update(dict.fromkeys(unseen), compliance_score=2.5, langid_keep=True)
    builder.splits[1][0].update(dict.fromkeys(unseen), compliance_score=0.0, langid_keep=True)
    found = clause(audit(builder.write()), "violating_share")

    assert found.facts["news"] == {
        "documents": 16,
        "judged": 2,
        "violating": 1,
        "share": 0.5,
        "upper_95": pytest.approx(0.975, abs=0.001),
        "kept": 2,
    }
    assert found.status == "fail"


def refused(source, count, of):
    """What `source_admission` says of a source that it refused, as far as an audit reads it."""
    before = {"count": count, "of": of}
    why = f"violating={count / of:.4f} > 0.05"
    return {"source": source, "verdict": "refused", "violating": {"before": before}, "why": why}


def test_a_refused_source_may_not_be_kept(builder):
    """Documents of a source that was refused fail the audit, with the share that refused it."""
    builder.content["stages"].append({"name": "source_admission", "options": {}})
    builder.content["admission"] = [refused("news", 2, 16)]
    result = audit(builder.write())

    assert failed(result) == ["violating_share", "source_admission"]
    (one,) = clause(result, "source_admission").evidence
    assert "'news' was refused (violating=0.1250 > 0.05), and 12 documents" in str(one)
    facts = clause(result, "violating_share").facts["news"]
    assert (facts["violating"], facts["judged"]) == (2, 16)


def test_a_source_of_which_nothing_is_kept_is_not_used(builder):
    """Violating documents of a source that fell as a whole fail no audit."""
    gone = {"dropped_by": "source_admission", "drop_rule": "source_refused"}
    verdict = {"dropped_by": "compliance", "drop_rule": "gambling_spam"}
    builder.content["stages"].append({"name": "source_admission", "options": {}})
    builder.content["admission"] = [refused("forum", 1, 4)]
    rows = [row for split in builder.splits for row in split if row["source"] == "forum"]
    for row in rows:
        row.update(gone, drop_evidence="violating=0.2500 > 0.05")
    rows[0].update(verdict, drop_evidence="score=3")
    result = audit(builder.write())

    assert status(result)["violating_share"] == status(result)["source_admission"] == "pass"
    assert clause(result, "violating_share").facts["forum"]["kept"] == 0


def test_compliance_verdicts_count(builder):
    """A document that the compliance stage dropped counts as violating, whatever its score."""
    verdict = {"dropped_by": "compliance", "drop_rule": "gambling", "drop_evidence": "weight=3"}
    builder.splits[0][7].update(verdict)
    result = audit(builder.write())
    assert failed(result) == ["violating_share"]


def test_one_long_document_is_seen(builder):
    """A stage that drops one document with most of the characters fails; four short ones do not."""
    fine = clause(audit(builder.write()), "long_losses")
    verdict = {"dropped_by": "langid", "drop_rule": "not_chinese", "drop_evidence": "x"}
    builder.splits[0][7].update(text="史" * 9000, **verdict)
    result = audit(builder.write())

    assert fine.status == "pass"
    assert clause(result, "long_losses").status == "fail"
    assert "langid drops 9" in clause(result, "long_losses").evidence[0].said.en


def test_quarantine(builder):
    """Quarantine above the config's limit fails."""
    builder.content["config"]["limits"]["quarantine_share"] = 0.01
    result = audit(builder.write())
    assert failed(result) == ["quarantine"]
    assert "limit 1.00%" in clause(result, "quarantine").measured.en


def test_exact_duplicates(builder):
    """Equal texts fail wherever they lie; both documents are named."""
    builder.splits[1][5]["text"] = builder.splits[0][2]["text"]
    root = builder.write()
    export(root, root, ExportOptions(shard_mb=0.001))
    result = audit(root)
    assert failed(result) == ["exact_duplicates"]
    found = clause(result, "exact_duplicates").evidence[0]
    assert found.document == builder.splits[1][5]["id"]
    assert builder.splits[0][2]["id"] in found.said.en


def test_language(builder):
    """A kept document that langid did not want fails; without langid the clause does not apply."""
    builder.splits[0][1]["langid_keep"] = None
    root = builder.write()
    assert failed(audit(root)) == ["language"]
    stages = builder.content["stages"]
    builder.content["stages"] = [stage for stage in stages if stage["name"] != "langid"]
    result = audit(builder.write())
    assert status(result)["language"] == "not_applicable"
    assert result.passed


def test_compliance_must_have_run(builder):
    """Without the compliance stage the share is unknown: not checked, and exit code 3."""
    stages = builder.content["stages"]
    builder.content["stages"] = [stage for stage in stages if stage["name"] != "compliance"]
    result = audit(builder.write())
    assert status(result)["violating_share"] == "not_checked"
    assert (failed(result), result.passed, result.exit_code) == ([], False, 3)


def test_lost_documents(run, reseal):
    """Totals that do not add up fail conservation, though the manifest is sealed again."""
    reseal(run / "manifest.json", lambda content: content["counts"].update(kept=15))
    assert failed(audit(run)) == ["conservation", "digests"]


def test_damage_fails_and_does_not_crash(full_run):
    """A damaged shard fails digests, and what cannot be measured any more fails too."""
    shard = min((full_run / "dataset/data").iterdir())
    shard.write_bytes(shard.read_bytes()[:-9])
    result = audit(full_run)
    assert failed(result)[0] == "digests"
    assert "could not be measured" in clause(result, "personal_data").measured.en
    assert clause(result, "digests").evidence[0].path == f"dataset/data/{shard.name}"


def test_text(builder):
    """The text names failing clauses with evidence, and ends with the verdict."""
    builder.content["sources"][0]["license"] = None
    shown = render(audit(builder.write()))
    assert "FAIL  source_rights" in shown
    assert "- manifest.json: source 'news' has no licence" in shown
    assert shown.endswith("FAILED: 10 passed, 1 failed, 1 not applicable, 0 not checked\n")


def test_json(full_run):
    """JSON holds profile, seal and every clause in both languages."""
    content = json.loads(render(audit(full_run), "json"))
    assert content["passed"] is True
    assert content["profile"] == "house"
    assert content["clauses"][0]["title"]["zh"] == "不丢失、不重复计数"
    assert {entry["status"] for entry in content["clauses"]} == {"pass", "not_applicable"}


def test_junit(builder):
    """JUnit: a test case per clause, failures with evidence, skips for what does not apply."""
    builder.content["sources"][0]["license"] = None
    stages = builder.content["stages"]
    builder.content["stages"] = [stage for stage in stages if stage["name"] != "langid"]
    suite = ET.fromstring(render(audit(builder.write()), "junit"))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("12", "1", "2")
    cases = {case.get("name"): case for case in suite}
    assert "has no licence" in cases["source_rights"].find("failure").text
    assert cases["language"].find("skipped") is not None
    assert cases["digests"].find("failure") is None


def test_sarif(builder):
    """SARIF 2.1.0: rules for all clauses, located results with fingerprints for the failed ones."""
    builder.splits[0][3]["text"] = f"手机：{PHONE}"
    content = json.loads(render(audit(builder.write()), "sarif"))
    assert content["version"] == "2.1.0"
    assert content["$schema"].endswith("sarif-2.1.0.json")
    [ran] = content["runs"]
    rules = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) == 12
    for entry in ran["results"]:
        assert rules[entry["ruleIndex"]] == entry["ruleId"]
        assert entry["message"]["text"]
        assert (entry["level"] == "none") == (entry["kind"] != "fail")
    [bad] = [entry for entry in ran["results"] if entry["kind"] == "fail"]
    place = bad["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "kept/part-00000.parquet"
    assert place["logicalLocations"][0]["name"] == builder.splits[0][3]["id"]
    assert len(bad["partialFingerprints"]["evidence/v2"]) == 64


def test_xml_survives_odd_names(builder):
    """A control character in a source's name cannot break the XML."""
    builder.content["sources"].append({"name": "坏\x01", "license": None})
    for row in builder.splits[0][6:8]:
        row["source"] = "坏\x01"
    assert ET.fromstring(render(audit(builder.write()), "junit")).tag == "testsuites"


def test_unknown_format(full_run):
    """An unknown format is an error of one line."""
    with pytest.raises(PipelineError, match="no audit format 'xml'"):
        render(audit(full_run), "xml")


def test_profiles(tmp_path: Path):
    """Packaged profiles load; an unknown one, a typo or a limit without reason is refused."""
    for name in packaged():
        assert load_profile(name).profile == name
    with pytest.raises(PipelineError, match="no audit profile hous"):
        load_profile("hous")
    data = load_profile("house").model_dump(mode="json")
    own = tmp_path / "own.yaml"
    data["clauses"][0]["cheque"] = 1
    own.write_text(yaml.safe_dump(data))
    with pytest.raises(PipelineError, match=r"own\.yaml, clause conservation: cheque is unknown"):
        load_profile(own)
    del data["clauses"][0]["cheque"]
    data["clauses"][0]["check"] = "conservatoin"
    own.write_text(yaml.safe_dump(data))
    with pytest.raises(PipelineError, match=r"conservatoin' is unknown; did you mean 'conserv"):
        load_profile(own)
    data["clauses"][0]["check"] = "conservation"
    next(c for c in data["clauses"] if c["limit"] is not None)["reason"] = None
    own.write_text(yaml.safe_dump(data))
    with pytest.raises(PipelineError, match="a limit needs a reason"):
        load_profile(own)


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.name)
def test_every_check_has_its_function(check):
    """Whatever a profile may ask for can be measured."""
    assert callable(check.measure)


def test_own_limit(builder, tmp_path):
    """A profile of one's own moves a limit without code."""
    builder.splits[0][3]["title"] = f"手机{PHONE}"
    root = builder.write()
    data = load_profile("house").model_dump(mode="json")
    next(c for c in data["clauses"] if c["id"] == "personal_data")["limit"] = 1
    (tmp_path / "mild.yaml").write_text(yaml.safe_dump(data))
    assert not audit(root).passed
    assert audit(root, tmp_path / "mild.yaml").passed
