"""Assets pinned by content, and the digest of any value that JSON can hold."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: object) -> str:
    """The sha256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a stage depends on (a model, a table, a rule pack), pinned by its sha256.

    `ref` is its name in the config (`package:…` or a path); `path` never enters a manifest.
    """

    ref: str
    path: Path
    sha256: str
