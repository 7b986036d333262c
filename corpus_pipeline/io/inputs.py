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
import resource
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from xxhash import xxh3_64_intdigest

from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed, concealed_names, renamed
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
from corpus_pipeline.io.opening import REQUESTS, beginning, opened
from corpus_pipeline.io.records import Records, in_order, repeated
from corpus_pipeline.io.sniff import Kind, sniff
from corpus_pipeline.model import PipelineError
from corpus_pipeline.text.unicode.escape import escaped as printable

log = logging.getLogger(__name__)

#: How many left-out files the log names one by one; the others are counted.
NAMED: Final = 5
#: Files whose beginnings a thread looks at before it takes other ones.
PART: Final = 4
#: Files of a window, the first of which tell whether threads are worth their cost: a request to a
#: store takes 1 to 50 ms, a file that a disk has to look for 0.4 ms, and one that lies in memory
#: 0.012 ms, to which threads that wait for each other would add 0.02.
WINDOW: Final = 2048
FIRST: Final = 8
#: Whose waits are counted: of this thread, where the system tells (a clock counts other programs).
THREAD: Final = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


class Input(NamedTuple):
    """One file of raw data; `locator` is its path relative to what the user named."""

    path: str
    locator: str
    bytes: int
    format: str
    compression: str
    source: str = ""
    license: str | None = None
    generated: dict[str, str] = {}  # columns `aigc…` of the registry  # noqa: RUF012 - never changed
    identity: str = ""  # another one: the file may have other bytes


class _Root(NamedTuple):
    """One path of the user: where its locators start, its files, and whether it named a file."""

    path: str
    named: bool
    files: Iterable[File]


class _Found(NamedTuple):
    """A file below a root, and what it is: a format and its compression, or no format and why."""

    root: str
    named: bool
    path: str
    locator: str
    real: str | None  # its path without links, where that is another
    size: int
    identity: str
    format: str
    compression: str


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file (or a link to a folder) that is no input, and why."""

    locator: str
    reason: str


class Survey(NamedTuple):
    """What paths mean: the inputs, and what beside them is none, each sorted by locator."""

    inputs: Sequence[Input]
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
            log.warning("left out %s: %s", concealed(printable(escaped(path))), reason)
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
    inputs = found.inputs
    if new := renamed(lambda: (item.locator for item in inputs)):
        named = (
            item._replace(locator=new[number]) if number in new else item
            for number, item in enumerate(inputs)
        )
        inputs = in_order(Input._make, named, attrgetter("locator"))
    names = concealed_names(file.locator for file in found.left_out)
    left_out = [
        LeftOut(name, file.reason) for name, file in zip(names, found.left_out, strict=True)
    ]
    return Survey(inputs, sorted(left_out))


def _shown(path: str | Path) -> str:
    """A path in a message."""
    return concealed(escaped(str(path)))


def discover(paths: Sequence[str | Path]) -> list[Input]:
    """The inputs of `survey`."""
    return list(survey(paths).inputs)


def survey(paths: Sequence[str | Path]) -> Survey:
    """All inputs that the paths mean, sorted by locator, each file once (the shortest locator).

    Raises `PipelineError` where there is none, or a path cannot be read.
    """
    left_out = _LeftOut()
    walker = Walker(left_out.add)
    names, locators = array("Q"), array("Q")

    def noted() -> Iterator[_Found]:
        for row in _kinds(_walked(paths, walker)):
            names.append(_hash(row.real or row.path))
            locators.append(_hash(row.locator))
            yield row

    rows, refused = _parted(noted())
    if twice := repeated(names):
        rows, refused = _parted(_once(rows, refused, twice))
    for row in refused:
        if row.named:
            raise PipelineError(f"{_shown(row.path)}: {row.compression}")
        left_out.add(row.path, row.locator, row.compression)
    left_out.summarise()
    if not rows:
        given = ", ".join(_shown(path) for path in paths) or "nothing"
        raise PipelineError(f"no usable input in {given} (formats: {', '.join(FORMATS)})")
    if alike := repeated(locators):
        rows = _distinct(rows, alike)
    return Survey(rows.seen_as(_input), left_out.located())


def _hash(name: str) -> int:
    return xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))


def _input(values: Iterable[Any]) -> Input:
    """The input of a `_Found`."""
    _root, _named, path, locator, _real, size, identity, form, compression = values
    return Input(path, locator, size, form, compression, identity=identity)


def _walked(paths: Sequence[str | Path], walker: Walker) -> Iterator[tuple[_Root, File]]:
    """The files below all paths, each with its root; then those behind links.

    What is wrong with a path is said before the files of any are looked at.
    """
    below = [_roots(str(path), walker) for path in paths]
    begun = [(next(roots, None), roots) for roots in below]
    first = None
    for start, roots in begun:
        for root in chain(() if start is None else (start,), roots):
            first = first or root
            for file in root.files:
                yield root, file
    if first is not None:
        linked = first._replace(named=False, files=())
        for file in walker.follow():
            yield linked, file


def _parted(rows: Iterable[_Found]) -> tuple[Records[_Found], list[_Found]]:
    """The files that are inputs, in order, and the others."""
    refused: list[_Found] = []

    def usable() -> Iterator[_Found]:
        for row in rows:
            if row.format:
                yield row
            else:
                refused.append(row)

    return in_order(_Found._make, usable(), attrgetter("locator")), refused


def _once(
    rows: Iterable[_Found], refused: Iterable[_Found], twice: frozenset[int]
) -> Iterator[_Found]:
    """Each file by the shortest of its locators; a file that was named by any is a named one."""
    best: dict[str, _Found] = {}
    for row in chain(rows, refused):
        real = row.real or row.path
        if _hash(real) not in twice:
            yield row
            continue
        pair = sorted((best.get(real, row), row), key=lambda one: (len(one.locator), one.locator))
        best[real] = pair[0]._replace(named=any(one.named for one in pair))
    yield from best.values()


def _distinct(rows: Records[_Found], alike: frozenset[int]) -> Records[_Found]:
    """Prefix the locators of roots that collide with the root's own name."""
    locators = Counter(row.locator for row in rows if _hash(row.locator) in alike)
    colliding = {row.root for row in rows if locators[row.locator] > 1}

    def prefixed() -> Iterator[_Found]:
        for row in rows:
            if row.root in colliding and (not row.named or locators[row.locator] > 1):
                name = escaped(row.root.rstrip("/").rpartition("/")[2])
                yield row._replace(locator=f"{name}/{row.locator}")
            else:
                yield row

    out = in_order(_Found._make, prefixed(), attrgetter("locator"))
    for first, second in pairwise(out):
        if first.locator == second.locator:
            raise PipelineError(
                f"two inputs would have the same locator {concealed(first.locator)!r}: "
                f"{_shown(first.path)} and {_shown(second.path)}; "
                "give their common parent folder instead"
            )
    return out


