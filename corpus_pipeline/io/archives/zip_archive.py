"""A zip archive in, its entries out, in the order of its directory.

Enters: a seekable file.  Leaves: entries; encrypted ones and those packed in a way that is not
known have a reason instead of a stream.  Where the directory is missing, as the archive was cut,
entries are read from the beginning on.  A block of the directory is held, never all of it.
"""

from __future__ import annotations

import bz2
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple, cast

from corpus_pipeline.io.archives.member import STEP, Entry, TornError
from corpus_pipeline.io.decoders import ERRORS, Decoder, deflated, zstandard_frames
from corpus_pipeline.model import Reason

END: Final = b"PK\5\6"
LOCAL: Final = b"PK\3\4"
CENTRAL: Final = b"PK\1\2"
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_WIDE: Final = 0xFFFFFFFF
#: The end record and the longest comment behind it.
TAIL: Final = _END.size + 0xFFFF
#: Bytes of the directory that are read at a time; a record of it has less than three times 64 KiB.
SLAB: Final = 1 << 20
MOST_RECORD: Final = _CENTRAL.size + 3 * 0xFFFF
ENCRYPTED, STREAMED, UTF8 = 1, 8, 0x800

DECODERS: Final[dict[int, Callable[[], Decoder]]] = {
    8: deflated,
    12: bz2.BZ2Decompressor,
    93: zstandard_frames,
}
STORED: Final = 0


class _Record(NamedTuple):
    """What the archive says of a member."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def entries(file: BinaryIO) -> Iterator[Entry]:
    """The entries of the archive."""
    size = file.seek(0, io.SEEK_END)
    directory = _directory(file, size)
    if directory is None:
        yield from _salvaged(file)
        return
    start, length, count, shift = directory
    if shift > 0 and (before := _Part(file, shift)).is_archive():
        # Two archives that were joined: this directory knows the second one alone.
        yield from entries(cast(BinaryIO, before))
    found = 0
    for record in _records(file, start, start + length):
        found += 1
        yield _entry(file, record, shift)
    if found != count:
        detail = f"{found} of {count} entries of the directory are there"
        yield Entry(b"", reason="corrupt_zip", detail=detail)


def _directory(file: BinaryIO, size: int) -> tuple[int, int, int, int] | None:
    """Where the directory is, its length, its entries, and what offsets lack; None: it has none."""
    file.seek(max(size - TAIL, 0))
    tail = _read(file, TAIL)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < _END.size:
        return None
    _, _, _, _, count, length, offset, _ = _END.unpack_from(tail, at)
    end = size - len(tail) + at
    wide = tail.rfind(b"PK\6\6", 0, at)
    if wide >= 0 and at - wide >= _END64.size and _WIDE in (length, offset, count | 0xFFFF0000):
        *_, count, length, offset = _END64.unpack_from(tail, wide)
        end = size - len(tail) + wide
    start = end - length
    file.seek(max(start, 0))
    if start < 0 or (length and _read(file, len(CENTRAL)) != CENTRAL):
        return None
    return start, length, count, start - offset


class _Part:
    """The beginning of a file, as a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._at = file, size, 0

    def is_archive(self) -> bool:
        """Whether it has the directory of an archive at its end."""
        return _directory(cast(BinaryIO, self), self._size) is not None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the part."""
        self._at = offset + (self._size if whence == io.SEEK_END else 0)
        return self._at

    def read(self, size: int) -> bytes:
        """At most `size` further bytes of the part."""
        self._file.seek(self._at)
        data = self._file.read(max(min(size, self._size - self._at), 0))
        self._at += len(data)
        return data


def _records(file: BinaryIO, at: int, end: int) -> Iterator[_Record]:
    """The records of the directory, a slab of it at a time; ends where one is damaged."""
    slab, base = b"", at
    while at < end:
        if at - base + MOST_RECORD > len(slab) and base + len(slab) < end:
            file.seek(at)
            slab, base = _read(file, min(SLAB, end - at)), at
        place = at - base
        if len(slab) - place < _CENTRAL.size:
            return
        if not slab.startswith(CENTRAL, place):  # a damaged record: the next one is looked for
            place = slab.find(CENTRAL, place)
            if place < 0:
                return
            at = base + place
            continue
        fields = _CENTRAL.unpack_from(slab, place)
        _, _, _, flags, method, _, _, crc, packed, size, name, extra, comment = fields[:13]
        offset = fields[16]
        place += _CENTRAL.size
        more = slab[place + name : place + name + extra]
        label = slab[place : place + name]
        size, packed, offset = _widened(more, size, packed, offset)
        yield _Record(_unicode(more, label), flags, method, crc, packed, size, offset)
        at += _CENTRAL.size + name + extra + comment


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _widened(extra: bytes, *values: int) -> list[int]:
    """Sizes and offset, those of more than 32 bits from the extra field."""
    wide = next((data for kind, data in _extras(extra) if kind == 1), b"")
    numbers = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
    return [next(numbers, value) if value == _WIDE else value for value in values]


def _unicode(extra: bytes, name: bytes) -> bytes:
    """The name in UTF-8 that Info-ZIP writes beside one in a code page, if it belongs to that."""
    for kind, data in _extras(extra):
        if (
            kind == 0x7075
            and data[:1] == b"\1"
            and data[1:5] == struct.pack("<I", zlib.crc32(name))
        ):
            return data[5:]
    return name


def _entry(file: BinaryIO, record: _Record, shift: int) -> Entry:
    """The entry of a record; its bytes are looked for when it is opened."""
    name, utf8 = record.name, bool(record.flags & UTF8)
    if name.endswith((b"/", b"\\")) and not record.size:
        return Entry(name, utf8=utf8)
    refusal = _refusal(record)
    if refusal is not None:
        return Entry(name, None, *refusal, utf8, record.size)

    def opened() -> _Stream:
        # Where bytes were lost or put in, what stands before them is where the directory says.
        for place in dict.fromkeys((record.offset + shift, record.offset)):
            head = b""
            if place >= 0:
                file.seek(place)
                head = _read(file, _LOCAL.size)
            if len(head) < _LOCAL.size or not head.startswith(LOCAL):
                continue
            *_, crc, _, _, label, extra = _LOCAL.unpack(head)
            if shift and crc not in (record.crc, 0):
                continue  # another member
            return _Stream(file, place + _LOCAL.size + label + extra, record)
        raise TornError("corrupt_zip", f"no member at byte {record.offset}")

    return Entry(name, opened, utf8=utf8)


def _refusal(record: _Record) -> tuple[Reason, str] | None:
    if record.flags & ENCRYPTED:
        return "encrypted", "the member is encrypted"
    if record.method != STORED and record.method not in DECODERS:
        return "unknown_packing", f"packed by method {record.method}, which is not supported"
    return None


class _Stream:
    """The bytes of a member, inflated as they are asked for and checked at their end."""

    def __init__(self, file: BinaryIO, at: int, record: _Record, bounded: bool = True) -> None:
        """`bounded`: the length is known; else the packed bytes say where they end."""
        self._file, self.at, self._record = file, at, record
        self._left: float = record.packed if bounded else float("inf")
        self._bounded = bounded
        new: Callable[[], Any] = DECODERS.get(record.method, _Copied)
        self._decoder: Decoder = new()
        self._crc = self._size = 0
        self._fault = ""
        self.ended = False

    def read(self, size: int, /) -> bytes:
        """At most `size` further bytes (zstd: up to 128 MiB more)."""
        if self._fault:
            raise TornError("corrupt_zip", self._fault)
        while not self.ended:
            chunk = self._chunk() if self._decoder.needs_input else b""
            try:
                data = self._decoder.decompress(chunk, size)
            except ERRORS as error:
                self.ended, self._fault = True, f"{error} (byte {self.at} of the file)"
                raise TornError("corrupt_zip", self._fault) from None
            self._crc, self._size = zlib.crc32(data, self._crc), self._size + len(data)
            if self._decoder.eof or (not chunk and not data):
                self._end()
            if data:
                return data
        if self._fault:
            raise TornError("corrupt_zip", self._fault)
        return b""

    def _chunk(self) -> bytes:
        self._file.seek(self.at)
        chunk = self._file.read(int(min(self._left, STEP)))
        self.at += len(chunk)
        self._left -= len(chunk)
        return chunk

    def _end(self) -> None:
        """Compare what came out with what the archive says of it; a fault is told at the end."""
        self.ended = True
        self.at -= len(self._decoder.unused_data)
        if not self._decoder.eof and self._left:
            self._fault = f"the file ends within a member (byte {self.at} of the file)"
        elif self._bounded and (self._crc, self._size) != (self._record.crc, self._record.size):
            self._fault = f"{self._size} bytes that have another checksum than the archive says"


class _Copied:
    """The decoder of what is stored as it is."""

    eof = False
    needs_input = True
    unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The same bytes, which are never more than a step."""
        return data if max_length else b""


