"""A project folder gives back what was put into it, and refuses what is none or was changed."""

import dataclasses

import pytest

from corpus_pipeline import PipelineError
from corpus_pipeline.products.annotation.project import (
    GOLD,
    PROJECT,
    TASKS,
    Gold,
    Label,
    Project,
    Question,
    Task,
    flat,
    project_id,
    read_gold,
    read_project,
    read_tasks,
    task_id,
    write_project,
)

LABELS = tuple(Label(value=v, zh=z, en=v) for v, z in (("safe", "安全"), ("unsafe", "不安全")))
RISKS = tuple(Label(value=v, zh=v, en=v) for v in ("A1f", "A1h", "A2a"))
QUESTIONS = (
    Question(name="safety", type="choice", labels=LABELS),
    Question(name="risks", type="choices", labels=RISKS, required=False),
    Question(name="score", type="number", least=0, most=5, required=False),
)


@pytest.fixture
def made(tmp_path):
    key = project_id("seal", ["q"], 7, {"by": ["state"]})
    project = Project(
        project=key,
        run="seal",
        seed=7,
        drawing={"by": ["state"]},
        question_set="ours",
        questions=QUESTIONS,
        overlap=2,
        tasks=2,
        gold=1,
    )
    tasks = [
        Task(
            task=task_id(key, f"{n:032x}"),
            document=f"{n:032x}",
            source="news",
            stratum={"state": "kept"},
            title="标题",
            text="第一行\u2028第二行\r\n第三行",
            shown={"license": "CC0-1.0"},
            suggested={"safety": "safe", "risks": ("A1f", "A1h"), "score": 2.5},
        )
        for n in range(2)
    ]
    gold = [Gold(tasks[0].task, {"safety": "unsafe", "risks": ("A1h",)})]
    folder = tmp_path / "project"
    write_project(folder, project, tasks, gold, {"more/page.html": b"<p>"})
    return folder, project, tasks, gold


def test_what_was_written_is_read(made):
    """Project, tasks and gold answers come back equal, line breaks of any kind included."""
    folder, project, tasks, gold = made

    assert read_project(folder) == project
    assert read_tasks(folder) == tasks
    assert read_gold(folder) == {gold[0].task: dict(gold[0].answers)}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / TASKS).write_bytes(b"{}\n"), "was changed"),
        (lambda folder: (folder / GOLD).unlink(), "cannot read"),
        (lambda folder: (folder / PROJECT).unlink(), "no project.json"),
        (lambda folder: (folder / PROJECT).write_text("{}"), "not a manifest"),
    ],
)
def test_a_spoilt_folder_is_refused(made, spoil, said):
    """A changed, missing or foreign file is one clear line."""
    folder = made[0]
    spoil(folder)
    with pytest.raises(PipelineError, match=said):
        read_tasks(folder), read_gold(folder)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("colour", "red", "no question 'colour'"),
        ("safety", "perhaps", "no answer 'perhaps'"),
        ("safety", ["safe", "unsafe"], "one answer, not 2"),
        ("risks", ["A9z"], "no answer 'A9z'"),
        ("score", "many", "takes a number"),
        ("score", 6, "not in 0.0 to 5.0"),
        ("score", "nan", "not in 0.0 to 5.0"),
    ],
)
def test_an_answer_that_no_question_has_is_refused(made, name, given, said):
    """Unknown questions and labels, several answers where one is asked, numbers out of bounds."""
    with pytest.raises(ValueError, match=said):
        made[1].answers({name: given})


def test_flat_labels_are_read_back(made):
    """Labels as doccano has them give the answers they were made of, in any order."""
    answers = {"safety": "unsafe", "risks": ("A1f", "A2a")}

    assert made[1].of_flat(reversed(flat(answers))) == answers


def test_ids_name_what_was_asked_and_of_whom(made):
    """Another run, question, seed or drawing is another project; another project another task."""
    given = ("seal", ["q"], 7, {"by": ["state"]})
    others = [("other", *given[1:]), (given[0], ["r"], *given[2:]), (*given[:2], 8, given[3])]

    assert len({project_id(*one) for one in (given, *others)}) == 4
    assert project_id(*given) == made[1].project
    assert len({task_id(key, "d") for key in ("a", "b")}) == 2


def test_a_task_does_not_change(made):
    """Values are frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        made[2][0].text = "x"
