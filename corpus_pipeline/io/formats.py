"""The formats of raw data; the only list of them there is.

Enters: nothing.  Leaves: `FORMATS`, name → `Format`, in the order in which contents are tried.
A reader's module is imported when a file of its format is read: the command line must start
quickly.
"""

from __future__ import annotations

import codecs
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

#: How many bytes of the (decompressed) beginning a recogniser is shown, at most.
PEEK: Final = 1 << 16

#: Where a large file can be cut: nowhere; at newlines; at newlines if `ingest.text_mode` is
#: `lines`; between Parquet row groups.
Cut = Literal["no", "lines", "text_mode", "row_groups"]

#: What the documents of a format hold: `text`; `bytes`, which `decode` turns into text; or `pages`,
#: bytes that are HTML, which `extract` reads after `decode`.
Yields = Literal["text", "bytes", "pages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """All that is known of a format before its reader is imported."""

    name: str
    suffixes: tuple[str, ...]  # lower case, with the dot, without that of a compression
    reader: str  # module:function, `(Piece, IngestOptions) -> Iterator[Chunk]`
    #: A file that begins with one of these is of this format.
    magic: tuple[bytes, ...] = ()
    #: So is a file whose beginning (UTF-8, no byte order mark, no leading space) this accepts.
    recognise: Callable[[bytes], bool] | None = None
    splittable: Cut = "no"
    yields: Yields = "text"
    #: Whether its records are read as characters, so that the scan finds their charset:
    #: `text_mode`, unless `ingest.text_mode` is `file`.
    coded: Literal["no", "yes", "text_mode"] = "no"
    #: Whether its reader goes to and fro in the file, so that it has to be whole.
    seeks: bool = False
    #: Whether it holds other files.
    archive: bool = False
    #: Formats that a file of this name may look like without being one.
    looks_like: tuple[str, ...] = ()
    #: Why a file with the suffix alone, its content not recognised, is no input; empty: it is one.
    suffix_alone: str = ""

    def cut_at_lines(self, text_mode: str) -> bool:
        """Whether a piece may begin at any line, under this `ingest.text_mode`."""
        return self.splittable == "lines" or (
            self.splittable == "text_mode" and text_mode == "lines"
        )

    def is_coded(self, text_mode: str) -> bool:
        """Whether the scan has to find charset and line ends, under this `ingest.text_mode`."""
        return self.coded == "yes" or (self.coded == "text_mode" and text_mode != "file")

    @property
    def read(self) -> Callable[..., Iterator[Any]]:
        """The reader: a piece and options → chunks."""
        module, _, function = self.reader.partition(":")
        reader: Callable[..., Iterator[Any]] = getattr(importlib.import_module(module), function)
        return reader


def is_json_line(body: bytes) -> bool:
    r"""Whether the first line is a JSON object, or the beginning of a long one.

    >>> is_json_line('{"text": "路灯"}\n'.encode()), is_json_line(b'{\n "text": ""}')
    (True, False)
    """
    if not body.startswith(b"{"):
        return False
    line, *newline = re.split(rb"[\r\n]", body, maxsplit=1)
    if not newline and len(body) >= PEEK - 4:
        return re.match(rb"\{\s*\"", line) is not None
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _is_json_array(body: bytes) -> bool:
    return re.match(rb"\[\s*\{\s*\"", body) is not None


_TAG = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta)[\s>]", re.IGNORECASE)


def _is_html(body: bytes) -> bool:
    return body.startswith(b"<") and _TAG.search(body[:4096]) is not None


def _is_wiki_dump(body: bytes) -> bool:
    start = body[:4096].lower()
    if start.startswith((b"<mediawiki", b"<?xml")):
        return b"<mediawiki" in start
    # A dump of which the first tag is damaged.
    return b"<revision>" in start and all(tag in start for tag in (b"<page>", b"<title>", b"<text"))


def _is_tar(body: bytes) -> bool:
    return body[257:262] == b"ustar"


_HOME: Final = "corpus_pipeline.io.readers"

FORMATS: Final[dict[str, Format]] = {
    form.name: form
    for form in (
        Format(
            name="parquet",
            suffixes=(".parquet",),
            reader=f"{_HOME}.parquet:read",
            magic=(b"PAR1",),
            splittable="row_groups",
            seeks=True,
        ),
        Format(
            name="zip",
            suffixes=(".zip",),
            reader=f"{_HOME}.archive:read_zip",
            magic=(b"PK\3\4", b"PK\5\6"),
            yields="pages",
            seeks=True,
            archive=True,
        ),
        Format(
            name="tar",
            suffixes=(".tar",),
            reader=f"{_HOME}.archive:read_tar",
            recognise=_is_tar,
            yields="pages",
            archive=True,
        ),
        Format(
            name="warc",
            suffixes=(".warc", ".wet", ".arc"),
            reader=f"{_HOME}.warc:read",
            magic=(b"WARC/", b"filedesc://"),
            yields="pages",
        ),
        Format(
            name="wikixml",
            suffixes=(".xml",),
            reader=f"{_HOME}.wikixml:read",
            recognise=_is_wiki_dump,
            suffix_alone="an XML file, but no MediaWiki dump",
        ),
        Format(
            name="html",
            suffixes=(".html", ".htm", ".xhtml", ".shtml"),
            reader=f"{_HOME}.html:read",
            recognise=_is_html,
            yields="pages",
        ),
        Format(
            name="jsonl",
            suffixes=(".jsonl", ".ndjson", ".jsonlines"),
            reader=f"{_HOME}.jsonl:read",
            recognise=is_json_line,
            splittable="lines",
            coded="yes",
        ),
        # One object over several lines, or an array of objects; many a .json is JSON Lines.
        Format(
            name="json",
            suffixes=(".json",),
            reader=f"{_HOME}.json_array:read",
            recognise=_is_json_array,
            coded="yes",
        ),
        # A table of pages may well have one in its first cell.
        Format(
            name="csv",
            suffixes=(".csv",),
            reader=f"{_HOME}.csv:read",
            coded="yes",
            looks_like=("html",),
        ),
        Format(
            name="tsv",
            suffixes=(".tsv", ".tab"),
            reader=f"{_HOME}.csv:read",
            coded="yes",
            looks_like=("html",),
        ),
        Format(
            name="text",
            suffixes=(".txt", ".text"),
            reader=f"{_HOME}.text:read",
            splittable="text_mode",
            yields="bytes",
            coded="text_mode",
        ),
    )
}

#: What a file is whose name and first bytes say nothing else.
TEXT: Final = FORMATS["text"]
_SUFFIXES: Final = {suffix: form for form in FORMATS.values() for suffix in form.suffixes}
_MAGIC: Final = {magic: form for form in FORMATS.values() for magic in form.magic}
_MARKS: Final = tuple(_MAGIC)
_RECOGNISERS: Final = [(form.recognise, form) for form in FORMATS.values() if form.recognise]


def by_suffix(name: str) -> Format | None:
    """The format that a file's name (lower case, without its compression's suffix) says.

    >>> by_suffix("新闻.ndjson").name
    'jsonl'
    """
    return _SUFFIXES.get(name[name.rfind(".") :])


def by_content(head: bytes) -> Format | None:
    """The format that the first bytes show.

    >>> by_content(b"WARC/1.0").name, by_content("路灯".encode())
    ('warc', None)
    """
    if head.startswith(_MARKS):
        return next(form for magic, form in _MAGIC.items() if head.startswith(magic))
    body = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return next((form for recognise, form in _RECOGNISERS if recognise(body)), None)
