"""The same run audited as a pilot and for release, and the register of both."""

import json
import pickle
import signal
import subprocess
import sys

import pytest
import yaml

from corpus_pipeline import audit, cli
from corpus_pipeline.io import manifest
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.formats import FORMATS, render
from corpus_pipeline.products.audit.profile import load_profile, packaged
from corpus_pipeline.products.audit.register import NOTHING, read_register
from corpus_pipeline.products.audit.supervision import SupervisionPack, supervision_pack

DAY = "2026-11-29"
PILOT = {
    "name": "school trial",
    "scope": "two schools test the model, no public release",
    "begins": "2026-11-01",
    "ends": "2027-01-31",
    "limit": {"documents": 100},
    "approver": "head of data",
}
EVIDENCE = {
    "control_id": "evidence",
    "what": "the forum's licence is being photographed",
    "who": "legal affairs",
    "until": "2026-12-31",
}
READING = {**EVIDENCE, "control_id": "read", "what": "two readers are booked for December"}
BOTH = {"en": "as it says", "zh": "如题"}


def clause(name, check, method="automatic", **more):
    reference = {"document": "ours", "clause": "1"}
    words = {"title": BOTH, "what": BOTH, "reference": reference}
    base = {"id": name, "check": check, "method": method, "level": "required", "basis": "final"}
    return {**base, **words, **more}


@pytest.fixture
def profile(tmp_path):
    """A profile of which the small run leaves one clause open, and one unread."""
    fields = {"settings": {"fields": ["license", "evidence"]}}
    sample = {"settings": {"aspect": "content", "least": 10}, "limit": 0.98, "reason": "a figure"}
    content = {
        "pack": "audit_trial",
        "version": 3,
        "profile": "trial",
        "title": BOTH,
        "source": "An example.",
        "checked_on": DAY,
        "reading": BOTH,
        "clauses": [
            clause("evidence", "source_fields", **fields),
            clause("read", "manual_sample", "manual_sample", **sample),
            clause("conserved", "conservation"),
        ],
    }
    path = tmp_path / "trial.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True))
    return path


@pytest.fixture
def plan(tmp_path):
    """Writes a plan."""

    def write(*plans, **pilot):
        content = {"pilot": {**PILOT, **pilot}, "plans": list(plans)}
        path = tmp_path / "plan.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True))
        return path

    return write


@pytest.fixture
def piloted(run, profile, plan):
    """Audits the small run as a pilot under these plans."""

    def one(*plans, day=DAY, pilot=None, **more):
        papers = {"plan": plan(*plans, **(pilot or {})), "day": day, **more}
        return audit(run, profile, supervision="pilot", **papers)

    return one


@pytest.fixture
def shell(monkeypatch, capsys):
    """Calls a command as a shell does: exit code, standard output, standard error."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["corpus-pipeline", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    yield call
    signal.signal(signal.SIGTERM, before)


def test_a_finding_passes_with_a_plan_in_a_pilot_and_blocks_a_release(piloted, run, profile):
    """What, who and until when let a finding stand in a pilot; for release it blocks."""
    release = audit(run, profile, supervision="release", day=DAY)

    assert piloted(EVIDENCE, READING).exit_code == 0
    assert piloted(EVIDENCE).exit_code == 3  # nobody has read, and nobody plans to
    assert piloted(READING).exit_code == 1
    assert (release.exit_code, release.supervision.mode) == (1, "release")


def test_a_plan_ends_on_its_day(piloted):
    """On its last day a plan holds, the day after the clause fails and says when it ended."""
    at = piloted(EVIDENCE, READING, day="2026-12-31")
    after = piloted(EVIDENCE, READING, day="2027-01-01")

    assert (at.exit_code, after.exit_code) == (0, 1)
    assert "the plan ended on 2026-12-31: the forum's licence" in render(after)
    assert "整改计划已于 2026-12-31 到期" in render(after, "text", "zh")


def test_a_plan_about_findings_covers_no_others(piloted):
    """A plan that names fingerprints lets those stand; another finding of the clause fails."""
    [found] = piloted().clauses[0].fingerprints()

    assert piloted({**EVIDENCE, "findings": [found]}, READING).exit_code == 0
    assert piloted({**EVIDENCE, "findings": ["f" * 64]}, READING).exit_code == 1


def test_some_clauses_no_plan_leaves_open(builder, profile, plan):
    """A run whose counts are not conserved fails in a pilot, whatever is planned; it says why."""
    builder.write()
    path = builder.root / "manifest.json"
    content = manifest.read(path)
    content["counts"]["read"] += 1
    manifest.write(path, content)
    papers = {"plan": plan(EVIDENCE, READING, {**EVIDENCE, "control_id": "conserved"})}
    result = audit(builder.root, profile, supervision="pilot", day=DAY, **papers)

    assert result.exit_code == 1
    assert [one.clause.id for one in result.clauses if one.stands] == ["conserved"]
    assert "no pilot may leave it open: where documents are lost" in render(result)


def test_what_is_never_left_open_is_named_with_a_reason():
    """Personal data, illegal content and broken digests are among it; every name is a clause's."""
    pack = supervision_pack()
    profiles = [load_profile(name) for name in packaged()]
    held = [
        [c.id for p in profiles for c in p.clauses if never.covers(p.profile, c)]
        for never in pack.never
    ]
    checks = {never.check for never in pack.never}

    assert isinstance(pack, SupervisionPack)
    assert [] not in held
    assert {"personal_data", "violating_share", "digests"} <= checks


