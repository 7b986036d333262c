"""A round trip through a real Label Studio, and the recorded export of one.

`CORPUS_LABEL_STUDIO` names the executable of an environment of its own (`make label-studio` makes
it); `CORPUS_LABEL_STUDIO_RECORD` a folder that gets a new recording.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from label_studio_people import (
    CARELESS,
    REVIEWER,
    annotate,
    answers_of,
    people,
    project_of,
    reviews_of,
)

from corpus_pipeline import PipelineError
from corpus_pipeline.products.annotation.exchange import pull, push
from corpus_pipeline.products.annotation.project import Task, read_project, read_tasks
from corpus_pipeline.products.annotation.server import Server
from corpus_pipeline.products.annotation.vote_files import rows_of

RECORDED = Path(__file__).parent / "recorded/label_studio"
#: Its id is made of the seal of a run that another version wrote.
RECORDED_PROJECT = "e1de77f37869487b"
TOKEN = "0" * 39 + "1"
EXECUTABLE = os.environ.get("CORPUS_LABEL_STUDIO")


def votes(folder, role, results=None):
    """Task, person and answers of a pulled file, by who answered."""
    project = read_project(folder)
    path = (results or folder / "results") / f"label_studio_{role}.json"
    found = {}
    for row in rows_of(path, path.read_bytes(), role, project):
        assert row.project == (project.project if results is None else RECORDED_PROJECT)
        answer = project.question(row.question).answer(row.answer)
        entry = found.setdefault((row.task, row.person), {"seconds": row.seconds})
        entry[row.question] = answer
    return found


def expected(given, numbers):
    """The same of what was answered."""
    return {
        (task.task, str(numbers[person])): {**answers, "seconds": seconds}
        for task, person, answers, seconds in given
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this machine, its data in a folder that goes away."""
    if EXECUTABLE is None:
        pytest.skip("CORPUS_LABEL_STUDIO names no executable (make label-studio)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("label_studio")
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "SSL_CERT_FILE") if key in os.environ}
    settings = {
        **kept,
        "HOME": str(folder),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    command = [EXECUTABLE, "start", "--no-browser", "--internal-host", "127.0.0.1"]
    command += ["--port", str(port), "--username", "admin@example.org", "--password", "0" * 12]
    command += ["--user-token", TOKEN]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, env=settings, stdout=log, stderr=log, cwd=folder) as process,
    ):
        found = Server(f"http://127.0.0.1:{port}", TOKEN)
        for _ in range(600):
            try:
                found.get("/api/projects")
                break
            except PipelineError:
                assert process.poll() is None, (folder / "log").read_text()[-2000:]
                time.sleep(1)
        yield found
        process.terminate()


@pytest.mark.slow
def test_there_and_back(server, builder, tmp_path):
    """Each task is there once, each answer comes back, and no address of a person does."""
    folder = tmp_path / "project"
    project = project_of(builder, folder)
    personal = Server(server.url, server.post("/api/token/", {})["token"])
    first, again = push(folder, personal), push(folder, server)
    gone = server.get(f"/api/tasks?project={first.number}&page_size=1&fields=all")["tasks"][0]["id"]
    server.ask("DELETE", f"/api/tasks/{gone}")
    mended = push(folder, personal)

    assert (first.sent, again.sent, again.there) == (project.tasks, 0, project.tasks)
    assert (mended.sent, mended.there) == (1, project.tasks - 1)

    tasks, numbers = read_tasks(folder), people(server)
    given, reviews = answers_of(tasks), reviews_of(tasks)
    annotate(server, project, first.number, given, numbers)
    second = push(folder, personal, "reviewer")
    annotate(server, project, second.number, reviews, numbers)
    done = pull(folder, personal), pull(folder, personal, "reviewer")

    assert [one.annotations for one in done] == [len(given), len(reviews)]
    assert votes(folder, "annotator") == expected(given, numbers)
    assert votes(folder, "reviewer") == expected(reviews, numbers)
    assert all(b"@example.org" not in one.path.read_bytes() for one in done)
    texts = {
        one["data"]["task"]: one["data"]["text"] for one in json.loads(done[0].path.read_bytes())
    }
    assert texts == {task.task: task.text for task in tasks if task.task in texts}
    record(folder, numbers)


def record(folder, numbers):
    """Keep what this server sent, where somebody asks for it."""
    target = os.environ.get("CORPUS_LABEL_STUDIO_RECORD")
    if target:
        shutil.copytree(folder / "results", target, dirs_exist_ok=True)
        (Path(target) / "people.json").write_text(json.dumps(numbers) + "\n")


@pytest.mark.slow
def test_what_a_real_server_refuses_is_one_line(server, builder, tmp_path):
    """A wrong token, a project that was deleted, tasks that somebody changed there."""
    folder = tmp_path / "project"
    project_of(builder, folder)
    number = push(folder, server).number
    with pytest.raises(PipelineError, match=r"not accepted \(401\)"):
        push(folder, Server(server.url, "f" * 40))
    task = server.get(f"/api/tasks?project={number}&page_size=1&fields=all")["tasks"][0]
    server.ask("PATCH", f"/api/tasks/{task['id']}", {"data": {**task["data"], "project": "x"}})
    with pytest.raises(PipelineError, match="somebody changed it"):
        push(folder, server)
    server.ask("DELETE", f"/api/projects/{number}")
    with pytest.raises(PipelineError, match="push it first"):
        pull(folder, server)


def recorded_tasks():
    """The tasks of the recorded project, in the order in which the server was given them."""
    given = json.loads((RECORDED / "label_studio_annotator.json").read_text("utf-8"))
    ids = [one["data"]["task"] for one in sorted(given, key=lambda one: one["id"])]
    return [Task(task, "", "", {}, "", "") for task in ids]


def test_the_recorded_export_holds_what_was_answered(builder, tmp_path):
    """Of the export that a Label Studio 1.23.2 wrote every seeded answer is read."""
    folder = tmp_path / "project"
    project_of(builder, folder)
    tasks = recorded_tasks()
    numbers = json.loads((RECORDED / "people.json").read_text())

    assert votes(folder, "annotator", RECORDED) == expected(answers_of(tasks), numbers)
    assert votes(folder, "reviewer", RECORDED) == expected(reviews_of(tasks), numbers)
    assert REVIEWER != CARELESS
