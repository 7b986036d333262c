"""Two workers of ours against one, on the same documents in the same run.

Enters: documents.  Leaves: seconds of the run and of the whole command, in one process, with one
worker of Ray and with two.  Refuses: to compare runs that do not keep the same documents.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scripts.race.documents import Document
from scripts.race.entrants import ROOT, SETTINGS

#: Name → options of the command.
RUNS = {
    "one process": ("--engine", "local"),
    "one worker": ("--engine", "ray", "--workers", "1"),
    "two workers": ("--engine", "ray", "--workers", "2"),
}


def scaling(found: list[Document], home: Path) -> dict[str, Any]:
    """The figures of each way to run, and the factor between one worker and two."""
    home.mkdir()
    source = home / "documents.jsonl"
    lines = [json.dumps({"id": row.id, "text": row.text}, ensure_ascii=False) for row in found]
    source.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    runs = {name: _run(source, home / name.replace(" ", "-"), how) for name, how in RUNS.items()}
    kept = {run["kept"] for run in runs.values()}
    if len(kept) > 1:
        message = f"the runs kept different numbers of documents: {sorted(kept)}"
        raise ValueError(message)
    one, two = runs["one worker"], runs["two workers"]
    return {
        "mb": sum(len(row.text.encode()) for row in found) / 1e6,
        "runs": runs,
        "factor": one["run_s"] / two["run_s"],
        "factor_command": one["command_s"] / two["command_s"],
        "factor_against_one_process": runs["one process"]["command_s"] / two["command_s"],
    }


def _run(source: Path, work: Path, how: tuple[str, ...]) -> dict[str, Any]:
    print(f"ours, {' '.join(how)} …", file=sys.stderr)
    command = [sys.executable, "-m", "corpus_pipeline.cli", "run", str(ROOT / "configs/web.yaml")]
    command += ["--input", str(source), "--output", str(work), *how]
    started = time.perf_counter()
    subprocess.run(
        command, check=True, env={**os.environ, **SETTINGS}, cwd=ROOT, stderr=subprocess.DEVNULL
    )
    whole = time.perf_counter() - started
    metrics = json.loads((work / "metrics.json").read_text("utf-8"))
    manifest = json.loads((work / "manifest.json").read_text("utf-8"))
    return {
        "command_s": whole,
        "run_s": metrics["wall_s"],
        "cpu_s": metrics["cpu_s"],
        "phases_s": metrics["phases"],
        "kept": manifest["counts"]["kept"],
    }
