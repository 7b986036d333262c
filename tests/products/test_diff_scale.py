"""Two large releases against each other: time and memory.

Runs where `CORPUS_DIFF_ROWS` says how many rows a release has, such as 1000000 (some two minutes
and 2.2 GB of disk).
"""

import os
import resource
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from corpus_pipeline.io import manifest
from corpus_pipeline.io.manifest import file_entry
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import document_id

ROWS = int(os.environ.get("CORPUS_DIFF_ROWS", "0"))
PART = 25_000
REGISTERS = np.array(["prose", "news", "qa", "law", "verse"])
NOTHING = {
    "source_id": pl.String,
    "dropped_by": pl.String,
    "drop_rule": pl.String,
    "drop_evidence": pl.String,
}


def rows(number, bound):
    """A part: texts of 200 to 1,500 signs; those with too few Han fall by the bound."""
    draw = np.random.default_rng(number)
    signs = "".join(map(chr, 0x4E00 + draw.zipf(1.3, 400_000) % 3500))
    starts, lengths = draw.integers(0, 398_000, PART), draw.integers(200, 1500, PART)
    places = [f"raw/{number:04d}.jsonl@{line * 2000}" for line in range(PART)]
    share = draw.random(PART).astype(np.float32)
    fell = share < bound
    return pl.DataFrame(
        {
            "id": [document_id("web", place) for place in places],
            "source": ["web"] * PART,
            "locator": places,
            "source_id": [None] * PART,
            "text": [signs[a : a + n] for a, n in zip(starts, lengths, strict=True)],
            "dropped_by": np.where(fell, "heuristics", None).tolist(),
            "drop_rule": np.where(fell, "too_few_han", None).tolist(),
            "drop_evidence": [
                f"han_ratio={one:.2f} < {bound}" if one < bound else None for one in share
            ],
            "heuristics_han_ratio": share,
            "heuristics_register": draw.choice(REGISTERS, PART).tolist(),
            "quality_bucket": draw.integers(0, 20, PART).astype(np.uint8),
            **{f"heuristics_{n}": draw.random(PART).astype(np.float32) for n in range(20)},
        },
        schema_overrides=NOTHING,
    )


def release(root, numbers, bound):
    """A finished run of these parts, as far as a comparison reads it."""
    files, counts = [], {"kept": 0, "dropped": 0, "quarantined": 0}
    for number in numbers:
        frame = rows(number, bound)
        verdict = pl.col("dropped_by")
        for folder, wanted in (("kept", verdict.is_null()), ("dropped", verdict.is_not_null())):
            path = root / folder / f"part-{number:05d}.parquet"
            written = write_shard(path, [frame.filter(wanted)])
            counts[folder] += written
            files.append(file_entry(root, path, written))
    one = {"bytes": 1, "format": "jsonl", "compression": "none", "source": "web"}
    inputs = [{**one, "locator": f"raw/{n:04d}.jsonl", "sha256": f"{n:064x}"} for n in numbers]
    pack = {"pack": {"ref": "pack", "sha256": str(bound) * 4}}
    stage = {"name": "heuristics", "version": 1, "options": {}, "assets": pack}
    content = {"kind": "run", "name": "large", "config": {}, "code": {}, "sources": []}
    content |= {"inputs": inputs, "parents": [], "stages": [stage], "splits": [], "files": files}
    total = {"read": sum(counts.values()), **counts}
    manifest.write(root / "manifest.json", {**content, "key": "k", "counts": total})
    return root


@pytest.mark.slow
@pytest.mark.skipif(not ROWS, reason="CORPUS_DIFF_ROWS says how many rows a release has")
def test_a_million_rows_differ_in_half_a_minute(tmp_path):
    """Thirty seconds of one core for a million rows, and less than 1 GB whatever the rows."""
    parts = max(ROWS // PART, 2)
    old = release(tmp_path / "old", range(parts), 0.12)
    new = release(tmp_path / "new", range(1, parts + 1), 0.13)
    command = [sys.executable, "-m", "corpus_pipeline", "diff", old, new]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stderr.write(f"{parts * PART:,} rows: {seconds:.1f} s, {after.ru_maxrss / 1024:.0f} MB\n")
    assert "same measure, another bound  han_ratio: bound 0.12 → 0.13" in done.stdout
    assert seconds < 2 + 30 * parts * PART / 1_000_000
    assert after.ru_maxrss < 1 << 20
