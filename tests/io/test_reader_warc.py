"""WARC, WET and ARC: pages in, requests and damage out."""

import gzip
import json
import zlib

import pyarrow as pa
import pytest
import zstandard
from reading import read_all, warc_record

HTML = "<html><body>春眠不觉晓，处处闻啼鸟。</body></html>".encode()


def brotli(data: bytes) -> bytes:
    return pa.compress(data, codec="brotli", asbytes=True)


def archive(tmp_path, *records: bytes, name: str = "a.warc", **options):
    (tmp_path / name).write_bytes(b"".join(records))
    return read_all(tmp_path / name, **options)


def http(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def page(tmp_path, body: bytes, *headers: str, **changes):
    """The payload of one response with these headers, or why there is none."""
    options = changes.pop("options", {})
    status = changes.pop("status", "200 OK")
    record = warc_record(1, body, http=http(*headers, status=status), **changes)
    found = archive(tmp_path, record, **options)
    assert found.docs.height + len(found.reasons) == 1
    return found.reasons[0] if found.reasons else found.docs.item(0, "payload")


def test_a_response_is_a_page_with_its_facts(tmp_path):
    """Type and charset come from HTTP, address and time from WARC, opt-outs are kept."""
    head = http(
        "Content-Type: Text/HTML; Charset=GBK",
        "X-Robots-Tag: noai",
        "X-Robots-Tag: noimageai",
        "Server: x",
        "TDM-Reservation: 1",
    )
    docs = archive(tmp_path, warc_record(7, HTML, http=head)).docs
    row = docs.row(0, named=True)
    assert row["payload"] == HTML
    assert row["text"] is None
    assert (row["media_type"], row["declared_charset"]) == ("text/html", "GBK")
    assert (row["url"], row["fetched_at"]) == ("http://example.com/7", "2024-05-01T00:00:00Z")
    assert (row["source_id"], row["locator"]) == ("urn:uuid:7", "a.warc@0")
    assert json.loads(row["response_headers"]) == {
        "content-type": "Text/HTML; Charset=GBK",
        "tdm-reservation": "1",
        "x-robots-tag": "noai, noimageai",
    }


CHUNKS = (
    b"5\r\n" + HTML[:5] + b"\r\n" + b"%x;x=y\r\n" % (len(HTML) - 5) + HTML[5:] + b"\r\n0\r\n\r\n"
)
TYPE = "Content-Type: text/html"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (HTML, ["Transfer-Encoding: chunked"]),
        (CHUNKS, ["Transfer-Encoding: chunked"]),
        (gzip.compress(HTML, mtime=0), ["Content-Encoding: gzip"]),
        (HTML, ["Content-Encoding: gzip"]),
        (HTML, ["Content-Encoding: br"]),
        (zlib.compress(HTML), ["Content-Encoding: deflate"]),
        (zlib.compress(HTML)[2:-4], ["Content-Encoding: deflate"]),
        (brotli(HTML), ["Content-Encoding: br"]),
        (zstandard.compress(HTML), ["Content-Encoding: zstd"]),
        (brotli(gzip.compress(HTML, mtime=0)), ["Content-Encoding: gzip, br"]),
    ],
)
def test_encodings_are_undone(tmp_path, body, headers):
    """Chunks and encodings are undone, and left alone where the crawler did it before."""
    assert page(tmp_path, body, TYPE, *headers) == HTML


def test_a_page_cut_short_is_still_a_page(tmp_path):
    """Crawlers cut long bodies; what a damaged one says cannot be trusted."""
    body = gzip.compress(HTML * 50 + bytes(range(256)) * 20)
    found = page(tmp_path, body[:-200], TYPE, "Content-Encoding: gzip")
    assert found.startswith(HTML * 40)
    torn = body[:60] + b"\xff" * 20 + body[80:]
    assert page(tmp_path, torn, TYPE, "Content-Encoding: gzip") == "content_encoding"
    assert page(tmp_path, b"\1\2", TYPE, "Content-Encoding: sdch") == "content_encoding"


def test_a_bomb_in_a_response_is_refused(tmp_path):
    """A small body that inflates beyond the limit on documents."""
    bomb = gzip.compress(b" " * (20 << 20))
    options = {"max_document_bytes": 1 << 20}
    for body, encoding in ((bomb, "gzip"), (brotli(b" " * (20 << 20)), "br")):
        found = page(tmp_path, body, TYPE, f"Content-Encoding: {encoding}", options=options)
        assert found == "document_too_large"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"\x89PNG", ["Content-Type: image/png"], "media_type"),
        (b"%PDF-1.4", ["Content-Type: text/html"], "media_type"),
        (b"{}", ["Content-Type: application/json"], "media_type"),
        (b"<rss/>", ["Content-Type: text/xml"], "media_type"),
        (b"\0\1", [], "media_type"),
        (HTML, [], HTML),
        (HTML, ["Content-Type: application/octet-stream"], HTML),
        (b"<?xml?>" + HTML, ["Content-Type: application/xhtml+xml"], b"<?xml?>" + HTML),
        ("文".encode(), ["Content-Type: text/plain"], "文".encode()),
    ],
)
def test_only_text_is_a_document(tmp_path, body, headers, expected):
    """The declared type decides, the content where the type is missing or lies."""
    assert page(tmp_path, body, *headers) == expected


@pytest.mark.parametrize("status", ["301 Moved", "404 Not Found", "503"])
def test_other_statuses_are_no_documents(tmp_path, status):
    """An error page is quarantined as what it is."""
    assert page(tmp_path, HTML, TYPE, status=status) == "http_status"


