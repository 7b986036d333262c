"""Personal data in URLs, ids and names of files: one word among slashes, dashes and dots.

Enters: a URL or a name, and a detector.  Leaves: the same with placeholders, those of a URL percent
encoded, so that it stays one.  A detector for sentences passes URLs by and takes a dash or a dot
for part of a number, so what it sees here is the parts, with escapes such as `%38` undone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import polars as pl

from corpus_pipeline.rules.pii.detector import Detector

#: Of rounds: a placeholder is shorter than what it replaces and lets a cue come nearer to a number.
ROUNDS: Final = 4
#: Layers of percent encoding that are undone: a URL in the query of a URL has two.
LAYERS: Final = 3
#: Endings of a name that are cut off one after the other: `.warc.gz` has two.
ENDINGS: Final = 2

#: Stands for a byte that is no character.
_LOST: Final = "\ufffd"
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
#: Ends a part: a number does not go on behind it, and what stands before it is no label of it.
_END: Final = "。"
#: What lies between the parts of a URL or a path; `=` stands behind a label.
_PARTS: Final = str.maketrans({**dict.fromkeys("/?&;#|,\\", _END), "=": ":"})
#: What joins words in a name: `chat_13800000000-2023`.
_JOINTS: Final = str.maketrans(dict.fromkeys("_-+~@#:=()[]{}", _END))
_ENDING: Final = re.compile(rf"\.(?=[A-Za-z][A-Za-z0-9]{{0,7}}(?:{_END}|$))")
_HOST: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?((?:[0-9]{1,3}\.){3}[0-9]{1,3}|\[[0-9A-Fa-f:.]+\])"
    r"(?=[:/?#]|$)"
)
#: The record ids of WARC files: digits and dashes, and nobody's.
_UUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"
_SCHEME: Final = re.compile(r"(?i)(?<=[a-z])://|(?<![a-z])www\.")

#: A character of the view stands for these characters of the text.
Places = list[tuple[int, int]]


def is_url(value: str) -> bool:
    """Whether a value is written as a URL is.

    >>> is_url("https://example.org/"), is_url("urn:uuid:00"), is_url("诗/春望.txt")
    (True, False, False)
    """
    return "://" in value[:32]


def masked_address(value: str, detector: Detector, left: Collection[str] = ()) -> str:
    """The URL or name with a placeholder for each finding whose type is not in `left`."""
    url = is_url(value)
    for _ in range(ROUNDS):
        spans = _spans(value, detector, left, url=url)
        if not spans:
            break
        parts: list[str] = []
        copied = 0
        for start, end, kind in spans:
            placeholder = detector.pack.types[kind].placeholder
            parts += (value[copied:start], quote(placeholder, safe="") if url else placeholder)
            copied = end
        value = "".join((*parts, value[copied:]))
    return value


def _spans(
    value: str, detector: Detector, left: Collection[str], *, url: bool
) -> list[tuple[int, int, str]]:
    """Start, end and type of what is to be replaced, in order, none overlapping."""
    plain, places = _unescaped(value)
    host = _HOST.match(value) if url else None
    found: list[tuple[int, int, str]] = []
    for view in _views(plain, url=url):
        for finding in detector.find(view):
            start, end = places[finding.start][0], places[finding.end - 1][1]
            # The address of a server is no person's.
            server = host is not None and start < host.end(1) and end > host.start(1)
            if finding.type not in left and not server:
                found.append((start, end, finding.type))
    chosen: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(found, key=lambda span: (span[0], -span[1])):
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, end, kind))
        elif end > chosen[-1][1]:
            chosen[-1] = (chosen[-1][0], end, chosen[-1][2])
    return chosen


def _views(plain: str, *, url: bool) -> dict[str, None]:
    """What the detector is shown, each of the length of `plain` and no two alike."""
    opened = _SCHEME.sub(lambda match: _END * len(match[0]), plain)
    parts = opened.translate(_PARTS)
    # With `:` between parts, a part is the label of the next: qq/10000000.
    views = dict.fromkeys((*(() if url else (opened,)), parts, parts.replace(_END, ":")))
    bare = parts
    for _ in range(ENDINGS):
        bare = _ENDING.sub(_END, bare)
        views |= {bare: None, bare.translate(_JOINTS): None}
    return views


def _unescaped(value: str) -> tuple[str, Places]:
    """The value with its escapes undone, and where each character of that stands in `value`."""
    places = [(at, at + 1) for at in range(len(value))]
    for _ in range(LAYERS):
        if "%" not in value:
            break
        pieces: list[str] = []
        moved: Places = []
        copied = 0
        for match in _ESCAPES.finditer(value):
            text, widths = _decoded(unquote_to_bytes(match[0]))
            pieces += (value[copied : match.start()], text)
            moved += places[copied : match.start()]
            moved += _shared(widths, places[match.start() : match.end()])
            copied = match.end()
        if not copied:
            break
        pieces.append(value[copied:])
        moved += places[copied:]
        value, places = "".join(pieces), moved
    return value, places


def _decoded(data: bytes) -> tuple[str, list[int]]:
    """What escapes spell, and the bytes of each character.

    A URL that was cut off ends within a character; what is before it is read all the same.
    """
    for charset in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(charset)().decode(data)
        except UnicodeDecodeError:
            continue
        widths = [len(character.encode(charset)) for character in text]
        torn = len(data) - sum(widths)
        # Two bytes of GBK may be a letter of UTF-8 and the beginning of another, Han never.
        is_cut = torn > 0 and (charset == "gb18030" or max(widths, default=0) > 2)
        if torn == 0 or is_cut:
            return f"{text}{torn * _LOST}", [*widths, *torn * [1]]
    return data.decode("latin-1"), [1] * len(data)


def _shared(widths: Sequence[int], places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places of the escapes behind each character that they spell."""
    at = 0
    for width in widths:
        yield places[3 * at][0], places[3 * (at + width) - 1][1]
        at += width


def suspects(values: pl.Series, detector: Detector, left: Collection[str] = ()) -> pl.Series:
    """Whether each URL or name may hold anything: a test of the whole column, 0.5 µs a row.

    Most URLs have a date or the number of an article, which only a cue makes personal.
    """
    parts = values.str.replace_all(_UUID, _END).str.replace_all(r"[/?&;#|,\\]", _END)
    anchors = {**detector.anchors, "gate": detector.pack.gate}
    digits = anchors.pop("digits")
    counts = [
        rule.digits
        for rule in detector.rules
        if "digits" in rule.anchor and not rule.needs_cue and rule.type not in left
    ]
    many = rf"[0-9](?:[-_. +()~]{{0,2}}[0-9]){{{min(counts, default=1) - 1}}}"
    cues = sorted({word for words in detector.pack.cues.values() for word in words})
    hot = values.str.contains("%", literal=True) | parts.str.contains(
        "|".join((*anchors.values(), many))
    )
    told = parts.str.contains_any(cues, ascii_case_insensitive=True)
    # Few rows have a cue; the digits beside it are looked for in these.
    return hot | (told & parts.str.contains(digits)) if told.any() else hot
