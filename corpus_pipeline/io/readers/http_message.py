"""The bytes of an HTTP response in, the bytes of a page out.

Enters: an archived message, as crawlers wrote it: chunked or not, encoded or not, whatever its
headers claim.  Leaves: a `Page` with media type, charset and the headers that later stages read;
or `Refused`, for a status other than 2xx, a body that is no text, is damaged, or has more bytes
than the limit (a body is decompressed up to that limit).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson
import pyarrow as pa
import zstandard

from corpus_pipeline.model import Reason

#: What licences, opt-outs and dates are read from.
KEPT_HEADERS: Final = (
    "aigc",
    "content-language",
    "content-type",
    "last-modified",
    "link",
    "tdm-policy",
    "tdm-reservation",
    "x-aigc",
    "x-robots-tag",
)
HTML: Final = frozenset(
    {"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml", "text/xhtml"}
)
#: Types that say nothing, or XML, which XHTML pages are served as: the content decides.
UNCLEAR: Final = frozenset(
    {
        "",
        "*/*",
        "application/octet-stream",
        "application/unknown",
        "application/xml",
        "content/unknown",
        "html",
        "no-type",
        "text",
        "text/xml",
        "unknown",
        "unknown/unknown",
    }
)
_LOOKS_HTML: Final = re.compile(rb"(?i)<(?:!doctype\s+html|html|head|body|meta|title)[\s>]")
_BINARY: Final = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"RIFF",
    b"\x1f\x8b",
)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"',]+)", re.IGNORECASE)
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})")
_CHUNK: Final = re.compile(rb"(?:\r?\n)?[ \t]*([0-9A-Fa-f]{1,8})[^\r\n]{0,1000}\r?\n")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")


class Refused(NamedTuple):
    """Why a message is no document."""

    reason: Reason
    detail: str


class Page(NamedTuple):
    """What is left of a message."""

    payload: bytes
    media_type: str
    charset: str | None
    headers: str | None


def page_of_response(content: bytes, limit: int, fallback: str = "") -> Page | Refused:
    """A whole response; `fallback` is the type where the message has no header to name one."""
    status = _STATUS.match(content)
    if status is None:
        return page_of_body(content, {"content-type": fallback}, limit)
    if not status[1].startswith(b"2"):
        return Refused("http_status", status[1].decode())
    end = _HEAD_END.search(content)
    head, body = (content[: end.start()], content[end.end() :]) if end else (content, b"")
    headers = headers_of(head.partition(b"\n")[2])
    kind = _media_type(headers)
    if kind not in UNCLEAR and kind not in HTML and kind != "text/plain":
        return Refused("media_type", kind)  # before its body is decompressed
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = dechunked(body)
    for encoding in reversed(headers.get("content-encoding", "").lower().split(",")):
        decoded = _decoded(body, encoding.strip(), limit)
        if isinstance(decoded, Refused):
            return decoded
        body = decoded
    return page_of_body(body, headers, limit)


def page_of_body(body: bytes, headers: Mapping[str, str], limit: int) -> Page | Refused:
    """A body and its headers, if it is text of a kind that a corpus wants."""
    if len(body) > limit:
        return Refused("document_too_large", f"{len(body)} bytes > {limit}")
    declared = _media_type(headers)
    kind = "text/html" if declared in HTML else declared
    start = body[:2048]
    if declared in UNCLEAR:
        if _LOOKS_HTML.search(start):
            kind = "text/html"
        elif b"\0" not in start and "xml" not in declared and "octet" not in declared:
            kind = "text/plain"
    if kind not in {"text/html", "text/plain"}:
        return Refused("media_type", kind or "unknown")
    if start.startswith(_BINARY):
        return Refused("media_type", f"declared {declared or 'nothing'}, but the body is binary")
    charset = _CHARSET.search(headers.get("content-type", ""))
    kept = {name: headers[name] for name in KEPT_HEADERS if headers.get(name)}
    as_json = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode() if kept else None
    return Page(body, kind, charset[1] if charset else None, as_json)


def headers_of(head: bytes) -> dict[str, str]:
    """Header lines → lower-case names; repeated ones are joined, folded ones unfolded."""
    headers: dict[str, str] = {}
    name = ""
    for line in map(_header_text, re.split(rb"\r\n|\r|\n", head)):
        if line[:1] in {" ", "\t"} and name:
            headers[name] += " " + line.strip()
            continue
        key, colon, value = line.partition(":")
        if not colon:
            continue
        name = key.strip().lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _header_text(line: bytes) -> str:
    """A header line; some servers and archives write UTF-8, the rest is what HTTP says."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def dechunked(body: bytes) -> bytes:
    """A chunked body put together; what is not chunked (any more) stays as it is."""
    parts, position = [], 0
    while position < len(body):
        size = _CHUNK.match(body, position)
        if size is None:
            parts.append(body[position:])  # a crawler that undid the chunks, or lied about them
            break
        length = int(size[1], 16)
        if not length:
            break
        parts.append(body[size.end() : size.end() + length])
        position = size.end() + length
    return b"".join(parts)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].partition(",")[0].strip().lower()


def _decoded(body: bytes, encoding: str, limit: int) -> bytes | Refused:
    """The body without one content encoding; crawlers often leave only the header's claim."""
    if encoding in {"", "identity", "none", "utf-8"} or body.lstrip()[:1] in {b"<", b""}:
        return body
    if encoding in {"gzip", "x-gzip"}:
        inflated = _inflated(body, 31, limit) if body.startswith(b"\x1f\x8b") else (body, True)
    elif encoding == "deflate":
        inflated = _inflated(body, 15, limit)
        inflated = inflated if inflated[0] else _inflated(body, -15, limit)
    elif encoding in {"br", "zstd"}:
        inflated = _streamed(body, encoding, limit)
    else:
        return Refused("content_encoding", f"unknown content encoding {encoding[:40]!r}")
    out, sound = inflated
    if len(out) > limit:
        return Refused("document_too_large", f"more than {limit} bytes after {encoding}")
    if not sound:
        return Refused("content_encoding", f"a damaged {encoding} body of {len(body)} bytes")
    return out


def _inflated(body: bytes, bits: int, limit: int) -> tuple[bytes, bool]:
    """Up to `limit` + 1 bytes, and whether they are sound; a page cut short is still a page."""
    decoder, parts, size = zlib.decompressobj(bits), [], 0
    data = body
    try:
        while data and not decoder.eof and size <= limit:
            # Small steps: a call that raises takes its output with it.
            step, data = data[:4096], data[4096:]
            parts.append(decoder.decompress(step, limit + 1 - size))
            size += len(parts[-1])
            if decoder.unconsumed_tail:
                break
    except zlib.error:
        return b"".join(parts), False
    return b"".join(parts), size > 0 or decoder.eof


def _streamed(body: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    try:
        reader = (
            pa.CompressedInputStream(pa.BufferReader(body), "brotli")
            if encoding == "br"
            else zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body)
        )
        while size <= limit and (data := reader.read(min(1 << 16, limit + 1 - size))):
            parts.append(data)
            size += len(data)
    except (OSError, zstandard.ZstdError):
        return b"".join(parts), False
    return b"".join(parts), True
