"""What a comparison of two releases says, as plain values.

Enters: what manifests and rows said.  Leaves: `Diff`, which knows whether anything differs, and
holds ids and names, never a text or a title.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus_pipeline.products.diff.records import Records

#: Raised when the shape of the JSON changes.
FORMAT = "corpus-pipeline/diff/1"


@dataclass(frozen=True, slots=True)
class Release:
    """One of the two: what its manifest calls it, its seal, its counts."""

    name: str
    seal: str
    counts: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"name": self.name, "seal": self.seal, "counts": dict(self.counts)}


@dataclass(frozen=True, slots=True)
class Diff:
    """Two releases, the records and rows in which they differ, and why.

    `documents`: documents by change, and `same`.  `shares`: by category, a row a value.
    `groups`: documents by change, verdicts, cause.
    """

    before: Release
    after: Release
    records: Records
    documents: Mapping[str, int]
    shares: Mapping[str, list[dict[str, Any]]]
    groups: list[dict[str, Any]]

    @property
    def differs(self) -> bool:
        """Whether a document, input, source, option, stage or the code is not the same."""
        return bool(self.groups) or self.records.any

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "format": FORMAT,
            "differs": self.differs,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "made_from_first": self.records.made_from,
            "documents": dict(self.documents),
            "inputs": self.records.inputs.to_dict(),
            "sources": self.records.sources,
            "changes": [one.to_dict() for one in self.records.changes],
            "admission": self.records.admission,
            "erasures": self.records.erasures,
            "shares": {name: list(rows) for name, rows in self.shares.items()},
            "why": self.groups,
        }
