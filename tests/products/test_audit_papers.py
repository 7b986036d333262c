"""What people hand in with a run: results, documents, waivers, an earlier audit."""

import json
import random
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import yaml

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.formats import render
from corpus_pipeline.products.audit.profile import CHECKS, LEVELS, load_profile, packaged
from corpus_pipeline.products.audit.run import AuditOptions, audit
from corpus_pipeline.sources.record import Source
from corpus_pipeline.text.measures.shares import upper_bound

DAY = date(2026, 11, 29)
DOCS = Path(__file__).parents[2] / "docs"
HEAD = "id,verdict,reviewer,date\n"


def entry_of(result, clause):
    return next(entry for entry in result.clauses if entry.clause.id == clause)


def kept(builder):
    return [row for split in builder.splits for row in split if row["dropped_by"] is None]


@pytest.fixture
def profile(tmp_path):
    """Writes a profile of one clause of a packaged one, changed."""

    def one(name, clause, **changes):
        data = load_profile(name).model_dump(mode="json")
        [entry] = [entry for entry in data["clauses"] if entry["id"] == clause]
        entry["settings"] |= changes.pop("settings", {})
        data |= {"clauses": [entry | changes], "profile": f"{name}_{clause}"}
        path = tmp_path / f"{clause}.yaml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True))
        return path

    return one


@pytest.fixture
def sampled(builder, profile, tmp_path):
    """The outcome of a manual sample of 10 for which these lines were handed in."""
    small = profile("gbt45654", "manual_sample", settings={"least": 10})
    root = builder.write()

    def outcome(lines, head=HEAD):
        path = tmp_path / "results.csv"
        path.write_text(head + "".join(lines))
        [entry] = audit(root, small, AuditOptions(results=[path], day=DAY)).clauses
        return entry

    return outcome


def verdicts(rows, verdict="pass"):
    return [f"{row['id']},{verdict},reviewer 1,2026-11-02\n" for row in rows]


def test_a_sample_says_its_bound(builder, sampled):
    """Nothing bad among 10 of 16 passes, and says how bad the whole may be; all 16 say more."""
    part, whole = sampled(verdicts(kept(builder)[:10])), sampled(verdicts(kept(builder)))

    assert (part.status, whole.status) == ("pass", "pass")
    assert part.measured.en == (
        "content: 0 of 10 fail, at most 25.89 % of the whole with 95 % confidence"
    )
    assert whole.measured.en == "content: 0 of 16 fail, which is all there are"
    assert part.facts["all"]["upper_95"] == pytest.approx(1 - 0.05 ** (1 / 10), abs=1e-6)


def test_the_bound_is_exact():
    """The upper bound is exceeded by one drawn whole in twenty, and the rule of three holds."""
    rng = random.Random(7)
    share = upper_bound(2, 50)
    seen = sum(sum(rng.random() < share for _ in range(50)) <= 2 for _ in range(4000)) / 4000

    assert seen == pytest.approx(0.05, abs=0.012)
    assert upper_bound(0, 100) == pytest.approx(0.03, abs=0.0006)
    assert (upper_bound(0, 0), upper_bound(3, 3)) == (1.0, 1.0)


def test_too_few_results_are_no_pass(builder, sampled):
    """Nine of ten, ids of another run, the same document twice: not checked."""
    rows = kept(builder)
    foreign = ["f" * 32 + ",pass,reviewer 1,2026-11-02\n"]
    for lines in ([], verdicts(rows[:9]), verdicts(rows[:9]) + foreign, verdicts(rows[:9]) * 2):
        entry = sampled(lines)
        assert (entry.status, entry.reason.en[-7:]) == ("not_checked", f"{len(lines) and 9} of 10")


