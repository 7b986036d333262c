"""Which documents must survive a damage, by the damage and not by anybody's reader.

Enters: a file as it was made, and the `Edit` that damaged it.  Leaves: the numbers of the documents
that lie outside the damage and can be reached with the format's own means.  What the standard
decompressors give, fed byte by byte, counts as reachable in the member that is damaged.
"""

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import Any

import lz4.frame
import zstandard

from scripts.faults.layouts import Kind, Made, Member

DECODERS: dict[str, Any] = {
    "gzip": lambda: zlib.decompressobj(31),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
}


@dataclass(frozen=True, slots=True)
class Edit:
    """The bytes from `start` to `stop` are replaced."""

    start: int
    stop: int
    data: bytes

    def applied(self, to: bytes) -> bytes:
        """The damaged bytes."""
        return to[: self.start] + self.data + to[self.stop :]

    @property
    def shift(self) -> int:
        """How far what follows moves."""
        return len(self.data) - (self.stop - self.start)

    def touches(self, start: int, stop: int) -> bool:
        """Whether bytes of this span are changed, or some are put into it."""
        return self.start < stop and max(self.stop, self.start + 1) > start


def reachable(compression: str, data: bytes) -> bytes:
    """What a decompressor gives of a damaged stream before it gives up."""
    decoder, out = DECODERS[compression](), b""
    for at in range(len(data)):
        try:
            got = decoder.decompress(data[at : at + 1])
        except Exception:  # noqa: BLE001 – each library has errors of its own
            break
        out += got or b""
        if getattr(decoder, "eof", False):
            break
    return out


def survivors(kind: Kind, made: Made, compression: str, edit: Edit) -> set[int]:
    """The documents that must come out of the damaged file."""
    if edit.start == edit.stop and not edit.data:
        return set(made.documents)
    if compression == "none":
        return _plain(kind, made, edit)
    found: set[int] = set()
    damaged = edit.applied(made.data)
    broken = torn = False
    for member in made.members:
        start, stop = member.span
        if not edit.touches(start, stop):
            inside = sorted(member.documents)
            if not broken:
                found |= set(inside[1:] if torn and not kind.marked else inside)
            torn = False
            continue
        torn = True
        # The first damaged member gives what stands before the damage; a second has no beginning.
        whole, reached, length = _prefix(compression, damaged, member, edit)
        if kind.header and not start and length < min(a for a, _ in member.documents.values()):
            return set()
        if start <= edit.start:
            found |= reached
        broken = broken or not (whole or kind.recovers)
    whole_file = set(made.documents)
    return found if not kind.indivisible or found == whole_file else set()


def _prefix(
    compression: str, damaged: bytes, member: Member, edit: Edit
) -> tuple[bool, set[int], int]:
    start, stop = member.span
    out = reachable(compression, damaged[start : max(stop + edit.shift, start)])
    length = next(
        (i for i, (a, b) in enumerate(zip(out, member.plain, strict=False)) if a != b),
        min(len(out), len(member.plain)),
    )
    inside = {n for n, (_, end) in member.documents.items() if end <= length}
    return length == len(member.plain), inside, length


def _plain(kind: Kind, made: Made, edit: Edit) -> set[int]:
    header = min(start for start, _ in made.documents.values()) if kind.header else 0
    if any(edit.touches(*span) for span in [*made.vital, (0, header)]):
        return set()
    moved = bool(edit.shift % kind.blocks) if kind.blocks else made.absolute and bool(edit.shift)
    found, before = set(), False
    for serial, (start, stop) in sorted(made.documents.items(), key=lambda item: item[1]):
        behind = moved and start >= edit.start
        if not edit.touches(start, stop) and not before and not behind:
            found.add(serial)
        # A damaged end of a document may join the next one to it.
        # What is read by its length takes from the next one what it lacks.
        short = kind.blocks and edit.shift and edit.touches(start, stop)
        before = not made.absolute and bool(short or edit.touches(max(stop - 8, start), stop + 1))
    return found
