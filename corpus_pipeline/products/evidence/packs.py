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

#: References to files of this package begin so.
OURS = "package:"


def content_of(ref: str, sha256: str) -> Mapping[str, Any] | None:
    """The content of a pack; {} for a file that is none, None for one that is not that of the run.

    >>> content_of("package:rules/packs/pii.yaml", "0" * 64) is None
    True
    """
    try:
        asset = resolve(ref, Path.cwd())
    except PipelineError:
        return None
    if asset.sha256 != sha256:
        return None
    if asset.path.suffix not in {".yaml", ".yml"}:
        return {}
    content = yaml.safe_load(asset.path.read_text("utf-8"))
    return content if isinstance(content, Mapping) else {}


def model_card(ref: str, sha256: str) -> tuple[str, str] | None:
    """Name and text of the card of a model that comes with this package, where it has one."""
    if not ref.startswith(OURS) or content_of(ref, sha256) is None:
        return None
    card = resolve(ref, Path.cwd()).path.with_suffix(".md")
    return (card.name, card.read_text("utf-8")) if card.is_file() else None