def test_failing_results_fail(builder, sampled):
    """One bad of ten is more than 4 %; the document is named; a later pass does not hide it."""
    rows = kept(builder)[:10]
    entry = sampled(verdicts(rows[:1], "不合格") + verdicts(rows))

    assert (entry.status, entry.findings) == ("fail", 1)
    assert entry.evidence[0].document == rows[0]["id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "a,pass,,2026-11-02\n", "line 2: has no reviewer"),
        (HEAD + "a,pass,r,\n", "line 2: has no date"),
        (HEAD + "a,maybe,r,2026-11-02\n", "verdict 'maybe' is none of pass"),
        (HEAD + "a,pass,r,2.11.2026\n", "date '2.11.2026' is no day"),
        ("name,verdict\na,pass\n", "line 2: has no id"),
        ('{"id": "a", "verdict": "pass"', "line 1: not JSON"),
        ('{"id": 1}\n[]', "line 1: has no verdict"),
        ('{"id": "a", "verdict": 1, "reviewer": "r", "date": "2026-11-02"}\n[]', "line 2: not an"),
    ],
)
def test_an_unsigned_verdict_is_refused(run, tmp_path, text, said):
    """A line without a name under it, or without sense, is refused in one line."""
    path = tmp_path / "results.csv"
    path.write_text(text)
    with pytest.raises(PipelineError, match=r"^results results\.csv, line \d: ") as refused:
        audit(run, "house", AuditOptions(results=[path]))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_results_that_are_no_text(run, tmp_path):
    """Bytes that are no UTF-8, and a file that is not there, are refused by name."""
    path = tmp_path / "results.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PipelineError, match=r"results\.csv: not UTF-8"):
        audit(run, "house", AuditOptions(results=[path]))
    with pytest.raises(PipelineError, match="cannot read the results"):
        audit(run, "house", AuditOptions(results=[tmp_path / "none"]))


def test_each_kind_of_source_has_its_sample(builder, profile, tmp_path):
    """A sample per kind of source is short where one kind is; kinds without documents need none."""
    small = profile("gbt45652", "metadata_right", settings={"least": 3})
    lines = verdicts([row for row in kept(builder) if row["source"] == "news"])
    path = tmp_path / "results.csv"
    path.write_text(
        HEAD.replace("\n", ",aspect\n") + "".join(f"{x[:-1]},metadata\n" for x in lines)
    )
    [entry] = audit(builder.write(), small, AuditOptions(results=[path], day=DAY)).clauses

    assert entry.status == "not_checked"
    assert entry.reason.en.endswith("self_collected: 0 of 3")


def test_annotator_and_reviewer_are_two(run, profile, tmp_path):
    """Whoever labels and reviews the same document fails the clause."""
    one = profile("gbt45674", "roles_apart")
    path = tmp_path / "results.csv"
    head = "编号,结论,审核人,日期,项目,标注人\n"
    path.write_text(
        f"{head}a,合格,甲,2026-11-02,annotation,乙\nb,合格,甲,2026-11-02,annotation,甲\n"
    )
    [entry] = audit(run, one, AuditOptions(results=[path], day=DAY)).clauses
    [unknown] = audit(run, one, AuditOptions(day=DAY)).clauses

    assert (entry.status, [found.document for found in entry.evidence]) == ("fail", ["b"])
    assert unknown.status == "not_checked"


@pytest.fixture
def documented(run, profile, tmp_path):
    """The outcome of the clause about the policy on intellectual property."""
    one = profile("gbt45654", "ip_policy")
    (tmp_path / "ip.pdf").write_bytes(b"%PDF of the policy")

    def outcome(**entry):
        index = tmp_path / "documents.yaml"
        content = {"name": "ip_policy", "path": "ip.pdf", **entry}
        index.write_text(yaml.safe_dump({"documents": [content]}))
        [found] = audit(run, one, AuditOptions(documents=index, day=DAY)).clauses
        return found

    return outcome


def test_documents_are_there_whole_and_in_force(documented):
    """A document passes with its digest; a wrong digest, an end, an empty or no file fail."""
    fine = documented(owner="法务", date=date(2026, 1, 2), valid_until=DAY)

    assert fine.status == "pass"
    assert fine.measured.zh.startswith("已提交，内容由人审阅：ip_policy = ip.pdf (sha256 ")
    assert fine.measured.zh.endswith(", 2026-01-02, 法务)")
    for entry, said in (
        ({"sha256": "0" * 64}, "ip.pdf is not the file of its digest"),
        ({"valid_until": date(2026, 11, 28)}, "ip.pdf was valid until 2026-11-28"),
        ({"path": "none.pdf"}, "none.pdf cannot be read"),
        ({"path": "."}, "cannot be read"),
    ):
        found = documented(**entry)
        assert found.status == "fail"
        assert said in found.evidence[0].said.en


