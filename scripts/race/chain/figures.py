"""From the runs of a chain to its figures.

Enters: runs of the few documents and of all, as `child.py` writes them.  Leaves: start-up apart
from throughput, and the seconds of each kind of work.  Refuses: to call what no step accounts for
anything but the rest.
"""

import statistics
from collections import defaultdict
from typing import Any

#: Kinds of work, in the order of a chain.  What no step accounts for is `start and rest`.
KINDS = ("files", "text", "language", "rules", "personal data", "content", "duplicates")
REST = "start and rest"


def spent(run: dict[str, Any]) -> float:
    """CPU seconds of a run, of the program and of the system for it."""
    return float(run["user_s"] + run["system_s"])


def figures(
    few: list[dict[str, Any]], whole: list[dict[str, Any]], mb: float, few_mb: float
) -> dict[str, Any]:
    """The medians over runs; `few` are on so few documents that they are all start-up."""
    middle = sorted(whole, key=spent)[len(whole) // 2]
    cpu = statistics.median(map(spent, whole))
    start = statistics.median(map(spent, few))
    return {
        "cpu_s": cpu,
        "user_s": statistics.median(run["user_s"] for run in whole),
        "system_s": statistics.median(run["system_s"] for run in whole),
        "wall_s": statistics.median(run["wall_s"] for run in whole),
        "start_cpu_s": start,
        "start_wall_s": statistics.median(run["wall_s"] for run in few),
        "runs": len(whole),
        "all_cpu_s": [spent(run) for run in whole],
        "peak_mb": max(run["peak_mb"] for run in whole),
        # The throughput proper, and that of the whole command.
        "mb_s": (mb - few_mb) / (cpu - start) if cpu > start else None,
        "mb_s_with_start": mb / cpu,
        **{key: middle[key] for key in ("kept", "kept_mb", "dropped", "steps")},
        "kinds_s": kinds(middle),
    }


def kinds(run: dict[str, Any]) -> dict[str, float]:
    """The CPU seconds of each kind of work; the rest is the start, and what lies between steps."""
    seconds: dict[str, float] = defaultdict(float)
    for step, took in run["steps"].items():
        seconds[kind(step, run["kinds"])] += took
    # A wall clock also runs while others have the core: of its seconds as much is the step's own as
    # of the whole run's.
    own = min(spent(run) / run["wall_s"], 1.0) if run["clock"] == "wall" else 1.0
    named = {name: own * seconds[name] for name in KINDS}
    return named | {REST: max(spent(run) - sum(named.values()), 0.0)}


def kind(step: str, known: dict[str, str]) -> str:
    """The kind of a step: by the longest known piece with which it begins, or which it holds."""
    held = [piece for piece in known if step.startswith(piece)]
    held = held or [piece for piece in known if piece in step]
    return known[max(held, key=len)] if held else REST
