"""An exported project: what is asked, of which documents, and what texts cannot do to people."""

import csv
import json
from xml.etree import ElementTree as ET

import polars as pl
import pytest
import yaml
from label_studio_people import HOSTILE, project_of

from corpus_pipeline import PipelineError
from corpus_pipeline.app.masking import masked
from corpus_pipeline.products.annotation.export import export
from corpus_pipeline.products.annotation.gold import GoldRow, read_gold_file
from corpus_pipeline.products.annotation.project import (
    GOLD,
    PROJECT,
    read_gold,
    read_project,
    read_tasks,
)
from corpus_pipeline.products.annotation.question_set import load_question_set, packaged_sets
from corpus_pipeline.products.annotation.tasks import Wanted
from corpus_pipeline.products.audit.profile import load_profile, packaged
from corpus_pipeline.products.evidence.needs import needs, needs_of
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.sample import Draw


@pytest.fixture
def made(builder, tmp_path):
    folder = tmp_path / "project"
    return folder, project_of(builder, folder), open_run(builder.root)


def test_texts_stay_texts(made):
    """Markup, formulas, addresses and controls of documents are data, and none of them is left."""
    folder, project, _ = made
    tasks = {task.text for task in read_tasks(folder)}
    listed = json.loads((folder / "label_studio/tasks.json").read_bytes())
    page = (folder / "label_studio/config.xml").read_text()
    rows = list(csv.reader((folder / "csv/tasks.csv").read_text("utf-8-sig").splitlines()))
    handed = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())

    assert HOSTILE[0] in tasks
    assert {one["data"]["text"] for one in listed} == tasks
    assert {one["data"]["project"] for one in listed} == {project.project}
    assert all(text.get("valueType") == "text" for text in ET.fromstring(page).iter("Text"))
    assert "script" not in page
    assert "<script" not in (folder / "guideline/index.html").read_text()
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    for harm in (b"13800000000", b"someone@example.org", b"\\u0000", "\u202e".encode(), b"\x1b"):
        assert harm not in handed


def test_the_same_request_gives_the_same_bytes(made):
    """Exported again, every file is as it was, and results that lie there stay."""
    folder, project, run = made
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "results").mkdir()
    (folder / "results/ours.json").write_text("[]")
    gold = tuple(
        GoldRow("again", next(t.document for t in read_tasks(folder) if t.task == task), answers)
        for task, answers in read_gold(folder).items()
    )
    again = Wanted(
        load_question_set("content_safety"), Draw(("state",), 20, 1), gold=gold, overlap=3
    )
    assert export(run, again, folder, masked) == project
    assert {path: path.read_bytes() for path in before} == before
    assert (folder / "results/ours.json").exists()


def test_nobody_sees_what_is_known(made):
    """Gold stands in its own file alone, and its tasks are like all others."""
    folder, project, _ = made
    gold = read_gold(folder)
    handed = [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]

    assert project.gold == len(gold) == 4
    assert set(gold) <= {task.task for task in read_tasks(folder)}
    assert [path for path in handed if b"gold" in path.read_bytes().lower()] == []
    assert (folder / GOLD).exists()


def test_suggestions_come_from_our_columns(builder, tmp_path):
    """What was found suggests its risk, nothing found is safe, and --blind suggests nothing."""
    hit = {"risk": "A1h", "rule": "r", "start": 0, "end": 1, "weight": 2.0}
    builder.splits[0][0]["compliance_hits"] = [hit]
    key = builder.splits[0][0]["id"]
    run = open_run(builder.write())
    asked = load_question_set("content_safety")
    export(run, Wanted(asked, Draw(("risk",), 20)), tmp_path / "a", masked)
    export(run, Wanted(asked, Draw(("risk",), 20), blind=True), tmp_path / "b", masked)
    told = {task.document: task for task in read_tasks(tmp_path / "a")}

    assert dict(told[key].suggested) == {"risks": ("A1h",)}
    assert dict(told[key].stratum) == {"risk": "A1h"}
    assert dict(told[builder.splits[0][2]["id"]].suggested) == {"safety": "safe"}
    assert [task for task in read_tasks(tmp_path / "b") if task.suggested] == []


def test_clauses_are_answered_by_their_question_set(builder, tmp_path):
    """`--for`: the documents of the clause's own sample, each once."""
    run = open_run(builder.write())
    asked = load_question_set("content_safety")
    wanted = needs_of(load_profile("gbt45654"), "content")
    export(run, Wanted(asked, Draw(), tuple(wanted), "gbt45654"), tmp_path / "p", masked)

    assert len(read_tasks(tmp_path / "p")) == run.counts["kept"]
    assert "gbt45654/manual_sample" in str(read_project(tmp_path / "p").drawing)


