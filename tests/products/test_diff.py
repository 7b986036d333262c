"""Two releases against each other: what differs, why, and what is refused."""

import json
import shutil
import signal
import sys
from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline import cli
from corpus_pipeline.app.releases import diff
from corpus_pipeline.io import manifest
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import PipelineError, document_id
from corpus_pipeline.products.diff import spill
from corpus_pipeline.products.diff.page import page
from corpus_pipeline.products.diff.render import render
from corpus_pipeline.products.diff.words import names

PACK = {"pack": {"ref": "package:rules/packs/heuristics.yaml", "sha256": "aa" * 32}}


@pytest.fixture
def pair(make_builder, tmp_path):
    """Two builders of the same release, not written yet."""
    return make_builder(tmp_path / "A"), make_builder(tmp_path / "B")


def compared(pair, **options):
    return diff(pair[0].write(), pair[1].write(), **options)


def stage(builder, name):
    return next(one for one in builder.content["stages"] if one["name"] == name)


def fall(row, stage, rule, evidence, **more):
    row.update(dropped_by=stage, drop_rule=rule, drop_evidence=evidence, **more)


def reasons(found):
    return [(g["change"], g["was"], g["now"], g["cause"], g["documents"]) for g in found.groups]


@pytest.fixture
def command(monkeypatch, capsys):
    """Calls `diff` as a shell does: exit code, standard output, standard error."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["corpus-pipeline", "diff", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    yield call
    signal.signal(signal.SIGTERM, before)


def test_equal_releases_do_not_differ(pair, command):
    """Two runs with the same rows and records have no difference, and `--exit-code` says so."""
    found = compared(pair)

    assert (found.differs, found.groups, found.documents["same"]) == (False, [], 21)
    assert command(pair[0].root, pair[1].root, "--exit-code")[0] == 0


def test_a_moved_bound_is_told_by_the_measure(pair):
    """A document that measures the same and falls now fell by the bound; the pack is named."""
    for builder, digest in zip(pair, ("aa", "bb"), strict=True):
        stage(builder, "heuristics")["assets"] = {"pack": {"ref": "p", "sha256": digest * 32}}
    row = pair[1].splits[0][0]
    fall(row, "heuristics", "too_few_han", "han_ratio=0.88 < 0.90", near_dedup_cluster=None)
    found = compared(pair)

    assert reasons(found) == [
        ("kept_to_dropped", "kept", "heuristics/too_few_han", "threshold_moved", 1)
    ]
    [group] = found.groups
    assert group["about"] == (
        "han_ratio: bound not seen → 0.9 (asset heuristics.pack aaaaaaaaaaaa → bbbbbbbbbbbb)"
    )
    assert (group["least"], group["ids"]) == (pytest.approx(0.88), [row["id"]])


def test_another_measure_is_no_moved_bound(pair):
    """Where the measure is another one and one version alone differs, that version is the cause."""
    stage(pair[1], "normalize")["version"] = 2
    evidence = "han_ratio=0.07 < 0.30"
    fall(pair[1].splits[0][0], "heuristics", "too_few_han", evidence, heuristics_han_ratio=0.07)
    [group] = compared(pair).groups

    assert (group["cause"], group["about"]) == (
        "stage_changed",
        "stage normalize version 1 → version 2",
    )


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"langid": {"keep": 1}}, "option_changed"),
        ({"langid": {"keep": 1}, "decode": {"pack": "x"}}, "one_of_several"),
        ({"quality": {"min_score": 0.5}}, "not_known"),  # it comes after the stage that decided
        ({}, "not_known"),
    ],
)
def test_causes_are_found_by_elimination(pair, changed, cause):
    """What differs up to the deciding stage is the cause if it is alone, else it is one of them."""
    for name, options in changed.items():
        stage(pair[1], name)["options"] = options
    fall(pair[1].splits[0][0], "langid", "not_chinese", "label=ja score=0.60")

    assert reasons(compared(pair)) == [("kept_to_dropped", "kept", "langid/not_chinese", cause, 1)]


def test_code_alone_is_a_cause_where_nothing_else_differs(pair):
    """With equal inputs, options and versions another library is what is left."""
    pair[1].content["code"] = {"corpus-pipeline": "0.0.0", "polars": "9"}
    fall(pair[1].splits[0][0], "langid", "not_chinese", "label=ja score=0.60")

    [group] = compared(pair).groups
    assert (group["cause"], group["about"]) == ("code_changed", "polars – → 9")


def test_stages_of_one_release_only(pair):
    """A verdict of a stage that the other release did not run needs no other cause."""
    pair[0].content["stages"] = [one for one in pair[0].content["stages"] if one["name"] != "pii"]
    for row in pair[0].splits[0][:2]:
        row["pii_spans"] = None
    fall(pair[1].splits[0][0], "pii", "too_much", "spans=9 > 3")
    there, back = compared(pair), diff(pair[1].root, pair[0].root)

    assert [group["cause"] for group in there.groups] == ["stage_added"]
    assert [group["cause"] for group in back.groups] == ["stage_removed"]


def test_the_document_that_won(pair):
    """Of a cluster whose survivor changed or went, the other document is told."""
    first, twin = pair[1].splits[0][0], pair[1].splits[0][9]
    likeness = "jaccard=0.87"
    fall(first, "near_dedup", "near_duplicate", f"of={twin['id']} {likeness}")
    twin.update(dropped_by=None, drop_rule=None, drop_evidence=None)
    pair[1].splits[1] = [
        row for row in pair[1].splits[1] if row["id"] != pair[0].splits[1][0]["id"]
    ]
    orphan = pair[1].splits[1][-1]
    orphan.update(dropped_by=None, drop_rule=None, drop_evidence=None)
    found = compared(pair)

    told = {(group["change"], group["about"]) for group in found.groups if group["about"]}
    assert told == {
        ("kept_to_dropped", "the two changed places"),
        ("dropped_to_kept", "the two changed places"),
        ("dropped_to_kept", "the one that it was like is not in the second release"),
    }
    assert {g["cause"] for g in found.groups if g["change"] != "removed"} == {"other_document_won"}


def test_the_document_that_fell(pair):
    """A duplicate that is kept since its survivor fell by another rule names that rule."""
    first, twin = pair[1].splits[0][0], pair[1].splits[0][9]
    fall(first, "langid", "not_chinese", "label=ja score=0.60")
    twin.update(dropped_by=None, drop_rule=None, drop_evidence=None)

    told = {group["change"]: group["about"] for group in compared(pair).groups}
    assert told["dropped_to_kept"] == (
        "the one that it is like: langid/not_chinese in the second release"
    )


def test_a_threshold_of_likeness(pair):
    """A duplicate whose likeness lies between two thresholds of the config stays for that."""
    for builder, threshold in zip(pair, (0.8, 0.9), strict=True):
        stage(builder, "near_dedup")["options"] = {"threshold": threshold, "ngram": threshold}
    pair[1].splits[0][9].update(dropped_by=None, drop_rule=None, drop_evidence=None)

    [group] = compared(pair).groups
    assert (group["cause"], group["about"]) == (
        "threshold_moved",
        "near_dedup.threshold 0.8 → 0.9",
    )


def test_inputs_say_why_documents_came_and_went(pair):
    """Documents of inputs that are new, gone, changed or renamed are told apart."""
    one, two = "news/0.jsonl", "news/1.jsonl"
    base = {"bytes": 1, "format": "jsonl", "compression": "none", "source": "news"}
    olds = [(one, "a"), (two, "b"), ("forum/0.txt", "c"), ("forum/1.txt", "d")]
    news = [(one, "z"), ("news/2.jsonl", "b"), ("forum/0.txt", "c")]
    for builder, inputs in zip(pair, (olds, news), strict=True):
        builder.content["inputs"] = [
            {**base, "locator": name, "sha256": digest * 64} for name, digest in inputs
        ]
    for row in pair[1].splits[1]:
        if row["source"] == "news":
            row["locator"] = row["locator"].replace(two, "news/2.jsonl")
            row["id"] = document_id("news", row["locator"])
    pair[1].splits[1] = [row for row in pair[1].splits[1] if row["source"] == "news"]
    pair[1].splits[0][0]["text"] += "改"
    found = compared(pair)

    causes = {(group["change"], group["cause"]): group["documents"] for group in found.groups}
    kept = {
        key: sum(g["documents"] for g in found.groups if (g["change"], g["cause"]) == key)
        for key in causes
    }
    assert kept == {
        ("added", "input_moved"): 8,
        ("removed", "input_moved"): 8,
        ("removed", "input_gone"): 2,
        ("text", "input_changed"): 1,
    }
    assert found.documents["same_text"] == 8
    assert [entry["input"] for entry in found.records.inputs.to_dict()["changed"]] == [one]


def test_erased_documents_are_told_by_their_request(pair, reseal):
    """A document with a tombstone was erased, not lost; one that stands there again came back."""
    gone = pair[1].splits[0].pop(3)
    pair[0].write()
    root = pair[1].write()
    part = root / "tombstones/part-00000.parquet"
    row = {"id": gone["id"], "source": "news", "was": "kept", "request": "r-7", "by": "url"}
    rows = write_shard(part, [pl.DataFrame([{**row, "of": None}])])
    seal = manifest.read(pair[0].root / "manifest.json")["seal"]

    def erased(content):
        content["files"].append(file_entry(root, part, rows))
        content["parents"] = [{"manifest": "../A/manifest.json", "seal": seal}]
        request = {"request": "r-7", "date": "2026-11-29", "reason": "objection"}
        content["erasures"] = [{**request, "documents": 1, "near_duplicates": 0}]
        content["counts"]["erased"] = 1

    reseal(root / "manifest.json", erased)
    there, back = diff(pair[0].root, root), diff(root, pair[0].root)

    assert reasons(there) == [("erased", "kept", "erased: r-7 (url)", "erased", 1)]
    assert (there.records.made_from, there.records.erasures[0]["request"]) == (True, "r-7")
    assert "request r-7 of 2026-11-29: 1 document (objection)" in render(there)
    assert [(one["change"], one["cause"]) for one in back.groups] == [
        ("came_back", "not_made_from")
    ]
    assert back.records.changes == []


def test_what_was_quarantined_is_found_again(pair):
    """A document that became none in one release is known by its locator."""
    lost = pair[1].splits[0].pop(2)
    place = {"source": lost["source"], "locator": lost["locator"]}
    nothing = dict.fromkeys(pair[1].quarantine[0][0])
    pair[1].quarantine[0].append({**nothing, **place, "stage": "ingest", "reason": "bad_json"})

    assert reasons(compared(pair)) == [
        ("quarantined", "kept", "quarantined: ingest/bad_json", "not_known", 1)
    ]


def test_a_run_over_what_another_kept(pair):
    """What a release dropped is not handed on; the stages of what is made from it are of both."""
    pair[0].write()
    seal = manifest.read(pair[0].root / "manifest.json")["seal"]
    part = {"format": "parquet", "locator": "kept/part-00000.parquet", "source": ""}
    content = pair[1].content
    content["parents"] = [{"manifest": "A/manifest.json", "seal": seal}]
    content["inputs"] = [{**part, "bytes": 1, "sha256": "ab" * 32, "compression": "none"}]
    content["stages"] = [one for one in content["stages"] if one["name"] == "quality"]
    pair[1].splits = [[r for r in rows if not r["dropped_by"]] for rows in pair[1].splits]
    pair[1].quarantine = [[], []]
    found = diff(pair[0].root, pair[1].write())

    assert {group["cause"] for group in found.groups} == {"not_handed_on"}
    assert found.documents["removed"] == 5
    assert (found.records.made_from, found.records.changes) == (True, [])


def test_nothing_in_common(pair):
    """Releases that share no document: all went, all came, and no input explains another."""
    for rows in pair[1].splits:
        for row in rows:
            row["locator"] = f"other/{row['locator']}"
            row["id"] = document_id(row["source"], row["locator"])
    pair[1].quarantine = [[], []]
    found = compared(pair)

    assert (found.documents["same"], found.documents["added"]) == (0, 20)
    assert found.documents["removed"] == 21
    assert {group["cause"] for group in found.groups} == {"input_moved"}


def test_pieces_do_not_matter(pair, monkeypatch, tmp_path):
    """Rows cut into many pieces by id give the same result, and the same file of rows."""
    fall(pair[1].splits[0][0], "langid", "not_chinese", "label=ja score=0.60")
    pair[1].splits[1].pop()
    whole = compared(pair, rows=tmp_path / "whole.parquet")
    monkeypatch.setattr(spill, "PIECE", 2)
    cut = diff(pair[0].root, pair[1].root, rows=tmp_path / "cut.parquet")

    assert cut.to_dict() == whole.to_dict()
    assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_figures_add_up(pair, tmp_path):
    """Every document of either release is counted once; the file of rows has all that differ."""
    fall(pair[1].splits[0][0], "langid", "not_chinese", "label=ja score=0.60")
    pair[1].splits[1].pop()
    pair[1].splits[1][0]["text"] += "。"
    found = compared(pair, rows=tmp_path / "rows.parquet")
    counted, rows = found.documents, pl.read_parquet(tmp_path / "rows.parquet")

    only = {"added": "after", "removed": "before", "erased": "before"}
    shared = {n: v for n, v in counted.items() if n not in {*only, "same_text"}}
    for side in ("before", "after"):
        mine = sum(counted[name] for name, where in only.items() if where == side)
        assert sum(shared.values()) + mine == getattr(found, side).counts["read"]
        shares = sum(row[side]["documents"] for row in found.shares["source"])
        assert shares == getattr(found, side).counts["kept"]
    assert rows.height == sum(group["documents"] for group in found.groups) == 3
    assert rows["id"].is_in(pl.Series([r["id"] for s in pair[0].splits for r in s]).implode()).all()


def test_no_text_is_shown(pair, tmp_path):
    """Neither tables, JSON, page nor rows hold a text, a title or a URL."""
    secret = "这一句只在正文里出现"
    for builder in pair:
        row = builder.splits[0][0]
        row.update(text=secret * 3, title=secret, url="https://example.org/secret")
    fall(pair[1].splits[0][0], "langid", "not_chinese", "label=ja score=0.60")
    found = compared(pair, rows=tmp_path / "rows.parquet")
    frame = pl.read_parquet(tmp_path / "rows.parquet")
    shown = render(found) + json.dumps(found.to_dict()) + page(found).decode() + str(frame.rows())

    assert found.groups
    assert secret not in shown
    assert "example.org/secret" not in shown


def test_sources_and_admission(pair):
    """Sources that are new, gone or changed are named, by field, and so is a changed admission."""
    pair[1].content["sources"][0]["license"] = "CC0-1.0"
    pair[1].content["sources"][1]["name"] = "board"
    for builder, verdict in zip(pair, ("admitted", "refused"), strict=True):
        builder.content["admission"] = [{"source": "news", "verdict": verdict, "why": "6 % > 5 %"}]
    found = compared(pair)

    assert (found.records.sources["new"], found.records.sources["gone"]) == (["board"], ["forum"])
    [changed] = found.records.sources["changed"]
    assert changed["fields"] == [{"field": "license", "before": "CC-BY-4.0", "after": "CC0-1.0"}]
    assert found.records.admission[0]["after"] == "refused"
    assert "admitted → refused" in render(found)


def test_the_page_and_the_command(pair, command, tmp_path):
    """The command prints JSON, writes a page without scripts in two languages, and exits with 1."""
    pair[1].splits[1].pop()
    roots = [builder.write() for builder in pair]
    html, rows = tmp_path / "d.html", tmp_path / "d.parquet"
    files = ["--html", html, "--rows", rows]
    code, out, said = command(*roots, "--json", "--exit-code", *files)
    text = html.read_text("utf-8")

    assert (code, json.loads(out)["documents"]["removed"]) == (1, 1)
    assert [line.split()[0] for line in said.splitlines()] == ["wrote", "wrote"]
    assert "<script" not in text
    assert "不再出现" in text
    assert "removed" in text
    assert pl.read_parquet(rows).height == 1
    assert command(*roots)[0] == 0


def test_bad_input_is_one_line(run, tmp_path, command):
    """No run, the same folder twice, a page inside a release: one line each, exit code 2."""
    (tmp_path / "empty").mkdir()
    twin = shutil.copytree(run, tmp_path / "twin")
    for arguments, said in (
        ([run, tmp_path / "nowhere"], "no such run"),
        ([run, tmp_path / "empty"], "not a finished run"),
        ([run, f"{run}/../{run.name}"], "is given twice"),
        ([run, twin, "--html", run / "d.html"], "lies inside"),
        ([run, twin, "--rows", twin / "d.parquet"], "lies inside"),
        ([run, twin, "--rows", tmp_path], "is a folder"),
    ):
        code, out, line = command(*arguments)
        assert (code, out, line.count("\n")) == (2, "", 1)
        assert said in line
    (twin / "kept/part-00001.parquet").unlink()
    with pytest.raises(PipelineError, match=r"kept/part-00001\.parquet is missing"):
        diff(run, twin)


def test_every_cause_that_has_a_name_is_found():
    """What words.yaml calls a cause is one that the code gives; of others the code would fail."""
    home = Path(spill.__file__).parent
    files = ("join.py", "causes.py", "elimination.py")
    code = "".join((home / name).read_text("utf-8") for name in files)
    spelt = {name: (f'"{name}"', f'"{name.removeprefix("input_")}"') for name in names("causes")}

    assert [name for name, forms in spelt.items() if not any(one in code for one in forms)] == []
