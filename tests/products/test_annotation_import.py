"""`annotate import` from the command line: one folder, which `audit` and `train` take."""

import csv
import hashlib
import json
import random
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import openpyxl
import polars as pl
import pytest
from annotation_project import SAFETY, annotation, export, write

from corpus_pipeline import PipelineError
from corpus_pipeline.cli import app
from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.products.annotation.project import Label
from corpus_pipeline.products.audit.run import AuditOptions, audit
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.training.command import Order, train
from scripts.annotation_votes import Crowd, label_studio, reviewed

CARD = """
pack: safety_2026
version: 3
source: an example
currency: CNY
rates:
  - {question_set: safety, annotator: 0.30, reviewer: 0.15}
least: 5
floor: 0.6
bands:
  - {name: A, from: 0.9, bonus: 0.2}
rejections: [incomplete, wrong_on_gold, refused_by_reviewer, too_fast, careless]
"""


def command(*arguments):
    """The command in this process; its standard output."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(StringIO()):
        words = ["annotate", "import", *map(str, arguments)]
        assert app(words, standalone_mode=False) == 0
    return said.getvalue()


def table(path):
    return list(csv.DictReader(StringIO(path.read_text("utf-8-sig"))))


def distinct(number):
    """A text that no other is like."""
    drawn = random.Random(number)
    return "".join(chr(0x4E00 + drawn.randrange(3000)) for _ in range(60))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project of 200 tasks of four sources, votes of six people of whom one is careless."""
    folder = tmp_path_factory.mktemp("annotation")
    documents = [(f"{n:032x}", f"source-{n % 4}", distinct(n)) for n in range(200)]
    gold = {n: {"safety": ("safe", "unsafe")[n % 2]} for n in range(0, 200, 4)}
    project, tasks = write(folder / "project", documents, questions=(SAFETY,), gold=gold, overlap=3)
    known = {tasks[n].task: answers for n, answers in gold.items()}
    crowd = Crowd(careless="random", skill=(0.85, 0.95))
    votes = label_studio(project, tasks, known, crowd, seed=11)
    (folder / "votes.json").write_text(json.dumps(votes))
    (folder / "reviews.json").write_text(json.dumps(reviewed(project, tasks, known, 7, seed=11)))
    (folder / "card.yaml").write_text(CARD)
    return folder, project, tasks


@pytest.fixture(scope="module")
def imported(place):
    folder = place[0]
    done = command(
        *(folder / "project", folder / "votes.json", "--output", folder / "out", "--json"),
        *("--rates", folder / "card.yaml", "--method", "dawid-skene"),
    )
    return folder / "out", json.loads(done)


def test_the_careless_annotator_is_found_and_not_paid(imported):
    """Person 1 clicks at random: flagged, no item accepted; nobody else is flagged."""
    out, said = imported
    rows = {row["annotator"]: row for row in table(out / "payout.csv")}

    assert list(said["flagged"]) == ["1"]
    assert rows["1"]["accepted"] == "0"
    assert all(int(row["accepted"]) > 60 for name, row in rows.items() if name != "1")
    assert {row["version"] for row in rows.values()} == {"3"}


def test_payouts_add_up_in_every_form(imported):
    """CSV, JSON and workbook have the same sums, to the cent; the JSON is sealed."""
    out, said = imported
    content = manifest.read(out / "payout.json")
    rows = table(out / "payout.csv")
    cents = sum(round(float(row["amount"]) * 100) for row in rows)
    sheet = openpyxl.load_workbook(out / "payout.xlsx").worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    amount = cells[0].index("金额 / amount")

    assert content["totals"]["amount"] == said["payout"]["amount"] == f"{cents / 100:.2f}"
    assert cells[-1][amount] == pytest.approx(cents / 100)
    assert [row["amount"] for row in content["rows"]] == [row["amount"] for row in rows]
    for row in content["rows"]:
        assert row["items"] == row["accepted"] + sum(row["rejected_by"].values())


def test_everything_is_sealed_and_the_same_again(imported, place):
    """The manifest names every file; a second import gives the same bytes."""
    out, _ = imported
    folder = place[0]
    content = manifest.read(out / "manifest.json")
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
    command(
        *(folder / "project", folder / "votes.json", "--output", folder / "again"),
        *("--rates", folder / "card.yaml", "--method", "dawid-skene"),
    )
    again = folder / "again"

    assert {entry["path"]: entry["sha256"] for entry in content["files"]} == {
        name: digest for name, digest in before.items() if name != "manifest.json"
    }
    assert {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in again.iterdir()
    } == before


def test_answers_are_nearly_the_truth(imported, place):
    """Three votes of people who see the truth in nine of ten cases: the answers do in more."""
    out, said = imported
    right = pl.read_ndjson(out / "answers.jsonl").filter(pl.col("by") == "dawid-skene")
    review = label_studio(place[1], place[2], {}, Crowd(1, 1, None, (1.0, 1.0)), 11)
    assert right.height == 150 == said["answers"]["dawid-skene"]
    assert len(review) == 200
    value, low, high = said["agreement"]["safety"]
    assert low < value < high


def test_labels_train_a_model(imported, tmp_path):
    """`train --data labels.jsonl --label safety` makes a model of them."""
    path = imported[0] / "labels.jsonl"
    order = Order(
        *("domain", (), (), (path,), "safety", tmp_path / "model", 0), least=10, name=concealed
    )
    made = train(order)

    assert (tmp_path / "model/domain.bin").stat().st_size > 0
    assert "macro F1" in made.summary