def test_an_unknown_document_is_refused(documented):
    """A name that no clause asks for names the nearest; a faulty index is one line."""
    with pytest.raises(PipelineError, match="'ip_polcy' is asked for by no clause; did you mean"):
        documented(name="ip_polcy")
    with pytest.raises(PipelineError, match=r"documents documents\.yaml, document number 1: sha25"):
        documented(sha256="abc")


def test_documents_of_the_config_count(builder, profile):
    """A document that the run's own manifest pins is handed in."""
    builder.content["config"]["documents"] = {"ip_policy": {"file": "ip.pdf", "sha256": "a" * 64}}
    [found] = audit(builder.write(), profile("gbt45654", "ip_policy")).clauses
    assert found.status == "pass"


WAIVER = {
    "control_id": "source_rights",
    "justification": "the licence is being signed",
    "expires": date(2026, 12, 31),
    "approver": "head of data",
}


@pytest.fixture
def decided(builder, tmp_path):
    """The house audit of a run without a licence, with a file of decisions."""
    builder.content["sources"][0]["license"] = None
    root = builder.write()

    def result(**content):
        path = tmp_path / "waivers.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True))
        return audit(root, "house", AuditOptions(waivers=path, day=DAY))

    return result


def test_a_waiver_holds_until_its_day(decided):
    """A waived clause still is not met, but the exit code is 0; expired, it fails again."""
    waived = decided(waivers=[WAIVER])
    expired = decided(waivers=[WAIVER | {"expires": date(2026, 11, 28)}])
    other = decided(waivers=[WAIVER | {"control_id": "gbt45654/open_licence"}])

    assert (entry_of(waived, "source_rights").status, waived.exit_code) == ("fail", 0)
    assert (expired.exit_code, other.exit_code) == (1, 1)
    assert "waived until 2026-12-31: the licence is being signed (head of data)" in render(waived)
    assert "1 failed (1 waived or known)" in render(waived)
    assert "豁免已于 2026-11-28 到期" in render(expired, "text", "zh")
    [suppressed] = [
        e for e in json.loads(render(waived, "sarif"))["runs"][0]["results"] if e["kind"] == "fail"
    ]
    assert suppressed["suppressions"][0]["justification"] == "the licence is being signed"


def test_a_waiver_may_be_about_one_finding(decided):
    """A waiver of one finding holds for that one alone."""
    [mark] = entry_of(decided(), "source_rights").fingerprints()
    assert decided(waivers=[WAIVER | {"findings": [mark]}]).exit_code == 0
    assert decided(waivers=[WAIVER | {"findings": ["0" * 64]}]).exit_code == 1


def test_no_waiver_makes_a_pass_of_what_nobody_looked_at(builder, tmp_path):
    """A waiver of a clause that was not checked changes nothing: exit code 3."""
    builder.content["stages"] = [s for s in builder.content["stages"] if s["name"] != "compliance"]
    path = tmp_path / "waivers.yaml"
    path.write_text(yaml.safe_dump({"waivers": [WAIVER | {"control_id": "violating_share"}]}))
    result = audit(builder.write(), "house", AuditOptions(waivers=path, day=DAY))

    assert entry_of(result, "violating_share").waiver is None
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires": date(2027, 5, 29)}, "180 days is the longest, so 2027-05-28"),
        ({"justification": " "}, "justification is wrong"),
        ({"approver": ""}, "approver is wrong"),
        ({"control_id": "sorce_rights"}, "no clause 'sorce_rights'; did you mean 'source_rights'"),
        ({"control_id": "house/x"}, "there is no clause 'x'"),
        ({"expires": "soon"}, "expires is wrong"),
        ({"reason": "x"}, "reason is unknown"),
    ],
)
def test_a_waiver_that_holds_too_long_or_says_nothing_is_refused(decided, change, said):
    """Half a year at most, with a reason, a name and a clause that exists; one line."""
    with pytest.raises(PipelineError, match=r"^waivers waivers\.yaml") as refused:
        decided(waivers=[WAIVER | change])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_statements_stand_in_the_report(decided):
    """An equivalent measure and a plan are shown; only what people look into may be set aside."""
    said = {"equivalent_measure": "rows were licensed singly", "plan": "signed by December"}
    result = decided(statements=[{"control_id": "source_rights", **said}])
    shown = json.loads(render(result, "json"))
    [clause] = [entry for entry in shown["clauses"] if entry["id"] == "source_rights"]

    assert {name: clause[name] for name in said} == said
    assert (result.exit_code, clause["status"]) == (1, "fail")
    assert "plan: signed by December" in render(result)
    outside = {"control_id": "digests", "not_applicable": "no time", "approver": "me"}
    with pytest.raises(PipelineError, match="digests is measured"):
        decided(statements=[outside])
    with pytest.raises(PipelineError, match="needs a reason and an approver"):
        decided(statements=[outside | {"approver": None}])


