"""Compressed bytes in, plain bytes out, and damage as a value instead of an exception.

Enters: a seekable binary file and the name of its compression.  Leaves: `Block`s of at most
about a mebibyte, and a `Fault` wherever the stream broke; after a fault the next intact member
(gzip member, zstd or LZ4 frame, bz2 or xz stream) is looked for, so that damage costs one member.
Never more than a block is held; a bomb is inflated up to `Limits`.  Bad data raises nothing.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple, cast

from corpus_pipeline.io.decoders import ERRORS, MAGIC, ZSTD_SLICE, factory
from corpus_pipeline.model import Reason

RAW: Final = 1 << 16  # small, because a damaged chunk is read again byte by byte
OUT: Final = 1 << 20
#: How far before the place where an error shows the next member may have begun.
BACK: Final = 1 << 20
#: Places that are tried as the next member's first byte after one fault; each costs up to a
#: mebibyte of inflating, and in a hostile file every third byte may look like a beginning.
CANDIDATES: Final = 10_000
#: Below this size a ratio says nothing: a megabyte of blanks is no attack.
RATIO_FLOOR: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class Limits:
    """When inflating stops; the defaults let every corpus file in use pass.

    1 TiB: the largest files in use (full-history wiki dumps) stay below it.  300 : 1 — Chinese
    text gives 3–10, the most repetitive logs about 100; deflate itself ends at 1,032.
    """

    max_decompressed_bytes: int = 1 << 40
    max_ratio: float = 300.0


class Entry(NamedTuple):
    """A place to begin at: its offset in the file as it lies on disk, and in the plain bytes."""

    raw: int
    plain: int


#: Where every file begins.
BEGINNING: Final = Entry(0, 0)


class Block(NamedTuple):
    """Plain bytes; `fresh` says that a member begins with them, `member` where in the file."""

    data: bytes
    fresh: bool
    member: int = 0


class Fault(NamedTuple):
    """Where and why a stream broke.

    `raw_offset` counts bytes of the file as it lies on disk; `inside` says that the member that
    broke had given output before.
    """

    reason: Reason
    detail: str
    raw_offset: int
    inside: bool = False
    lost: int = 0  # bytes of the file that are passed over


Event = Block | Fault


class _Members:
    """A file of compressed members, decoded one after the other."""

    def __init__(
        self, raw: BinaryIO, compression: str, limits: Limits, entry: Entry = BEGINNING
    ) -> None:
        self.raw, self.compression, self.limits = raw, compression, limits
        self.new = factory(compression, raw)
        self.magic = MAGIC[compression]
        self.data = b""  # read from the file, not yet given to a decoder
        self.position = entry.raw  # of the first byte of `data` in the file
        self.out = entry.plain
        if entry.raw:
            raw.seek(entry.raw)

    def run(self) -> Iterator[Event]:
        """All members."""
        while self._align():
            fault = yield from self._member()
            if fault is not None:
                yield fault
                if fault.reason == "decompression_bomb":
                    return

    def _align(self) -> bool:
        """Go to the next member's first byte, over the zeros that tapes and xz pad with."""
        while True:
            if len(self.data) < 6:
                self.data += self.raw.read(RAW)
            stripped = self.data.lstrip(b"\0")
            self.position += len(self.data) - len(stripped)
            if stripped or not self.data:
                self.data = stripped
                return bool(stripped)
            self.data = b""

    def _member(self) -> Generator[Block, None, Fault | None]:
        """One member; returns the fault that ended it, if one did."""
        start, decoder, emitted, before = self.position, self.new(), 0, self.out
        at, chunk, self.data = start, self.data, b""
        self.position += len(chunk)
        while True:
            try:
                out = decoder.decompress(chunk, OUT)
            except ERRORS as error:
                broke = yield from self._salvaged(start, at, emitted)
                self._resync(max(start + 1, at - BACK))
                detail = str(error) or type(error).__name__
                fault = self._fault("corrupt", detail, broke, inside=self.out > before)
                return fault._replace(lost=max(self.position - broke, 0))
            if out:
                yield Block(out, fresh=not emitted, member=start)
                emitted += len(out)
                self.out += len(out)
            if self._is_bomb():
                detail = f"{self.out} bytes out of {self.position} bytes"
                rest = max(self.raw.seek(0, io.SEEK_END) - self.position, 0)
                return Fault("decompression_bomb", detail, self.position, lost=rest)
            if decoder.eof:
                self.data = decoder.unused_data
                self.position -= len(self.data)
                return None
            chunk = b""
            if decoder.needs_input:
                at, chunk = self.position, self.raw.read(RAW)
                self.position += len(chunk)
                if not chunk and not out:
                    self._resync(max(start + 1, at - BACK))
                    detail = "the file ends within a stream"
                    return self._fault("truncated", detail, at)

    def _is_bomb(self) -> bool:
        limit = self.limits
        if self.out > limit.max_decompressed_bytes:
            return True
        return self.out > max(RATIO_FLOOR, limit.max_ratio * self.position)

    def _fault(self, kind: str, detail: str, offset: int, inside: bool = False) -> Fault:
        reason = cast(Reason, f"{kind}_{self.compression}")
        return Fault(reason, f"{detail} (byte {offset} of the file)", offset, inside)

    def _salvaged(self, start: int, at: int, emitted: int) -> Generator[Block, None, int]:
        """What a damaged chunk still gives, as blocks; returns where in the file it broke.

        A decoder that raises loses the output of that call.  So the member is decoded again from
        `start`, byte by byte from `at` on, and what exceeds the `emitted` bytes is given out.
        """
        self.raw.seek(start)
        decoder, position, produced, chunk = self.new(), start, 0, b""
        try:
            while not decoder.eof:
                out = decoder.decompress(chunk, OUT)
                position += len(chunk)
                new = out[max(emitted - produced, 0) :]
                produced += len(out)
                if new:
                    yield Block(new, fresh=produced == len(new), member=start)
                    self.out += len(new)
                chunk = b""
                if decoder.needs_input:
                    chunk = self.raw.read(min(RAW, max(at - position, 1)))
                    if not chunk:
                        break
        except ERRORS:
            pass  # the place where it broke is what this reading was for
        return position

    def _resync(self, position: int) -> None:
        """Go to the next place at or after `position` where a member opens, or to the end."""
        tries, self.data = 0, b""
        while tries < CANDIDATES:
            self.raw.seek(position)
            window = self.raw.read(RAW + len(self.magic) - 1)
            place = window.find(self.magic)
            while place >= 0 and tries < CANDIDATES:
                if self._opens(position + place):
                    self.position = self.raw.seek(position + place)
                    return
                tries += 1
                place = window.find(self.magic, place + 1)
            if len(window) < RAW:
                break
            position += RAW
        self.position = self.raw.seek(0, io.SEEK_END)

    def _opens(self, position: int) -> bool:
        """Whether a stream begins here: the magic bytes also occur inside compressed data."""
        self.raw.seek(position)
        decoder, given = self.new(), 0
        try:
            while not decoder.eof and given < OUT:
                chunk = self.raw.read(ZSTD_SLICE)
                if not chunk:
                    break
                given += len(decoder.decompress(chunk, OUT))
        except ERRORS:
            return given >= 512
        return given > 0 or decoder.eof


def _plain(raw: BinaryIO) -> Iterator[Event]:
    position = raw.tell()
    try:
        while data := raw.read(OUT):
            yield Block(data, fresh=position == 0)
            position += len(data)
    except OSError as error:
        reason: Reason = getattr(error, "reason", "unreadable")  # of a member of an archive
        yield Fault(reason, f"{error.strerror} (byte {position} of the file)", position)


def events(
    raw: BinaryIO, compression: str, limits: Limits, entry: Entry = BEGINNING
) -> Iterator[Event]:
    """The blocks and faults of an open file from `entry` on, which must begin a member."""
    if compression == "none":
        raw.seek(entry.raw)
        return _plain(raw)
    return _guarded(_Members(raw, compression, limits, entry))


def _guarded(members: _Members) -> Iterator[Event]:
    try:
        yield from members.run()
    except OSError as error:
        yield Fault("unreadable", str(error), members.position)
