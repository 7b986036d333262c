"""A tar archive in, its entries out, in their order.

Enters: a stream, read once.  Leaves: entries; a stream is good until the next entry is asked for.
A damaged header costs its member: the next header is looked for, block by block, and behind the
end of an archive another one, as `cat` joins them.  `TornError` where none follows.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from typing import Any, ClassVar, Final, Self, cast

from corpus_pipeline.io.archives.member import Entry, Readable, TornError

#: A header that describes the next entry (a long name) is read at once; real ones have a kilobyte.
MOST_HEADER: Final = 1 << 20
_DESCRIBING: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
BUFFER: Final = 1 << 18
#: What the module raises at the end of an archive.
_ENDS: Final = ("EOFHeaderError", "EmptyHeaderError")


class _Header(tarfile.TarInfo):
    """A header; the module would pass by a damaged one in silence."""

    #: What the damaged headers were, since somebody asked last.
    damage: ClassVar[list[str]]

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block of 512 bytes."""
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if type(error).__name__ not in _ENDS and not cls.damage:
                cls.damage.append(f"no entry where one should be: {error}")
            raise
        if header.type in _DESCRIBING and header.size > MOST_HEADER:
            raise TornError("corrupt_tar", f"a header of {header.size} bytes")
        return header


def entries(stream: Readable) -> Iterator[Entry]:
    """The entries of the archive; `TornError` where it is damaged."""
    damage: list[str] = []
    try:
        with tarfile.open(
            fileobj=cast(Any, stream),
            mode="r|",
            bufsize=BUFFER,
            tarinfo=type("_Header", (_Header,), {"damage": damage}),
            ignore_zeros=True,
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            while (header := archive.next()) is not None:
                cast(Any, archive).members.clear()  # it would remember every header
                if damage:
                    yield Entry(b"", reason="corrupt_tar", detail=damage.pop())
                yield _entry(archive, header)
    except tarfile.ReadError as error:
        raise TornError("corrupt_tar", (damage or [str(error)])[0]) from None
    except tarfile.TarError as error:
        raise TornError("corrupt_tar", str(error)) from None
    except (ValueError, EOFError) as error:
        raise TornError("corrupt_tar", type(error).__name__) from None
    if damage:
        raise TornError("corrupt_tar", damage[0])


def _entry(archive: tarfile.TarFile, header: tarfile.TarInfo) -> Entry:
    name = os.fsencode(header.name)
    if header.isdir():
        return Entry(name + b"/")
    if not header.isreg():
        kind = "a link" if header.issym() or header.islnk() else "no regular file"
        return Entry(name, None, "left_out", kind)
    return Entry(name, lambda: _Stream(archive, header))


class _Stream:
    """The bytes of one entry; of a file with holes the module makes what is read."""

    def __init__(self, archive: tarfile.TarFile, header: tarfile.TarInfo) -> None:
        self._left = header.size
        self._file: Any = archive.fileobj
        if header.issparse():
            self._file = archive.extractfile(header)
        else:
            self._file.seek(header.offset_data)

    def read(self, size: int, /) -> bytes:
        """At most `size` further bytes."""
        if not self._left:
            return b""
        try:
            data: bytes = self._file.read(min(size, self._left))
        except tarfile.TarError as error:
            raise TornError("truncated_tar", str(error)) from None
        if not data:
            detail = f"the archive ends {self._left} bytes before its entry does"
            raise TornError("truncated_tar", detail)
        self._left -= len(data)
        return data
