"""Paths, folders, globs and lists in; a sorted list of readable inputs out.

Enters: paths as the user typed them: a file, a folder, a glob, `@` and a file with one path a line.
Leaves: `Input`s sorted by locator, each with its format and compression, found by content first and
by name second, and every file that is none, with the reason.  Names that begin with a dot are no
part of the data.
Raises `PipelineError` for a missing path, a glob without a match, an unusable file given by name.
"""

from __future__ import annotations

import codecs
import glob
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from corpus_pipeline.io.concealed import concealed, concealed_names, distinct
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.fs import StorePath, place
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.sniff import sniff
from corpus_pipeline.model import PipelineError

log = logging.getLogger(__name__)

TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~", ".lock")
MARKERS: Final = frozenset({"_SUCCESS", "_temporary", "_metadata", "_common_metadata"})
#: How many left-out files the log names one by one; the others are counted.
NAMED: Final = 5
BROKEN: Final = "a link to nothing"
MARKER: Final = "a marker of the program that wrote the folder"


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
    generated: dict[str, str] = field(default_factory=dict)  # columns `aigc…` of the registry


@dataclass(frozen=True, slots=True)
class _Root:
    """One path of the user: where its locators start, its files, and whether it named a file."""

    path: Path
    named: bool
    files: tuple[Path, ...] = field(default=())

    def locator(self, file: Path) -> str:
        """The path of `file` below this root, as text."""
        return escaped(file.relative_to(self.path).as_posix())


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file (or a linked folder) that is no input, and why."""

    locator: str
    reason: str


class Survey(NamedTuple):
    """What paths mean: the inputs, and what beside them is none, each sorted by locator."""

    inputs: list[Input]
    left_out: list[LeftOut]


class _LeftOut:
    """Files that are no input: the first of them named in the log, the others counted."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.files: dict[Path, str] = {}

    def add(self, path: Path, reason: str) -> None:
        """Leave one file (or linked folder) out."""
        if path in self.files:
            return
        self.files[path] = reason
        if reason == MARKER:
            return
        if self.reasons.total() < NAMED:
            log.warning("left out %s: %s", concealed(escaped(str(path))), reason)
        self.reasons[reason] += 1

    def summarise(self) -> None:
        """One line for all, where some were not named."""
        total = self.reasons.total()
        if total > NAMED:
            kinds = "; ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())
            log.warning("left out %s files in all: %s", f"{total:,}", kinds)

    def located(self, roots: Iterable[_Root]) -> list[LeftOut]:
        """All of them, by the shortest locator below one of the roots."""
        folders = {root.path for root in roots}
        found = []
        for path, reason in self.files.items():
            above = [folder for folder in path.parents if folder in folders]
            locator = path.relative_to(above[0]).as_posix() if above else path.name
            found.append(LeftOut(escaped(locator), reason))
        return sorted(found)


def concealing(found: Survey) -> Survey:
    """The same files by locators that hold no personal data, still distinct and sorted.

    The ids of documents are made of these locators.  Of two files whose names differ in what was
    hidden alone, the second in the order of the real names ends in `~2`.
    """
    locators = distinct(item.locator for item in found.inputs)
    inputs = [
        replace(item, locator=locator) for item, locator in zip(found.inputs, locators, strict=True)
    ]
    names = concealed_names(file.locator for file in found.left_out)
    left_out = [
        LeftOut(name, file.reason) for name, file in zip(names, found.left_out, strict=True)
    ]
    return Survey(sorted(inputs, key=lambda item: item.locator), sorted(left_out))


def _shown(path: str | Path) -> str:
    """A path in a message."""
    return concealed(escaped(str(path)))


def discover(paths: Sequence[str | Path]) -> list[Input]:
    """The inputs of `survey`."""
    return survey(paths).inputs


def survey(paths: Sequence[str | Path]) -> Survey:
    """All inputs that the paths mean, sorted by locator, each file once (the shortest locator).

    Raises `PipelineError` where there is none, or a path cannot be read.
    """
    left_out = _LeftOut()
    roots = [root for path in paths for root in _roots(str(path), left_out)]
    inputs: dict[Path, tuple[_Root, Input]] = {}
    for root in roots:
        for file in root.files:
            candidate = _input(root, file, left_out)
            if candidate is None:
                continue
            key = file.resolve()
            rank = (len(candidate.locator), candidate.locator)
            before = inputs.get(key)
            if before is None or rank < (len(before[1].locator), before[1].locator):
                inputs[key] = (root, candidate)
    left_out.summarise()
    if not inputs:
        given = ", ".join(_shown(path) for path in paths) or "nothing"
        raise PipelineError(f"no usable input in {given} (formats: {', '.join(FORMATS)})")
    return Survey(_distinct(list(inputs.values())), left_out.located(roots))