def outcome(run, profile, clause, results=()):
    options = AuditOptions(results=results)
    [found] = [one for one in audit(run, profile, options).clauses if one.clause.id == clause]
    return found.status


@pytest.mark.parametrize("bad", [0, 4])
def test_hand_samples_answer_the_clauses_of_an_audit(run, tmp_path, bad):
    """Not checked before; afterwards met, or not met where reviewers found bad documents."""
    opened = open_run(run)
    frame = pl.read_parquet([run / part for part in opened.parts("kept")])
    documents = list(frame.select("id", "source", "text").iter_rows())
    project, tasks = write(
        tmp_path / "project", documents, questions=(SAFETY,), run=opened.manifest["seal"]
    )
    said = ["unsafe" if number < bad else "safe" for number in range(len(tasks))]
    votes = [(task, [annotation(person, safety="safe") for person in (1, 2)]) for task in tasks]
    reviews = [(task, [annotation(3, safety=one)]) for task, one in zip(tasks, said, strict=True)]
    command(
        *(tmp_path / "project", export(tmp_path / "v.json", project, votes)),
        *("--reviews", export(tmp_path / "r.json", project, reviews)),
        *("--output", tmp_path / "out"),
    )
    samples = [tmp_path / "out/hand_samples.csv"]
    clauses = (
        ("gbt45654", "manual_sample"),
        ("gbt45674", "sample_passes"),
        ("gbt45674", "roles_apart"),
    )

    assert [outcome(run, *clause) for clause in clauses] == ["not_checked"] * 3
    wanted = ["fail", "fail", "pass"] if bad else ["pass"] * 3
    assert [outcome(run, *clause, samples) for clause in clauses] == wanted


def test_without_a_day_nothing_is_signed(place, tmp_path):
    """Votes without a time make no hand sample; with `--date` they are of that day."""
    folder, project, tasks = place
    path = tmp_path / "v.csv"
    head = "project,task,annotator,role,question,answer,seconds\n"
    path.write_text(f"{head}{project.project},{tasks[1].task},1,annotator,safety,safe,3\n")
    one, two = tmp_path / "one", tmp_path / "two"
    command(folder / "project", path, "--output", one)
    command(folder / "project", path, "--output", two, "--date", "2026-11-02")

    assert table(one / "hand_samples.csv") == []
    assert [row["date"] for row in table(two / "hand_samples.csv")] == ["2026-11-02"]


def test_a_tie_is_asked_again(place, tmp_path):
    """One against one by majority: no answer, a row in again.csv; a review settles it."""
    folder, project, tasks = place
    votes = [(tasks[1], [annotation(1, safety="safe"), annotation(2, safety="unsafe")])]
    path = export(tmp_path / "v.json", project, votes)
    review = export(tmp_path / "r.json", project, [(tasks[1], [annotation(3, safety="unsafe")])])
    command(folder / "project", path, "--output", tmp_path / "out")
    before = {row["task"]: row["why"] for row in table(tmp_path / "out/again.csv")}
    command(folder / "project", path, "--output", tmp_path / "out", "--reviews", review)
    after = {row["task"]: row["why"] for row in table(tmp_path / "out/again.csv")}

    assert before.pop(tasks[1].task) == "tie"
    assert before == after
    assert set(after.values()) == {"no_votes"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (["nowhere", "votes.json"], "no such annotation project"),
        (["project", "nothing.json"], "cannot read the results"),
        (["project", "votes.json", "--method", "best"], "no method 'best' of aggregation"),
        (["project", "votes.json", "--rates", "nothing.yaml"], "no such rate card"),
        (["project", "votes.json", "--output", "project"], "is an annotation project"),
        (["project", "votes.json", "--date", "yesterday"], "is no day such as"),
        (["project", "foreign.json"], "answers are of project ffff"),
    ],
)
def test_wrong_use_is_one_line_and_changes_nothing(place, tmp_path, spoil, said):
    """A `PipelineError` of one line (exit code 2), no folder."""
    folder, project, tasks = place
    other = project.model_copy(update={"project": "f" * 16})
    export(folder / "foreign.json", other, [(tasks[0], [annotation(1, safety="safe")])])
    words = [
        word if word.startswith("--") or word in ("best", "yesterday") else folder / word
        for word in spoil
    ]
    output = [] if "--output" in spoil else ["--output", tmp_path / "out"]

    with pytest.raises(PipelineError, match=said) as refused:
        command(*words, *output)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_nobody_can_tell_is_no_answer(tmp_path):
    """Where most are unsure there is no answer, no hand sample and no label; it is asked again."""
    labels = (*SAFETY.labels, Label(value="unsure", zh="拿不准", en="unsure"))
    asked = SAFETY.model_copy(update={"labels": labels})
    documents = [("0" * 32, "news", "正文"), ("1" * 32, "news", "另一篇")]
    project, tasks = write(tmp_path / "project", documents, questions=(asked,))
    said = [annotation(person, safety="unsure") for person in (1, 2)]
    path = export(tmp_path / "v.json", project, [(tasks[0], said)])
    command(tmp_path / "project", path, "--output", tmp_path / "out")

    assert table(tmp_path / "out/again.csv")[0]["why"] == "unsure"
    assert table(tmp_path / "out/hand_samples.csv") == []
    assert (tmp_path / "out/labels.jsonl").read_bytes() == b""