def test_stated_outside(run, tmp_path):
    """Clauses of people may be stated not to apply, with reason and name."""
    ids = [clause.id for clause in load_profile("gbt45674").clauses]
    said = {"not_applicable": "nothing is annotated", "approver": "head of data"}
    path = tmp_path / "waivers.yaml"
    path.write_text(yaml.safe_dump({"statements": [{"control_id": name, **said} for name in ids]}))
    result = audit(run, "gbt45674", AuditOptions(waivers=path, day=DAY))

    assert {entry.status for entry in result.clauses} == {"not_applicable"}
    assert result.exit_code == 0
    assert result.clauses[0].measured.zh == "声明：nothing is annotated (head of data)"


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_baseline_lets_known_findings_be(builder, tmp_path, form):
    """The same finding is unchanged and exit code 0; a new one fails; a mended one is absent."""
    builder.content["sources"][0]["license"] = None
    path = tmp_path / f"before.{form}"
    path.write_text(render(audit(builder.write()), form))
    options = AuditOptions(baseline=path, day=DAY)
    same = audit(builder.write(), "house", options)
    builder.content["sources"][1]["legal_basis"] = None
    worse = audit(builder.write(), "house", options)
    builder.content["sources"][0]["license"] = "CC0-1.0"
    mended = audit(builder.write(), "house", options)

    assert (entry_of(same, "source_rights").states, same.exit_code) == (("unchanged",), 0)
    assert entry_of(worse, "source_rights").states == ("new", "unchanged")
    assert (worse.exit_code, mended.exit_code) == (1, 1)
    [gone] = mended.absent
    assert gone["clause"] == "source_rights"
    results = json.loads(render(mended, "sarif"))["runs"][0]["results"]
    assert sorted(e["baselineState"] for e in results if "baselineState" in e) == ["absent", "new"]


def test_a_baseline_of_something_else_is_refused(run, tmp_path):
    """No JSON, JSON of something else, an audit by another profile: one line each."""
    path = tmp_path / "before.json"
    for content, said in (
        ("{", "neither JSON nor SARIF of an audit"),
        ("[]", "neither JSON nor SARIF of an audit"),
        ('{"runs": []}', "neither JSON nor SARIF of an audit"),
        (render(audit(run, "gb45438"), "json"), "is of profile gb45438, not of house"),
    ):
        path.write_text(content)
        with pytest.raises(PipelineError, match=said):
            audit(run, "house", AuditOptions(baseline=path))


def test_fingerprints_hold_when_figures_move(builder):
    """The same source over the limit is the same finding, whatever its share."""
    builder.splits[0][6]["compliance_score"] = 2.5
    before = entry_of(audit(builder.write()), "violating_share")
    builder.splits[0][7]["compliance_score"] = 2.5
    after = entry_of(audit(builder.write()), "violating_share")

    assert before.evidence[0].said != after.evidence[0].said
    assert before.fingerprints() == after.fingerprints()


