"""Inputs read once before the run: digests, sizes, and where a compressed file can be entered.

Enters: an `Input`.  Leaves: a `Scanned`: splits are planned by its sizes, and readers compare what
they read with its fingerprint.  A file is read in blocks.  Plain bytes that damage makes unreadable
are not counted; a Parquet file with a damaged footer has no row groups.
Raises `PipelineError` for a file that cannot be read.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

import orjson
import pyarrow.parquet as pq
import zstandard

from corpus_pipeline.io.charsets import MOST, UTF8, Coding, Sampler
from corpus_pipeline.io.checked import CheckedFile, Digester, Fingerprint, InputChangedError
from corpus_pipeline.io.compression import Block, Entry, Limits, events
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.inputs import Input
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.io.opening import opened
from corpus_pipeline.model import PipelineError

#: Plain bytes between two entries that are kept: a window inflates at most so many before its first
#: line (4 ms of zstd), and a file of a terabyte has 262,144 entries.
ENTRY_GAP: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Scanned:
    """An input read once: its digests, and the sizes that splits are planned by."""

    input: Input
    sha256: str
    decompressed: int  # line formats: bytes after decompression; others: bytes on disk
    fingerprint: Fingerprint
    row_groups: tuple[int, ...] = ()  # parquet: uncompressed bytes of each
    entries: tuple[Entry, ...] = ()  # compressed line formats: members to begin at, in order
    coding: Coding = UTF8  # formats of characters: charset and line ends

    def packed(self) -> list[Any]:
        """A JSON-able form without the input itself, whose name may not be written."""
        seen, coding = self.fingerprint, self.coding
        digests = seen.digests.hex()
        entries = [list(entry) for entry in self.entries]
        sizes = [self.decompressed, seen.size, seen.block]
        kind = [coding.charset, coding.ends]
        return [self.sha256, *sizes, digests, list(self.row_groups), entries, *kind]

    @classmethod
    def unpacked(cls, values: Iterable[Any]) -> Scanned:
        """The inverse: of the values of the input, and then those of `packed`."""
        row = list(values)
        sha256, plain, size, block, digests, groups, entries, *coding = row[_INPUT:]
        return cls(
            Input._make(row[:_INPUT]),
            sha256,
            plain,
            Fingerprint(size, block, bytes.fromhex(digests)),
            tuple(groups),
            tuple(Entry(*entry) for entry in entries),
            UTF8 if coding == _PLAIN else Coding(*coding),
        )


_PLAIN: Final = [UTF8.charset, UTF8.ends]
_INPUT: Final = len(Input._fields)


def joined(scanned: Iterable[Scanned]) -> str:
    """What was seen of many inputs, `packed` each, as one short text."""
    rows = orjson.dumps([one.packed() for one in scanned])
    return base64.b64encode(zstandard.compress(rows, 1)).decode()


def parted(text: str, inputs: Iterable[Input]) -> Iterator[tuple[Any, ...]]:
    """The inverse of `joined`, for the same inputs: rows for `unpacked`."""
    rows = orjson.loads(zstandard.decompress(base64.b64decode(text)))
    return ((*_as_read(item, row[2]), *row) for item, row in zip(inputs, rows, strict=True))


def _as_read(item: Input, size: int) -> Input:
    return item if item.bytes == size else item._replace(bytes=size)


def record(text_mode: str, values: Iterable[Any]) -> dict[str, Any]:
    """What a manifest says of an input, of such a row: all but where it lies on this machine."""
    row = list(values)
    item = Input._make(row[:_INPUT])
    said = {
        "sha256": row[_INPUT],
        "locator": item.locator,
        "bytes": item.bytes,
        "format": item.format,
        "compression": item.compression,
        "source": item.source,
    }
    return said | {"charset": row[-2]} if FORMATS[item.format].is_coded(text_mode) else said


def located(values: Iterable[Any]) -> tuple[str, str]:
    """The locator of the input and its sha256, of such a row."""
    row = list(values)
    return row[1], row[_INPUT]


class _Hashed:
    """A binary file whose bytes are hashed once each, however often they are read."""

    def __init__(self, raw: BinaryIO, expected: int) -> None:
        self.raw = raw
        self.digester = Digester(expected)

    def read(self, size: int = -1) -> bytes:
        start, hashed = self.raw.tell(), self.digester.size
        data = self.raw.read(size)
        if start <= hashed < start + len(data):
            self.digester.update(memoryview(data)[hashed - start :])
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        return self.raw.tell()

    def finish(self) -> tuple[str, Fingerprint]:
        """Read the rest of the file; its sha256 in hex, and its fingerprint."""
        self.raw.seek(self.digester.size)
        while self.read(1 << 20):
            pass
        return self.digester.finish()


def scan(item: Input, limits: Limits | None = None, text_mode: str = "file") -> Scanned:
    """Read an input once; `bytes` of the result is what was read, whatever `discover` saw.

    `text_mode`: of `IngestOptions`; it says whether text files are lines.
    """
    form, limits = FORMATS[item.format], limits or Limits()
    sampler = Sampler() if form.is_coded(text_mode) else None
    try:
        with opened(item.path) as raw:
            hashed = _Hashed(raw, item.bytes)
            plain: int | None = None
            entries: tuple[Entry, ...] = ()
            if form.splittable in ("lines", "text_mode") and item.compression != "none":
                plain, entries = _inflated(hashed, item.compression, limits, sampler)
            elif sampler is not None:
                sample(hashed, item.compression, limits, sampler)
            sha256, fingerprint = hashed.finish()
    except OSError as error:
        raise PipelineError(
            f"cannot read {concealed(escaped(item.path))}: {error.strerror or error}"
        ) from None
    if item.bytes != fingerprint.size:
        item = item._replace(bytes=fingerprint.size)
    groups = _row_groups(item, fingerprint) if form.splittable == "row_groups" else ()
    size = fingerprint.size if plain is None else plain
    coding = UTF8 if sampler is None else sampler.coding()
    return Scanned(item, sha256, size, fingerprint, groups, entries, coding)


def sized(
    item: Input, limits: Limits | None = None, text_mode: str = "file", whole: int = 0
) -> Scanned:
    """What splits are planned by, without a digest: a file of up to `whole` bytes is not read.

    Unless what comes out of it has another size than what lies on disk.
    """
    form = FORMATS[item.format]
    lines = form.splittable in ("lines", "text_mode")
    if form.splittable == "row_groups" or (lines and item.compression != "none"):
        return scan(item, limits, text_mode)
    if form.cut_at_lines(text_mode) and item.bytes > whole:
        return scan(item, limits, text_mode)  # only its charset says where it can be cut
    return Scanned(item, "", item.bytes, NOT_SEEN)


NOT_SEEN: Final = Fingerprint(0, 0, b"")


def sample(raw: _Hashed | BinaryIO, compression: str, limits: Limits, sampler: Sampler) -> None:
    """Show the sampler as much of a file as it wants, or as inflating for it alone is worth."""
    if compression == "none":
        while not sampler.full and (block := raw.read(1 << 20)):
            sampler.feed(block)
        return
    for event in events(cast(BinaryIO, raw), compression, limits):
        if isinstance(event, Block):
            sampler.feed(event.data)
        if sampler.full or sampler.seen >= MOST:
            break


def _inflated(
    raw: _Hashed, compression: str, limits: Limits, sampler: Sampler | None
) -> tuple[int, tuple[Entry, ...]]:
    """The plain bytes of a compressed file, and members at which a window may begin."""
    size = 0
    entries: list[Entry] = []
    for event in events(raw, compression, limits):  # type: ignore[arg-type]  # the three methods that are used
        if not isinstance(event, Block):
            continue
        if sampler is not None:
            sampler.feed(event.data)
        if event.fresh and size >= (entries[-1].plain if entries else 0) + ENTRY_GAP:
            entries.append(Entry(event.member, size))
        size += len(event.data)
    return size, tuple(entries)


def _row_groups(item: Input, fingerprint: Fingerprint) -> tuple[int, ...]:
    try:
        with CheckedFile(item.path, item.locator, fingerprint) as raw:
            meta = pq.read_metadata(raw)
        return tuple(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    except InputChangedError:
        raise
    except Exception:  # noqa: BLE001 - whatever a damaged footer does, the reader will quarantine it
        return ()
