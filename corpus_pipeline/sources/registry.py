"""The registry as the manifest of a run holds it: records with the digests of their files.

Enters: sources, and the folder that their files are relative to.  Leaves: mappings for JSON.
Refuses: a file that is not there (`PipelineError`, one line that names source and key).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.sources.record import Source


def registry(sources: Sequence[Source], base: Path) -> list[dict[str, Any]]:
    """The records, their files pinned; names of files may hold what names of inputs may."""
    return [_entry(source, base) for source in sources]


def missing_file(source: Source, key: str, file: str, base: Path) -> str | None:
    """What is wrong with a file that a record names: that it is not there; null where it is."""
    if (base / file).expanduser().exists():
        return None
    hint = " (a number is a `contract`)" if key == "evidence" else ""
    return f"source {source.name!r}: {key}: no such file: {concealed(file)}{hint}"


def _entry(source: Source, base: Path) -> dict[str, Any]:
    entry = source.record()
    entry |= {key: [*map(concealed, entry[key])] for key in ("match", "excludes")}
    for key, file in source.files.items():
        problem = missing_file(source, key, file, base)
        if problem is not None:
            raise PipelineError(problem)
        *parents, last = key.split(".")
        section = entry
        for parent in parents:
            section = section[parent]
        # Where a file lies on this machine is nobody's concern.
        section[last] = concealed(Path(file).name if Path(file).is_absolute() else file)
        section[f"{last}_sha256"] = resolve(file, base).sha256
    return entry
