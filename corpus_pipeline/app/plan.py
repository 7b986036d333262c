"""`plan`: what a run would read, do and cost, before it does.

Enters: a config and paths.  Leaves: splits, stages, assets, and expected disk, memory and
core-hours: estimates from measured rates, named `expected_…`.  Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from corpus_pipeline.app import memory
from corpus_pipeline.app.config import Config
from corpus_pipeline.app.jobs import pipeline_job
from corpus_pipeline.engine.run import Job
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.scan import Scanned, sized
from corpus_pipeline.io.splits import cut
from corpus_pipeline.io.standard_input import received
from corpus_pipeline.text.unicode.escape import escaped

#: MB of decompressed input per second and core: `make bench` measured 4.3 to 5.6 (docs/bench.md).
RATE_MB_S = 4.0
#: Bytes on disk at the peak and after, per byte of decompressed input: 1.03 and 0.70 measured with
#: `du` on every fourth line of that input (46.5 MB); kept/ and dataset/ both hold the text.
DISK_RUNNING, DISK_KEPT = 1.1, 0.75
#: MB; `make bench` measured a peak of 1,060 (docs/bench.md).
WORKER_MB = 1_200


def preview(config: Config, paths: Sequence[str]) -> dict[str, Any]:
    """The figures of a run that is not made: sizes in MB (10⁶ bytes), time in core-hours."""
    with received(paths) as given:
        return _preview(pipeline_job(config, given, Path("/nonexistent")))


def _preview(job: Job) -> dict[str, Any]:
    found = _cut(job)
    size = found.plain / 1e6
    return {
        "inputs": len(job.inputs),
        "input_mb": round(found.size / 1e6, 1),
        "decompressed_mb": round(size, 1),
        "formats": sorted(found.formats),
        "splits": found.splits,
        "stages": [spec.name for spec in job.specs],
        "assets": {
            concealed(f"{spec.name}.{name}"): f"{concealed(asset.ref)} sha256={asset.sha256[:12]}"
            for spec in job.specs
            for name, asset in sorted(spec.assets.items())
        },
        "expected_core_hours": round(size / RATE_MB_S / 3600, 3),
        "expected_disk_mb_running": round(size * DISK_RUNNING, 1),
        "expected_disk_mb_after": round(size * DISK_KEPT, 1),
        "expected_memory_mb_per_worker": WORKER_MB,
        "memory_bound_mb": memory.bounds(job, found.splits, memory.measured(job, found.plain)),
    }


class _Cut(NamedTuple):
    """How many splits there are, the bytes in them on disk and plain, and the formats."""

    splits: int
    size: int
    plain: int
    formats: set[str]


def _cut(job: Job) -> _Cut:
    """What the inputs would be cut into; of files that are not cut only sizes are asked."""
    mode, size, plain = job.ingest.text_mode, 0, 0
    formats: set[str] = set()
    split_size = job.split_size

    def weighed() -> Iterator[Scanned]:
        nonlocal size, plain
        for item in job.inputs:
            scanned = sized(item, job.ingest.limits, mode, split_size)
            size += item.bytes
            plain += scanned.decompressed
            formats.add(item.format)
            yield scanned

    splits = sum(1 for _ in cut(weighed(), split_size, mode))
    return _Cut(splits, size, plain, formats)


def render(figures: dict[str, Any]) -> str:
    """One line a figure."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines.append(f"{name}:")
            lines += [escaped(f"  {key}: {text}") for key, text in value.items()]
        elif isinstance(value, list):
            lines.append(f"{name}: {' → '.join(value) if name == 'stages' else ', '.join(value)}")
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
