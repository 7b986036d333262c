"""The bound of memory that `plan` prints: real runs stay below it, and it does not grow."""

import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corpus_pipeline import plan
from corpus_pipeline.app import memory
from corpus_pipeline.app.config import load
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.engine.shuffle import group
from scripts import bench_families

CONFIG = {"stages": ["near_dedup"]}
HAN = [chr(code) for code in range(0x4E00, 0x9000)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """2,000 documents of 400 characters, one in five an edit of another."""
    path = tmp_path_factory.mktemp("memory") / "in.jsonl"
    rng, texts = random.Random(3), []
    for number in range(2000):
        text = (
            rng.choices(HAN, k=400) if number % 5 else [*texts[-1][:399], "好"] if texts else ["好"]
        )
        texts.append("".join(text))
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    return path


def alone(bounds):
    """What is needed by documents like those that were looked at."""
    return {name: mb for name, mb in bounds.items() if ", with " not in name}


def test_a_run_stays_below_its_bound(source, tmp_path):
    """One process that does everything: its peak is below the bound, and the bound is no fancy."""
    bounds = alone(plan(CONFIG, inputs=source)["memory_bound_mb"])
    # The peak of the program itself: what wait4 tells counts the process that it was forked from.
    tell = "import atexit, pathlib; status = pathlib.Path('/proc/self/status')\n"
    tell += "atexit.register(lambda: print(status.read_text()))\n"
    tell += "from corpus_pipeline.cli import main; main()"
    command = [sys.executable, "-c", tell, "near-dedup", str(source)]
    command += ["--output", str(tmp_path / "out"), "--engine", "local"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", told)[1]) * 1024 / 1e6
    assert max(bounds.values()) / 5 < peak < max(bounds.values())


@pytest.mark.skipif("CORPUS_MEMORY" not in os.environ, reason="minutes; set CORPUS_MEMORY=1")
@pytest.mark.slow
@pytest.mark.parametrize("kind", bench_families.KINDS)
def test_documents_that_are_all_alike_stay_below_their_bound(kind, tmp_path):
    """100,000 pages of a template, or edits of one text: the peak is below what `plan` says."""
    bench_families.write(tmp_path / "in.jsonl", kind, 100_000)
    bounds = plan(CONFIG, inputs=tmp_path / "in.jsonl")["memory_bound_mb"]
    peak = bench_families.measured(tmp_path / "in.jsonl", tmp_path / "out")["peak_memory_mib"]
    assert peak * 2**20 / 1e6 < bounds["settle, with all documents alike"]


@pytest.mark.skipif("CORPUS_MEMORY" not in os.environ, reason="starts Ray; set CORPUS_MEMORY=1")
@pytest.mark.slow
def test_processes_of_ray_stay_below_their_bounds(source, tmp_path):
    """The driver and each worker, whatever it is doing."""
    bounds = alone(plan(CONFIG, inputs=source)["memory_bound_mb"])
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(source)]
    command += ["--output", str(tmp_path / "out"), "--workers", "2"]
    from scripts.bench_scale import peaks

    largest: dict[str, int] = {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peaks(process.pid, largest)
            time.sleep(0.1)
    assert process.returncode == 0
    driver = bounds.pop("driver")
    assert 0 < largest["driver"] / 1e6 < driver
    assert 0 < largest["worker"] / 1e6 < max(bounds.values())


def test_the_bound_does_not_grow(source):
    """Twice the corpus: only driver and grouping need more, which has two arrays in memory.

    Where all documents are alike match and settle tasks do: so many bytes for each.
    """
    job = pipeline_job(load(CONFIG), [str(source)], Path("out"))
    few, many = 10_000, 20_000
    bounds = [
        memory.bounds(job, splits, memory.Size(splits << 24, splits * documents))
        for splits, documents in ((few, 4_000), (many, 4_000), (few, 1_000_000))
    ]
    growing = {name for name in bounds[0] if bounds[1][name] > 1.01 * bounds[0][name]}
    alike = {f"{step}, with all documents alike" for step in ("match", "settle")}
    assert growing == {"driver", "group", *alike}
    settle = "settle, with all documents alike"
    more = (bounds[1][settle] - bounds[0][settle]) * 1e6
    assert more == pytest.approx(memory.COMPONENT * few * 4_000, rel=0.01)
    assert bounds[2]["group"] < (memory.BASE + 2 * group.SPILL) / 1e6 + bounds[2]["match"]
    again = memory.bounds(replace(job, specs=()), few, memory.Size(1, 1))
    assert set(alone(again)) == {"driver", "local pass"}
