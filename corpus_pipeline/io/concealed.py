"""Names of files, messages and digests without personal data, before anything is written of them.

Enters: names of files and members, remarks that may quote them, bytes of records.  Leaves: the
same with the placeholders of the packaged rules, whatever the config; a digest, or none where it
could be undone.  What is hidden is found again only by whoever has the files themselves.

Never made of a hidden name: a hash.  A telephone number has eleven digits, and a processor tries
all of them in minutes (docs/decisions/008-names-and-ids.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.rules.pii.addresses import masked_address, suspects
from corpus_pipeline.rules.pii.detector import Detector, load_detector
from corpus_pipeline.text.pii.suspect import is_suspect

#: Bytes of a longest record of which a digest could be undone: whoever tries all numbers has to
#: know the rest of the record, and nobody publishes that.
SHORT: Final = 512
#: Names that are looked at together.
PART: Final = 1 << 13


@cache
def _rules() -> tuple[Detector, frozenset[str]]:
    """The packaged detector, and the types that stay: those that it only records."""
    detector = load_detector(resolve("package:rules/packs/pii.yaml", Path()))
    types = detector.pack.types.items()
    return detector, frozenset(
        name for name, kind in types if kind.policy in ("keep", "review", "tag")
    )


@lru_cache(maxsize=4096)
def concealed(text: str) -> str:
    """A name or a remark with placeholders.

    >>> concealed("聊天/13800000000.txt"), concealed("part-00000.parquet")
    ('聊天/<手机号>.txt', 'part-00000.parquet')
    """
    if not is_suspect(text):
        return text
    return masked_address(text, *_rules())


def concealed_names(names: Iterable[str]) -> list[str]:
    """The names with placeholders, each as often as it comes: a test of the whole list first.

    >>> concealed_names(["a.txt", "13800000000.txt", "13900000000.txt"])
    ['a.txt', '<手机号>.txt', '<手机号>.txt']
    """
    given = list(names)
    if not any(map(is_suspect, given)):
        return given
    hot = suspects(pl.Series(given, dtype=pl.String), *_rules())
    return [concealed(name) if is_hot else name for name, is_hot in zip(given, hot, strict=True)]


def concealed_values(value: Any) -> Any:
    """JSON with placeholders in its strings, keys too; no two keys become one.

    >>> concealed_values({"hosts": [{"value": "u/13800000000"}]})
    {'hosts': [{'value': 'u/<手机号>'}]}
    """
    if isinstance(value, str):
        return concealed(value)
    if isinstance(value, dict):
        return dict(zip(distinct(value), map(concealed_values, value.values()), strict=True))
    if isinstance(value, list | tuple):
        return [concealed_values(one) for one in value]
    return value


def distinct(names: Iterable[str]) -> list[str]:
    """The names with placeholders, no two alike: the second of its kind ends in `~2`.

    Which is the second depends on the order of the names given, and on nothing else.

    >>> distinct(["13800000000.txt", "13900000000.txt", "b.txt"])
    ['<手机号>.txt', '<手机号>.txt~2', 'b.txt']
    """
    given = list(names)
    new = renamed(lambda: given)
    return [new.get(number, name) for number, name in enumerate(given)]


def renamed(names: Callable[[], Iterable[str]]) -> dict[int, str]:
    """The names that get placeholders, by their number, as `distinct` gives them.

    `names` gives all of them, in the same order each time; the others are not held.
    """
    masked: dict[int, str] = {}
    stream, first = iter(names()), 0
    while part := list(islice(stream, PART)):
        pairs = enumerate(zip(part, concealed_names(part), strict=True), first)
        masked |= {number: new for number, (name, new) in pairs if name != new}
        first += len(part)
    if not masked:
        return {}
    wanted = set(masked.values())
    taken = {
        name
        for number, name in enumerate(names())
        if (name in wanted or name.rpartition("~")[0] in wanted) and number not in masked
    }
    seen: dict[str, int] = {}
    for number, new in masked.items():
        unique = new
        while unique in taken:
            seen[new] = seen.get(new, 1) + 1
            unique = f"{new}~{seen[new]}"
        taken.add(unique)
        masked[number] = unique
    return masked


def digest_of(data: bytes) -> str | None:
    """The sha256 of a record; None for a short one with personal data: trying would undo it.

    >>> digest_of(b"{broken")[:8], digest_of(b'{"tel": "13800000000"')
    ('be302461', None)
    """
    record = RecordDigest(data)
    return record.value


class RecordDigest:
    """`digest_of` of a record that comes in parts."""

    def __init__(self, data: bytes = b"") -> None:
        """`data`: its beginning."""
        self._sha256 = hashlib.sha256(data)
        self._head = data[: SHORT + 1]

    def update(self, data: bytes) -> None:
        """The next part."""
        self._sha256.update(data)
        self._head += data[: SHORT + 1 - len(self._head)]

    @property
    def value(self) -> str | None:
        """The digest in hex, or None."""
        return None if self._undone() else self._sha256.hexdigest()

    def _undone(self) -> bool:
        if len(self._head) > SHORT:
            return False
        try:
            text = self._head.decode()
        except UnicodeDecodeError:
            text = self._head.decode("latin-1")
        return concealed(text) != text
