"""Files of every format and compression, with the place of each document in them.

Enters: numbered texts, a kind of file and a compression.  Leaves: a `Made`: the bytes, and where
in them each document lies.  A compressed file consists of four members, as `cat a.gz b.gz` makes
them, so that damage to one says nothing about the others.
"""

import bz2
import gzip
import io
import itertools
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

#: A document's number (-1: what belongs to no document), and its bytes.
Piece = tuple[int, bytes]
Span = tuple[int, int]
MEMBERS = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what the formats of the project and of others call it, and how it is made."""

    name: str
    format: str  # of `corpus_pipeline.io.formats`
    suffix: str
    pieces: Callable[[Mapping[int, str]], list[Piece]] | None = None
    whole: "Callable[[Mapping[int, str]], Made] | None" = None
    documents: int = 24
    options: Mapping[str, str] = field(default_factory=dict)
    #: Whether documents behind a hole in the plain bytes can be found again.
    recovers: bool = True
    #: Whether a part of the file is good for nothing.
    indivisible: bool = False
    #: Whether a record shows where it begins: else nothing tells a whole one from a torn one behind
    #: a hole, and the first may be let go.
    marked: bool = True
    #: Whether nothing can be read without the first line.
    header: bool = False
    #: A header is looked for at multiples of so many bytes; 0: anywhere.
    blocks: int = 0


@dataclass(slots=True)
class Member:
    """A compressed member: where it lies in the file, its plain bytes, the documents in them."""

    span: Span
    plain: bytes
    documents: dict[int, Span]


@dataclass(slots=True)
class Made:
    """A file, and where in its bytes each document lies."""

    data: bytes
    documents: dict[int, Span]
    #: Damage here may cost every document of the file.
    vital: list[Span] = field(default_factory=list)
    #: The footer counts from the beginning: what lies behind a shift is lost.
    absolute: bool = False
    members: list[Member] = field(default_factory=list)


def _line(serial: int, text: str) -> dict[str, object]:
    return {"id": str(serial), "text": text, "url": f"https://example.org/{serial}"}


def _jsonl(texts: Mapping[int, str]) -> list[Piece]:
    return [
        (n, json.dumps(_line(n, text), ensure_ascii=False).encode() + b"\n")
        for n, text in texts.items()
    ]


def _json(texts: Mapping[int, str]) -> list[Piece]:
    lines = [(n, data.rstrip(b"\n") + b",\n") for n, data in _jsonl(texts)]
    number, last = lines[-1]
    return [(-1, b"[\n"), *lines[:-1], (number, last.removesuffix(b",\n") + b"\n"), (-1, b"]\n")]


def _table(delimiter: str) -> Callable[[Mapping[int, str]], list[Piece]]:
    def rows(texts: Mapping[int, str]) -> list[Piece]:
        head = delimiter.join(("id", "text", "url")) + "\n"
        lines = [
            (n, (delimiter.join(map(str, _line(n, text).values())) + "\n").encode())
            for n, text in texts.items()
        ]
        return [(-1, head.encode()), *lines]

    return rows


def _quoted(texts: Mapping[int, str]) -> list[Piece]:
    head = b'"id","text","url"\n'
    lines = [
        (n, (",".join(f'"{value}"' for value in _line(n, text).values()) + "\n").encode())
        for n, text in texts.items()
    ]
    return [(-1, head), *lines]


def page(text: str, charset: str = "utf-8") -> bytes:
    """A small page with a text."""
    head = f'<html><head><meta charset="{charset}"><title>页</title></head>'
    return f"{head}<body><p>{text}</p></body></html>".encode(charset)


def warc_record(serial: int, body: bytes, *, kind: str = "response") -> bytes:
    """One record, number and all."""
    content, of = body, "text/plain"
    if kind == "response":
        content = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        of = "application/http; msgtype=response"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{serial}>\r\n"
        f"WARC-Target-URI: http://example.org/{serial}\r\nWARC-Date: 2026-01-15T00:00:00Z\r\n"
        f"Content-Type: {of}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n\r\n"


def _warc(texts: Mapping[int, str]) -> list[Piece]:
    return [(n, warc_record(n, page(text))) for n, text in texts.items()]


def _wet(texts: Mapping[int, str]) -> list[Piece]:
    return [(n, warc_record(n, text.encode(), kind="conversion")) for n, text in texts.items()]


def _arc(texts: Mapping[int, str]) -> list[Piece]:
    about = b"1 0 example\nURL IP-address Archive-date Content-type Archive-length\n"
    first = b"filedesc://a.arc 0.0.0.0 20260115000000 text/plain %d\n" % len(about)
    out: list[Piece] = [(-1, first + about + b"\n")]
    for n, text in texts.items():
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page(text)
        head = f"http://example.org/{n} 192.0.2.1 20260115000000 text/html {len(body)}\n"
        out.append((n, head.encode() + body + b"\n"))
    return out


def _wiki(texts: Mapping[int, str]) -> list[Piece]:
    pages = [
        (
            n,
            f"  <page>\n    <title>条目{n}</title>\n    <ns>0</ns>\n    <id>{n}</id>\n"
            f"    <revision><id>{n}</id><text>{text}</text></revision>\n  </page>\n".encode(),
        )
        for n, text in texts.items()
    ]
    return [(-1, b'<mediawiki xml:lang="zh">\n'), *pages, (-1, b"</mediawiki>\n")]


def _one(make: Callable[[str], bytes]) -> Callable[[Mapping[int, str]], list[Piece]]:
    return lambda texts: [(n, make(text)) for n, text in texts.items()]


def _parquet(texts: Mapping[int, str]) -> Made:
    table = pa.Table.from_pylist([_line(n, text) for n, text in texts.items()])
    out = io.BytesIO()
    each = max(len(texts) // MEMBERS, 1)
    pq.write_table(table, out, row_group_size=each, compression="zstd", write_page_checksum=True)
    data = out.getvalue()
    meta = pq.ParquetFile(io.BytesIO(data)).metadata
    serials, documents, first, end = list(texts), {}, 0, 4
    for number in range(meta.num_row_groups):
        group = meta.row_group(number)
        columns = [group.column(i) for i in range(group.num_columns)]
        starts = [c.dictionary_page_offset or c.data_page_offset for c in columns]
        starts = [min(a, c.data_page_offset) for a, c in zip(starts, columns, strict=True)]
        ends = [a + c.total_compressed_size for a, c in zip(starts, columns, strict=True)]
        for serial in serials[first : first + group.num_rows]:
            documents[serial] = (min(starts), max(ends))
        first, end = first + group.num_rows, max(end, *ends)
    return Made(data, documents, [(0, 4), (end, len(data))], absolute=True)


def _zip(texts: Mapping[int, str]) -> Made:
    out = io.BytesIO()
    documents = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, text in texts.items():
            start = out.tell()
            archive.writestr(zipfile.ZipInfo(f"文/{n}.txt"), text, zipfile.ZIP_DEFLATED)
            documents[n] = (start, out.tell())
    return Made(out.getvalue(), documents)


def _tar(texts: Mapping[int, str]) -> Made:
    out = io.BytesIO()
    documents = {}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for n, text in texts.items():
            start, data = out.tell(), text.encode()
            info = tarfile.TarInfo(f"文/{n}.txt")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
            documents[n] = (start, start + 512 + len(data))
    return Made(out.getvalue(), documents)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("jsonl", "jsonl", ".jsonl", _jsonl),
        Kind("json", "json", ".json", _json),
        Kind("csv", "csv", ".csv", _table(","), marked=False, header=True),
        Kind("csv, quoted", "csv", ".csv", _quoted, marked=False, header=True),
        Kind("tsv", "tsv", ".tsv", _table("\t"), marked=False, header=True),
        Kind("parquet", "parquet", ".parquet", whole=_parquet, indivisible=True),
        Kind("warc", "warc", ".warc", _warc),
        Kind("wet", "warc", ".wet", _wet),
        Kind("arc", "warc", ".arc", _arc),
        Kind("wikixml", "wikixml", ".xml", _wiki),
        Kind("html", "html", ".html", _one(page), documents=1),
        Kind("text", "text", ".txt", _one(str.encode), documents=1),
        Kind(
            "text, lines",
            "text",
            ".txt",
            _one(lambda text: f"{text}\n".encode()),
            options={"ingest.text_mode": "lines"},
            marked=False,
        ),
        Kind("zip", "zip", ".zip", whole=_zip, recovers=False),
        Kind("tar", "tar", ".tar", whole=_tar, recovers=False, blocks=512),
    )
}

PACK: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "gzip": (".gz", lambda data: gzip.compress(data, 6, mtime=0)),
    "zstd": (".zst", zstandard.ZstdCompressor(write_checksum=True).compress),
    "bz2": (".bz2", bz2.compress),
    "xz": (".xz", lzma.compress),
    "lz4": (".lz4", lambda data: lz4.frame.compress(data, content_checksum=True)),
}


def located(pieces: list[Piece]) -> Made:
    """Pieces one after the other."""
    documents, at = {}, 0
    for serial, data in pieces:
        if serial >= 0:
            documents[serial] = (at, at + len(data))
        at += len(data)
    return Made(b"".join(data for _, data in pieces), documents)


def groups(kind: Kind, pieces: list[Piece] | Made) -> list[Made]:
    """The plain parts of which the members of a compressed file are made."""
    if isinstance(pieces, Made):
        cuts = [len(pieces.data) * i // MEMBERS for i in range(MEMBERS + 1)]
        parts = []
        for low, high in itertools.pairwise(cuts):
            inside = {
                n: (a - low, b - low)
                for n, (a, b) in pieces.documents.items()
                if low <= a and b <= high
            }
            parts.append(Made(pieces.data[low:high], inside))
        return parts
    each = -(-len(pieces) // MEMBERS)
    count = MEMBERS if kind.documents > 1 else 1
    chosen = [pieces[each * i : each * (i + 1)] for i in range(MEMBERS)] if count > 1 else [pieces]
    return [located(group) for group in chosen if group]


def made(kind: Kind, pieces: list[Piece] | Made, compression: str) -> Made:
    """The file."""
    plain = pieces if isinstance(pieces, Made) else located(pieces)
    if compression == "none":
        return plain
    pack = PACK[compression][1]
    data, members = b"", []
    for part in groups(kind, pieces):
        packed = pack(part.data)
        members.append(Member((len(data), len(data) + len(packed)), part.data, part.documents))
        data += packed
    return Made(data, plain.documents, members=members)


def pieces_of(kind: Kind, texts: Mapping[int, str]) -> list[Piece] | Made:
    """What a file of these texts consists of."""
    if kind.whole is not None:
        return kind.whole(texts)
    assert kind.pieces is not None
    return kind.pieces(texts)
