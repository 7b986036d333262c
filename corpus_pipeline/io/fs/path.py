"""Paths of object stores: a `pathlib.Path` whose every access goes to the store.

Enters: `s3://bucket/key` and the like.  Leaves: bytes, listings, facts of objects; one atomic PUT
for each file that is written.  A folder is there as long as a key lies below it.
Raises `FileNotFoundError` where nothing lies, `PipelineError` in one line where the store refuses.

A subclass of `Path`, so that the code between has one kind of path.  `os.fspath` of it fails: no
library takes its name for that of a local file.  What has no meaning on a store fails likewise.
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import re
import stat as modes
import sys
from collections.abc import Callable, Generator, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath
from typing import IO, Any, NoReturn, cast
from urllib.parse import unquote

import obstore

from corpus_pipeline.io.fs import listing
from corpus_pipeline.io.fs.errors import store_errors
from corpus_pipeline.io.fs.settings import SCHEMES, client, part_bytes, put_new, put_over, puts_over
from corpus_pipeline.model import PipelineError

#: Two letters at least, as `C:/` is a drive; one slash is left where a `Path` has folded two.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
#: Bytes of one range read, unless more are asked for at once.
WINDOW = 4 << 20
#: Keys deleted by one request, as many as S3 takes.
MANY = 1000


def place(given: str | Path) -> Path:
    """The path that was meant: of this machine, or of a store.

    Raises `PipelineError` for a scheme that is not supported, and a URL without a bucket.

    >>> place("out/run").as_posix(), place("file:///data/a%20b").as_posix()
    ('out/run', '/data/a b')
    >>> str(place("s3://bucket/out") / "kept" / "part-00000.parquet")
    's3://bucket/out/kept/part-00000.parquet'
    """
    if isinstance(given, StorePath):
        return given
    text = str(given)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Path(text)
    name, rest = scheme[1].lower(), text[scheme.end() :].lstrip("/")
    if name == "file":
        return Path("/" + unquote(rest))
    if name not in SCHEMES:
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise PipelineError(f"{name}:// is not supported: give a local path or one of {known}")
    if not rest.strip("/") or text[scheme.end() :].startswith("//"):
        raise PipelineError(f"{text}: the URL names no bucket")
    return StorePath(f"{name}:/{rest}")


class StorePath(PosixPath):
    """A place in a bucket; its text is the URL."""

    if sys.version_info < (3, 12):
        __slots__ = ()

    # The base class folds `s3://` into `s3:/`: the parts are `s3:`, the bucket, the key's own.

    def __str__(self) -> str:
        parts = self.parts
        if self.is_absolute():
            return f"{parts[0]}//{'/'.join(parts[1:])}"
        return "/".join(parts) or "."

    def __fspath__(self) -> str:
        if self.is_absolute():
            raise TypeError(f"{self} is no file of this machine: take a local_copy")
        return str(self)

    def __repr__(self) -> str:
        return f"StorePath({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.parts

    def as_posix(self) -> str:
        """The URL; of a path relative to one, its parts."""
        return str(self)

    def is_absolute(self) -> bool:
        """Whether it begins with a scheme, as all do that `relative_to` did not make."""
        return bool(self.parts) and self.parts[0].endswith(":")

    @property
    def scheme(self) -> str:
        """The scheme of the URL, without its colon."""
        return self.parts[0].removesuffix(":")

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.parts[1]

    @property
    def key(self) -> str:
        """The key in the bucket; empty for the bucket itself."""
        key = "/".join(self.parts[2:])
        return posixpath.normpath(key) if ".." in self.parts else key

    @property
    def client(self) -> Any:
        """The connection to the bucket."""
        return client(self.scheme, self.bucket)

    def absolute(self) -> StorePath:
        """The path itself."""
        return self

    def resolve(self, strict: bool = False) -> StorePath:  # noqa: ARG002 – as `Path.resolve`
        """The path without `..`: a store has no links."""
        return self._bucket() / self.key if ".." in self.parts else self

    def expanduser(self) -> StorePath:
        """The path itself."""
        return self

    # Reading

    def facts(self) -> dict[str, Any]:
        """Size, time and `e_tag` of the object; `FileNotFoundError` where there is none."""
        if not self.key:
            raise FileNotFoundError(errno.ENOENT, "no such object", str(self))
        with store_errors(self):
            return cast(dict[str, Any], obstore.head(self.client, self.key))

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 – as `Path.stat`
        """Size, time of the last change, and as its number what the store says of its content."""
        return _status(self.facts())

    def is_file(self, **_options: Any) -> bool:
        """Whether an object has this key."""
        try:
            self.facts()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self, **_options: Any) -> bool:
        """Whether a key lies below."""
        return next(self._keys(1), None) is not None

    def exists(self, **_options: Any) -> bool:
        """Whether there is an object or a folder."""
        return self.is_file() or self.is_dir()

    def open(  # type: ignore[override]  # bytes and text to read, nothing else
        self, mode: str = "r", *_args: Any, encoding: str | None = None, **_options: Any
    ) -> IO[Any]:
        """A file for reading that fetches ranges as they are asked for."""
        if mode not in ("r", "rb", "rt"):
            raise PipelineError(f"{self}: an object of a store is written whole, not opened")
        raw = io.BufferedReader(_Object(self), WINDOW)
        return raw if mode == "rb" else io.TextIOWrapper(raw, encoding=encoding or "utf-8")

    def read_bytes(self) -> bytes:
        """The whole object."""
        with store_errors(self):
            return bytes(obstore.get(self.client, self.key).bytes())

    def read_text(self, encoding: str | None = None, *_args: Any, **_options: Any) -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding or "utf-8")

    def beginning(self, size: int) -> bytes:
        """The first bytes of an object that has `size` or more, by one request."""
        if not size:
            return b""
        with store_errors(self):
            return bytes(obstore.get_range(self.client, self.key, start=0, length=size))

    def small(self, most: int) -> bytes | None:
        """The whole object by one request; None where it has more than `most` bytes."""
        with store_errors(self):
            found = obstore.get(self.client, self.key)
            return bytes(found.bytes()) if found.meta["size"] <= most else None

    def _keys(
        self, chunk: int = 1000, leave: Callable[[str], None] = lambda _key: None
    ) -> Iterator[dict[str, Any]]:
        """What is known of each key below, in the order of the store."""
        if len(self.parts) < 2:
            return
        prefix = f"{self.key}/" if self.key else None
        yield from listing.keys(self, self.client, prefix, chunk, leave)

    def _bucket(self) -> StorePath:
        return type(self)(*self.parts[:2])

    def below(
        self, leave: Callable[[str], None] = lambda _key: None
    ) -> Iterator[tuple[StorePath, os.stat_result]]:
        """Every object below and its facts, in the order of the keys' bytes, as it is listed.

        `leave` is called with each key below that is no path.
        """
        root = self._bucket()
        for item in self._keys(leave=leave):
            yield root / item["path"], _status(item)

    def iterdir(self) -> Generator[StorePath, None, None]:
        """What lies in this folder, sorted by name."""
        found = listing.folder(self, self.client, self.key or None)
        root = self._bucket()
        objects = {item["path"] for item in found["objects"]} - {self.key}
        # Some stores list a folder whose last key was deleted for a while.
        folders = {key for key in found["common_prefixes"] if (root / key).is_dir()}
        yield from (root / key for key in sorted(objects | folders))

    def glob(self, pattern: str, **_options: Any) -> Iterator[StorePath]:  # type: ignore[override]  # no path patterns
        """What matches below: `*` within a name, `**` over folders."""
        if "/" not in pattern and "**" not in pattern:
            yield from (path for path in self.iterdir() if fnmatchcase(path.name, pattern))
            return
        form = _expression(pattern)
        depth = len(self.parts)
        for path, _ in self.below():
            if form.fullmatch("/".join(path.parts[depth:])):
                yield path

    def rglob(self, pattern: str, **_options: Any) -> Iterator[StorePath]:  # type: ignore[override]  # no path patterns
        """The objects below whose name matches."""
        yield from (path for path, _ in self.below() if fnmatchcase(path.name, pattern))

    # Writing

    def write_bytes(self, data: Any) -> int:
        """Put the object: whole, or not at all."""
        with store_errors(self):
            obstore.put(self.client, self.key, bytes(data))
        return len(data)

    def write_text(
        self, data: str, encoding: str | None = None, *_args: Any, **_options: Any
    ) -> int:
        """Put the object."""
        return self.write_bytes(data.encode(encoding or "utf-8"))

    def copy_to(self, target: StorePath) -> None:
        """Copy the object to another key of the bucket; its bytes stay on the store."""
        with store_errors(self):
            obstore.copy(self.client, self.key, target.key)

    def mkdir(self, *_args: Any, **_options: Any) -> None:
        """Nothing: a folder is there with the first key below it."""

    def rmdir(self) -> None:
        """Nothing: a folder is gone with the last key below it."""

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: ARG002 – as `Path.unlink`
        """Delete the object; a missing one is no error, as a store does not say."""
        with store_errors(self, suppress=(FileNotFoundError,)):
            obstore.delete(self.client, self.key)

    def remove_below(self, but: str = "") -> None:
        """Delete every object below, save the one of this name in the folder itself."""
        keys: list[str] = []
        for item in self._keys():
            if not but or item["path"] != f"{self.key}/{but}":
                keys.append(item["path"])
            if len(keys) == MANY:
                self._delete(keys)
                keys = []
        self._delete(keys)

    def _delete(self, keys: list[str]) -> None:
        if keys:
            with store_errors(self, suppress=(FileNotFoundError,)):
                obstore.delete(self.client, keys)

    # No such thing on a store

    def is_symlink(self) -> bool:
        """False."""
        return False

    def is_mount(self) -> bool:
        """False."""
        return False

    is_junction = is_socket = is_fifo = is_block_device = is_char_device = is_mount

    def samefile(self, other_path: Any) -> bool:
        """Whether both are the same URL."""
        return bool(self == other_path)

    def _impossible(self, *_args: Any, **_options: Any) -> NoReturn:
        raise PipelineError(f"{self}: not possible on an object store")

    lstat = rename = replace = symlink_to = hardlink_to = readlink = touch = _impossible
    chmod = lchmod = owner = group = walk = _impossible
    copy = copy_into = move = move_into = link_to = _impossible


def _status(facts: dict[str, Any]) -> os.stat_result:
    """What the store says of an object, in the form of the system's own.

    The number of the file is made of the `e_tag`, which changes with the content.
    """
    time = facts["last_modified"]
    seconds = int(time.timestamp())
    tag = int.from_bytes((facts.get("e_tag") or "").encode()[-24:].rjust(1), "big") % (1 << 63)
    values = (modes.S_IFREG | 0o444, tag, 0, 1, 0, 0, facts["size"], seconds, seconds, seconds)
    nanoseconds = int(time.timestamp() * 1e9)
    return os.stat_result((*values, *(float(seconds),) * 3, *(nanoseconds,) * 3))


def _expression(pattern: str) -> re.Pattern[str]:
    """A glob over several folders as a regular expression."""
    text = ""
    for segment in pattern.split("/"):
        if segment == "**":
            text += "(?:[^/]+/)*"
            continue
        inner = re.escape(segment).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        inner = re.sub(r"\\\[(!?)(.+?)\\\]", lambda m: f"[{'^' * bool(m[1])}{m[2]}]", inner)
        text += inner + "/"
    return re.compile(text.removesuffix("/"))


class _Object(io.RawIOBase):
    """An object as a raw file: each read is one range request of what was asked for."""

    def __init__(self, path: StorePath) -> None:
        super().__init__()
        self._path = path
        self._at = 0
        self.size: int = path.facts()["size"]

    def readinto(self, buffer: Any) -> int:
        take = min(len(buffer), self.size - self._at)
        if take <= 0:
            return 0
        with store_errors(self._path):
            data = obstore.get_range(self._path.client, self._path.key, start=self._at, length=take)
        view = memoryview(data)
        if len(view) != take:
            raise OSError(errno.EIO, f"{len(view)} of {take} bytes came", str(self._path))
        buffer[:take] = view
        self._at += take
        return take

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def relative(path: Path, folder: Path) -> str:
    """How to get from a folder to a path: `../run/manifest.json`; between two stores its end alone.

    No manifest holds an absolute path of a machine, or the name of another's bucket.
    """
    here, there = path.resolve(), folder.resolve()
    stores = [isinstance(one, StorePath) for one in (here, there)]
    if all(stores) and here.parts[:2] == there.parts[:2]:
        return posixpath.relpath("/".join(here.parts), "/".join(there.parts))
    if any(stores):
        return "/".join(here.parts[-2:])
    return Path(os.path.relpath(here, there)).as_posix()


def upload(source: Path, target: StorePath) -> None:
    """Put a local file, in parts where it is large."""
    with store_errors(target):
        part = part_bytes(target.scheme, target.bucket)
        obstore.put(target.client, target.key, source, chunk_size=part)


def create(path: Path, data: bytes) -> bool:
    """Write where nothing is, in one step; False where something stood.

    Raises `PipelineError` where the folder cannot be written to.
    """
    if isinstance(path, StorePath):
        with store_errors(path):
            return put_new(path.scheme, path.bucket, path.key, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return True


def replace_if(path: StorePath, data: bytes, e_tag: str) -> bool:
    """Overwrite the object if it still has this `e_tag`; False where it has another, or is gone."""
    with store_errors(path):
        return put_over(path.scheme, path.bucket, path.key, data, e_tag)


def replaces(path: StorePath) -> bool:
    """Whether the store makes a put depend on the object that it replaces (`If-Match`)."""
    return puts_over(path.scheme, path.bucket)
