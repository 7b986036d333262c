"""A run on a store whose network fails again and again has the bytes of a calm local run."""

import pytest
from engine_runs import digests, job, write_lines
from engine_stages import Alike, Measure
from s3 import KEY, SECRET, Chance, fault_proxy

from corpus_pipeline.engine.run import run
from corpus_pipeline.io.fs import place
from corpus_pipeline.tasks.local import LocalEngine

TEXTS = [f"第{n % 40}篇文章说的是{'春夏秋冬'[n % 4]}天。" * 3 for n in range(120)]
STAGES = (Measure, Alike)
#: Objects, not listings.
OBJECTS = "/bucket-[^?]+/"


@pytest.mark.slow
def test_faults_of_the_store_leave_no_trace(s3, tmp_path, monkeypatch):
    """SlowDown, resets, lost answers, cut bodies in about every tenth request: the same bytes."""
    source = write_lines(tmp_path / "in.jsonl", TEXTS)
    run(job(source, tmp_path / "out", *STAGES), LocalEngine())
    bucket = s3.new_bucket()
    out = place(f"s3://{bucket}/out")
    faults = (
        Chance("answer", 0.04, seed=1),
        Chance("reset", 0.03, seed=2),
        Chance("lost", 0.03, seed=3, path=OBJECTS),
        Chance("cut", 0.03, seed=4, method="GET"),
    )
    with fault_proxy(s3, *faults) as proxy:
        for name, value in proxy.environment.items():
            monkeypatch.setenv(name, value)
        run(job(source, out, *STAGES), LocalEngine())
        struck = proxy.struck()

    store = s3.store(bucket)
    there = {key: bytes(store.get(key).bytes()) for key in s3.keys(bucket)}
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    assert len(struck) >= 5
    assert set(there) == {f"out/{name}" for name in [*digests(tmp_path / "out"), "metrics.json"]}
    for name in digests(tmp_path / "out"):
        assert there[f"out/{name}"] == (tmp_path / "out" / name).read_bytes(), name
    assert not [key for key, data in there.items() if KEY.encode() in data]
    assert not [key for key, data in there.items() if SECRET.encode() in data]