def _distinct(pairs: list[tuple[_Root, Input]]) -> list[Input]:
    """Prefix the locators of roots that collide with the root's own name."""
    locators = Counter(item.locator for _, item in pairs)
    colliding = {root.path for root, item in pairs if locators[item.locator] > 1}
    inputs = [
        replace(item, locator=f"{escaped(root.path.name)}/{item.locator}")
        if root.path in colliding and (not root.named or locators[item.locator] > 1)
        else item
        for root, item in pairs
    ]
    inputs.sort(key=lambda item: (item.locator, item.path))
    for first, second in pairwise(inputs):
        if first.locator == second.locator:
            raise PipelineError(
                f"two inputs would have the same locator {concealed(first.locator)!r}: "
                f"{_shown(first.path)} and {_shown(second.path)}; "
                "give their common parent folder instead"
            )
    return inputs


def _roots(given: str, left_out: _LeftOut) -> Iterator[_Root]:
    if given.startswith("@"):
        yield from _listed(place(given[1:]), left_out)
        return
    path = place(given).absolute()
    if path.is_dir():
        yield _Root(path, named=False, files=tuple(_walk(path, left_out)))
        return
    if path.exists():
        yield _Root(path.parent, named=True, files=(path,))
        return
    if not glob.has_magic(given):
        raise PipelineError(f"no such file or folder: {_shown(given)}")
    base = path
    while glob.has_magic(base.as_posix()):
        base = base.parent
    if isinstance(base, StorePath):
        found = tuple(base.glob(path.relative_to(base).as_posix()))
        yield _Root(base, named=False, files=found)
        return
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob wants no absolute pattern
    files = [file for match in matches for file in _expanded(Path(match), left_out)]
    if not files:
        raise PipelineError(f"nothing matches {_shown(given)}")
    yield _Root(base, named=False, files=tuple(files))


def _expanded(path: Path, left_out: _LeftOut) -> Iterable[Path]:
    if path.is_dir():
        return _walk(path, left_out)
    return () if _is_passed_by(path, left_out) else (path,)


def _listed(path: Path, left_out: _LeftOut) -> Iterator[_Root]:
    """The roots in a list file; relative entries start at the list's own folder."""
    try:
        # A name of any bytes may stand in a list; `fsdecode` reads it as the file system does.
        lines = os.fsdecode(path.read_bytes().removeprefix(codecs.BOM_UTF8)).splitlines()
    except OSError as error:
        raise PipelineError(f"cannot read the list {_shown(path)}: {error.strerror}") from None
    folder = path.absolute().parent
    for line in lines:
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        for root in _roots(str(_within(folder, entry)), left_out):
            inside = root.path.is_relative_to(folder)
            yield _Root(folder, root.named, root.files) if inside else root


def _within(folder: Path, entry: str) -> Path:
    path = place(entry)
    return path if isinstance(path, StorePath) else folder / path


def _walk(folder: Path, left_out: _LeftOut) -> Iterator[Path]:
    """The files below a folder, sorted by name; of a finished stage output only its `kept/`."""
    if isinstance(folder, StorePath):
        yield from _stored(folder, left_out)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise PipelineError(f"cannot read the folder {_shown(folder)}: {error.strerror}") from None
    names = {entry.name for entry in entries}
    if "manifest.json" in names and "kept" in names and (folder / "kept").is_dir():
        yield from sorted((folder / "kept").glob("*.parquet"))
        return
    for entry in entries:
        path = Path(entry.path)
        if _is_passed_by(path, left_out):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, left_out)
        elif path.is_file():
            yield path
        elif entry.is_symlink():
            kind = "a link to a folder: give that folder by name" if path.is_dir() else BROKEN
            left_out.add(path, kind)


def _stored(folder: StorePath, left_out: _LeftOut) -> Iterator[Path]:
    """The objects below a folder; of a finished stage output only its `kept/`."""
    if (folder / "manifest.json").is_file() and (folder / "kept").is_dir():
        yield from sorted((folder / "kept").glob("*.parquet"))
        return
    yield from (file for file, _ in folder.below() if not _is_passed_by(file, left_out))


def _is_passed_by(path: Path, left_out: _LeftOut) -> bool:
    """Whether a name says that this is no data; all but hidden files are counted as left out."""
    if path.name.startswith("."):
        return True
    if path.name in MARKERS:
        left_out.add(path, MARKER)
    elif path.name.endswith(TEMPORARY):
        left_out.add(path, "still being written, by its name")
    else:
        return False
    return True


def _input(root: _Root, file: Path, left_out: _LeftOut) -> Input | None:
    """The input that a file is; None, and a line in the log, where it is none."""
    if not file.is_file():
        raise PipelineError(f"not a regular file: {_shown(file)}")
    try:
        with file.open("rb") as raw:
            size = file.stat().st_size
            kind = sniff(raw, file.name)
    except OSError as error:
        raise PipelineError(f"cannot read {_shown(file)}: {error.strerror or error}") from None
    if isinstance(kind, str):
        if root.named:
            raise PipelineError(f"{_shown(file)}: {kind}")
        left_out.add(file, kind)
        return None
    return Input(str(file), root.locator(file), size, kind.format, kind.compression)
