"""Seconds of each stage over one input in one process, and a digest of what came out.

Enters: an input file, how often.  Leaves on standard output: the digest of all documents and
sketches, and for each stage the least processor time of the passes after the first.
Two versions of the code are compared by running this of each in turns: equal digests, other times.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from corpus_pipeline.app.config import load
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.engine.budget import Budget
from corpus_pipeline.engine.chain import Clock, built, run_chain
from corpus_pipeline.engine.split_pass import SplitTask, batches
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan
from corpus_pipeline.model import AggregateStage, Stage

CONFIG = Path(__file__).parents[1] / "configs" / "web.yaml"


def measured(task: SplitTask, stages: list[Any], total: Any) -> dict[str, float]:
    """Name of a stage → seconds of one pass; `total` is fed with what comes out."""
    local = [stage for stage in stages if isinstance(stage, Stage)]
    sketchers = [s for s in stages if not isinstance(s, Stage | AggregateStage)]
    clock, started = Clock(), time.process_time()
    for _, chunk in batches(task):
        clock.add("ingest", started, 0, 0)
        docs, _ = run_chain(local, chunk.docs, clock, Budget())
        kept = docs.filter(pl.col("dropped_by").is_null())
        frames = [docs]
        for stage in sketchers:
            started = time.process_time()
            frames.append(stage.sketch(kept))
            clock.add(stage.name, started, 0, 0)
        for frame in frames:
            total.update(frame.write_ipc_stream(None).getbuffer())
        started = time.process_time()
    return {name: spent["seconds"] for name, spent in clock.spent.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--passes", type=int, default=3, help="the first one warms up")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = pipeline_job(load(CONFIG), [chosen.source], Path(folder) / "run")
        [split] = plan([scan(item) for item in job.inputs], 1 << 40)
        home = Path(folder)
        task = SplitTask(split, (), (), job.ingest, root=home, work=home, level=0)
        stages, total = built(job.specs), hashlib.sha256()
        passes = [measured(task, stages, total) for _ in range(max(chosen.passes, 2))]
    print("digest", total.hexdigest()[:16])
    least = {name: min(one[name] for one in passes[1:]) for name in passes[0]}
    for name, seconds in [*least.items(), ("all", sum(least.values()))]:
        print(f"{name:20}{seconds:8.3f}")


if __name__ == "__main__":
    main()