def test_a_pilot_has_a_scope_and_a_limit(piloted):
    """More documents than the limit, or a source outside the scope, fail the audit."""
    large = piloted(EVIDENCE, READING, pilot={"limit": {"documents": 15}})
    wide = piloted(EVIDENCE, READING, pilot={"sources": ["news"]})
    fits = piloted(EVIDENCE, READING, pilot={"sources": ["news", "forum"]})

    assert [result.exit_code for result in (large, wide, fits)] == [1, 1, 0]
    assert "kept documents: 16, the pilot may have 15" in render(large)
    assert "not a source of the pilot: forum" in render(wide)


def test_every_format_shows_the_plan(piloted):
    """Text, JSON, SARIF, JUnit and OSCAL hold who does what until when, and the JSON the pilot."""
    result = piloted(EVIDENCE, READING)

    for form in FORMATS:
        shown = render(result, form)
        assert "licence is being photographed" in shown, form
    supervision = json.loads(render(result, "json"))["supervision"]
    assert (supervision["mode"], supervision["pilot"]["limit"]) == ("pilot", {"documents": 100})
    assert "open until 2026-12-31, as planned" in render(result)


def test_the_register_tells_how_a_pilot_became_a_release(
    piloted, make_builder, profile, shell, tmp_path
):
    """Each audit is entered once; the release says which findings of the pilot were closed."""
    register = tmp_path / "register.jsonl"
    first = piloted(EVIDENCE, READING, register=register)
    before = register.read_bytes()
    again = piloted(EVIDENCE, READING, register=register)

    assert (first, register.read_bytes()) == (again, before)
    mended = make_builder(tmp_path / "later" / "RUN")
    mended.content["sources"][1]["evidence"] = "licences/forum.txt"
    root = mended.write()
    read = tmp_path / "read.csv"
    ids = [row["id"] for split in mended.splits for row in split if row["dropped_by"] is None]
    lines = [f"{one},pass,reviewer 1,{DAY}\n" for one in ids]
    read.write_text("id,verdict,reviewer,date\n" + "".join(lines))
    papers = ["--results", read, "--register", register, "--date", "2027-01-15"]
    code, out, said = shell("audit", root, "-p", profile, "--supervision", "release", *papers)

    assert (code, said.strip()) == (0, f"entry 2 of {register}")
    assert "Closed since entry 1 of the register: evidence (1), read (0)" in out
    assert register.read_bytes().startswith(before)
    entries = read_register(register).entries
    assert [(one["mode"], one["outcome"]) for one in entries] == [
        ("pilot", "passed"),
        ("release", "passed"),
    ]
    assert entries[0]["open"][0]["plan"]["who"] == "legal affairs"
    assert (entries[0]["previous"], entries[1]["previous"]) == (NOTHING, entries[0]["digest"])
    code, out, _ = shell("register", register)
    assert (code, out.splitlines()[-1]) == (0, "sound")
    assert "closed since entry 1: evidence (1)" in out


WRITER = """
import pickle, sys
from dataclasses import replace
from pathlib import Path
from corpus_pipeline.products.audit.register import entered
result = pickle.loads(Path(sys.argv[2]).read_bytes())
print(flush=True)
input()  # until both are here
for number in range(20):
    entered(Path(sys.argv[1]), replace(result, seal=f"{sys.argv[3]}{number}"))
"""


def test_audits_that_end_at_once_are_all_entered(piloted, tmp_path):
    """Two processes enter twenty audits each: none is lost, and the chain is sound."""
    register, result = tmp_path / "register.jsonl", tmp_path / "result"
    result.write_bytes(pickle.dumps(piloted(EVIDENCE, READING)))
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, register, result, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in "ab"
    ]
    for one in both:
        assert one.stdout.readline()
    for one in both:
        one.stdin.write(b"\n")
        one.stdin.flush()

    assert [one.wait(timeout=60) for one in both] == [0, 0]
    for one in both:
        one.stdin.close()
        one.stdout.close()
    found = read_register(register)
    assert found.problem is None
    assert {one["run"] for one in found.entries} == {f"{n}{i}" for n in "ab" for i in range(20)}
    assert [path.name for path in tmp_path.glob("*register*")] == ["register.jsonl"]


@pytest.fixture
def entries(piloted, tmp_path):
    """A register of three entries, and its lines."""
    register = tmp_path / "register.jsonl"
    for day in ("2026-11-29", "2026-11-30", "2026-12-01"):
        piloted(EVIDENCE, READING, day=day, register=register)
    return register, register.read_bytes().splitlines(keepends=True)


