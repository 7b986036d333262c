"""What near-dedup costs as documents grow: a model from a small run, its prediction, the real run.

    python scripts/bench_scale.py DATA/text/bulk.jsonl.zst SCRATCH [--documents 1000000 10000000]
        [--small 200000] [--length 200] [--workers 2] [--clustering 50000000]
        [--json docs/scale.json]

Documents come from `make_mutations.py`.  A small run gives core-seconds a document and phase,
bytes a document on disk, and the fixed time of a start; from them each larger run is predicted
before it is made.  Memory is the proportional set size of all processes of the run, sampled; of
clustering alone it is the growth of a fresh process.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl

from corpus_pipeline.app.config import spec
from corpus_pipeline.engine.shuffle.corpus import Corpus
from corpus_pipeline.engine.shuffle.group import group
from corpus_pipeline.engine.shuffle.job import Shuffle
from corpus_pipeline.stages.near_dedup import NearDedupOptions

ROOT = Path(__file__).parents[1]
MIB = 1 << 20


def descendants(pid: int) -> list[int]:
    """The processes below this one, itself included."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                found += descendants(int(child))
    return found


def memory(pid: int) -> int:
    """Bytes in memory of a process and those below it, shared pages counted once."""
    total = 0
    for one in descendants(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def peaks(pid: int, known: dict[str, int]) -> None:
    """Raise the largest resident size, in bytes, of the driver and of any worker of Ray."""
    for one in descendants(pid):
        with suppress(OSError, StopIteration):
            name = Path(f"/proc/{one}/cmdline").read_bytes()
            kind = "driver" if one == pid else "worker" if name.startswith(b"ray::") else "ray"
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            size = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
            known[kind] = max(known.get(kind, 0), size)


def on_disk(folder: Path) -> int:
    """Bytes of the files in a folder that others are writing."""
    total = 0
    for home, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(home) / name).stat().st_size
    return total


def run(source: Path, home: Path, workers: int) -> dict:
    """Near-dedup over `source`: wall and core seconds by phase, peak memory and disk."""
    shutil.rmtree(home, ignore_errors=True)
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(source)]
    command += ["--output", str(home), "--engine", "ray", "--workers", str(workers)]
    started = time.perf_counter()
    peak = {"memory": 0, "disk": 0}
    largest: dict[str, int] = {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:

        def watch() -> None:
            while process.poll() is None:
                peak["memory"] = max(peak["memory"], memory(process.pid))
                peaks(process.pid, largest)
                peak["disk"] = max(peak["disk"], on_disk(home))
                time.sleep(2)

        watcher = threading.Thread(target=watch)
        watcher.start()
        process.wait()
        watcher.join()
    if process.returncode:
        raise SystemExit(f"near-dedup failed: {process.returncode}")
    wall = time.perf_counter() - started
    metrics = json.loads((home / "metrics.json").read_text())
    counts = json.loads((home / "manifest.json").read_text())["counts"]
    phases = {name: spent["seconds"] for name, spent in metrics["stages"].items()}
    return {
        "documents": counts["read"],
        "dropped": counts["dropped"],
        "wall_s": wall,
        "core_s": sum(phases.values()),
        "core_s_by_phase": phases,
        "peak_memory_mib": peak["memory"] / MIB,
        "peak_process_mib": {kind: size / MIB for kind, size in sorted(largest.items())},
        "peak_disk_mib": peak["disk"] / MIB,
        "final_disk_mib": on_disk(home) / MIB,
    }


def model(small: dict, documents: int, workers: int) -> dict:
    """What a run of so many documents should take, from a small one: everything is linear."""
    times = documents / small["documents"]
    fixed = max(small["wall_s"] - small["core_s"] / workers, 0)
    return {
        "documents": documents,
        "dropped": small["dropped"] * times,
        "wall_s": fixed + small["core_s"] * times / workers,
        "core_s": small["core_s"] * times,
        "peak_disk_mib": small["peak_disk_mib"] * times,
        "final_disk_mib": small["final_disk_mib"] * times,
    }


def cluster(documents: int, scratch: str, answer: "multiprocessing.Queue") -> None:
    """Cluster so many documents, half of them in pairs or chains; bytes of memory a document."""
    work = Path(scratch)
    corpus = Corpus(work, 1)
    corpus.number([documents])
    job = Shuffle(spec("near_dedup", NearDedupOptions(), Path()), corpus, "bench")
    rng = np.random.default_rng(1)
    ranges = max(documents // 500_000, 1)
    (job.home / "forest").mkdir(parents=True)
    for number in range(ranges):
        edges = pl.DataFrame({"a": rng.integers(0, documents, documents // 2 // ranges)})
        edges = edges.with_columns(b=(pl.col("a") + 1 + pl.col("a") % 5).clip(0, documents - 1))
        path = job.home / "forest" / f"part-{number:05d}.parquet"
        edges.cast(pl.UInt64).write_parquet(path)
    group((job, 1, 20_000))  # what the first call loads and compiles is no cost of a document
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak_of_self("VmRSS")
    started = time.perf_counter()
    found = group((job, ranges, 20_000))
    answer.put(
        {
            "documents": documents,
            "edges": found["edges"],
            "components": found["components"],
            "seconds": time.perf_counter() - started,
            "bytes_per_document": (peak_of_self("VmHWM") - before) / documents,
        }
    )


def peak_of_self(name: str) -> int:
    """A line of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def clustering(documents: int, scratch: Path) -> dict:
    """Memory and time of clustering, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue = context.Queue()
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        process = context.Process(target=cluster, args=(documents, folder, answer))
        process.start()
        found = answer.get()
        process.join()
    return found


def main() -> None:
    """Predict, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bulk", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--documents", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--small", type=int, default=200_000)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--clustering", type=int, nargs="*", default=[], help="sizes of clustering alone"
    )
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    found: dict = {"length": args.length, "workers": args.workers, "runs": [], "clustering": []}
    small = None
    for documents in (args.small, *args.documents):
        source, home = args.scratch / "in", args.scratch / "out"
        shutil.rmtree(source, ignore_errors=True)
        make = [sys.executable, str(ROOT / "scripts/make_mutations.py"), str(args.bulk)]
        make += [str(source), f"--documents={documents}", f"--length={args.length}"]
        subprocess.run(make, check=True)
        predicted = model(small, documents, args.workers) if small else None
        if predicted:
            print("predicted", json.dumps(rounded(predicted)), flush=True)
        measured = run(source, home, args.workers)
        measured["input_mib"] = on_disk(source) / MIB
        print("measured ", json.dumps(rounded(measured)), flush=True)
        found["runs"].append({"measured": measured, "predicted": predicted})
        small = small or measured
        found["clustering"].append(clustering(documents, args.scratch))
        print("clustering", json.dumps(rounded(found["clustering"][-1])), flush=True)
        shutil.rmtree(source, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
    for documents in args.clustering:
        found["clustering"].append(clustering(documents, args.scratch))
        print("clustering", json.dumps(rounded(found["clustering"][-1])), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rounded(found), indent=1) + "\n")


def rounded(value: object) -> object:
    """Numbers as they are read."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 2) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
