"""A WARC of as many pages as wanted, from the real pages, to see that a crawl streams.

    python scripts/make_big_warc.py DATA PAGES OUT.warc.gz [--largest BYTES]

A gzip member per record, as crawlers write them.  The real pages come round after round, each with
a URL, a record id and a number in its title of its own, so that no two are alike.  What follows
the number is compressed once per page and reused, so that the disk sets the pace; memory does not
grow with PAGES.  The same arguments give the same bytes.
"""

import argparse
import itertools
import json
import re
import struct
import sys
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts.eval.reading import members

#: What a gzip member begins with: deflate, no name, no time, no system.
GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
DATE = "2026-01-15T08:00:00Z"
TITLE = re.compile(rb"<title[^>]*>", re.IGNORECASE)
LEVEL = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A page cut in two where its number goes; the second part is compressed already."""

    before: bytes
    after: bytes
    packed: bytes
    declared: str | None

    def member(self, number: int) -> tuple[bytes, int]:
        """The record with this number as one gzip member, and its size before."""
        body = self.before + b"%d " % number
        kind = "text/html" + (f"; charset={self.declared}" if self.declared else "")
        length = len(body) + len(self.after) - len(b"\r\n\r\n")
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        url = f"https://site{number % 997}.example.cn/{number // 997}/{number}.html"
        name = uuid.uuid5(uuid.NAMESPACE_URL, url)
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{name}>\r\n"
            f"WARC-Date: {DATE}\r\nWARC-Target-URI: {url}\r\n"
            "Content-Type: application/http; msgtype=response\r\n"
            f"Content-Length: {len(http) + length}\r\n\r\n"
        )
        first = head.encode() + http.encode() + body
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        # A full flush ends on a byte and forgets the past: another stream may follow.
        start = deflate.compress(first) + deflate.flush(zlib.Z_FULL_FLUSH)
        check = zlib.crc32(self.after, zlib.crc32(first))
        size = len(first) + len(self.after)
        return GZIP + start + self.packed + struct.pack("<II", check, size & 0xFFFFFFFF), size


def page_of(body: bytes, declared: str | None) -> Page:
    """The page, cut behind `<title>` where it has one; in UTF-16 a number would be no text."""
    found = TITLE.search(body)
    at = found.end() if found else 0
    after = body[at:] + b"\r\n\r\n"
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Page(body[:at], after, deflate.compress(after) + deflate.flush(), declared)


def real_pages(data: Path, largest: int) -> list[Page]:
    """The pages of the data folder up to a size, with the charset that each declares."""
    files = dict(members(data / "html" / "html_dev.tar.zst"))
    root = next(name for name in files if name.endswith("index.jsonl")).removesuffix("index.jsonl")
    index = [json.loads(line) for line in files[root + "index.jsonl"].decode().splitlines()]
    bodies = [(files[root + row["file"]], row.get("declared_charset")) for row in index]
    return [
        page_of(body, declared)
        for body, declared in bodies
        if len(body) <= largest and not body.startswith((b"\xff\xfe", b"\xfe\xff"))
    ]


def records(pages: list[Page], count: int) -> Iterator[tuple[bytes, int]]:
    """The members of the file, one by one."""
    for number, page in enumerate(itertools.islice(itertools.cycle(pages), count)):
        yield page.member(number)


def main() -> None:
    """Write the file and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("pages", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--largest", type=int, default=1 << 30, help="leave larger pages out")
    options = parser.parse_args()
    pages = real_pages(options.data, options.largest)
    whole = written = 0
    with options.out.open("wb", buffering=1 << 20) as out:
        for member, size in records(pages, options.pages):
            out.write(member)
            written += len(member)
            whole += size
    print(f"{options.pages:,} pages from {len(pages)}: {whole:,} bytes, {written:,} compressed")


if __name__ == "__main__":
    main()
