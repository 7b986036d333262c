"""The engine: conservation, resume, refusal of foreign folders, poison, and local = Ray."""

import os
import signal
import subprocess
import sys
import time

import pytest
from engine_runs import digests, frame, job, write_lines
from engine_stages import Explode, Kill, Measure

from corpus_pipeline.engine.run import run
from corpus_pipeline.io import manifest
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.local import LocalEngine

TEXTS = [f"第{i}篇文章，讲的是城市治理与数据。" * (1 + i % 7) for i in range(1000)]


class Counting(LocalEngine):
    """Counts what really had to be done."""

    def __init__(self):
        self.done = []

    def attempt(self, tasks):
        for task, outcome in super().attempt(tasks):
            self.done.append(task.name)
            yield task, outcome


def test_few_documents_with_many_characters_alarm(tmp_path):
    """A stage that drops one document of forty with most of the characters is named."""
    bad = "坏" + "史书" * 5000
    long = write_lines(tmp_path / "long.jsonl", [*TEXTS[:40], bad])
    short = write_lines(tmp_path / "short.jsonl", [*TEXTS[:40], "坏文章"])

    raised = run(job(long, tmp_path / "a", Measure), LocalEngine())["alarms"]
    quiet = run(job(short, tmp_path / "b", Measure), LocalEngine())["alarms"]

    assert [(one["stage"], one["alarm"]) for one in raised] == [("measure", "characters")]
    assert raised[0]["value"] > raised[0]["limit"]
    assert quiet == []


def test_nothing_disappears(tmp_path):
    """Read = kept + dropped + quarantined, in every split and in total."""
    texts = [*TEXTS, "坏文章", "好文章"]
    source = write_lines(tmp_path / "in.jsonl", texts)
    with source.open("ab") as file:
        file.write(b'{"text": "\xff"}\n')

    content = run(job(source, tmp_path / "out", Measure), LocalEngine())

    counts = content["counts"]
    free = dict.fromkeys(("input_bytes", "text_bytes_kept", "by_source", "bytes_by_source"), 0)
    assert counts["characters_kept"] == sum(map(len, texts)) - len("坏文章")
    assert {**counts, **free, "characters_kept": 0} == {
        "read": 1003,
        "kept": 1001,
        "dropped": 1,
        "quarantined": 1,
        "input_bytes": 0,
        "text_bytes_kept": 0,
        "characters_kept": 0,
        "characters_dropped": 3,
        "by_rule": {"measure/bad": 1},
        "characters_by_rule": {"measure/bad": 3},
        "by_quarantine": {"ingest/bad_utf8": 1},
        "by_source": 0,
        "quarantined_bytes": len(b'{"text": "\xff"}'),
        "quarantined_characters": 0,
        "bytes_by_quarantine": {"ingest/bad_utf8": 13},
        "unread_by_source": {"": 13},
        "bytes_by_source": 0,
    }
    assert counts["bytes_by_source"] == {"": counts["input_bytes"]}
    assert counts["input_bytes"] == source.stat().st_size
    assert len(content["splits"]) > 1
    for entry in content["splits"]:
        part = manifest.read(tmp_path / "out" / entry["path"])["counts"]
        assert part["read"] == part["kept"] + part["dropped"] + part["quarantined"]


def test_one_bad_document_costs_itself_alone(tmp_path):
    """A document on which a stage raises is quarantined with the exception's type, not its text."""
    texts = [*TEXTS[:500], "会炸的文章", *TEXTS[500:], "又一篇会炸的"]
    source = write_lines(tmp_path / "in.jsonl", texts)

    run(job(source, tmp_path / "out", Measure, Explode), LocalEngine())

    lost = frame(tmp_path / "out", "quarantine")
    assert frame(tmp_path / "out", "kept").height == 1000
    assert lost.select("stage", "reason", "detail").unique().rows() == [
        ("explode", "stage_error", "ZeroDivisionError")
    ]
    assert lost.height == 2