def _kinds(found: Iterable[tuple[_Root, File]]) -> Iterator[_Found]:
    """What each file is, in order; beginnings of many files are asked for at a time."""
    stream = iter(found)
    with ThreadPoolExecutor(REQUESTS) as pool:
        while window := list(islice(stream, WINDOW)):
            waits = resource.getrusage(THREAD).ru_nvcsw
            first = _kinds_of(window[:FIRST])
            is_slow = resource.getrusage(THREAD).ru_nvcsw - waits > len(first) // 2
            yield from first
            rest = window[FIRST:]
            parts = [rest[at : at + PART] for at in range(0, len(rest), PART)]
            kinds = pool.map(_kinds_of, parts) if is_slow else [_kinds_of(rest)]
            yield from chain.from_iterable(kinds)


def _kinds_of(found: Sequence[tuple[_Root, File]]) -> list[_Found]:
    out = []
    for root, file in found:
        path, locator, real, size, identity = file
        kind = _kind(file)
        stated = kind if isinstance(kind, Kind) else ("", kind)
        other = None if real == path else real
        out.append(_Found(root.path, root.named, path, locator, other, size, identity, *stated))
    return out


def _kind(file: File) -> Kind | str:
    """What a file is, or why it is no input."""
    name = file.path.rpartition("/")[2]
    try:
        if file.size < PEEK and len(head := beginning(file.path, file.size)) == file.size:
            return sniff(io.BytesIO(head), name)
        with opened(file.path) as raw:
            return sniff(raw, name)
    except OSError as error:
        raise PipelineError(f"cannot read {_shown(file.path)}: {error.strerror or error}") from None


def _roots(given: str, walker: Walker, home: Path | None = None) -> Iterator[_Root]:
    """What one path means; below `home` its locators are relative to that."""
    if given.startswith("@"):
        yield from _listed(place(given[1:]), walker)
        return
    path = place(given).absolute()

    def root(base: Path) -> tuple[str, str]:
        if home is None or not base.is_relative_to(home):
            return str(base), ""
        above = escaped(base.relative_to(home).as_posix())
        return str(home), "" if above == "." else f"{above}/"

    if isinstance(path, StorePath) and (output := manifest.output(path)) is not None:
        base, prefix = root(path)
        yield _Root(base, named=False, files=_kept(path, prefix, output))
        return
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


def _kept(folder: Path, prefix: str, output: dict[str, Any]) -> Iterator[File]:
    """What a finished output on a store kept: its manifest knows, a listing may not yet."""
    for entry in output["files"]:
        if entry["path"].startswith(manifest.KEPT):
            path = f"{folder}/{entry['path']}"
            yield File(path, prefix + entry["path"], path, entry["bytes"], entry["sha256"])


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
