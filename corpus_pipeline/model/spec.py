"""A stage as a value: name, version, options and assets pinned by content."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus_pipeline.model.asset import Asset
from corpus_pipeline.model.stage import AnyStage, ShuffledStage


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage as a value that can be sent to a worker and written in a manifest."""

    name: str
    version: int
    target: str  # "package.module:Class"
    options: Mapping[str, Any] = field(default_factory=dict)
    assets: Mapping[str, Asset] = field(default_factory=dict)

    @property
    def cls(self) -> type[AnyStage]:
        """The class that `target` names; imports its module."""
        module, _, name = self.target.partition(":")
        stage: type[AnyStage] = getattr(importlib.import_module(module), name)
        return stage

    @property
    def is_global(self) -> bool:
        """Whether the stage must see all documents, so that the engine shuffles for it."""
        return issubclass(self.cls, ShuffledStage)

    def build(self) -> Any:
        """The stage with its options and its assets loaded."""
        return self.cls(self.cls.OptionsModel(**self.options), self.assets)

    def record(self) -> dict[str, Any]:
        """The entry of this stage in a manifest."""
        return {
            "name": self.name,
            "version": self.version,
            "options": dict(self.options),
            "assets": {
                name: {"ref": asset.ref, "sha256": asset.sha256}
                for name, asset in sorted(self.assets.items())
            },
        }