def test_rerun_of_a_finished_run_does_nothing(tmp_path):
    """The manifest is the commit: nothing is done twice, and no byte changes."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    before = digests(tmp_path / "out")
    engine = Counting()

    run(job(source, tmp_path / "out", Measure), engine)

    assert [name for name in engine.done if not name.startswith("scan/")] == []
    assert digests(tmp_path / "out") == before


def test_resume_skips_committed_splits(tmp_path):
    """After an interruption only the splits without a manifest are done."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    whole = run(job(source, tmp_path / "whole", Measure), LocalEngine())

    class Interrupted(LocalEngine):
        def attempt(self, tasks):
            for number, found in enumerate(super().attempt(tasks)):
                if number == 2:
                    raise KeyboardInterrupt
                yield found

    with pytest.raises(KeyboardInterrupt):
        run(job(source, tmp_path / "out", Measure), Interrupted())
    engine = Counting()
    run(job(source, tmp_path / "out", Measure), engine)

    local = [name for name in engine.done if name.startswith("local/")]
    assert 0 < len(local) == len(whole["splits"]) - 3
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_a_damaged_manifest_is_done_again(tmp_path):
    """A split whose marker does not match its seal counts as not done."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    before = digests(tmp_path / "out")
    (tmp_path / "out" / "manifest.json").unlink()
    victim = tmp_path / "out" / "manifests" / "split-00001.json"
    victim.write_bytes(victim.read_bytes().replace(b'"kept"', b'"kepT"', 1))
    engine = Counting()

    run(job(source, tmp_path / "out", Measure), engine)

    assert [name for name in engine.done if name.startswith("local/")] == ["local/00001"]
    assert digests(tmp_path / "out") == before


def test_other_runs_and_foreign_files_are_not_overwritten(tmp_path):
    """A folder that holds another run, or anything else, is refused in one line."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS[:5])
    run(job(source, tmp_path / "out", Measure), LocalEngine())
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "mine.txt").write_text("mine")

    with pytest.raises(PipelineError, match="another run"):
        run(job(source, tmp_path / "out", Measure, Explode), LocalEngine())
    with pytest.raises(PipelineError, match="not empty"):
        run(job(source, tmp_path / "diary", Measure), LocalEngine())


@pytest.mark.parametrize("batch_bytes", [1, 500, 10_000_000])
def test_batch_size_does_not_show(tmp_path, batch_bytes):
    """Whatever the batch size, the documents and their order are the same."""
    source = write_lines(tmp_path / "in.jsonl", [*TEXTS[:300], "坏", ""])
    run(job(source, tmp_path / "a", Measure), LocalEngine())
    ingest = IngestOptions(batch_bytes=batch_bytes)

    run(job(source, tmp_path / "b", Measure, ingest=ingest), LocalEngine())

    for kind in ("kept", "dropped"):
        assert frame(tmp_path / "a", kind).equals(frame(tmp_path / "b", kind))
        part = f"{kind}/part-00000.parquet"
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


def test_empty_input_gives_an_empty_run(tmp_path):
    """No documents is a result, with all columns in place."""
    (tmp_path / "in.jsonl").write_text("")

    content = run(job(tmp_path / "in.jsonl", tmp_path / "out", Measure), LocalEngine())

    assert content["counts"]["read"] == 0
    assert "measure_chars" in frame(tmp_path / "out", "kept").columns


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own start-up warns
def test_ray_writes_the_same_bytes_as_local(tmp_path, ray_engine):
    """Local and Ray give the same bytes in every sealed file."""
    source = write_lines(tmp_path / "in.jsonl", [*TEXTS, "坏文章", "炸"])
    run(job(source, tmp_path / "local", Measure, Explode), LocalEngine())

    run(job(source, tmp_path / "ray", Measure, Explode), ray_engine)

    assert digests(tmp_path / "ray") == digests(tmp_path / "local")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own start-up warns
def test_documents_that_kill_a_worker_go_to_quarantine(tmp_path, ray_engine):
    """A native crash costs the document that causes it, and no other."""
    texts = [*TEXTS[:100], "会杀进程的文章", *TEXTS[100:200], "又一篇杀手"]
    source = write_lines(tmp_path / "in.jsonl", texts)

    run(job(source, tmp_path / "out", Measure, Kill, split_bytes=1 << 20), ray_engine)

    lost = frame(tmp_path / "out", "quarantine")
    assert lost.get_column("reason").to_list() == ["worker_died"] * 2
    assert frame(tmp_path / "out", "kept").height == 200


#: On Ray it is half a minute of waiting; `make faults` kills there, too.
ENGINES = [["local"], *([["ray", "--workers", "2"]] if os.environ.get("CORPUS_KILLS") else [])]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine[0])
def test_killed_at_random_moments_the_result_is_the_same(tmp_path, engine):
    """SIGKILL of the driver, again and again, changes no byte of the result."""
    texts = [f"{text}{i}" for i, text in enumerate(TEXTS * 3)]
    source = write_lines(tmp_path / "in.jsonl", texts)
    command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(source)]
    command += ["--set", "ingest.split_mb=0.02", "--engine", *engine, "--output"]
    calm = subprocess.run([*command, str(tmp_path / "calm")], capture_output=True, check=False)
    assert calm.returncode == 0, calm.stderr.decode()

    for moment in range(3):
        child = subprocess.Popen(
            [*command, str(tmp_path / "out")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(0.9 + 0.7 * moment + (3 if engine[0] == "ray" else 0))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    last = subprocess.run([*command, str(tmp_path / "out")], capture_output=True, check=False)

    assert last.returncode == 0, last.stderr.decode()
    assert digests(tmp_path / "out") == digests(tmp_path / "calm")
