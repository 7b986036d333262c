"""A store whose listings lag: what we wrote ourselves is found by name, what is gone is named."""

import os

import pytest
from engine_runs import digests, job, write_lines
from engine_stages import Alike, Endings, Losses, Measure
from s3 import Lag, fault_proxy, point

from corpus_pipeline.engine.run import run
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.inputs import survey
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.local import LocalEngine

TEXTS = [f"第{n % 40}篇文章说的是{'春夏秋冬'[n % 4]}天。" * 3 for n in range(60)]
EVERYTHING = os.environ.get("CORPUS_STORES")


def test_a_run_needs_no_listing_of_what_it_wrote(s3, tmp_path, monkeypatch):
    """No listing shows any part or marker that the run has written: the same bytes, and a parent.

    What cannot be seen cannot be removed: `work/` stays until a rerun sees it.
    """
    stages = (Measure, Alike, *((Endings, Losses) if EVERYTHING else ()))
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    run(job(source, tmp_path / "out", *stages), LocalEngine())
    out = place(f"s3://{s3.new_bucket()}/out")
    with fault_proxy(s3, Lag(r"/(part|split)-\d+|/(kept|sketch|decisions|found|sums)/")) as proxy:
        point(monkeypatch, proxy)
        run(job(source, out, *stages), LocalEngine())
        found = survey([str(out)]).inputs
        assert proxy.struck()
    point(monkeypatch, s3)
    there, here = digests(out), digests(tmp_path / "out")
    assert {name: there[name] for name in here} == here
    assert [item.locator for item in found] == [
        item.locator for item in survey([tmp_path / "out"]).inputs
    ]


def test_an_input_that_is_listed_and_gone_is_named(s3, monkeypatch):
    """A deleted object that a listing still shows: one line with its URL, and nothing is read."""
    bucket = s3.new_bucket()
    point(monkeypatch, s3)
    place(f"s3://{bucket}/in/b.txt").write_bytes("春眠不觉晓。".encode())
    with fault_proxy(s3, Lag(shows=("in/a.txt",))) as proxy:
        point(monkeypatch, proxy)
        with pytest.raises(PipelineError, match=rf"s3://{bucket}/in/a.txt: .*no such object"):
            survey([f"s3://{bucket}/in"])
    point(monkeypatch, s3)
    assert [item.locator for item in survey([f"s3://{bucket}/in"]).inputs] == ["b.txt"]
