"""Assets pinned by content, and the digest of any value that JSON can hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

#: The installed package: default assets travel with it.
PACKAGE = Path(__file__).resolve().parents[1]
#: What the reference of such an asset begins with.
PACKAGED = "package:"


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: object) -> str:
    """The sha256 of the canonical JSON of `value`; a sequence of another type is as a list.

    >>> digest({"a": [1, 2]}) == digest({"a": range(1, 3)})
    True
    """
    sha256 = hashlib.sha256()
    for part in _parts(value):
        sha256.update(part.encode())
    return sha256.hexdigest()


def _parts(value: object) -> Iterator[str]:
    """Canonical JSON in parts: what may be long and is no list is walked, and never held."""
    if isinstance(value, Mapping) and any(map(_is_walked, value.values())):
        for number, key in enumerate(sorted(value)):
            yield f"{',' if number else '{'}{canonical_json(key)}:"
            yield from _parts(value[key])
        yield "}"
    elif _is_walked(value):
        for number, one in enumerate(cast("Sequence[object]", value)):
            yield f"{',' if number else '['}{canonical_json(one)}"
        yield "]" if value else "[]"
    else:
        yield canonical_json(value)


def _is_walked(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, list | tuple | str | bytes)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a stage depends on (a model, a table, a rule pack), pinned by its sha256.

    `ref` is its name in the config (`package:…` or a path); `path` never enters a manifest.
    """

    ref: str
    path: Path
    sha256: str

    @property
    def is_packaged(self) -> bool:
        """Whether the asset is one of the package."""
        return self.ref.startswith(PACKAGED)

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.ref, self.path, self.sha256)


def _arrived(ref: str, path: Path, sha256: str) -> Asset:
    """An asset sent to another process, where the package may lie elsewhere."""
    packaged = ref.startswith(PACKAGED)
    return Asset(ref, PACKAGE / ref.removeprefix(PACKAGED) if packaged else path, sha256)
