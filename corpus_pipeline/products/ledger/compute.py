"""What the releases cost in processor time, by stage, engine and source.

Enters: the `metrics.json` of each release, which is sealed by itself.  Leaves: plain values for
`compute.json`.  Times are never the same twice: no digest of a ledger covers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.products.ledger.account import Ledger
from corpus_pipeline.products.ledger.figures import NAMELESS
from corpus_pipeline.products.ledger.release import Release, verdict_of
from corpus_pipeline.products.runs import DROPPED, KEPT

KIND = "compute"
#: How the time of a run becomes that of its sources.
HOW = (
    "What a source cost is not measured: the time of a stage is divided by the UTF-8 bytes of the "
    "documents that reached it, as their texts were left; a document pays for no stage after the "
    "one that dropped it. Time that no stage is booked with (reading, writing, shuffling) is "
    "divided by the bytes of all documents. Records in quarantine and erased documents have no "
    "bytes here and pay nothing."
)
#: Time that belongs to no stage.
OTHER = "other"
HOUR = 3600.0


def compute(ledger: Ledger) -> dict[str, Any]:
    """Core-hours of each release, of each stage and engine, and of each source by bytes."""
    runs: list[dict[str, Any]] = []
    stages: dict[tuple[str, str], dict[str, float]] = {}
    sources: dict[str, float] = {}
    seen: set[str] = set()
    for release in ledger.chain.releases:
        said = {"name": str(release.run.manifest["name"]), "seal": release.seal}
        spent = manifest.read_if_sound(release.run.root / "metrics.json")
        if spent is None or spent["seal"] in seen:  # a release made from another has its times
            runs.append({**said, "core_hours": None})
            continue
        seen.add(spent["seal"])
        runs.append({**said, **_run(spent)})
        by_stage = _by_stage(spent)
        engine = _engine(spent)
        for stage, cost in by_stage.items():
            total = stages.setdefault((engine, stage), {"seconds": 0.0, "documents": 0, "bytes": 0})
            for unit in total:
                total[unit] += cost.get(unit, 0)
        for source, seconds in _by_source(release, ledger, by_stage).items():
            sources[source] = sources.get(source, 0.0) + seconds
    return {
        "kind": KIND,
        "runs": runs,
        "stages": [
            {"engine": engine, "stage": stage, "core_hours": cost["seconds"] / HOUR, **cost}
            for (engine, stage), cost in sorted(stages.items())
        ],
        "sources": [
            {"source": source, "core_hours": seconds / HOUR}
            for source, seconds in sorted(sources.items())
        ],
        "how": HOW,
    }


def _run(spent: Mapping[str, Any]) -> dict[str, Any]:
    """The times of a run; `reserved`: all workers for as long as it took."""
    workers = int(spent.get("workers", 1))
    return {
        "engine": _engine(spent),
        "workers": workers,
        "nodes": spent.get("nodes"),
        "core_hours": spent["cpu_s"] / HOUR,
        "reserved_core_hours": spent["wall_s"] * workers / HOUR,
        "wall_s": spent["wall_s"],
    }


def _engine(spent: Mapping[str, Any]) -> str:
    name = str(spent.get("engine", "unknown")).removesuffix("Engine").lower()
    return f"{name} (shared cluster)" if spent.get("shared") else name


def _by_stage(spent: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Seconds, documents and bytes of each stage, and of what is no stage's."""
    found: dict[str, dict[str, float]] = {}
    for key, cost in spent.get("stages", {}).items():
        # `near_dedup` sketches in the local pass; `near_dedup-match` and so on are its own tasks.
        total = found.setdefault(key.partition("-")[0], {"seconds": 0.0})
        for unit, value in cost.items():
            total[unit] = total.get(unit, 0) + value
    rest = spent["cpu_s"] - sum(cost["seconds"] for cost in found.values())
    found[OTHER] = {"seconds": max(rest, 0.0)}
    return found


def _by_source(
    release: Release, ledger: Ledger, by_stage: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Seconds of each source: of each stage by the bytes that reached it."""
    stages = release.run.stages
    place = {stage: number for number, stage in enumerate(stages)}
    sources, verdicts = ledger.book.sources.names, ledger.book.verdicts.names
    sizes: dict[tuple[int, str], int] = {}
    for source, verdict, _, _, size, _ in release.sums.iter_rows():
        state, stage, _ = verdict_of(verdicts[verdict])
        if state in {KEPT, DROPPED}:
            last = len(stages) if state == KEPT else place.get(stage, len(stages))
            key = last, sources[source] or NAMELESS
            sizes[key] = sizes.get(key, 0) + size
    seconds: dict[str, float] = {}
    for stage, cost in by_stage.items():
        first = place.get(stage, 0)
        reached = {key: size for key, size in sizes.items() if key[0] >= first}
        whole = sum(reached.values())
        for (_, source), size in sorted(reached.items()):  # sums of floats keep one order
            share = cost["seconds"] * size / whole if whole else 0.0
            seconds[source] = seconds.get(source, 0.0) + share
    return seconds
