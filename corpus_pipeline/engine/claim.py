"""Whose folder an output folder is: nobody's, this run's, or another's.

Enters: a folder and the key of a run.  Leaves: the folder claimed for the run by `run.json`, or the
finished manifest of the same run.
Refuses: to write beside anything else (one line, `PipelineError`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.model import PipelineError


def refuse_foreign(root: Path) -> None:
    """Never write beside files that are not ours."""
    if root.exists() and not root.is_dir():
        raise PipelineError(f"the output {root} is a file")
    names = {path.name for path in root.iterdir()} if root.exists() else set()
    if names and "run.json" not in names and names != {"work"}:
        raise PipelineError(f"{root} is not empty; choose another folder, or --overwrite")


def claim(root: Path, key: str) -> dict[str, Any] | None:
    """Make `root` the folder of this run; a finished manifest of it is returned."""
    start = root / "run.json"
    before = manifest.read_if_sound(start)
    if before is not None and before.get("key") == key:
        return manifest.read_if_sound(root / "manifest.json")
    others = [p.name for p in root.iterdir() if p.name != "work"] if root.exists() else []
    if others:
        what = "another run (inputs, config or versions differ)" if before else "other files"
        raise PipelineError(f"{root} holds {what}; choose another folder, or --overwrite")
    manifest.write(start, {"kind": "start", "key": key})
    return None
