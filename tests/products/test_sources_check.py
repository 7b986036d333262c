"""`sources check` finds what is wrong with a registry, and says which clauses ask for the rest."""

import json

import pytest
import yaml

from corpus_pipeline.app.source_check import checked_sources
from corpus_pipeline.cli.sources import sources
from corpus_pipeline.model import PipelineError

WHOLE = {
    "kind": "public_data",
    "match": ["laws/*"],
    "license": "LicenseRef-Own",
    "legal_basis": "authorised operation",
    "origin": "cn",
    "registered_until": "2026-06-30",
}


@pytest.fixture
def place(tmp_path):
    """A folder to write sources into, beside inputs `raw/laws/1.txt` and `raw/web/1.txt`."""
    for name in ("raw/laws/1.txt", "raw/web/1.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("路灯照着小巷。\n", "utf-8")
    (tmp_path / "sources").mkdir()
    return tmp_path


def write(place, **records):
    for name, record in records.items():
        (place / "sources" / f"{name}.yaml").write_text(yaml.safe_dump(record), "utf-8")
    return str(place / "sources")


def problems(place, day="2026-06-30", *, inputs=True, **records):
    given = [str(place / "raw")] if inputs else []
    return checked_sources(write(place, **records), given, day).problems


def test_a_registry_in_order_has_no_problem(place):
    """Records that hold, on the last day of a registration, with inputs for every source."""
    assert problems(place, laws=WHOLE, rest={}) == ()


@pytest.mark.parametrize(
    ("day", "records", "words"),
    [
        ("2026-07-01", {"laws": WHOLE, "rest": {}}, "'laws': the registration expired"),
        ("2026-01-01", {"laws": WHOLE}, "no source claims web/1.txt"),
        ("2026-01-01", {"blog": {"match": ["b/*"]}, "rest": {}}, "'blog' matches no input"),
        (
            "2026-01-01",
            {"laws": WHOLE, "two": {"match": ["l*/*"]}, "rest": {}},
            "both claim laws/1",
        ),
        ("2026-01-01", {"rest": {"evidence": "gone.pdf"}}, "evidence: no such file: "),
        (
            "2026-01-01",
            {"rest": {"robots": {"verdict": "refused", "date": "2025-12-31"}}},
            "robots: the source refused on 2025-12-31",
        ),
        (
            "2026-01-01",
            {"rest": {"pre_assessment": {"sampled": 100, "bad": 6, "date": "2025-12-31"}}},
            "6 of 100 are bad, more than 5%",
        ),
    ],
)
def test_a_problem_is_one_line(place, day, records, words):
    """Expired, idle, claimed twice or by nobody, a lost file, a refusal, a bad sample: one line."""
    (line,) = problems(place, day, **records)

    assert words in line


def test_without_inputs_nothing_is_said_of_them(place):
    """Only sources that would claim every input stand against each other then."""
    assert problems(place, laws=WHOLE, blog={"match": ["b/*"]}, inputs=False) == ()
    (line,) = problems(place, a={}, b={}, laws=WHOLE, blog={"match": ["b/*"]}, inputs=False)
    assert "'a' and 'b' both claim" in line


def test_gaps_name_the_clauses_that_ask_for_them(place):
    """What a kind needs is what the profiles ask of it; what is recorded is no gap."""
    (entry,) = checked_sources(write(place, laws=WHOLE), (), "2026-01-01").sources
    gaps = {gap.keys: gap for gap in entry.gaps}

    assert {"operator", "scope", "registration_code", "security_assessment"} <= set(gaps)
    assert gaps["pre_assessment"].clauses == ("TC260-003 5.1 a) 1",)
    assert {gap.level for gap in entry.gaps} <= {"required", "should", "practice"}
    assert {"legal_basis", "license", "collection_records"}.isdisjoint(gaps)
    fuller = WHOLE | {"operator": "某公司", "scope": "训练"}
    (entry,) = checked_sources(write(place, laws=fuller), (), "2026-01-01").sources
    assert {gap.keys for gap in entry.gaps} == set(gaps) - {"operator", "scope"}


def test_a_day_that_is_none_is_refused(place):
    """`--today` is a day of the calendar."""
    with pytest.raises(PipelineError, match="not a day"):
        problems(place, "2026-02-30", rest={})


def test_the_command_ends_with_one_where_there_is_a_problem(place, capsys):
    """Lines for people or JSON on standard output; the exit code is 1 where something is wrong."""
    folder = write(place, laws=WHOLE, rest={})

    def command(*more):
        code = sources(["check", folder, *more], standalone_mode=False)
        return code, capsys.readouterr().out

    fine, listed = command("--today", "2026-01-01", "--input", str(place / "raw"), "--json")
    late, lines = command("--today", "2026-12-31")

    assert (fine, late) == (0, 1)
    assert [entry["inputs"] for entry in json.loads(listed)["sources"]] == [1, 1]
    assert "problem: source 'laws': the registration expired" in lines