def test_a_changed_line_is_found(entries, shell, piloted):
    """A line changed, taken out, put in, swapped or cut is named, and nothing is entered after."""
    register, lines = entries
    damages = {
        "line 2: was changed": [lines[0], lines[1].replace(b"legal", b"other"), lines[2]],
        "line 1: was changed": [lines[0].replace(b'"entry":1', b'"entry": 1'), *lines[1:]],
        "line 2: does not follow": [lines[0], lines[2]],
        "line 3: does not follow": [*lines[:2], lines[1], lines[2]],
        "line 1: does not follow": [lines[1], lines[0], lines[2]],
        "line 3: is no JSON": [*lines[:2], lines[2][:40] + b"\n"],
        "the last line has no end": [*lines[:2], lines[2][:-1]],
        "line 1: is no entry": [b"{}\n"],
    }
    for problem, damaged in damages.items():
        register.write_bytes(b"".join(damaged))
        code, out, _ = shell("register", register)
        assert (code, f"CHANGED: {problem}" in out) == (1, True), problem
        with pytest.raises(PipelineError, match=problem):
            piloted(EVIDENCE, READING, day="2026-12-02", register=register)
        assert register.read_bytes() == b"".join(damaged)


def test_lines_cut_off_are_found_by_the_digest_of_the_last(entries, shell):
    """Without its last lines the chain is sound; a digest that was kept shows that they went."""
    register, lines = entries
    head = json.loads(lines[2])["digest"]

    assert shell("register", register, "--head", head)[0] == 0
    register.write_bytes(b"".join(lines[:2]))
    assert shell("register", register)[0] == 0
    code, out, _ = shell("register", register, "--head", head, "--json")
    assert (code, json.loads(out)["problem"]) == (
        1,
        f"no entry has the digest {head}: lines are missing",
    )


@pytest.mark.parametrize(
    ("plans", "pilot", "said"),
    [
        ([{**EVIDENCE, "control_id": "evidense"}], {}, "no clause 'evidense'; did you mean 'evi"),
        ([EVIDENCE, EVIDENCE], {}, "evidence has two plans"),
        ([{**EVIDENCE, "until": "2027-02-01"}], {}, "lasts until 2027-02-01, the pilot until"),
        ([{**EVIDENCE, "who": " "}], {}, "who"),
        ([{**EVIDENCE, "what": "soon"}], {}, "what"),
        ([], {"ends": "2026-11-28"}, "the pilot ended on 2026-11-28"),
        ([], {"begins": "2026-12-01"}, "the pilot begins on 2026-12-01, after 2026-11-29"),
        ([], {"ends": "2028-01-01"}, "365 days is the longest"),
        ([], {"ends": "2026-10-01"}, "before it begins"),
        ([], {"limit": {"documents": 0}}, "limit"),
        ([], {"scope": ""}, "scope"),
    ],
)
def test_bad_plans_are_one_line(piloted, plans, pilot, said):
    """A plan for an unknown clause, one without a who, a pilot without an end: one clear line."""
    with pytest.raises(PipelineError, match=r"^plan plan\.yaml[^\n]*$") as refused:
        piloted(*plans, pilot=pilot)
    assert said in str(refused.value)


@pytest.fixture
def other(make_builder, profile, tmp_path):
    """The register of another dataset, and the run that is entered in it."""
    builder = make_builder(tmp_path / "other" / "RUN")
    builder.content["name"] = "另一个"
    register = tmp_path / "r.jsonl"
    audit(builder.write(), profile, supervision="release", day="2026-12-24", register=register)
    return register, builder.root


def test_wrong_use_is_one_line(other, run, profile, plan, shell):
    """No such mode, a plan without a pilot, a register of another dataset: one clear line."""
    register, root = other
    waivers = register.with_name("w.yaml")
    justified = {"justification": "it is being signed", "approver": "head of data"}
    waiver = {"control_id": "evidence", "expires": "2026-12-31", **justified}
    waivers.write_text(yaml.safe_dump({"waivers": [waiver]}))
    pilot, release = ["--supervision", "pilot"], ["--supervision", "release"]
    day = ["--date", DAY]
    for arguments, said in (
        (["--supervision", "lenient"], "no supervision 'lenient'; known: pilot, release"),
        (pilot, "a pilot needs its plan"),
        ([*release, "--plan", plan()], "--plan is of a pilot"),
        (["--plan", plan()], "--plan belongs to --supervision pilot"),
        (["--register", register, *day], "--register is of audits under --supervision"),
        ([*release, "--register", register], "--register needs --date"),
        ([*release, "--register", register, *day], "is that of '另一个', not of '样例'"),
        ([*release, "--register", register.parent, *day], "is a folder"),
        ([*release, "--register", run / "r.jsonl", *day], "a file more in the run"),
        ([*release, "--waivers", waivers, *day], "a waiver lets nothing pass"),
    ):
        code, out, line = shell("audit", run, "-p", profile, *arguments)
        assert (code, out, line.count("\n")) == (2, "", 1), arguments
        assert said in line
    assert shell("register", register.with_name("nowhere"))[0] == 2
    late = ["--register", register, *day, *release]
    assert "is of 2026-12-24, after 2026-11-29" in shell("audit", root, "-p", profile, *late)[2]