def test_every_sample_by_hand_of_content_has_questions():
    """The aspects that question sets answer are those of profiles, personal data's own aside."""
    asked = {need.aspect for name in packaged() for need in needs(load_profile(name))}
    answered = {
        content.passing.aspect
        for content in map(load_question_set, packaged_sets())
        if content.passing is not None
    }

    assert answered - asked == {"personal_data"}


def test_domains_are_those_of_the_stage():
    """The labels of `domain` are the domains of the rule pack, under the same Chinese names."""
    from corpus_pipeline.io.assets import PACKAGE

    pack = yaml.safe_load((PACKAGE / "rules/packs/domain.yaml").read_text("utf-8"))
    [question] = load_question_set("domain").asked
    named = {label.value: label.zh for label in question.labels if label.value != "none"}

    assert named == {entry["id"]: entry["zh"] for entry in pack["domains"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda q: q["questions"][0]["labels"].append(q["questions"][0]["labels"][0]), "twice"),
        (lambda q: q["questions"][0].update(type="number"), "a number has none"),
        (lambda q: q["questions"][0]["labels"][0].pop("en"), "no name in both languages"),
        (lambda q: q["passing"].update(values=["perhaps"]), "passing: names an answer"),
        (lambda q: q["questions"][0].update(suggest=[SUGGEST]), "becomes 'wrong', not 'right'"),
        (lambda q: q.update(colour="red"), "colour"),
        (lambda q: q["questions"][0].update(when={"other": "x"}), "no earlier question"),
    ],
)
def test_a_question_set_that_contradicts_itself_is_refused(tmp_path, change, said):
    """One line that names the file."""
    from corpus_pipeline.products.annotation import question_set

    content = yaml.safe_load((question_set._PACKAGED / "metadata.yaml").read_text("utf-8"))
    change(content)
    path = tmp_path / "ours.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(PipelineError, match=f"ours.yaml.*{said}"):
        load_question_set(path)


SUGGEST = {
    "column": "license",
    "values": {"CC0-1.0": "wrong"},
    "examples": [{"given": "CC0-1.0", "becomes": "right"}],
}


def test_folders_that_are_somebody_elses_are_refused(made, tmp_path):
    """Another project, another folder, a place inside the run; an unknown set."""
    folder, _, run = made
    asked = load_question_set("quality")
    wanted = Wanted(asked, Draw(("state",), 5))
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").write_text("x")
    for place, said in (
        (folder, "another project"),
        (tmp_path / "other", "no annotation project"),
        (run.root / "inside", "inside the run"),
    ):
        with pytest.raises(PipelineError, match=said):
            export(run, wanted, place, masked)
    with pytest.raises(PipelineError, match="no question set 'qualty'"):
        load_question_set("qualty")
    assert read_project(folder).question_set == "content_safety"
    assert not (run.root / "inside" / PROJECT).exists()


def test_an_empty_sample_is_said(builder, tmp_path):
    """No document of the kinds that were asked for: one line, and no folder."""
    run = open_run(builder.write())
    draw = Draw(("state",), 5, kinds=("commercial",))
    with pytest.raises(PipelineError, match="the sample is empty"):
        export(run, Wanted(load_question_set("quality"), draw), tmp_path / "p", masked)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"document": "f00"}\n', "line 1: answers no question"),
        ('{"safety": "safe"}\n', "line 1: names no document"),
        ('{"document": \n', "line 1: not JSON"),
        ("", "no line of it"),
    ],
)
def test_gold_that_is_none_is_refused(tmp_path, content, said):
    """A line without a document or an answer is named."""
    path = tmp_path / "gold.jsonl"
    path.write_text(content)
    with pytest.raises(PipelineError, match=said):
        read_gold_file(path)


def test_gold_is_about_documents_and_questions_that_there_are(builder, tmp_path):
    """CSV and JSON lines say the same; an unknown document, question, answer is one line."""
    run = open_run(builder.write())
    keys = pl.read_parquet(run.root / "kept/part-00000.parquet")["id"].to_list()
    table = tmp_path / "gold.csv"
    table.write_text(f"document,safety,risks\n{keys[0]},unsafe,A1f|A1h\n", "utf-8")
    asked = load_question_set("content_safety")
    wanted = Wanted(asked, Draw(("state",), 1), gold=read_gold_file(table))
    export(run, wanted, tmp_path / "p", masked)

    assert list(read_gold(tmp_path / "p").values()) == [
        {"safety": "unsafe", "risks": ("A1f", "A1h")}
    ]
    for row, said in (
        (GoldRow("g", "f" * 32, {"safety": "safe"}), "no document"),
        (GoldRow("g", keys[0], {"colour": "red"}), "no question 'colour'"),
        (GoldRow("g", keys[0], {"safety": "perhaps"}), "no answer 'perhaps'"),
    ):
        with pytest.raises(PipelineError, match=f"g: .*{said}"):
            export(run, Wanted(asked, Draw(), gold=(row,)), tmp_path / "q", masked)
