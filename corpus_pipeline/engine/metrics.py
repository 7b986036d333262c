"""How long a run took, and where, in `metrics.json`; no other digest covers that file.

Enters: the times that tasks left beside their work, one file a task.  Leaves: `metrics.json`.
A task that was done again after a kill counts once, with its last attempt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.tasks.base import Engine


def write_metrics(root: Path, phases: Mapping[str, float], wall: float, engine: Engine) -> None:
    """Add up what the tasks wrote into the metrics folder; seconds, bytes, kB.

    Of the engine its name, workers, nodes, and whether its cluster is one that others use too;
    no name or address of a machine.
    """
    stages: dict[str, dict[str, float]] = {}
    cpu, peak = 0.0, 0
    for path in sorted((root / "work" / "metrics").glob("*.json")):
        try:
            spent = json.loads(path.read_text())
        except ValueError:  # torn by a kill; the task itself was done again
            continue
        cpu += spent["cpu_s"]
        peak = max(peak, spent.get("peak_kb", 0))
        booked = spent.get("stages", {})
        if not booked:
            name = path.stem.rsplit("-", 1)[0]
            booked = {name: {"seconds": spent["cpu_s"], "bytes": 0, "documents": 0}}
        for name, entry in booked.items():
            total = stages.setdefault(name, {"seconds": 0.0, "bytes": 0, "documents": 0})
            for unit, value in entry.items():
                total[unit] += value
    content = {
        "kind": "metrics",
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_kb": peak,
        "engine": type(engine).__name__,
        "workers": engine.workers,
        "nodes": engine.nodes,
        "shared": engine.shared,
        "phases": dict(phases),
        "stages": stages,
    }
    manifest.write(root / "metrics.json", _rounded(content))


def _rounded(value: Any) -> Any:
    """The same with times to the microsecond: longer digits say nothing, and look like numbers."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 6) if isinstance(value, float) else value
