"""Inputs that must be the same at reading as at the scan.

Enters: the bytes of a file as the scan reads them.  Leaves: a `Fingerprint` (its size and a digest
of each block), and a `CheckedFile` that gives out only bytes whose block has the scan's digest.
Raises `InputChangedError` where the file has another size, other bytes, or is gone.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

import xxhash

from corpus_pipeline.io.opening import opened
from corpus_pipeline.model import PipelineError

#: Bytes of the smallest block.  A window of a file reads whole blocks: one or two more of them
#: than it needs, which is little beside a split of 16 MiB.
BLOCK: Final = 1 << 20
#: Most digests kept of a file (16 bytes each); the blocks of a file over 16 GiB are larger.
MOST_BLOCKS: Final = 1 << 14
DIGEST: Final = 16


class InputChangedError(PipelineError):
    """An input is not what the scan saw: nothing that was read of it may be committed."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a scan saw of a file: bytes in all, bytes of a block, xxh3-128 of each block."""

    size: int
    block: int
    digests: bytes

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {"size": self.size, "block": self.block, "digests": self.digests.hex()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Fingerprint:
        """The inverse of `to_dict`."""
        return cls(data["size"], data["block"], bytes.fromhex(data["digests"]))


def size_of(file: BinaryIO) -> int:
    """The bytes of an open file as they are now; of an object, as they were when it was opened."""
    try:
        return os.fstat(file.fileno()).st_size
    except io.UnsupportedOperation:
        at = file.tell()
        size = file.seek(0, os.SEEK_END)
        file.seek(at)
        return size


class Digester:
    """Bytes in order → the sha256 of all, and the fingerprint."""

    def __init__(self, expected: int) -> None:
        """`expected`: about how many bytes will come; the size of a block follows from it."""
        self.block = BLOCK
        while self.block * MOST_BLOCKS < expected:
            self.block *= 2
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._open = xxhash.xxh3_128()
        self._digests: list[bytes] = []

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._sha256.update(data)
        view = memoryview(data)
        while view:
            part = view[: self.block - self.size % self.block]
            self._open.update(part)
            self.size += len(part)
            view = view[len(part) :]
            if not self.size % self.block:
                self._digests.append(self._open.digest())
                self._open.reset()

    def finish(self) -> tuple[str, Fingerprint]:
        """The sha256 in hex, and the fingerprint."""
        last = [self._open.digest()] if self.size % self.block else []
        digests = b"".join(self._digests + last)
        return self._sha256.hexdigest(), Fingerprint(self.size, self.block, digests)


class CheckedFile(io.RawIOBase):
    """A file open for reading; each block is compared with its digest before it is given out."""

    def __init__(self, path: str, locator: str, fingerprint: Fingerprint) -> None:
        """Open `path`; messages name the `locator`."""
        super().__init__()
        self.locator, self.fingerprint = locator, fingerprint
        self._at = 0
        self._number, self._data = -1, b""  # the block that was read last
        try:
            self._file = opened(path)
        except FileNotFoundError:
            raise InputChangedError(
                f"input {locator} vanished while the run was reading: {fingerprint.size:,} bytes "
                "at the scan; start again with --overwrite"
            ) from None
        except OSError as error:
            raise self._unreadable(error) from None
        self._check_size()

    def _unreadable(self, error: OSError) -> InputChangedError:
        """The scan read every byte: what can no longer be read is no damage of the data."""
        return InputChangedError(
            f"input {self.locator} could be read at the scan and cannot be now "
            f"({error.strerror or type(error).__name__}): {self.fingerprint.size:,} bytes at the "
            "scan; start again"
        )

    def _changed(self) -> InputChangedError:
        now = size_of(self._file)
        difference = f"{self.fingerprint.size:,} bytes at the scan, {now:,} now"
        if now == self.fingerprint.size:
            difference = f"{now:,} bytes as at the scan, but other ones"
        return InputChangedError(
            f"input {self.locator} changed while the run was reading it: {difference}; "
            "start again with --overwrite"
        )

    def _check_size(self) -> None:
        try:
            now = size_of(self._file)
        except OSError as error:
            raise self._unreadable(error) from None
        if now != self.fingerprint.size:
            raise self._changed()

    def _block(self, number: int) -> bytes:
        if number != self._number:
            self._check_size()
            try:
                self._file.seek(number * self.fingerprint.block)
                data = self._file.read(self.fingerprint.block)
            except OSError as error:
                raise self._unreadable(error) from None
            expected = self.fingerprint.digests[DIGEST * number : DIGEST * (number + 1)]
            if xxhash.xxh3_128_digest(data) != expected:
                raise self._changed()
            self._number, self._data = number, data
        return self._data

    def read(self, size: int | None = -1) -> bytes:
        """The next `size` bytes (all when negative), fewer only at the end."""
        whole = size is None or size < 0
        end = (
            self.fingerprint.size
            if whole
            else min(self._at + cast(int, size), self.fingerprint.size)
        )
        parts: list[bytes] = []
        while self._at < end:
            start = self._at % self.fingerprint.block
            part = self._block(self._at // self.fingerprint.block)[start : start + end - self._at]
            parts.append(part)
            self._at += len(part)
        if not parts:
            self._check_size()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; nothing is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.fingerprint.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Where the next `read` begins."""
        return self._at

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def close(self) -> None:
        """Close the file."""
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()


def open_checked(path: str, locator: str, fingerprint: Fingerprint | None) -> BinaryIO:
    """The file open for reading; a `CheckedFile` where there is a fingerprint."""
    if fingerprint is None:
        return opened(path)
    return cast(BinaryIO, CheckedFile(path, locator, fingerprint))
