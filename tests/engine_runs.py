"""Small runs for the engine's tests: a job over a file, and what it left."""

import hashlib
import json
from pathlib import Path

import polars as pl
from engine_stages import spec

from corpus_pipeline.engine.run import Job
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers.base import IngestOptions


def write_lines(path: Path, texts: list[str]) -> Path:
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def job(source: Path, root: Path, *stages, split_bytes: int = 20_000, **changes) -> Job:
    given = {
        "name": "test",
        "inputs": tuple(discover([source])),
        "specs": tuple(spec(stage) for stage in stages),
        "ingest": IngestOptions(batch_bytes=4_000),
        "split_bytes": split_bytes,
        "config": {},
        "sources": [],
        "root": root,
    }
    return Job(**(given | changes))


def frame(root: Path, kind: str) -> pl.DataFrame:
    return pl.read_parquet(sorted((root / kind).glob("part-*.parquet")))


def digests(root: Path) -> dict[str, str]:
    """Every file of a finished run but the one that holds times."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "metrics.json"
    }
