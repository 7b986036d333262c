"""Files of answers become votes; what does not count is listed, and why."""

import json
import os
import time
from collections import Counter

import pytest
from annotation_project import annotation, export, write

from corpus_pipeline import PipelineError
from corpus_pipeline.products.annotation.votes import read_votes


@pytest.fixture
def made(tmp_path):
    documents = [(f"{n:032x}", "news", f"正文{n}") for n in range(4)]
    project, tasks = write(tmp_path / "project", documents, overlap=1)
    return project, tasks, tmp_path


def read(made, *files, reviews=()):
    project, tasks, _ = made
    return read_votes(project, [task.task for task in tasks], files, reviews)


def kinds(ballot):
    return Counter(remark.kind for remark in ballot.remarks if remark.kind != "missing_task")


def test_three_formats_say_the_same(made):
    """Label Studio, JSON-MIN, doccano and CSV, with labels by value or in Chinese: equal votes."""
    project, tasks, folder = made
    one, two = tasks[0].task, tasks[1].task
    studio = export(
        folder / "ls.json",
        project,
        [
            (one, [annotation(7, safety="不安全", risks=["A1h", "A1f"], score=2.0)]),
            (two, [annotation({"id": 7, "email": "a@example.com"}, safety="safe")]),
        ],
    )
    about = {"project": project.project, "created_at": "2026-11-02T08:00:00Z"}
    minimal = folder / "min.json"
    minimal.write_text(
        json.dumps(
            [
                {"task": one, "annotator": 7, "annotation_id": 1, "lead_time": 9.5, **about}
                | {"safety": "unsafe", "risks": {"choices": ["A1f", "A1h"]}, "score": 2},
                {"task": two, "annotator": 7, "annotation_id": 2, "lead_time": 9.5, **about}
                | {"safety": "safe"},
            ]
        )
    )
    doccano = folder / "d.jsonl"
    flat = ["safety:unsafe", "risks:A1f", "risks:A1h", "score:2"]
    lines = [
        {"id": one, "text": "…", "label": flat, "annotator": "7", "seconds": 9.5, **about},
        {
            "id": 5,
            "task": two,
            "label": ["safety:安全"],
            "annotator": "７",
            "seconds": 9.5,
            **about,
        },
    ]
    doccano.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    table = folder / "t.csv"
    rows = [
        (one, "safety", "不安全"),
        (one, "risks", "A1f|A1h"),
        (one, "score", "2"),
        (two, "safety", "safe"),
    ]
    head = "project,task,annotator,role,question,answer,seconds,created_at\n"
    table.write_bytes(
        (
            head
            + "".join(
                f"{project.project},{task},7,annotator,{name},{value},9.5,2026-11-02T08:00:00Z\n"
                for task, name, value in rows
            )
        ).encode("gbk")
    )

    votes = read(made, studio).votes

    assert [(v.question, v.answer) for v in votes if v.task == one] == [
        ("risks", ("A1f", "A1h")),
        ("safety", "unsafe"),
        ("score", 2.0),
    ]
    assert {v.annotator for v in votes} == {"7"}
    assert {v.seconds for v in votes} == {9.5}
    for other in (minimal, doccano, table):
        assert read(made, other).votes == votes, other.name


def test_a_file_of_another_project_is_refused(made):
    """One line that says how many answers are of which project."""
    project, tasks, folder = made
    other = project.model_copy(update={"project": "f" * 16})
    mixed = [(tasks[0], [annotation(1, safety="safe")])]
    path = export(folder / "other.json", other, mixed)

    with pytest.raises(
        PipelineError, match=r"other.json: 1 of 1 answers are of project ffff.*written"
    ):
        read(made, path)


def test_what_does_not_count_is_listed(made):
    """Unknown task, question and label, nobody named, given up, empty: a remark each, no vote."""
    project, tasks, folder = made
    gone = {**annotation(1), "was_cancelled": True}
    path = export(
        folder / "a.json",
        project,
        [
            ("0" * 16, [annotation(1, safety="safe")]),
            (tasks[0], [annotation(1, safety="perhaps", colour="red", risks=["A1f"])]),
            (tasks[1], [gone, annotation(None, safety="safe"), annotation(2)]),
        ],
    )
    ballot = read(made, path)

    assert [(v.question, v.answer) for v in ballot.votes] == [("risks", ("A1f",))]
    assert kinds(ballot) == {
        "unknown_task": 1,
        "unknown_label": 1,
        "unknown_question": 1,
        "cancelled": 1,
        "no_annotator": 1,
        "empty": 1,
    }
    assert sum(remark.kind == "missing_task" for remark in ballot.remarks) == 3
    assert any("no such answer: task" in line and "(perhaps)" in line for line in ballot.told())


