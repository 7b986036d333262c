"""corpus-pipeline: `run configs/web.yaml` by its command line, every stage of it."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[4]
#: The longest beginning of a step's name decides.
KINDS = {
    "ingest": "files",
    "scan": "files",
    "write": "files",
    "apply": "files",
    "decode": "text",
    "extract": "text",
    "normalize": "text",
    "langid": "language",
    "heuristics": "rules",
    "pii": "personal data",
    "exact_dedup": "duplicates",
    "near_dedup": "duplicates",
    "line_dedup": "duplicates",
    "decontaminate": "content",
    "spam": "content",
    "compliance": "content",
    "aigc": "content",
    "ip": "content",
    "quality": "content",
    "domain": "content",
    "source_admission": "content",
}
CLOCK = "cpu"


def clean(source: Path, work: Path) -> None:
    """`corpus-pipeline run configs/web.yaml --input SOURCE --output WORK --engine local`."""
    from corpus_pipeline.cli import main  # noqa: PLC0415 – its import is what the clock measures

    sys.argv = ["corpus-pipeline", "run", str(ROOT / "configs/web.yaml")]
    sys.argv += ["--input", str(source), "--output", str(work), "--engine", "local"]
    try:
        main()
    except SystemExit as leaving:
        if leaving.code:
            raise


def outcome(work: Path) -> dict[str, Any]:
    """What the manifest counts and the metrics measured."""
    counts = json.loads((work / "manifest.json").read_text("utf-8"))["counts"]
    stages = json.loads((work / "metrics.json").read_text("utf-8"))["stages"]
    texts = [
        pq.read_table(part, columns=["text"]).column(0)
        for part in sorted((work / "kept").glob("*.parquet"))
    ]
    size = sum(len(text.as_py().encode()) for column in texts for text in column)
    return {
        "kept": counts["kept"],
        "kept_mb": size / 1e6,
        "dropped": counts["by_rule"],
        "steps": {name: entry["seconds"] for name, entry in stages.items()},
    }
