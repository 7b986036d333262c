"""Runs whose folder, and whose inputs, lie on a real S3 server."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from engine_runs import digests, job, write_lines
from engine_stages import Alike, Crowded, Endings, Losses, Measure

from corpus_pipeline.engine import folder, lease
from corpus_pipeline.engine.run import run
from corpus_pipeline.io.fs import place, replace_if
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.local import LocalEngine

TEXTS = [f"第{n % 40}篇文章说的是{'春夏秋冬'[n % 4]}天。" * 3 for n in range(300)]
#: Local, pair, count and aggregate stages.
STAGES = (Measure, Alike, Endings, Losses, Crowded)


@pytest.fixture
def bucket(s3, monkeypatch):
    """A new bucket, which this process reaches."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return place(f"s3://{s3.new_bucket()}")


def held(path, **changes):
    """The lock of a writer that does not renew it."""
    holder = {"pid": os.getpid(), "host": "elsewhere", "boot": "", "nonce": "", "beat": 1}
    path.write_text(json.dumps(holder | changes))


@pytest.mark.parametrize("read_from_store", [False, True], ids=["local inputs", "inputs there"])
def test_a_run_on_a_store_has_the_bytes_of_a_local_one(bucket, tmp_path, read_from_store):
    """Every kind of stage, from here to there and from there to there; nothing else is left."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    run(job(source, tmp_path / "out", *STAGES), LocalEngine())
    if read_from_store:
        (bucket / "raw" / "in.jsonl").write_bytes(source.read_bytes())
        source = bucket / "raw" / "in.jsonl"

    content = run(job(source, bucket / "out", *STAGES), LocalEngine())

    assert len(content["splits"]) > 1
    assert digests(bucket / "out") == digests(tmp_path / "out")
    again = run(job(source, bucket / "out", *STAGES), LocalEngine())
    assert again["seal"] == content["seal"]


def test_a_run_killed_on_a_store_goes_on(bucket, tmp_path):
    """SIGKILL at any moment; the same command continues and gives the same bytes."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS * 3)
    command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(source)]
    command += ["--set", "ingest.split_mb=0.02", "--output"]
    subprocess.run([*command, str(tmp_path / "calm")], capture_output=True, check=True)
    splits = len(list((tmp_path / "calm" / "manifests").iterdir()))
    out = bucket / "out"
    child = subprocess.Popen([*command, str(out)], stderr=subprocess.DEVNULL)
    while len(list((out / "work" / "local" / "manifests").rglob("*.json"))) < splits // 2:
        assert child.poll() is None
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (out / "manifest.json").exists()

    last = subprocess.run([*command, str(out)], capture_output=True, check=False)

    assert last.returncode == 0, last.stderr.decode()
    assert digests(out) == digests(tmp_path / "calm")


def test_a_second_writer_on_a_store_is_refused(bucket, monkeypatch):
    """A lock that is renewed is somebody's; the message names process and host."""
    monkeypatch.setattr(lease, "BEAT_S", 0.1)
    with (
        folder.lock(bucket / "out"),
        pytest.raises(
            PipelineError, match=rf"another run is writing to .* \(process {os.getpid()}"
        ),
        folder.lock(bucket / "out"),
    ):
        pass
    assert list(bucket.rglob("*")) == []


def test_a_lock_that_nobody_renews_is_taken_over(bucket, monkeypatch):
    """At once where its process was of this machine; else after some seconds of watching."""
    path = bucket / "out" / "work" / "lock"
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    held(path, pid=child.pid, host=lease.socket.gethostname(), boot=lease.boot())
    started = time.monotonic()
    with folder.lock(bucket / "out"):
        assert time.monotonic() - started < lease.EXPIRY_S / 2

    monkeypatch.setattr(lease, "EXPIRY_S", 1.0)
    held(path)
    with folder.lock(bucket / "out"):
        assert json.loads(path.read_bytes())["pid"] == os.getpid()
    assert not path.exists()


def test_a_run_that_lost_its_lock_stops(bucket, monkeypatch):
    """Where another took the lock over, nothing more is committed, and the line says so."""
    monkeypatch.setattr(lease, "BEAT_S", 0.05)
    with folder.lock(bucket / "out") as check:
        path = bucket / "out" / "work" / "lock"
        held(path, nonce="another's")
        time.sleep(1)
        with pytest.raises(PipelineError, match="was lost: another run took it over"):
            check()
    assert path.exists()


def test_a_renewal_does_not_overwrite_the_lock_of_another(bucket, monkeypatch):
    """A writer that was suspended finds another's lock, and leaves it alone."""
    monkeypatch.setattr(lease, "BEAT_S", 0.05)
    path = bucket / "out" / "work" / "lock"
    with folder.lock(bucket / "out"):
        while not replace_if(path, b'{"pid": 1, "host": "b"}', str(path.facts()["e_tag"])):
            pass
        time.sleep(0.5)
        assert path.read_bytes() == b'{"pid": 1, "host": "b"}'


def test_what_another_run_published_is_not_overwritten(bucket, tmp_path):
    """The manifest is created where none is: of two runs, one publishes."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS[:9])

    class Late(LocalEngine):
        def attempt(self, tasks):
            yield from super().attempt(tasks)
            (bucket / "out" / "manifest.json").write_bytes(b"another's")

    with pytest.raises(PipelineError, match="published by another run"):
        run(job(source, bucket / "out", Measure), Late())
    assert (bucket / "out" / "manifest.json").read_bytes() == b"another's"
