"""The sections of a config that belong to no stage: sources, ingest, limits.

Enters: mappings.  Leaves: options with their defaults and reasons.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from corpus_pipeline.app.source_records import SourceRecords
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import Options


class Source(SourceRecords):
    """Where documents come from, and by what right they are used."""

    name: str
    """What the column `source` says; each source has a name of its own."""

    match: tuple[str, ...] = ("**",)
    """Globs on an input's path below what was given; the first source that fits claims it."""

    kind: Literal[
        "open", "self_collected", "commercial", "user_input", "synthetic", "public_data", "unknown"
    ] = "unknown"
    """How the data was obtained."""

    license: str | None = None
    """SPDX id or text; a document's own licence wins."""

    legal_basis: str | None = None
    """By what right the data is used, e.g. `PIPL art. 27: public information`."""

    collected_at: str | None = None
    """When the data was collected, e.g. `2026-01`."""

    evidence: str | None = None
    """The record that proves the legal basis, e.g. a path or a contract number."""

    url: str | None = None
    """Where the source is described."""

    origin: Literal["cn", "foreign"] | None = None
    """The country of origin: GB/T 45654 asks for both kinds where foreign data is used."""

    aigc_model: str | None = None
    """Of generated text: the model or service that made it, with its version; a record's own
    statement wins."""

    aigc_at: str | None = None
    """Of generated text: when it was obtained, e.g. `2026-01`."""

    @property
    def generated(self) -> dict[str, str]:
        """What holds for documents that do not say it themselves: label, model, time."""
        label = "1" if self.kind == "synthetic" else None
        stated = {"aigc": label, "aigc_model": self.aigc_model, "aigc_at": self.aigc_at}
        return {name: value for name, value in stated.items() if value is not None}

    def holds(self, locator: str) -> bool:
        """Whether this source claims the input."""
        return any(pattern == "**" or fnmatchcase(locator, pattern) for pattern in self.match)


class Limits(Options):
    """What a run may cost before it counts as failed."""

    quarantine_share: float = Field(default=0.05, ge=0, le=1)
    """Broken records over records read; above it a run ends with exit code 3.

    Where more than one record in twenty is damaged, the inputs should be looked at.
    """

    seconds_per_mb: float = Field(default=10.0, gt=0)
    """Processor seconds that one stage may spend on a megabyte of documents, 10 s in any case.

    A document that takes longer is quarantined as `too_slow`; honest text takes a thirtieth.
    """


class Ingest(IngestOptions):
    """How inputs are cut, and how bytes become documents."""

    split_mb: float = Field(default=16, gt=0)
    """Decompressed megabytes of a split: four seconds of work, so that a lost task costs little and
    the last tasks of a run keep all cores busy."""

    @property
    def for_readers(self) -> IngestOptions:
        """The options that readers get: all but the size of a split."""
        return IngestOptions.model_construct(
            **{name: getattr(self, name) for name in IngestOptions.model_fields}
        )

    @property
    def split_bytes(self) -> int:
        """The size of a split in bytes, 2²⁰ a megabyte."""
        return int(self.split_mb * (1 << 20))