def _salvaged(file: BinaryIO) -> Iterator[Entry]:
    """The entries of an archive without a directory, from the beginning on; it is said once."""
    at, end = 0, file.seek(0, io.SEEK_END)
    while True:
        file.seek(at)
        head = _read(file, _LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(LOCAL):
            break
        _, _, flags, method, _, _, crc, packed, size, label, extra = _LOCAL.unpack(head)
        name = _read(file, label)
        more = _read(file, extra)
        size, packed = _widened(more, size, packed)
        record = _Record(_unicode(more, name), flags, method, crc, packed, size, at)
        start = at + _LOCAL.size + label + extra
        streamed = bool(flags & STREAMED) and not packed
        if name.endswith(b"/") and not packed:
            at = start
            continue
        refusal = _refusal(record)
        if streamed and (refusal or method == STORED):
            break
        if refusal:
            # Noise behind the first bytes of an entry names any size.
            there = min(packed, max(end - start, 0))
            yield Entry(name, None, *refusal, bool(flags & UTF8), there)
            at = start + packed
            continue
        stream = _Stream(file, start, record, bounded=not streamed)
        yield Entry(record.name, lambda stream=stream: stream, utf8=bool(flags & UTF8))  # type: ignore[misc]  # bound early
        at = _after(file, stream, start, packed, streamed=streamed)
        if at < 0:
            break
    rest = 0 if at < 0 else max(end - at, 0)  # behind the last entry
    detail = "the archive has no directory: it was cut"
    yield Entry(b"", reason="truncated_zip", detail=detail, size=rest)


def _after(file: BinaryIO, stream: _Stream, start: int, packed: int, *, streamed: bool) -> int:
    """Where the next entry begins; -1 where that is unknown."""
    if not streamed:
        return start + packed
    try:
        while stream.read(STEP):
            pass
    except TornError:
        return -1
    file.seek(stream.at)
    place = _read(file, 28).find(LOCAL)
    return stream.at + place if place >= 0 else -1


def _read(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end."""
    parts = []
    while size > 0 and (data := file.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
