"""Archives in, the documents of their members out.

Enters: a zip or tar archive, compressed or not, and archives in it.  Leaves: what the readers of
its members' formats leave, with locators `archive#member@offset`; one quarantine record for each
member that is encrypted, damaged, no input or badly named.  Members are read as they come: nothing
is unpacked under their names.  Reading stops where more comes out than an honest archive holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final, cast

from corpus_pipeline.io.archives import tar_archive, zip_archive
from corpus_pipeline.io.archives.member import (
    Budget,
    Charged,
    Entry,
    Forward,
    Held,
    Member,
    TornError,
    beginning,
    spooled,
)
from corpus_pipeline.io.archives.names import Names, is_hidden
from corpus_pipeline.io.charsets import UTF8, Sampler
from corpus_pipeline.io.compression import BEGINNING, Fault
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.io.readers import read
from corpus_pipeline.io.readers.base import Broken, ChunkBuilder, IngestOptions
from corpus_pipeline.io.readers.source import Plain, events_of, open_piece, size_of
from corpus_pipeline.io.scan import sample
from corpus_pipeline.io.sniff import Kind, sniff
from corpus_pipeline.io.splits import Piece
from corpus_pipeline.model import Chunk, Reason

#: Archives within archives that are opened.
DEPTH: Final = 3


def read_zip(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The documents of a zip archive."""
    reader = _Reader(piece, options)
    if piece.compression == "none":
        with open_piece(piece) as file:
            yield from reader.run(zip_archive.entries(file))
        return
    stream = Plain(events_of(piece, options.limits))
    with spooled(b"", stream) as file:
        yield from reader.run(zip_archive.entries(file), stream)


def read_tar(piece: Piece, options: IngestOptions) -> Iterator[Chunk]:
    """The documents of a tar archive."""
    stream = Plain(events_of(piece, options.limits))
    yield from _Reader(piece, options).run(tar_archive.entries(stream), stream)


class _Reader:
    """The members of one archive."""

    def __init__(self, piece: Piece, options: IngestOptions) -> None:
        self.piece, self.options = piece, options
        self.build = ChunkBuilder(piece, options)
        self.names = Names()
        member = piece.member
        self.depth = 1 if member is None else member.depth + 1
        self.budget = Budget(size_of(piece), options.limits) if member is None else member.budget

    def run(self, entries: Iterator[Entry], stream: Plain | None = None) -> Iterator[Chunk]:
        """All members, one after the other; `stream`: what the archive itself is read from."""
        torn: TornError | Fault | None = None
        found = False
        try:
            for entry in entries:
                found = True
                yield from self._entry(entry)
                if self.build.full or self.budget.exhausted:
                    yield self.build.take(0)
                if self.budget.exhausted:
                    return
        except TornError as error:
            torn = error
        torn = (stream.fault if stream is not None else None) or torn
        if torn is not None:
            self.refuse("", torn.reason, torn.detail, self._rest_of(stream, found=found))
        if self.build.any:
            yield self.build.take(0)

    def _rest_of(self, stream: Plain | None, *, found: bool) -> int:
        """The bytes of a torn archive that nobody reads, as far as they are known.

        All, where no entry was `found`, whatever was looked at.
        """
        if not found:
            return size_of(self.piece)
        if stream is not None and stream.fault is not None:
            return stream.fault.lost
        if stream is None or self.piece.compression != "none":
            return 0
        return max(size_of(self.piece) - stream.given, 0)

    def refuse(self, name: str, reason: Reason, detail: str, size: int = 0) -> None:
        """Quarantine a member, or where it has no name the rest of the archive."""
        locator = f"{self.piece.locator}#{name}" if name else self.piece.locator
        self.build.quarantine(Broken(None, None, reason, detail, beyond=size), locator)

    def _entry(self, entry: Entry) -> Iterator[Chunk]:
        if entry.open is None and entry.reason is None:
            return  # a folder
        name = self.names.text(entry.name, utf8=entry.utf8) if entry.name else ""
        if is_hidden(name):
            return
        if entry.reason is not None:
            self.refuse(name, entry.reason, entry.detail, entry.size)
        elif ".." in name.split("/"):
            self.refuse(name, "unsafe_name", "the name leads out of the archive")
        elif entry.open is not None:
            try:
                stream = Charged(entry.open(), self.budget)
            except TornError as torn:
                self.refuse(name, torn.reason, torn.detail)
                return
            yield from self._member(name, stream)

    def _member(self, name: str, stream: Charged) -> Iterator[Chunk]:
        """The documents of one member."""
        head, complete, torn = beginning(stream)
        if not head:
            if torn is not None:
                self.refuse(name, getattr(torn, "reason", "unreadable"), torn.strerror or "")
            return
        kind = sniff(Held(head, None), name.rpartition("/")[2])
        if isinstance(kind, str):
            self.refuse(name, "left_out", kind)
            return
        if FORMATS[kind.format].archive and self.depth >= DEPTH:
            self.refuse(name, "nested_archive", f"an archive {self.depth} archives deep")
            return
        try:
            file = self._file(kind, head, stream, complete, torn)
        except TornError as late:
            self.refuse(name, late.reason, late.detail)
            return
        yield from self._read(name, kind, file, head)

    def _file(
        self, kind: Kind, head: bytes, rest: Charged, complete: bool, torn: OSError | None
    ) -> BinaryIO:
        """A member as a file: in memory, as it comes, or for readers that seek on disk."""
        if complete:
            return Held(head, torn)
        if kind.compression != "none" or FORMATS[kind.format].seeks:
            return spooled(head, rest)
        return cast(BinaryIO, Forward(head, rest))

    def _read(self, name: str, kind: Kind, file: BinaryIO, head: bytes) -> Iterator[Chunk]:
        """What the reader of the member's format leaves."""
        coding = UTF8
        if FORMATS[kind.format].is_coded(self.options.text_mode):
            sampler = Sampler()
            if kind.compression == "none":
                sampler.feed(head)
            else:
                sample(file, kind.compression, self.options.limits, sampler)
                file.seek(0)
            coding = sampler.coding()
        piece = replace(
            self.piece,
            path="",
            locator=f"{self.piece.locator}#{name}",
            format=kind.format,
            compression=kind.compression,
            entry=BEGINNING,
            fingerprint=None,
            coding=coding,
            member=Member(file, self.budget, self.depth, empty=False),
        )
        if self.build.any:
            yield self.build.take(0)  # what was said of members before goes first
        yield from read(piece, self.options)
