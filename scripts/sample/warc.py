"""WARC records with invented dates, the same bytes every time; the file has a gzip member each.

Enters: a URL, HTTP headers and a body.  Leaves: records, and the bytes of a `.warc.gz`.
Refuses: to read a clock or a random source.
"""

from __future__ import annotations

import gzip
import hashlib
import uuid
from base64 import b32encode
from dataclasses import dataclass

DATE = "2026-01-15T08:00:00Z"


def member(data: bytes, level: int = 9) -> bytes:
    """One gzip member without a time or a name."""
    return gzip.compress(data, level, mtime=0)


def record(kind: str, url: str, content_type: str, block: bytes) -> bytes:
    """One WARC/1.1 record, not compressed."""
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {url}")
    sha1 = b32encode(hashlib.sha1(block, usedforsecurity=False).digest()).decode()
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
        f"WARC-Date: {DATE}\r\nWARC-Block-Digest: sha1:{sha1}\r\n"
    )
    if kind != "warcinfo":
        head += f"WARC-Target-URI: {url}\r\n"
    head += f"Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as a crawler stores it."""

    url: str
    body: bytes
    content_type: str = "text/html"
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = ()
    gzipped: bool = False
    chunked: bool = False

    def warc(self) -> bytes:
        """The response record."""
        body = member(self.body) if self.gzipped else self.body
        lines = [f"HTTP/1.1 {self.status}", "Server: sample", f"Content-Type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.gzipped:
            lines.append("Content-Encoding: gzip")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            body = chunks(body)
        else:
            lines.append(f"Content-Length: {len(body)}")
        http = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        return record("response", self.url, "application/http; msgtype=response", http)


def chunks(body: bytes, size: int = 700) -> bytes:
    """HTTP/1.1 chunked transfer coding; the cuts fall inside of characters on purpose."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def info() -> bytes:
    """The warcinfo record at the head of the file."""
    fields = b"software: make_sample\r\nformat: WARC File Format 1.1\r\n"
    return record("warcinfo", "sample", "application/warc-fields", fields)


def request(url: str) -> bytes:
    """A request record, which is no document."""
    http = b"GET / HTTP/1.1\r\nHost: news.example.cn\r\n\r\n"
    return record("request", url, "application/http; msgtype=request", http)


def archive(records: list[bytes]) -> bytes:
    """The records as a `.warc.gz`."""
    return b"".join(map(member, records))
