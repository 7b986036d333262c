"""Paths, folders, globs and lists in; a sorted list of readable inputs out.

Enters: what the user typed.  Leaves: `Input`s, each with its format and compression found by
content first and by name second, and `Scanned` ones with digest and sizes for planning.
Refuses: to guess silently.  A missing path, an empty match or an unusable file given by name is
one clear line; a file in a folder that is no corpus format is left out and logged.
"""

from __future__ import annotations

import glob
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow.parquet as pq

from corpus_pipeline.io.compression import Block, Limits, events
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.places import local_path
from corpus_pipeline.io.sniff import sniff
from corpus_pipeline.model import PipelineError

log = logging.getLogger(__name__)

TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~", ".lock")
MARKERS: Final = frozenset({"_SUCCESS", "_temporary", "_metadata", "_common_metadata"})


@dataclass(frozen=True, slots=True)
class Input:
    """One file of raw data; `locator` is its path relative to what the user named."""

    path: str
    locator: str
    bytes: int
    format: str
    compression: str
    source: str = ""
    license: str | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """An input read once: its digest, and the sizes that splits are planned by."""

    input: Input
    sha256: str
    decompressed: int  # line formats: bytes after decompression; others: bytes on disk
    row_groups: tuple[int, ...] = ()  # parquet: uncompressed bytes of each

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {**asdict(self), "row_groups": list(self.row_groups)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scanned:
        """The inverse of `to_dict`."""
        return cls(
            Input(**data["input"]),
            data["sha256"],
            data["decompressed"],
            tuple(data["row_groups"]),
        )


@dataclass(frozen=True, slots=True)
class _Root:
    """Something given: where locators start, the files below it, and whether it was a file."""

    path: Path
    named: bool
    files: tuple[Path, ...] = field(default=())

    def locator(self, file: Path) -> str:
        """The path of `file` below this root."""
        return file.relative_to(self.path).as_posix()


def discover(paths: Sequence[str | Path]) -> list[Input]:
    """All inputs that the paths mean, sorted by locator, each file once."""
    roots = [root for path in paths for root in _roots(str(path))]
    found: dict[Path, tuple[str, _Root, Input]] = {}
    for root in roots:
        for file in root.files:
            made = _input(root, file)
            if made is None:
                continue
            key = file.resolve()
            rank = (len(made.locator), made.locator)
            before = found.get(key)
            if before is None or rank < (len(before[2].locator), before[2].locator):
                found[key] = (made.locator, root, made)
    if not found:
        given = ", ".join(str(path) for path in paths) or "nothing"
        raise PipelineError(f"no usable input in {given} (formats: {', '.join(FORMATS)})")
    return _distinct([(root, made) for _, root, made in found.values()])


def _distinct(pairs: list[tuple[_Root, Input]]) -> list[Input]:
    """Prefix the locators of roots that collide with the root's own name."""
    seen = Counter(made.locator for _, made in pairs)
    colliding = {root.path for root, made in pairs if seen[made.locator] > 1}
    inputs = [
        replace(made, locator=f"{root.path.name}/{made.locator}")
        if root.path in colliding and (not root.named or seen[made.locator] > 1)
        else made
        for root, made in pairs
    ]
    inputs.sort(key=lambda made: (made.locator, made.path))
    for one, two in pairwise(inputs):
        if one.locator == two.locator:
            raise PipelineError(
                f"two inputs would have the same locator {one.locator!r}: {one.path} and "
                f"{two.path}; give their common parent folder instead"
            )
    return inputs


def _roots(given: str) -> Iterator[_Root]:
    if given.startswith("@"):
        yield from _listed(Path(given[1:]))
        return
    path = local_path(given).absolute()
    if path.is_dir():
        yield _Root(path, named=False, files=tuple(_walk(path)))
        return
    if path.exists():
        yield _Root(path.parent, named=True, files=(path,))
        return
    if not glob.has_magic(given):
        raise PipelineError(f"no such file or folder: {given}")
    base = path
    while glob.has_magic(base.as_posix()):
        base = base.parent
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob wants no absolute pattern
    files = [file for match in matches for file in _expanded(Path(match))]
    if not files:
        raise PipelineError(f"nothing matches {given}")
    yield _Root(base, named=False, files=tuple(files))


def _expanded(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return _walk(path)
    return () if _is_hidden(path.name) else (path,)


def _listed(path: Path) -> Iterator[_Root]:
    """The roots in a list file; relative entries start at the list's own folder."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise PipelineError(f"cannot read the list {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PipelineError(f"the list {path} is not UTF-8 text") from None
    folder = path.absolute().parent
    for line in lines:
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        for root in _roots(str(folder / local_path(entry))):
            inside = root.path.is_relative_to(folder)
            yield _Root(folder, root.named, root.files) if inside else root


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder; of a finished stage output only what it kept."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise PipelineError(f"cannot read the folder {folder}: {error.strerror}") from None
    names = {entry.name for entry in entries}
    if "manifest.json" in names and "kept" in names and (folder / "kept").is_dir():
        yield from sorted((folder / "kept").glob("*.parquet"))
        return
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path)
        elif path.is_file():
            yield path


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.endswith(TEMPORARY) or name in MARKERS


def _input(root: _Root, file: Path) -> Input | None:
    if not file.is_file():
        raise PipelineError(f"not a regular file: {file}")
    try:
        with file.open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            kind = sniff(raw, file.name)
    except OSError as error:
        raise PipelineError(f"cannot read {file}: {error.strerror or error}") from None
    if isinstance(kind, str):
        if root.named:
            raise PipelineError(f"{file}: {kind}")
        log.warning("left out %s: %s", file, kind)
        return None
    return Input(str(file), root.locator(file), size, kind.format, kind.compression)


class _Hashed:
    """A binary file whose bytes are hashed once each, however often they are read."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.digest, self.done = raw, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        at = self.raw.tell()
        data = self.raw.read(size)
        if at <= self.done < at + len(data):
            self.digest.update(memoryview(data)[self.done - at :])
            self.done = at + len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        return self.raw.tell()

    def finish(self) -> str:
        """Read what nobody has read yet, and give the digest."""
        self.raw.seek(self.done)
        while self.read(1 << 20):
            pass
        return self.digest.hexdigest()


def scan(one: Input, limits: Limits | None = None) -> Scanned:
    """Read an input once, in bounded memory; damage inside ends the count, not the run."""
    try:
        with Path(one.path).open("rb") as raw:
            hashed = _Hashed(raw)
            size, cut = one.bytes, FORMATS[one.format].splittable
            if cut in ("lines", "text_mode") and one.compression != "none":
                stream = events(hashed, one.compression, limits or Limits())  # type: ignore[arg-type]  # the three methods that are used
                size = sum(len(event.data) for event in stream if isinstance(event, Block))
            groups = _row_groups(one.path) if cut == "row_groups" else ()
            return Scanned(one, hashed.finish(), size, groups)
    except OSError as error:
        raise PipelineError(f"cannot read {one.path}: {error.strerror or error}") from None


def _row_groups(path: str) -> tuple[int, ...]:
    try:
        meta = pq.read_metadata(path)
        return tuple(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    except Exception:  # noqa: BLE001 - whatever a damaged footer does, the reader will quarantine it
        return ()
