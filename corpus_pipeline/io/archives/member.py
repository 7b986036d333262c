"""What all archives share: their entries, the budget of what may come out, streams of one member.

Enters: bytes of a member, as an archive gives them.  Leaves: files that readers read as they read
those of a disk.  Damage and bombs are an `OSError` with a `reason`, raised by `read`.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from corpus_pipeline.io.compression import RATIO_FLOOR, Limits
from corpus_pipeline.io.storage import disk_errors
from corpus_pipeline.model import Reason

#: Bytes of a member that are held in memory; a longer one is read as it comes or, where a reader
#: has to go to and fro in it, put into a temporary file.
HELD: Final = 8 << 20
#: Bytes asked for at a time: what one wrong checksum may cost.
STEP: Final = 1 << 16


class TornError(OSError):
    """Where a member cannot be read on: the reason id and a detail."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep both; `strerror` is the detail, as that of any `OSError`."""
        super().__init__(0, detail)
        self.reason, self.detail = reason, detail


class Readable(Protocol):
    """All that is asked of the bytes of a member."""

    def read(self, size: int, /) -> bytes:
        """At most `size` further bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an archive: its name as bytes, its stream, or why there is none."""

    name: bytes
    open: Callable[[], Readable] | None = None
    reason: Reason | None = None
    detail: str = ""
    utf8: bool = False  # the archive says so of the name
    size: int = 0  # plain bytes of a member that cannot be opened


class Budget:
    """How many bytes may come out of an archive, members of members included."""

    def __init__(self, size: int, limits: Limits) -> None:
        """`size`: of the archive as it lies on disk."""
        self.size = size
        self.limit = min(limits.max_decompressed_bytes, max(RATIO_FLOOR, limits.max_ratio * size))
        self.spent = 0

    @property
    def exhausted(self) -> bool:
        """Whether no more may come out."""
        return self.spent > self.limit

    def charge(self, size: int) -> None:
        """Count bytes that came out; `TornError` where they are too many."""
        self.spent += size
        if self.exhausted:
            detail = f"{self.spent} bytes out of an archive of {self.size} bytes"
            raise TornError("decompression_bomb", detail)


@dataclass(frozen=True, slots=True)
class Member:
    """A member on its way to a reader: its bytes, what they are charged to, how deep it lies."""

    file: BinaryIO
    budget: Budget
    depth: int
    empty: bool


class Charged:
    """The stream of a member, each byte charged once."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        """`stream`: at its beginning."""
        self._stream, self._budget = stream, budget

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._budget.charge(len(data))
        return data


class Held(io.BytesIO):
    """A member in memory; where it is torn, reading on at its end raises."""

    def __init__(self, data: bytes, torn: OSError | None) -> None:
        """`data`: what could be read of it."""
        super().__init__(data)
        self._torn = torn

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = super().read(size)
        if not data and size and self._torn is not None:
            raise self._torn
        return data

    def close(self) -> None:
        """Stay open: a reader may open a member twice."""


class Forward(io.RawIOBase):
    """A long member: its beginning is held, the rest is read once."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        """`rest`: what follows the head."""
        super().__init__()
        self._head, self._rest, self._at = head, rest, 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, `STEP` of them at a time."""
        wanted = STEP if size is None or size < 0 else min(size, STEP)
        data = self._head[self._at : self._at + wanted] or self._rest.read(wanted)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go back to the beginning, as long as only the head was read."""
        if offset or whence or self._at > len(self._head):
            raise io.UnsupportedOperation("a long member of an archive is read once")
        self._at = 0
        return 0

    def tell(self) -> int:
        """How many bytes were read."""
        return self._at

    def close(self) -> None:
        """Stay open: the archive closes it."""


def beginning(stream: Readable) -> tuple[bytes, bool, OSError | None]:
    """Up to `HELD` bytes, whether they are all, and what the member is torn by."""
    parts: list[bytes] = []
    size = 0
    while size < HELD:
        try:
            data = stream.read(STEP)
        except OSError as error:
            return b"".join(parts), True, error
        if not data:
            return b"".join(parts), True, None
        parts.append(data)
        size += len(data)
    return b"".join(parts), False, None


def spooled(head: bytes, rest: Readable) -> BinaryIO:
    """A temporary file of a whole member, gone when it is closed; `TornError` where it is torn."""
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the reader closes it
    with disk_errors(Path(tempfile.gettempdir())):
        file.write(head)
    while data := rest.read(STEP):
        with disk_errors(Path(tempfile.gettempdir())):
            file.write(data)
    file.seek(0)
    return file
