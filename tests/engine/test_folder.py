"""The folder of a run: one writer at a time, claimed by one run, cleared with care."""

import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from engine_runs import digests, frame, job, write_lines
from engine_stages import Explode, Measure

from corpus_pipeline.engine import folder
from corpus_pipeline.engine.run import run
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.local import LocalEngine

HOLD = """
import sys
from pathlib import Path
from corpus_pipeline.engine.folder import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that is writing to `out`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "out")]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_a_second_writer_is_refused(writer, tmp_path):
    """The message names the process and its machine, and nothing of the first run is touched."""
    source = write_lines(tmp_path / "in.jsonl", ["好"])
    there = f"another run is writing to {tmp_path / 'out'} "
    there += rf"\(process {writer.pid} on {socket.gethostname()}\)"

    for overwrite in (False, True):
        with pytest.raises(PipelineError, match=there):
            run(job(source, tmp_path / "out", Measure), LocalEngine(), overwrite=overwrite)
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["work", "lock"]


def test_the_lock_falls_with_its_process(writer, tmp_path):
    """A killed writer leaves its lock file behind, and no lock."""
    source = write_lines(tmp_path / "in.jsonl", ["好"])
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    assert (tmp_path / "out" / "work" / "lock").exists()

    content = run(job(source, tmp_path / "out", Measure), LocalEngine())

    assert content["counts"]["kept"] == 1
    assert not (tmp_path / "out" / "work").exists()


def fails(root, *, remove):
    """A run that finds a file of its own missing."""
    with folder.lock(root):
        if remove:
            shutil.rmtree(root)
        (root / "kept" / "part").read_bytes()


def test_a_folder_that_is_removed_meanwhile_is_one_line(tmp_path):
    """Whatever fails then fails for that reason; a fault in a folder that is there stays one."""
    with pytest.raises(PipelineError, match="was removed while the run"):
        fails(tmp_path / "a", remove=True)
    with pytest.raises(FileNotFoundError):
        fails(tmp_path / "b", remove=False)


def test_a_folder_that_is_removed_is_not_sealed(tmp_path):
    """Files of before are gone, those of after are there: no manifest says that they are all."""
    source = write_lines(tmp_path / "in.jsonl", [f"第{i}行，路灯亮了。" for i in range(3000)])
    root, seen = tmp_path / "out", []

    def remove(*_):
        seen.append(1)
        if len(seen) == 4:
            shutil.rmtree(root)

    with pytest.raises(PipelineError, match="was removed while the run"):
        run(job(source, root, Measure, split_bytes=10_000), LocalEngine(), remove)
    assert not (root / "manifest.json").exists()
    run(job(source, root, Measure, split_bytes=10_000), LocalEngine(), overwrite=True)
    assert frame(root, "kept").height == 3000


def test_a_finished_run_has_no_leftovers(tmp_path):
    """What an attempt left that was killed behind the manifest goes with the next one."""
    source = write_lines(tmp_path / "in.jsonl", ["路灯亮了。"])
    root = tmp_path / "out"
    run(job(source, root, Measure), LocalEngine())
    left = root / ".tmp-1-0123456789ab-metrics.json"
    left.write_text("{}")

    run(job(source, root, Measure), LocalEngine())
    assert not left.exists()


def test_a_marker_without_a_claim_is_not_believed(tmp_path):
    """What is left in `work/` of a folder that was removed may speak of files that are gone."""
    source = write_lines(tmp_path / "in.jsonl", [f"第{i}行，路灯亮了。" for i in range(300)])
    root = tmp_path / "out"
    stale = root / "work" / "local" / "manifests" / "split-00000.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")

    run(job(source, root, Measure), LocalEngine())
    assert not stale.exists()


def test_the_lock_leaves_nothing(tmp_path):
    """Who only looked leaves no folder behind; a lock is let go of when its holder fails."""
    with pytest.raises(ZeroDivisionError), folder.lock(tmp_path / "out"):
        raise ZeroDivisionError
    assert not (tmp_path / "out").exists()
    with folder.lock(tmp_path / "out"):
        (tmp_path / "out" / "mine").write_text("")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_failed_start_does_not_block(tmp_path):
    """Where no split was finished, a corrected run takes the folder over."""
    source = write_lines(tmp_path / "in.jsonl", ["好", "坏"])
    broken = job(source, tmp_path / "out", Measure, config={"options": "wrong"})

    class Stopped(LocalEngine):
        def attempt(self, tasks):
            if tasks and tasks[0].name.startswith("local/"):
                raise PipelineError("a bad asset")
            return super().attempt(tasks)

    with pytest.raises(PipelineError, match="a bad asset"):
        run(broken, Stopped())
    assert (tmp_path / "out/run.json").exists()
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    run(job(source, tmp_path / "fresh", Measure), LocalEngine())

    assert digests(tmp_path / "out") == digests(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"near_dedup": 1}}, "config near_dedup"),
        ({"split_bytes": 1000}, "splits"),
        ({}, "inputs"),
    ],
)
def test_another_run_says_what_differs(tmp_path, changes, words):
    """Inputs, a part of the config or the cut: the message names it."""
    source = write_lines(tmp_path / "in.jsonl", ["好"])
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    if not changes:
        source = write_lines(tmp_path / "in.jsonl", ["好的"])

    with pytest.raises(PipelineError) as caught:
        run(job(source, tmp_path / "out", Measure, **changes), LocalEngine())

    assert f"holds another run (what differs: {words})" in str(caught.value)


def test_other_stages_say_which(tmp_path):
    """A run of other stages, or of other versions of them, names the stage."""
    source = write_lines(tmp_path / "in.jsonl", ["好"])
    run(job(source, tmp_path / "out", Measure), LocalEngine())

    with pytest.raises(PipelineError, match="what differs: stage explode"):
        run(job(source, tmp_path / "out", Measure, Explode), LocalEngine())


def test_overwrite_removes_what_is_ours(tmp_path):
    """An earlier, other run is replaced; beside files of somebody else nothing is removed."""
    source = write_lines(tmp_path / "in.jsonl", ["好"])
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    run(job(source, tmp_path / "out", Explode), LocalEngine(), overwrite=True)
    run(job(source, tmp_path / "fresh", Explode), LocalEngine())
    assert digests(tmp_path / "out") == digests(tmp_path / "fresh")
    (tmp_path / "out" / "diary.txt").write_text("mine")
    before = digests(tmp_path / "out")

    with pytest.raises(PipelineError, match=r"other files \(diary.txt\)"):
        run(job(source, tmp_path / "out", Measure), LocalEngine(), overwrite=True)

    assert digests(tmp_path / "out") == before