def test_other_records_are_not_counted(tmp_path):
    """Requests, metadata, revisits and DNS answers leave no trace."""
    kinds = ["warcinfo", "request", "metadata", "revisit", "unknown"]
    records = [warc_record(i, b"x", kind=kind) for i, kind in enumerate(kinds)]
    dns = warc_record(8, b"x", http=b"", kind="resource", content_type="text/dns")
    found = archive(tmp_path, *records, dns, warc_record(9, HTML))
    assert (found.docs.height, found.reasons) == (1, [])


def test_wet_text_needs_no_decoding(tmp_path):
    """A conversion record is UTF-8 text; where it is not, its bytes wait for `decode`."""
    made = {"kind": "conversion", "content_type": "text/plain", "http": b""}
    found = archive(
        tmp_path,
        warc_record(1, "春眠".encode(), **made),
        warc_record(2, "春眠".encode("gbk"), **made),
        name="a.wet",
    )
    assert found.docs.select("text", "payload", "media_type").rows() == [
        ("春眠", None, "text/plain"),
        (None, "春眠".encode("gbk"), "text/plain"),
    ]


def test_a_long_record_is_stepped_over(tmp_path):
    """A record over the limit is one quarantined record, its neighbours are read."""
    records = [warc_record(1), warc_record(2, b"<html>" + b"a" * 9_000_000), warc_record(3)]
    found = archive(tmp_path, *records, max_document_bytes=1000)
    assert found.docs.get_column("source_id").to_list() == ["urn:uuid:1", "urn:uuid:3"]
    assert found.reasons == ["document_too_large"]
    start = len(records[0])
    assert found.bad.item(0, "byte_start") == start
    assert found.bad.item(0, "byte_end") in {start + len(records[1]), start + len(records[1]) - 4}


def test_a_wrong_length_costs_its_record_only(tmp_path):
    """Too long, too short, far too long, not a number: the records around it stay."""
    for length in (5, 900, 2_000_000, 10**12, "x", -1):
        records = [warc_record(i) for i in range(6)]
        records[3] = warc_record(3, length=length)
        found = archive(tmp_path, *records, max_document_bytes=1_500_000)
        ids = found.docs.get_column("source_id").to_list()
        assert ids == [f"urn:uuid:{i}" for i in (0, 1, 2, 4, 5)], length
        assert len(found.reasons) == 1, length


def test_arc_files_are_read(tmp_path):
    """The old format: one line of header, the date in digits."""
    body = http("Content-Type: text/html; charset=gb2312") + HTML
    line = b"http://example.com/a b 10.0.0.1 20110804181142 text/html %d\n" % len(body)
    intro = b"1 0 Archive\nURL IP-address Archive-date Content-type Archive-length\n"
    first = b"filedesc://x.arc 0.0.0.0 20110804181044 text/plain %d\n" % len(intro) + intro
    found = archive(tmp_path, first, b"\n", line + body, b"\n", line + body, name="a.arc")
    assert found.reasons == []
    assert (
        found.docs.select("url", "fetched_at", "payload", "declared_charset").rows()
        == [("http://example.com/a b", "2011-08-04T18:11:42Z", HTML, "gb2312")] * 2
    )


#: Documents and quarantined records of each odd file: (documents, reasons).
ODD = {
    "alexa_short_header.arc.gz": (1, []),
    "bad.arc": (1, ["bad_record"] * 2),
    "block-sized-records.warc": (0, ["no_documents"]),
    "block-sized-records.warc.gz": (0, ["no_documents"]),
    "block-sized-records.warc.lz4": (0, ["no_documents"]),
    "cc.warc.gz": (1, []),
    "clipped.warc.gz": (0, ["truncated_gzip"]),
    "clueweb-quirk.warc.gz": (29, []),
    "crlf_at_1k_boundary.warc.gz": (1, []),
    "example-bad-non-chunked.warc.gz": (1, []),
    "example-digest.warc": (0, ["no_documents"]),
    "example-iana.org-chunked.warc": (1, []),
    "example-resource.warc.gz": (1, []),
    "example-space-in-target-uri.warc.gz": (0, ["media_type"]),
    "example-space-in-url.arc": (0, ["truncated_warc"]),
    "example-trunc.warc": (1, []),
    "example-wget-bad-target-uri.warc.gz": (3, []),
    "example-wrong-chunks.warc.gz": (1, []),
    "example.arc": (1, []),
    "example.arc.gz": (1, []),
    "example.warc": (1, []),
    "example.warc.gz": (1, []),
    "gzip_extra_sl.warc.gz": (0, ["no_documents"]),
    "post-test.warc.gz": (0, ["media_type"] * 3),
    "warcfile.warc": (16, []),
    "warcfile.warc.gz": (16, []),
    "warcfile.warc.lz4": (16, []),
}


def test_odd_archives_are_read(data_dir):
    """Files that other projects keep as hard cases give what is in them, and no exception."""
    folder = data_dir / "warc" / "fixtures"
    found = {path.name: read_all(path) for path in sorted(folder.iterdir())}
    assert {name: (one.docs.height, one.reasons) for name, one in found.items()} == ODD
    assert found["warcfile.warc"].docs["payload"].equals(found["warcfile.warc.lz4"].docs["payload"])


def test_real_pages_are_read(data_dir):
    """All pages of the two archives, each with its payload."""
    for name, pages in (("zh-gbk40.warc.gz", 40), ("zh-mixed20.warc.zst", 23)):
        found = read_all(data_dir / "warc" / name)
        assert (found.docs.height, found.reasons) == (pages, [])
        assert found.docs.get_column("payload").bin.size().min() > 200
