"""corpus-pipeline: its `decode` command in process, which reads, and finds charsets."""

from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import How, run_stage
from corpus_pipeline.model import PipelineError


def read(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """`corpus-pipeline decode FOLDER --output …`: documents, kept or dropped, and the rest."""
    settings = [f"{name}={value}" for name, value in case["options"].items()]
    out = folder.parent / f"{folder.name}.out"
    try:
        config = load(None, settings, "decode")
        how = How(engine="local", overwrite=True)
        run = run_stage(config, [str(folder)], out, how, stage="decode")
    except PipelineError as error:
        return {"how": "refusal", "said": str(error)}
    texts = [text for kind in ("kept", "dropped") for text in _column(out, kind, "text") if text]
    reasons = _column(out, "quarantine", "reason")
    reasons += [rule for rule in _column(out, "dropped", "drop_rule") if rule]
    empty = [text for text in _column(out, "kept", "text") if not text]
    reasons += ["no text in it"] * len(empty)
    left = [file["reason"] for file in run.manifest["left_out"]]
    return {"how": "result", "texts": texts, "reasons": sorted(reasons), "left_out": left}


def _column(out: Path, kind: str, name: str) -> list[str]:
    parts = sorted((out / kind).glob("*.parquet"))
    return [v for part in parts for v in pl.read_parquet(part, columns=[name]).get_column(name)]
