"""A finished run for Python: its counts, and tables that are read when they are asked for.

Enters: the folder of a finished run.  Leaves: lazy frames of its parts (docs/columns.md lists their
columns), its manifest, stories of its documents.  Nothing in the folder is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import local_copy, place
from corpus_pipeline.model import PipelineError, damaged_share, unread_share
from corpus_pipeline.products import runs

if TYPE_CHECKING:
    from corpus_pipeline.products.audit.result import AuditResult
    from corpus_pipeline.products.explain.story import Story
    from corpus_pipeline.products.verify.chain import Finding


@dataclass(frozen=True, slots=True, repr=False)
class Run(runs.Run):
    """A finished run: `root`, `manifest`, `counts`, `stages`, `sources`, and its documents.

    `reused`: whether the same run had been finished before, so that nothing was done.
    """

    reused: bool = False

    def __repr__(self) -> str:
        counts = self.counts
        states = ", ".join(f"{counts[name]:,} {name}" for name in ("kept", "dropped"))
        return f"Run({str(self.root)!r}: {states}, {counts['quarantined']:,} quarantined)"

    def kept(self) -> pl.LazyFrame:
        """The documents that go on, every column, in the order of the input."""
        return self._scan(runs.KEPT)

    def dropped(self) -> pl.LazyFrame:
        """The documents that a stage dropped, with `dropped_by`, `drop_rule`, `drop_evidence`."""
        return self._scan(runs.DROPPED)

    def quarantine(self) -> pl.LazyFrame:
        """The records that became no document: locator, stage, reason, byte range, digest."""
        return self._scan(runs.QUARANTINED)

    def dataset(self) -> pl.LazyFrame:
        """The published shards.

        Raises `PipelineError` where the run was not exported into its own folder.
        """
        content = manifest.read_if_sound(self.root / "dataset" / "manifest.json")
        if content is None:
            raise PipelineError(f"{self.root} has no dataset: export it first")
        return pl.scan_parquet([self.root / "dataset" / s["path"] for s in content["shards"]])

    def explain(self, key: str, *, text: bool = False) -> Story:
        """The life of one document: `key` is an id, its beginning, a locator or a URL.

        `text`: with the beginning of its text, where the stage `pii` ran.  `PipelineError` where
        the key names no document, or several.
        """
        from corpus_pipeline.products.explain.story import explain

        return explain(self.root, key, text=text)

    def verify(self, inputs: str | Path | None = None) -> list[Finding]:
        """What differs from the manifest; `inputs`: a folder whose files are hashed as well."""
        from corpus_pipeline.products.verify.chain import verify

        return verify(self.root, None if inputs is None else place(inputs))

    def audit(self, profile: str | Path = "house") -> AuditResult:
        """Check the run against a profile: a packaged one by name, or a YAML file."""
        from corpus_pipeline.products.audit.run import audit

        return audit(self.root, profile)

    @property
    def damaged_share(self) -> float:
        """Broken records over records read."""
        return damaged_share(self.counts)

    @property
    def damage_limit(self) -> float:
        """The share of broken records that the run's config allows (`limits.quarantine_share`)."""
        limits = self.manifest["config"].get("limits", {})
        return float(limits.get("quarantine_share", 1.0))

    @property
    def unread_share(self) -> float:
        """Bytes that became no document, for damage or size, over bytes of all inputs."""
        return unread_share(self.counts)

    @property
    def unread_limit(self) -> float:
        """The share of such bytes that the run's config allows (`limits.unread_share`)."""
        limits = self.manifest["config"].get("limits", {})
        return float(limits.get("unread_share", 1.0))

    def _scan(self, folder: str) -> pl.LazyFrame:
        return pl.scan_parquet(
            [local_copy(self.root / part, kept=True) for part in self.parts(folder)]
        )


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """A finished index: where it lies, its seal, and how many documents it holds."""

    root: Path
    seal: str
    documents: int


def open_run(path: str | Path, *, reused: bool = False) -> Run:
    """The finished run in a folder; `PipelineError` in one line where there is none."""
    opened = runs.open_run(place(path))
    return Run(opened.root, opened.manifest, reused)
