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
import io
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from corpus_pipeline.io.concealed import concealed, concealed_names, distinct
from corpus_pipeline.io.formats import FORMATS, PEEK
from corpus_pipeline.io.fs import StorePath, place
from corpus_pipeline.io.listing import (
    BROKEN,
    MARKER,
    File,
    Walker,
    fits,
    identity_of,
    unwanted,
)
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.opening import opened
from corpus_pipeline.io.sniff import Kind, sniff
from corpus_pipeline.model import PipelineError

log = logging.getLogger(__name__)

#: How many left-out files the log names one by one; the others are counted.
NAMED: Final = 5
#: Threads that look at beginnings of files, files that one takes at a time, and below how many
#: files there are none: a request to a store takes 20 to 50 ms, and a file that a disk has to look
#: for 0.4 ms, of which 0.04 ms are work.
REQUESTS: Final = 16
PART: Final = 64
FEW: Final = 256


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
    identity: str = ""  # another one: the file may have other bytes


class _Root(NamedTuple):
    """One path of the user: where its locators start, its files, and whether it named a file."""

    path: Path
    named: bool
    files: Iterable[File]


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file (or a link to a folder) that is no input, and why."""

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
        self.files: dict[str, LeftOut] = {}

    def add(self, path: str, locator: str, reason: str) -> None:
        """Leave one file (or link to a folder) out; of two locators the shorter one holds."""
        before = self.files.get(path)
        if before is not None:
            if len(locator) < len(before.locator):
                self.files[path] = replace(before, locator=locator)
            return
        self.files[path] = LeftOut(locator, reason)
        if reason == MARKER:
            return
        if self.reasons.total() < NAMED:
            log.warning("left out %s: %s", concealed(escaped(path)), reason)
        self.reasons[reason] += 1

    def summarise(self) -> None:
        """One line for all, where some were not named."""
        total = self.reasons.total()
        if total > NAMED:
            kinds = "; ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())
            log.warning("left out %s files in all: %s", f"{total:,}", kinds)

    def located(self) -> list[LeftOut]:
        """All of them, by locator."""
        return sorted(self.files.values())


def concealing(found: Survey) -> Survey:
    """The same files by locators that hold no personal data, still distinct and sorted.

    The ids of documents are made of these locators.  Of two files whose names differ in what was
    hidden alone, the second in the order of the real names ends in `~2`.
    """
    locators = distinct(item.locator for item in found.inputs)
    inputs = [
        item if item.locator == locator else replace(item, locator=locator)
        for item, locator in zip(found.inputs, locators, strict=True)
    ]
    names = concealed_names(file.locator for file in found.left_out)
    left_out = [
        LeftOut(name, file.reason) for name, file in zip(names, found.left_out, strict=True)
    ]
    return Survey(sorted(inputs, key=attrgetter("locator")), sorted(left_out))


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
    walker = Walker(left_out.add)
    roots = [root for path in paths for root in _roots(str(path), walker)]
    found = [(root, file) for root in roots for file in root.files]
    behind = list(walker.follow()) if roots else []
    if behind:
        linked = _Root(roots[0].path, named=False, files=())
        found += [(linked, file) for file in behind]
    found = _once(found, several=len(roots) > 1 or bool(behind))
    pairs = _inputs(found, left_out)
    left_out.summarise()
    if not pairs:
        given = ", ".join(_shown(path) for path in paths) or "nothing"
        raise PipelineError(f"no usable input in {given} (formats: {', '.join(FORMATS)})")
    return Survey(_distinct(pairs, several=len(roots) > 1), left_out.located())


def _once(found: list[tuple[_Root, File]], *, several: bool) -> list[tuple[_Root, File]]:
    """Each file by the shortest of its locators; a file that was named by any is a named one."""
    if not several and all(file.real is file.path for _, file in found):
        return found  # one tree without links: no file can be there twice
    best: dict[str, tuple[_Root, File]] = {}
    for root, file in found:
        before = best.get(file.real)
        if before is None:
            best[file.real] = (root, file)
            continue
        first, second = sorted(
            (before, (root, file)), key=lambda pair: (len(pair[1].locator), pair[1].locator)
        )
        named = first[0].named or second[0].named
        best[file.real] = (first[0]._replace(named=named), first[1])
    return list(best.values())


def _inputs(found: Sequence[tuple[_Root, File]], left_out: _LeftOut) -> list[tuple[_Root, Input]]:
    """The files that are inputs; the others are left out."""
    pairs = []
    for (root, file), kind in zip(found, _kinds([file for _, file in found]), strict=True):
        if isinstance(kind, Kind):
            stated = (file.path, file.locator, file.size, kind.format, kind.compression)
            pairs.append((root, Input(*stated, generated=_NOTHING, identity=file.identity)))
        elif root.named:
            raise PipelineError(f"{_shown(file.path)}: {kind}")
        else:
            left_out.add(file.path, file.locator, kind)
    return pairs


#: The columns of all inputs that no registry says anything of: one object for a million.
_NOTHING: Final[dict[str, str]] = {}


def _kinds(files: Sequence[File]) -> Iterator[Kind | str]:
    """What each file is, in order; beginnings of many files are asked for at a time."""
    if len(files) < FEW:
        yield from map(_kind, files)
        return
    rest = iter(files)
    parts = iter(lambda: list(islice(rest, PART)), [])
    with ThreadPoolExecutor(REQUESTS) as pool:
        while window := list(islice(parts, 2 * REQUESTS)):
            for kinds in pool.map(_kinds_of, window):
                yield from kinds


def _kinds_of(files: Sequence[File]) -> list[Kind | str]:
    return [_kind(file) for file in files]


def _kind(file: File) -> Kind | str:
    """What a file is, or why it is no input."""
    try:
        with opened(file.path) as raw:
            head = raw.read(PEEK)
            shown = io.BytesIO(head) if len(head) < PEEK and len(head) == file.size else raw
            shown.seek(0)
            return sniff(shown, file.path.rpartition("/")[2])
    except OSError as error:
        raise PipelineError(f"cannot read {_shown(file.path)}: {error.strerror or error}") from None


def _distinct(pairs: list[tuple[_Root, Input]], *, several: bool) -> list[Input]:
    """Prefix the locators of roots that collide with the root's own name."""
    inputs = [item for _, item in pairs]
    if several:
        locators = Counter(item.locator for item in inputs)
        colliding = {root.path for root, item in pairs if locators[item.locator] > 1}
        inputs = [
            replace(item, locator=f"{escaped(root.path.name)}/{item.locator}")
            if root.path in colliding and (not root.named or locators[item.locator] > 1)
            else item
            for root, item in pairs
        ]
    inputs.sort(key=attrgetter("locator"))
    for first, second in pairwise(inputs):
        if first.locator == second.locator:
            raise PipelineError(
                f"two inputs would have the same locator {concealed(first.locator)!r}: "
                f"{_shown(first.path)} and {_shown(second.path)}; "
                "give their common parent folder instead"
            )
    return inputs


