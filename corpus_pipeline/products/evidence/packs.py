"""Packs of a run, read again where they are still what the run used.

Enters: the reference and the digest that a manifest holds.  Leaves: the content of the YAML file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.keyword_library import OURS


def content_of(ref: str, sha256: str) -> Mapping[str, Any] | None:
    """The content of a pack; {} for a file that is none, None for one that is not that of the run.

    >>> content_of("package:rules/packs/pii.yaml", "0" * 64) is None
    True
    """
    path = _path(ref, sha256)
    if path is None:
        return None
    return _read(path) if path.suffix in {".yaml", ".yml"} else {}


def model_card(ref: str, sha256: str) -> tuple[str, str] | None:
    """Name and text of the card of a model that comes with this package, where it has one."""
    path = _path(ref, sha256) if ref.startswith(OURS) else None
    card = None if path is None else path.with_suffix(".md")
    return None if card is None or not card.is_file() else (card.name, card.read_text("utf-8"))


def _path(ref: str, sha256: str) -> Path | None:
    """Where the file lies, if it is that of the run."""
    try:
        asset = resolve(ref, Path.cwd())
    except PipelineError:
        return None
    return asset.path if asset.sha256 == sha256 else None


def _read(path: Path) -> Mapping[str, Any]:
    # The loader in C where PyYAML has it: packs are large, and twenty of them are read.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text("utf-8"), loader)  # noqa: S506 - it is a safe loader
    return content if isinstance(content, Mapping) else {}
