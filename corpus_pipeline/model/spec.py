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
        """The class that the target names."""
        module, _, name = self.target.partition(":")
        found: type[AnyStage] = getattr(importlib.import_module(module), name)
        return found

    @property
    def is_global(self) -> bool:
        """Whether the engine has to shuffle for it."""
        return issubclass(self.cls, ShuffledStage)

    def build(self) -> Any:
        """The stage itself, models loaded."""
        return self.cls(self.cls.OptionsModel(**self.options), self.assets)

    def record(self) -> dict[str, Any]:
        """What a manifest says of this stage."""
        return {
            "name": self.name,
            "version": self.version,
            "options": dict(self.options),
            "assets": {
                name: {"ref": asset.ref, "sha256": asset.sha256}
                for name, asset in sorted(self.assets.items())
            },
        }
