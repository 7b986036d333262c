"""One decoder for each compression, all with the interface of `bz2.BZ2Decompressor`.

Enters: the name of a compression and the open file (a `.warc.zst` may carry its dictionary).
Leaves: a factory of decoders for one member each; a call gives at most `max_length` bytes, zstd
up to 128 MiB more.  Decoders raise one of `ERRORS` on bad data.
Refuses: zstd and xz streams that want more than 128 MiB of window.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, Protocol

import lz4.frame
import zstandard

#: zstd gives no bound on the output of one call: 4 KiB of input are at most 128 MiB of output.
ZSTD_SLICE: Final = 1 << 12
#: zstd and xz streams that want a larger window are refused, as the zstd tool does by default.
WINDOW: Final = 1 << 27

ERRORS: Final = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)

MAGIC: Final[Mapping[str, bytes]] = {
    "gzip": b"\x1f\x8b\x08",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bz2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "lz4": b"\x04\x22\x4d\x18",
}


class Decoder(Protocol):
    """The interface of `bz2.BZ2Decompressor`, through which all members are decoded."""

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether all input given so far was used."""

    @property
    def unused_data(self) -> bytes:
        """What followed the member's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Plain bytes from what was given so far and `data`; at most `max_length` (-1: all)."""


class _Gzip:
    def __init__(self, bits: int = 31) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


class _Zstd:
    def __init__(self, dictionary: zstandard.ZstdCompressionDict | None) -> None:
        decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=WINDOW)
        self._inner = decompressor.decompressobj()
        self._rest = memoryview(b"")

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._rest

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + bytes(self._rest)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        rest = memoryview(bytes(self._rest) + data) if data else self._rest
        out: list[bytes] = []
        size = 0
        while rest and not self._inner.eof and (max_length < 0 or size < max_length):
            out.append(self._inner.decompress(rest[:ZSTD_SLICE]))
            rest = rest[ZSTD_SLICE:]
            size += len(out[-1])
        self._rest = rest
        return b"".join(out)


class _Lz4:
    """`LZ4FrameDecompressor`, whose error is a `RuntimeError` and whose empty data is `None`."""

    def __init__(self) -> None:
        self._inner = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data or b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            out: bytes = self._inner.decompress(data, max_length)
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        return out


def _zstd_dictionary(raw: BinaryIO) -> zstandard.ZstdCompressionDict | None:
    """The dictionary that a `.warc.zst` carries in a skippable frame before the first record."""
    head = raw.read(8)
    size = int.from_bytes(head[4:], "little")
    is_dictionary = head[:4] == b"\x5d\x2a\x4d\x18" and size <= WINDOW
    data = raw.read(size) if is_dictionary else b""
    raw.seek(0)
    try:
        if data.startswith(MAGIC["zstd"]):
            data = zstandard.ZstdDecompressor().stream_reader(data).read(WINDOW)
        return zstandard.ZstdCompressionDict(data) if data else None
    except zstandard.ZstdError:
        return None


def deflated() -> Decoder:
    """A decoder of bare deflate, as a zip archive has it."""
    return _Gzip(-15)


def zstandard_frames() -> Decoder:
    """A decoder of a zstd frame without a dictionary."""
    return _Zstd(None)


def factory(compression: str, raw: BinaryIO) -> Callable[[], Decoder]:
    """A function that makes a fresh decoder for each member of this file."""
    if compression == "gzip":
        return _Gzip
    if compression == "bz2":
        return bz2.BZ2Decompressor
    if compression == "xz":
        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=2 * WINDOW)
    if compression == "lz4":
        return _Lz4
    dictionary = _zstd_dictionary(raw)
    return lambda: _Zstd(dictionary)