def _roots(given: str, walker: Walker, home: Path | None = None) -> Iterator[_Root]:
    """What one path means; below `home` its locators are relative to that."""
    if given.startswith("@"):
        yield from _listed(place(given[1:]), walker)
        return
    path = place(given).absolute()

    def root(base: Path) -> tuple[Path, str]:
        if home is None or not base.is_relative_to(home):
            return base, ""
        above = escaped(base.relative_to(home).as_posix())
        return home, "" if above == "." else f"{above}/"

    if path.is_dir():
        base, prefix = root(path)
        yield _Root(base, named=False, files=walker.below(path, prefix))
        return
    if path.exists():
        base, prefix = root(path.parent)
        yield _Root(base, named=True, files=(_file(path, prefix + escaped(path.name)),))
        return
    if not glob.has_magic(given):
        raise PipelineError(f"no such file or folder: {_shown(given)}")
    start = path
    while glob.has_magic(start.as_posix()):
        start = start.parent
    base, prefix = root(start)
    files = _matching(start, path.relative_to(start).parts, walker, prefix)
    first = next(files, None)
    if first is None:
        raise PipelineError(f"nothing matches {_shown(given)}")
    yield _Root(base, named=False, files=chain((first,), files))


def _matching(start: Path, pattern: Sequence[str], walker: Walker, prefix: str) -> Iterator[File]:
    """The files that a glob names, and those below the folders that it names."""
    if isinstance(start, StorePath) or (
        "**" in pattern and not any(part.startswith(".") for part in pattern)
    ):
        # Through the walker, which cuts the cycles that links make.
        skipped, wanted = len(str(start).rstrip("/")) + 1, list(pattern)

        def keep(file: File) -> bool:
            return fits(file.path[skipped:].split("/"), wanted)

        yield from walker.below(start, prefix, keep)
        return
    full = str(start.joinpath(*pattern))
    matches = sorted(glob.glob(full, recursive=True))  # noqa: PTH207 - Path.glob wants no absolute pattern
    for match in map(Path, matches):
        locator = prefix + escaped(match.relative_to(start).as_posix())
        if match.is_dir():
            yield from walker.below(match, f"{locator}/")
        elif match.name.startswith("."):
            continue
        elif reason := unwanted(match.name):
            walker.leave(str(match), locator, reason)
        elif not match.exists():
            walker.leave(str(match), locator, BROKEN)
        else:
            yield _file(match, locator)


def _file(path: Path, locator: str) -> File:
    """A file that was given by name."""
    if not path.is_file():
        raise PipelineError(f"not a regular file: {_shown(path)}")
    stat, name = path.stat(), str(path)
    real = name if isinstance(path, StorePath) else os.path.realpath(path)
    return File(name, locator, real, stat.st_size, identity_of(stat))


def _listed(path: Path, walker: Walker) -> Iterator[_Root]:
    """The roots in a list file; relative entries start at the list's own folder."""
    try:
        # A name of any bytes may stand in a list; `fsdecode` reads it as the file system does.
        lines = os.fsdecode(path.read_bytes().removeprefix(codecs.BOM_UTF8)).splitlines()
    except OSError as error:
        raise PipelineError(f"cannot read the list {_shown(path)}: {error.strerror}") from None
    folder = path.absolute().parent
    for line in lines:
        entry = line.strip()
        if entry and not entry.startswith("#"):
            path = place(entry)
            within = path if isinstance(path, StorePath) else folder / path
            yield from _roots(str(within), walker, folder)
