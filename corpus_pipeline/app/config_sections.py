"""The sections of a config that belong to no stage: ingest, limits.

Enters: mappings.  Leaves: options with their defaults and reasons.
"""

from __future__ import annotations

from pydantic import Field

from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import Options


class Limits(Options):
    """What a run may cost before it counts as failed."""

    quarantine_share: float = Field(default=0.05, ge=0, le=1)
    """Broken records over records read; above it a run ends with exit code 3.

    Where more than one record in twenty is damaged, the inputs should be looked at.
    """

    unread_share: float = Field(default=0.1, ge=0, le=1)
    """Bytes that became no document (too large, damaged) over bytes of a source: above it the run
    raises an alarm, and over those of all inputs it ends with exit code 3.

    A sweep of 2026-11-29 (`scripts/unread_share.py`): of 36 files of text .7 % at most are unread,
    of 8 without a text field or cut to pieces 81 % or more.  Of 793 damaged deliveries .1 stops
    none that lost 2 % of its documents or less (.05: 5 of 306), and 31 of 59 that lost a tenth to a
    quarter (.15: 8).
    """

    seconds_per_mb: float = Field(default=10.0, gt=0)
    """Processor seconds that one stage may spend on a megabyte of documents, 10 s in any case.

    A document that takes longer is quarantined as `too_slow`; honest text takes a thirtieth.
    """


class Ingest(IngestOptions):
    """How inputs are cut, and how bytes become documents."""

    split_mb: float = Field(default=16, gt=0)
    """Decompressed megabytes of a split at most: four seconds of work, a lost task costs little.

    Inputs of less than 64 such splits are cut into smaller ones, down to 8 MB, so that all cores
    are busy to the end of a run.
    """

    delivery: str | None = Field(default=None, pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$")
    """What stands before the locators of all files read, as a folder would: `2026-11/a.jsonl`.

    An id is made of the source and the locator.  Two deliveries of a source that hold files of one
    name need names of their own, or their documents have the same ids.
    """

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
