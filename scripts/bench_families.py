"""What near-dedup costs where all documents are alike: one template, or one family.

    python scripts/bench_families.py SCRATCH [--documents 10000 30000 100000] [--json FILE]

A *template*: pages of 600 characters of which 500 are the same and 100 their own, so that pairs are
alike below the threshold (Jaccard of the 5-grams about .68).  A *family*: edits of one text of 600
characters, a hundredth of them replaced, so that all pairs are alike.  Core seconds, peak memory
of the one process, candidates and pairs that hold; linear means the same time a document.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LENGTH, OWN, EDITS = 600, 100, 6
FIRST, LAST = 0x4E00, 0x9FA0
KINDS = ("template", "family")


def documents(kind: str, count: int) -> Iterator[str]:
    """So many texts of one kind."""
    rng = np.random.default_rng([20261129, KINDS.index(kind)])
    common = rng.integers(FIRST, LAST, LENGTH)
    for _ in range(count):
        codes = common.copy()
        if kind == "template":
            at = rng.integers(0, LENGTH - OWN)
            codes[at : at + OWN] = rng.integers(FIRST, LAST, OWN)
        else:
            codes[rng.integers(0, LENGTH, EDITS)] = rng.integers(FIRST, LAST, EDITS)
        yield "".join(map(chr, codes))


def write(path: Path, kind: str, count: int) -> None:
    """JSON lines of so many documents of one kind."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(documents(kind, count)):
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")


def measured(source: Path, home: Path) -> dict:
    """One run in one process: core seconds by phase, peak memory, what was found."""
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(source)]
    command += ["--output", str(home), "--engine", "local"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"near-dedup failed: {process.returncode}")
    stages = json.loads((home / "metrics.json").read_text())["stages"]
    counts = json.loads((home / "manifest.json").read_text())["counts"]
    return {
        "kept": counts["kept"],
        "dropped": counts["dropped"],
        "core_s": spent.ru_utime + spent.ru_stime,
        "core_s_by_phase": {name: spent["seconds"] for name, spent in sorted(stages.items())},
        "peak_memory_mib": spent.ru_maxrss / 1024,
    }


def main() -> None:
    """Measure each kind at each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--documents", type=int, nargs="*", default=[10_000, 30_000, 100_000])
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    found = []
    for kind in args.kinds:
        for count in args.documents:
            with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
                source = Path(folder) / "in.jsonl"
                write(source, kind, count)
                result = {"kind": kind, "documents": count}
                result |= measured(source, Path(folder) / "out")
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
            found.append(result)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
