"""Throughput of the whole local chain and both dedups on real documents, per stage and in all.

`python scripts/bench.py bulk.jsonl.zst [--json FILE]` runs the pipeline of `configs/web.yaml` by
its command line, as a user would: on one core (`--engine local`), with one and with two Ray
workers, on half the input and on all of it; prints MB of UTF-8 text per second and core, documents
per second and peak memory; and times the MinHash kernel against datasketch in the same run.
"""

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import zstandard

ROOT = Path(__file__).parents[1]
#: What the targets of the project are; a figure below is marked.
TARGETS = {
    "run_mb_s_core": 4.0,
    "minhash_ratio": 15.0,
    "peak_mb": 2000.0,
    "two_workers": 1.7,
    "double": 2.2,
}


def run(source: Path, home: Path, *arguments: str) -> dict:
    """One run of the command line; wall and CPU seconds of the process tree, metrics, counts."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "corpus_pipeline.cli", "run", str(ROOT / "configs/web.yaml")]
    command += ["--input", str(source), "--output", str(home), *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    metrics = json.loads((home / "metrics.json").read_text())
    manifest = json.loads((home / "manifest.json").read_text())
    return {
        "wall_s": wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": max(
            metrics["peak_kb"] / 1024, after.ru_maxrss / 1024 if arguments == LOCAL else 0
        ),
        "metrics": metrics,
        "counts": manifest["counts"],
    }


LOCAL = ("--engine", "local")


def lines_of(source: Path) -> Iterator[bytes]:
    """The lines of a `.jsonl.zst`."""
    with source.open("rb") as raw:
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        yield from io.BufferedReader(reader, 1 << 20)


def half_of(source: Path, target: Path) -> None:
    """Every second line of the input, so that both halves hold the same kinds of text."""
    with target.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as half:
        for number, line in enumerate(lines_of(source)):
            if number % 2 == 0:
                half.write(line)


def sizes(source: Path) -> tuple[float, float]:
    """MB of input (JSON lines, inflated) and MB of UTF-8 text in them."""
    whole = text = 0
    for line in lines_of(source):
        whole += len(line)
        text += len(orjson.loads(line)["text"].encode())
    return whole / 1e6, text / 1e6


def table(rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="only the run on one core")
    chosen = parser.parse_args()
    size, text = sizes(chosen.source)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        one = run(chosen.source, home / "local", *LOCAL)
        figures = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}",
            "input_mb": size,
            "text_mb": text,
            "documents": one["counts"]["read"],
            "run_mb_s_core": size / one["cpu_s"],
            "run_text_mb_s_core": text / one["cpu_s"],
            "run_mb_s_wall": size / one["wall_s"],
            "peak_mb": one["peak_mb"],
            "stages": {
                name: {
                    "mb_s": entry["bytes"] / 1e6 / max(entry["seconds"], 1e-9),
                    "documents_s": entry["documents"] / max(entry["seconds"], 1e-9),
                    "seconds": entry["seconds"],
                }
                for name, entry in one["metrics"]["stages"].items()
            },
        }
        if not chosen.quick:
            half_of(chosen.source, home / "half.jsonl.zst")
            half = run(home / "half.jsonl.zst", home / "half", *LOCAL)
            ray1 = run(chosen.source, home / "ray1", "--engine", "ray", "--workers", "1")
            ray2 = run(chosen.source, home / "ray2", "--engine", "ray", "--workers", "2")
            figures |= {
                "double": one["wall_s"] / half["wall_s"],
                # The run without the start and stop of Ray (some 6 s however long the run is),
                # and the whole command with them.
                "two_workers": ray1["metrics"]["wall_s"] / ray2["metrics"]["wall_s"],
                "two_workers_command": ray1["wall_s"] / ray2["wall_s"],
                "ray_walls_s": [ray1["wall_s"], ray2["wall_s"]],
                "ray_run_walls_s": [ray1["metrics"]["wall_s"], ray2["metrics"]["wall_s"]],
                "ray_peak_mb": max(ray1["peak_mb"], ray2["peak_mb"]),
            }
            done = subprocess.run(
                [sys.executable, str(ROOT / "scripts/bench_minhash.py"), "--json"],
                check=True,
                capture_output=True,
                text=True,
            )
            figures["minhash"] = json.loads(done.stdout)
    rows = [("stage", "MB/s per core", "documents/s", "seconds")]
    for name, entry in figures["stages"].items():
        speed = f"{entry['mb_s']:.1f}" if entry["mb_s"] else "–"
        rate = f"{entry['documents_s']:,.0f}" if entry["documents_s"] else "–"
        rows.append((name, speed, rate, f"{entry['seconds']:.1f}"))
    print(table(rows))
    print()
    for name, value in figures.items():
        if isinstance(value, float):
            print(
                f"{name}: {value:.2f}" + (f" (target {TARGETS[name]})" if name in TARGETS else "")
            )
    if "minhash" in figures:
        print("minhash:", json.dumps(figures["minhash"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
