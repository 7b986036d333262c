"""The story of docs/data-office.md, carried out on the embedded sample."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / name for name in ("data-office.md", "data-office.zh.md")]
#: What a line may end in: the exit code of an audit that found something.
MAY_FAIL = " || test $? -eq 1"


def commands(page):
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def carried_out(line, monkeypatch):
    """The exit code of a line of the page, in this process where it is ours."""
    program, *arguments = shlex.split(line.removesuffix(MAY_FAIL))
    if program == "corpus-pipeline":
        return app(arguments, standalone_mode=False) or 0
    if program == "python":
        monkeypatch.setattr(sys, "argv", arguments[1:])
        # Read from its file: another test may have imported the module.
        path = ROOT / arguments[1].replace(".", "/")
        runpy.run_path(str(path.with_suffix(".py")), run_name="__main__")
        return 0
    return subprocess.run([program, *arguments], check=False, capture_output=True).returncode


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """The folder in which every command of the page has run, and what each said."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("configs", "corpus_pipeline", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    codes = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in commands(PAGES[0]):
            codes[line] = carried_out(line, patch)
    return folder / "office", codes


def test_every_command_of_the_page_works(office):
    """Each line exits with 0, or with 1 where the page says that it may."""
    _, codes = office

    assert len(codes) >= 24
    assert {line: code for line, code in codes.items() if code and MAY_FAIL not in line} == {}
    assert {code for code in codes.values() if code} == {1}


def test_both_pages_have_the_same_commands():
    """The Chinese page has the commands of the English one, line for line."""
    assert commands(PAGES[0]) == commands(PAGES[1])


def test_the_prudent_office_refuses_the_forum(office):
    """What may be over the limit is admitted, and refused where it has to be surely below it."""
    folder, _ = office
    verdicts = {
        name: {row["source"]: row["verdict"] for row in json.loads(path.read_text())["admission"]}
        for name in ("2026-01", "strict")
        for path in [folder / name / "manifest.json"]
    }

    assert verdicts["2026-01"]["forum"] == "admitted"
    assert verdicts["strict"]["forum"] == "refused"


def test_ledgers_add_up_to_the_runs(office):
    """Delivered, kept and erased documents of all contributors are those of the manifests."""
    folder, _ = office
    ledger = json.loads((folder / "ledger-02" / "ledger.json").read_text())
    counts = [
        json.loads((folder / name / "manifest.json").read_text())["counts"]
        for name in ("taken/2026-01", "2026-02")
    ]
    summed = {
        key: sum(holder[key] for holder in ledger["contributors"]) for key in ("kept", "erased")
    }

    assert summed == {key: sum(one.get(key, 0) for one in counts) for key in summed}
    assert summed["erased"] == 3
    assert sum(int(share["amount"]) for share in ledger["shares"]) == 1_000_000


def test_the_careless_annotator_is_found(office):
    """Of six simulated people the one who clicks at random is flagged, and nobody else."""
    folder, _ = office
    people = pl.read_csv(folder / "answers" / "annotators.csv", infer_schema=False)
    flagged = people.filter(pl.col("flags").is_not_null() & (pl.col("flags") != ""))

    assert flagged["annotator"].to_list() == ["1"]


def test_what_was_taken_back_does_not_come_again(office):
    """The next delivery of the forum has the erased page and its likes refused, without text."""
    folder, _ = office
    rows = pl.read_parquet(folder / "2026-03" / "dropped" / "*.parquet")
    refused = rows.filter(pl.col("drop_rule") == "erased_before")

    assert refused.height == 3
    assert refused["text"].null_count() + (refused["text"] == "").sum() == 3
    kept = pl.read_parquet(folder / "taken" / "2026-01" / "kept" / "*.parquet")
    assert not kept["url"].str.ends_with("thread-t0036.html").any()


def test_a_pilot_may_leave_open_what_a_release_may_not(office):
    """The register has the pilot with its plan, passed, and the release, failed."""
    folder, _ = office
    entries = [json.loads(line) for line in (folder / "register.jsonl").read_text().splitlines()]

    assert [(one["mode"], one["outcome"]) for one in entries] == [
        ("pilot", "passed"),
        ("release", "failed"),
    ]