def test_a_vote_counts_once(made):
    """Equal ones once; of contradicting ones the later; none of them where no time tells."""
    project, tasks, folder = made
    late = {"at": "2026-11-03T08:00:00+08:00"}
    path = export(
        folder / "a.json",
        project,
        [
            (tasks[0], [annotation(1, safety="safe", seconds=4.0), annotation(1, safety="safe")]),
            (tasks[1], [annotation(1, safety="safe", **late), annotation(1, safety="unsafe")]),
            (tasks[2], [annotation(1, safety="safe"), annotation(1, safety="unsafe")]),
        ],
    )
    ballot = read(made, path)
    first, second = tasks[0].task, tasks[1].task

    assert {(v.task, v.answer, v.seconds) for v in ballot.votes} == {
        (first, "safe", 4.0),
        (second, "safe", 9.5),
    }
    assert kinds(ballot) == {"duplicate": 1, "replaced": 1, "contradicting": 2}


def test_nobody_reviews_their_own_work(made):
    """A review by an annotator counts for nothing, in whatever spelling the person is named."""
    project, tasks, folder = made
    path = export(folder / "a.json", project, [(tasks[0], [annotation("Wang Wei", safety="safe")])])
    reviews = export(
        folder / "r.json",
        project,
        [
            (tasks[0], [annotation("ｗａｎｇ  wei", safety="safe"), annotation(9, safety="safe")]),
            (tasks[1], [annotation("wang wei", safety="safe")]),
        ],
    )
    ballot = read(made, path, reviews=[reviews])

    assert [(v.annotator, v.role) for v in ballot.votes] == [
        ("person-1", "annotator"),
        ("9", "reviewer"),
    ]
    assert kinds(ballot) == {"own_review": 1, "both_roles": 1}
    assert "wang" not in " ".join(map(str, ballot.remarks)).lower()
    assert ballot.told()[-1].startswith("1 people are shown as person-1")


@pytest.mark.parametrize("seconds", [-3, 0, "1e400", "NaN", "很久", [1], True])
def test_odd_seconds_count_for_nothing(made, seconds):
    """A vote counts; seconds that are no length of time do not, and are listed."""
    project, tasks, folder = made
    found = annotation(1, safety="safe", seconds=seconds)
    ballot = read(made, export(folder / "a.json", project, [(tasks[0], [found])]))

    assert [v.seconds for v in ballot.votes] == [None]
    assert kinds(ballot) == {"odd_seconds": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "not JSON"),
        (b"{" * 100_000, "not JSON"),
        (b"[NaN]", "not JSON"),
        (b"[1e400]", "not JSON"),
        (b"[1, 2]", "a number where a task is expected"),
        (b'[{"data": []}]', "a task has no data"),
        (b'[{"data": {}, "annotations": {"a": 1}}]', "a task has no data"),
        (b'[{"data": {}, "annotations": [7]}]', "a number where an annotation"),
        (b'[{"data": {}, "annotations": [{"result": "x"}]}]', "a text where results"),
        (b'[{"data": {}, "annotations": [{"result": [{"value": 1}]}]}]', "without a value"),
        (b'{"hello": 1}\n', "neither Label Studio nor doccano"),
        (b"[]", "has no answers"),
        (b"", "the file is empty"),
        (b"a,b\n1,2\n", "has no column project"),
        (b"a,b\n1,2,3\n", "not a table"),
        (b"\x81\xff\x00\xfe" * 9, "not UTF-8 at byte 0"),
    ],
)
def test_other_shapes_are_one_line(made, content, said):
    """A file that is no export, however deep, is refused in one line."""
    path = made[2] / "bad.json"
    path.write_bytes(content)

    with pytest.raises(PipelineError, match=said) as refused:
        read(made, path)
    assert "\n" not in str(refused.value)


def test_a_long_remark_and_formulas_do_no_harm(made):
    """A comment of a million characters is nobody's answer; a label of that length is cut short."""
    project, tasks, folder = made
    found = annotation(1, safety="safe")
    remark = {"from_name": "remarks", "type": "textarea", "value": {"text": ["长" * 1_000_000]}}
    found["result"].append(remark)
    long = annotation("=cmd|' /C calc'!A0", safety="=1+1" + "坏" * 1_000_000)
    path = export(folder / "a.json", project, [(tasks[0], [found, long])])
    ballot = read(made, path)

    assert [v.answer for v in ballot.votes] == ["safe"]
    assert kinds(ballot) == {"unknown_label": 1}
    assert max(map(len, ballot.told())) < 300


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (2_000, 20_000),
        pytest.param(
            10_000,
            100_000,
            marks=[
                pytest.mark.slow,
                pytest.mark.skipif(
                    "CORPUS_LARGE" not in os.environ, reason="CORPUS_LARGE asks for 10⁵ votes"
                ),
            ],
        ),
    ],
)
def test_votes_are_read_in_linear_time(made, small, large):
    """Ten times as many rows take about ten times as long."""
    project, tasks, folder = made
    took = []
    for size in (small, large):
        rows = [
            f"{project.project},{tasks[n % 4].task},{n // 4},annotator,safety,safe,3\n"
            for n in range(size)
        ]
        path = folder / f"{size}.csv"
        path.write_text("project,task,annotator,role,question,answer,seconds\n" + "".join(rows))
        start = time.process_time()
        assert len(read(made, path).votes) == size
        took.append(time.process_time() - start)

    assert took[1] < 25 * took[0] + 1
