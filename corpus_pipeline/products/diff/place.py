"""Where a comparison may write: never inside a release.

Enters: the path of a file and the folders of releases.  Leaves: nothing, or `PipelineError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from corpus_pipeline.model import PipelineError


def check_place(path: Path, releases: Iterable[Path]) -> None:
    """`PipelineError` for a folder, and for a file inside a release."""
    if path.is_dir():
        raise PipelineError(f"{path} is a folder: name a file to write")
    for root in releases:
        if path.resolve().is_relative_to(root.resolve()):
            raise PipelineError(f"{path} lies inside {root}: verify would find a file more there")
