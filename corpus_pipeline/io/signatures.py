"""What a file is that is no input, by its first bytes.

Enters: the beginning of a file.  Leaves: its kind in words, for the line that says why it was left
out; the empty text where nothing is known of it.
"""

from __future__ import annotations

import re
from typing import Final

_UNSUPPORTED: Final = "which is not supported: unpack it first"
_IMAGE, _SOUND, _FILM, _FONT = "an image", "a sound", "a film", "a font"
_PROGRAM, _TABLE = "a program", "data of a program"

#: Kind → regular expressions of how such files begin.
_KINDS: Final = (
    ("a PDF document", (rb"%PDF-",)),
    (f"a 7z archive, {_UNSUPPORTED}", (rb"7z\xbc\xaf\x27\x1c",)),
    (f"a rar archive, {_UNSUPPORTED}", (rb"Rar!\x1a\x07",)),
    (
        f"an archive of a rare kind, {_UNSUPPORTED}",
        (rb"MSCF\x00", rb"xar!\x00", rb"LZIP\x01", rb"\x1f[\x9d\xa0]"),
    ),
    (f"an archive of a rare kind, {_UNSUPPORTED}", (rb"!<arch>\n", rb"..-lh\d-")),
    ("an old Office document", (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ("an RTF document", (rb"\{\\rtf",)),
    ("a PostScript document", (rb"%!PS", rb"\xc5\xd0\xd3\xc6")),
    ("an electronic book", (rb"ITSF\x03", rb"AT&TFORM", rb".{60}(?:BOOKMOBI|TEXtREAd)")),
    (
        _IMAGE,
        (rb"\x89PNG", rb"\xff\xd8\xff", rb"GIF8[79]a", rb"II\*\x00|MM\x00\*", rb"RIFF....WEBP"),
    ),
    (
        _IMAGE,
        (
            rb"BM.{4}\x00\x00\x00\x00",
            rb"8BPS\x00",
            rb"\x00\x00[\x01\x02]\x00.\x00",
            rb"....ftyp(?:avif|hei[cfx])",
        ),
    ),
    (
        _SOUND,
        (
            rb"ID3[\x02-\x04]",
            rb"OggS\x00",
            rb"fLaC",
            rb"RIFF....WAVE",
            rb"MThd\x00",
            rb"\xff[\xfb\xf3]",
        ),
    ),
    (
        _FILM,
        (
            rb"....ftyp",
            rb"\x1a\x45\xdf\xa3",
            rb"RIFF....AVI ",
            rb"FLV\x01",
            rb"\x00\x00\x01[\xb3\xba]",
        ),
    ),
    (
        _FONT,
        (
            rb"\x00\x01\x00\x00\x00.\x00",
            rb"OTTO\x00",
            rb"wOF[F2](?:\x00\x01|OTTO|true)",
            rb"ttcf\x00",
        ),
    ),
    (
        _PROGRAM,
        (
            rb"\x7fELF",
            rb"MZ.{0,62}\x00",
            rb"\xca\xfe\xba\xbe",
            rb"[\xce\xcf]\xfa\xed\xfe",
            rb"\x00asm",
            rb"[\x80-\xff]\r\r\n[\x00-\x03]\x00\x00\x00",
        ),
    ),
    ("a database", (rb"SQLite format 3\x00", rb"\x00\x01\x00\x00Standard (?:Jet|ACE)")),
    (
        _TABLE,
        (
            rb"\x93NUMPY",
            rb"\x89HDF\r\n",
            rb"\x80[\x02-\x05][\x95}\]cK\x8a(]",
            rb"GGUF[\x01-\x09]\x00",
            rb"ARROW1\x00",
        ),
    ),
    (
        _TABLE,
        (
            rb"Obj\x01",
            rb"PACK\x00\x00\x00\x02",
            rb"\xac\xed\x00\x05",
        ),
    ),
)
_SIGNATURES: Final = tuple(
    (kind, re.compile(b"|".join(patterns), re.DOTALL)) for kind, patterns in _KINDS
)
#: All of them: most files are of no such kind.
_ANY: Final = re.compile(b"|".join(part for _, parts in _KINDS for part in parts), re.DOTALL)
#: Files that are zip archives only on the inside: first entry or name, and what they are.
_PACKED: Final = (
    (re.compile(rb"\[Content_Types\]\.xml|_rels/|(?:word|xl|ppt)/"), "an Office document"),
    (re.compile(rb"mimetypeapplication/epub"), "an electronic book"),
    (re.compile(rb"mimetypeapplication/vnd\.oasis"), "an OpenDocument file"),
    (re.compile(rb"META-INF/|AndroidManifest\.xml|classes\.dex"), _PROGRAM),
)
_PACKED_NAMES: Final = (
    (re.compile(r"\.(?:docx|xlsx|pptx|docm|xlsm|wps|et|dps)$"), "an Office document"),
    (re.compile(r"\.(?:epub|cbz)$"), "an electronic book"),
    (re.compile(r"\.od[tsp]$"), "an OpenDocument file"),
    (re.compile(r"\.(?:jar|apk|war|whl|ipa|xpi|crx|exe)$"), _PROGRAM),
    (re.compile(r"\.(?:npz|pt|pth|ckpt|keras)$"), _TABLE),
)


def kind_of(head: bytes, name: str) -> str:
    r"""The kind of a file that begins so and has this name, in lower case.

    >>> kind_of(b"Rar!\x1a\x07\x01\0", "a.bin"), kind_of("春天来了".encode(), "a.txt")
    ('a rar archive, which is not supported: unpack it first', '')
    """
    if head.startswith(b"PK\3\4"):
        first = head[30:120]
        kinds = [kind for pattern, kind in _PACKED if pattern.match(first)]
        kinds += [kind for pattern, kind in _PACKED_NAMES if pattern.search(name)]
        return kinds[0] if kinds else ""
    if _ANY.match(head) is None:
        return ""
    return next((kind for kind, pattern in _SIGNATURES if pattern.match(head)), "")
