"""One entrant's race, in a process and an environment of its own.

    python -m scripts.race.child RUNNER FOLDER

Enters: a folder with `warm.jsonl`, `documents.jsonl`, `shuffled.jsonl`, `pieces.json`.  Leaves: its
`result.json`.  Imports, models and compiled code are loaded by a run on the few documents of
`warm.jsonl`; then it is timed from the reading of the file to the list of decisions.
Refuses: to import anything of ours; only a runner does.
"""

import argparse
import importlib
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

#: A fast entrant runs several times and the median counts; a slow one does not.
REPEATS, ENOUGH_S = 3, 20.0
#: Signatures are made for at least so long.
SIGNATURES_S = 1.0


def cpu() -> float:
    """CPU seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """The most memory that this process, or one of its children, ever held.

    Not `ru_maxrss` of this process: that begins with what the parent held when it made us.
    """
    status = Path("/proc/self/status")
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if not status.exists():
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, children)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return max(int(line.split()[1]) / 1024, children)


def rate(function: Callable[[list[str]], object], texts: list[str]) -> float:
    """Documents per CPU second, after a few to warm up."""
    function(texts[:20])
    done, started = 0, cpu()
    while cpu() - started < SIGNATURES_S:
        function(texts[:100])
        done += len(texts[:100])
    return done / (cpu() - started)


def race(runner: str, folder: Path) -> dict[str, object]:
    """The figures of one entrant."""
    module = importlib.import_module(f"scripts.race.runners.{runner}")
    module.decide(folder / "warm.jsonl", folder / "warm")
    cpus, walls, decisions = [], [], []
    while len(cpus) < REPEATS and sum(cpus) < ENOUGH_S:
        work = folder / f"run{len(cpus)}"
        cpu_started, wall_started = cpu(), time.perf_counter()
        decisions.append(sorted(module.decide(folder / "documents.jsonl", work)))
        walls.append(time.perf_counter() - wall_started)
        cpus.append(cpu() - cpu_started)
    peak = peak_mb()
    shuffled = sorted(module.decide(folder / "shuffled.jsonl", folder / "again"))
    pieces = json.loads((folder / "pieces.json").read_text("utf-8"))
    made = rate(module.signatures, pieces) if hasattr(module, "signatures") and pieces else None
    return {
        "cpu_s": statistics.median(cpus),
        "wall_s": statistics.median(walls),
        "runs": len(cpus),
        "peak_mb": peak,
        "removed": decisions[0],
        "same_again": all(one == decisions[0] for one in decisions),
        "shuffled_removed": len(shuffled),
        "shuffled_differ": len(set(shuffled) ^ set(decisions[0])),
        "signatures_s": made,
    }


def main() -> None:
    """Run on one core and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runner")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    result = race(chosen.runner, chosen.folder)
    (chosen.folder / "result.json").write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main()
