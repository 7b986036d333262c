"""Simulated people on a Label Studio server: what each answers, and how it gets there.

The texts are invented, some of them hostile; who answers what follows from a seed.
"""

import random
from pathlib import Path
from typing import Any

from corpus_pipeline.app.masking import masked
from corpus_pipeline.products.annotation.export import export
from corpus_pipeline.products.annotation.gold import GoldRow
from corpus_pipeline.products.annotation.label_studio import value_of
from corpus_pipeline.products.annotation.project import Answer, Project, Task, read_tasks
from corpus_pipeline.products.annotation.question_set import load_question_set
from corpus_pipeline.products.annotation.server import Server
from corpus_pipeline.products.annotation.tasks import Wanted
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.sample import Draw

#: Texts that would be markup, a formula, a request or a turned line where somebody trusted them.
HOSTILE = (
    "<script>document.title='taken'</script>正文<b>粗体</b>&amp;",
    '=HYPERLINK("https://example.invalid","看")',
    "https://example.invalid/page.html",
    "前\x00后\u202e反转\x1b[31m红",
    "联系人电话13800000000，邮箱someone@example.org。",
)
ANNOTATORS, REVIEWER = 4, 4
#: The one who clicks without reading.
CARELESS = 3


def project_of(builder: Any, folder: Path) -> Project:
    """A project over the small run, hostile texts and four known answers among its tasks."""
    rows = builder.splits[0]
    for row, text in zip(rows, HOSTILE, strict=False):
        row["text"] = text
        row["title"] = text[:20]
    gold = tuple(
        GoldRow(f"row {n}", row["id"], {"safety": ("safe", "unsafe")[n % 2]})
        for n, row in enumerate(builder.splits[1][:4])
    )
    run = open_run(builder.write())
    asked = load_question_set("content_safety")
    wanted = Wanted(asked, Draw(("state",), 20, 1), gold=gold, overlap=3)
    return export(run, wanted, folder, masked)


def answers_of(tasks: list[Task]) -> list[tuple[Task, int, dict[str, Answer], float]]:
    """Task, person, answers and seconds: three of four people a task, by seed."""
    draw = random.Random(45654)
    given = []
    for task in tasks:
        true = "unsafe" if draw.random() < 0.3 else "safe"
        risk = draw.choice(("A1f", "A1h", "A3e"))
        for person in sorted(draw.sample(range(ANNOTATORS), 3)):
            wrong = draw.random() < (0.5 if person == CARELESS else 0.1)
            safety = {"safe": "unsafe", "unsafe": "safe"}[true] if wrong else true
            seconds = round(
                draw.uniform(0.5, 1.5) if person == CARELESS else draw.uniform(8, 40), 1
            )
            answers: dict[str, Answer] = {"safety": safety}
            if safety == "unsafe":
                answers["risks"] = (risk,)
            given.append((task, person, answers, seconds))
    return given


def reviews_of(tasks: list[Task]) -> list[tuple[Task, int, dict[str, Answer], float]]:
    """The reviewer looks at every fourth task."""
    return [(task, REVIEWER, {"safety": "safe"}, 12.0) for task in tasks[::4]]


def people(server: Server) -> list[int]:
    """The numbers of four annotators and a reviewer, made on the server."""
    have = {one["email"]: int(one["id"]) for one in server.get("/api/users")}
    numbers = []
    for n in range(ANNOTATORS + 1):
        email = f"person{n}@example.org"
        said = {"email": email, "username": f"person{n}", "first_name": "某", "password": "0" * 12}
        numbers.append(have.get(email) or int(server.post("/api/users", said)["id"]))
    return numbers


def annotate(
    server: Server,
    project: Project,
    number: int,
    given: list[tuple[Task, int, dict[str, Answer], float]],
    numbers: list[int],
) -> None:
    """Put the answers there as the server's own page does."""
    listed = server.get(f"/api/tasks?project={number}&page_size=100&fields=all")["tasks"]
    ids = {one["data"]["task"]: one["id"] for one in listed}
    for task, person, answers, seconds in given:
        results = [
            {
                "from_name": name,
                "to_name": "text",
                "type": "choices",
                "value": value_of(project.question(name), answer),
            }
            for name, answer in answers.items()
        ]
        content = {"result": results, "lead_time": seconds, "completed_by": numbers[person]}
        server.post(f"/api/tasks/{ids[task.task]}/annotations", content)


def tasks_in(folder: Path) -> list[Task]:
    """The tasks of a project."""
    return read_tasks(folder)
