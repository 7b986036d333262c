"""What lies in a folder, and the files below it: each folder once, whatever links lead to it.

Enters: folders.  Leaves: `File`s in the order of their locators, and beside them what is no data
by its name or leads nowhere.  A link to a folder is followed after all folders that lie there
themselves; one that leads to a folder above it, or to one that is read anyway, is not.
A store is listed whole, a thousand keys a request; it has no links.
Raises `PipelineError` for a folder that cannot be read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final, Literal, NamedTuple

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.records import in_order
from corpus_pipeline.model import PipelineError

TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~", ".lock")
MARKERS: Final = frozenset({"_SUCCESS", "_temporary", "_metadata", "_common_metadata"})
UNFINISHED: Final = "still being written, by its name"
MARKER: Final = "a marker of the program that wrote the folder"
BROKEN: Final = "a link to nothing"
CYCLE: Final = "a link to a folder above it"
AGAIN: Final = "a link to a folder that is read already"
SPECIAL: Final = "no regular file"
NO_PATH: Final = "a key with an empty part, `.`, `..` or a control character: rename it"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Entry(NamedTuple):
    """One name in a folder; `identity` changes whenever the content may have."""

    order: str  # entries sorted by it, and what lies below them, have sorted locators
    name: str
    kind: Literal["folder", "file", "other"]  # behind a link: what it leads to
    is_link: bool = False
    size: int = 0
    identity: str = ""


class File(NamedTuple):
    """A file that was found; `real`: its path without links, `path` itself where it has none."""

    path: str
    locator: str
    real: str
    size: int
    identity: str


class _Folder(NamedTuple):
    path: Path
    locator: str  # of what lies in it: empty, or ending in a slash
    real: str
    keep: Callable[[File], bool] | None = None


#: Called with the path, the locator and the reason of what is no input.
Leave = Callable[[str, str, str], None]


def identity_of(stat: os.stat_result) -> str:
    """What changes when a file does: time of its last change, device and number (or tag)."""
    return f"{stat.st_mtime_ns:x}.{stat.st_dev:x}.{stat.st_ino:x}"


def listing(folder: Path) -> Sequence[Entry]:
    """The entries of a folder, sorted so that the locators below them are."""
    try:
        return in_order(Entry._make, _scanned(folder), attrgetter("order"))
    except OSError as error:
        shown = concealed(escaped(str(folder)))
        raise PipelineError(f"cannot read the folder {shown}: {error.strerror or error}") from None


def _scanned(folder: Path) -> Iterator[Entry]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name, link = entry.name, entry.is_symlink()
            order = name if name.isascii() and "\\" not in name else escaped(name)
            try:
                if entry.is_dir():
                    yield Entry(f"{order}/", name, "folder", link)
                    continue
                stat, file = entry.stat(), entry.is_file()
            except OSError:  # a link to nothing or to itself, or gone since
                yield Entry(order, name, "other", link)
                continue
            kind: Literal["file", "other"] = "file" if file else "other"
            yield Entry(order, name, kind, link, stat.st_size, identity_of(stat))


class Walker:
    """All files below some folders; `follow` afterwards gives those behind links."""

    def __init__(self, leave: Leave) -> None:
        """`leave` is told of what is no input by its name, and of links that lead nowhere."""
        self.leave = leave
        self._seen: set[tuple[int, int]] = set()  # device and number of each folder
        self._links: list[_Folder] = []  # `path` and `locator` are those of the links

    def below(
        self, folder: Path, locator: str = "", keep: Callable[[File], bool] | None = None
    ) -> Iterator[File]:
        """The files below a folder, its links to folders left for `follow`.

        `keep` chooses among them; without it a finished stage output gives only what it kept.
        """
        if isinstance(folder, StorePath):
            yield from self._stored(folder, locator, keep)
        else:
            yield from self._below(_Folder(folder, locator, os.path.realpath(folder), keep))

    def follow(self) -> Iterator[File]:
        """The files behind the links that were found, in the order of their locators."""
        while self._links:
            links = sorted(self._links, key=lambda link: link.locator)
            self._links.clear()
            for link in links:
                path = str(link.path)
                if reason := self._reason(path):
                    self.leave(path, link.locator.rstrip("/"), reason)
                else:
                    yield from self._below(link._replace(real=os.path.realpath(path)), linked=True)

    def _reason(self, link: str) -> str:
        """Why a link to a folder is not followed; empty: it is."""
        real, home = os.path.realpath(link), os.path.realpath(os.path.dirname(link))  # noqa: PTH120 - text
        if home == real or home.startswith(real.rstrip("/") + "/"):
            return CYCLE
        try:
            stat = os.stat(real)  # noqa: PTH116 - text
        except OSError:
            return BROKEN
        return AGAIN if (stat.st_dev, stat.st_ino) in self._seen else ""

    def _is_new(self, folder: Path) -> bool:
        stat = folder.stat()
        key = (stat.st_dev, stat.st_ino)
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _below(self, folder: _Folder, *, linked: bool = False) -> Iterator[File]:
        if not self._is_new(folder.path) and linked:
            return
        entries = listing(folder.path)
        base, home = f"{str(folder.path).rstrip('/')}/", f"{folder.real.rstrip('/')}/"
        if folder.keep is None and _is_output(entries):
            entries = [entry for entry in entries if entry.name == "kept"]
        for entry in entries:
            name, path, locator = entry.name, base + entry.name, folder.locator + entry.order
            if self._passes(path, locator, name):
                continue
            if entry.kind == "folder":
                inner = _Folder(folder.path / name, locator, home + name, folder.keep)
                if entry.is_link:
                    self._links.append(inner)
                else:
                    yield from self._below(inner, linked=linked)
            elif entry.kind == "file":
                real = path if base == home else home + name
                real = os.path.realpath(path) if entry.is_link else real
                file = File(path, locator, real, entry.size, entry.identity)
                if folder.keep is None or folder.keep(file):
                    yield file
            else:
                self.leave(path, locator, BROKEN if entry.is_link else SPECIAL)

    def _stored(
        self, folder: StorePath, prefix: str, keep: Callable[[File], bool] | None
    ) -> Iterator[File]:
        """The objects below a folder of a store: one request lists a thousand."""
        start, first = len(str(folder).rstrip("/")) + 1, len(folder.key) + 1 if folder.key else 0

        def leave(key: str) -> None:
            if not key.endswith("/"):  # an empty object that stands for a folder
                self.leave(f"{folder}/{key[first:]}", prefix + _shown(key[first:]), NO_PATH)

        keys = (
            (str(path)[start:], stat.st_size, identity_of(stat))
            for path, stat in folder.below(leave)
        )
        found = in_order(tuple, keys, itemgetter(0))
        outputs = set() if keep else _outputs(name for name, _, _ in found)
        for name, size, identity in found:
            *folders, last = name.split("/")
            above = ["/".join(folders[:depth]) for depth in range(len(folders) + 1)]
            at = next((one for one in above if one in outputs), None)
            if at is not None and not name.startswith(f"{at}/kept/".lstrip("/")):
                continue
            full = f"{folder}/{name}"
            if not size and not (folder / name).is_file():
                continue  # the client's name for an empty `name/`, which stands for a folder
            if any(self._passes(full, prefix + name, part) for part in (*folders, last)):
                continue
            file = File(full, prefix + escaped(name), full, size, identity)
            if keep is None or keep(file):
                yield file

    def _passes(self, path: str, locator: str, name: str) -> bool:
        """Whether a name says that this is no data; all but hidden files are told of."""
        if name.startswith("."):
            return True
        reason = unwanted(name)
        if reason:
            self.leave(path, locator.rstrip("/"), reason)
        return bool(reason)


def _shown(key: str) -> str:
    r"""A key with its control characters escaped.

    >>> _shown("a\nb")
    'a\\x0ab'
    """
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", escaped(key))


def unwanted(name: str) -> str:
    """Why a name says that this is no data; empty where it does not.

    >>> unwanted("a.jsonl"), unwanted("a.jsonl.tmp")
    ('', 'still being written, by its name')
    """
    if name in MARKERS:
        return MARKER
    return UNFINISHED if name.endswith(TEMPORARY) else ""


def _is_output(entries: Sequence[Entry]) -> bool:
    """Whether these are the entries of a finished stage output."""
    names = {entry.name for entry in entries if entry.name in ("manifest.json", "kept")}
    return len(names) == 2 and any(e.kind == "folder" for e in entries if e.name == "kept")


def _outputs(names: Iterable[str]) -> set[str]:
    """The folders of finished stage outputs among keys: those with a manifest and `kept/`."""
    sealed, keeping = set(), set()
    for name in names:
        folder, _, last = name.rpartition("/")
        if last == "manifest.json":
            sealed.add(folder)
        head, kept, _ = f"/{name}".rpartition("/kept/")
        if kept:
            keeping.add(head.lstrip("/"))
    return sealed & keeping


def fits(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path, or a folder above it, is what a glob names; `**` stands for any folders.

    >>> fits(["a", "b", "c.txt"], ["**", "*.txt"]), fits(["a", "b", "c"], ["a", "b"])
    (True, True)
    """
    if not pattern:
        return True
    if pattern[0] == "**":
        if len(pattern) == 1:
            return True
        return any(fits(parts[n:], pattern[1:]) for n in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:])