def test_a_clause_holds_from_its_day(builder):
    """Before the day from which a clause is in force it does not apply, and says so."""
    root = builder.write()
    before, after = (
        entry_of(audit(root, "pipl", AuditOptions(day=date(2026, month, 1))), "audit_programme")
        for month in (6, 7)
    )

    assert (before.status, after.status) == ("not_applicable", "not_checked")
    assert before.reason.zh == "自 2026-07-01 起施行，晚于检查日期 2026-06-01"


def test_a_sample_by_program_says_its_bound(builder, profile):
    """Where a part of the documents was looked at, the figure says what that means for all."""
    for row in kept(builder)[:4]:
        row["compliance_score"] = None
    part = profile("gbt45654", "technical_sample")
    [entry] = audit(builder.write(), part, AuditOptions(day=DAY)).clauses

    assert entry.measured.en == (
        "75 % looked at, 100 % pass; drawn at random, at most 22.1 % of the whole violate "
        "with 95 % confidence"
    )
    assert entry.facts["upper_95"] == pytest.approx(1 - 0.05 ** (1 / 12), abs=1e-6)


def test_levels_decide_what_counts(builder, profile):
    """A practice that is not met fails where practices count, and not before."""
    builder.content["sources"][0]["origin"] = "foreign"
    root, practice = builder.write(), profile("gbt45654", "foreign_open")
    codes = {
        level: audit(root, practice, AuditOptions(fail_on=level, day=DAY)).exit_code
        for level in ("required", "should", "practice")
    }
    assert codes == {"required": 0, "should": 0, "practice": 1}


def test_the_examples_of_the_docs_are_read(builder, tmp_path):
    """The config, index, waivers, results and profile that the docs show are valid."""
    text = (DOCS / "audit.md").read_text("utf-8")
    config, kinds, index, waivers, own = (
        yaml.safe_load(block)
        for page in ((DOCS / "sources.md").read_text("utf-8"), text)
        for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    )
    [results] = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    files = {"documents": index, "waivers": waivers, "profile": own}
    for name, content in files.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    (tmp_path / "results").write_text(results)
    paths = {name: tmp_path / name for name in ("documents", "waivers")}
    options = AuditOptions(results=[tmp_path / "results"], day=DAY, **paths)
    root = builder.write()
    result, ours = (audit(root, name, options) for name in ("gbt45652", tmp_path / "profile"))

    assert [Source(**entry).name for entry in config["sources"]] == ["forum"]
    shown = [Source(**entry).kind for entry in kinds]
    assert {*shown, "unknown"} == {*get_args(Source.model_fields["kind"].annotation)}
    assert entry_of(result, "no_infringing").waiver is None  # it is met
    assert entry_of(result, "graded").plan == "the scheme is adopted in January"
    assert [entry.status for entry in ours.clauses] == ["pass", "not_checked", "not_checked"]


def test_the_docs_name_every_key_of_a_source():
    """docs/sources.md says what each key of a source means."""
    text = (DOCS / "sources.md").read_text("utf-8")
    assert [key for key in Source.model_fields if f"`{key}`" not in text] == []


def test_the_table_of_profiles_is_true():
    """docs/audit.md counts the clauses of each profile by level, and dates it."""
    text = (DOCS / "audit.md").read_text("utf-8")
    rows = {
        cells[1].strip("`"): cells[3:6]
        for line in text.split("\n")
        if (cells := [cell.strip() for cell in line.split("|")])[1:2] != [""] and len(cells) == 8
    }
    for name in packaged():
        profile = load_profile(name)
        levels = Counter(clause.level for clause in profile.clauses)
        machine = sum(clause.method == "automatic" for clause in profile.clauses)
        start = rows[name][0] if profile.effective_from is None else str(profile.effective_from)
        counts = " / ".join(str(levels[level]) for level in LEVELS)
        assert rows[name] == [start, counts, str(machine)]
        assert str(profile.checked_on) in text


def test_the_table_of_checks_is_whole():
    """docs/audit.md names every check with every setting that it reads."""
    text = (DOCS / "audit.md").read_text("utf-8")
    lines = [line for line in text.split("\n") if line.startswith("| `")]
    for check in CHECKS.values():
        [line] = [line for line in lines if f"`{check.name}`" in line.split("|")[1]]
        assert [name for name in check.settings if f"`{name}`" not in line] == []
