"""URLs and hosts in one spelling, so that what a requester writes is found however it was crawled.

Enters: a URL or a host name.  Leaves: its normal form: no scheme, the host in lower case and
punycode without default port, the path without its last slash, percent codes only where they must
be, no fragment.  Nothing is fetched.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_PATH: Final = "/:@!$&'()*+,;=-._~"
_QUERY: Final = _PATH + "?"


@lru_cache(maxsize=1 << 16)
def normal_host(host: str) -> str:
    """A host name in lower case and punycode, without the dot at its end.

    >>> normal_host("Example.ORG."), normal_host("例子.测试")
    ('example.org', 'xn--fsqu00a.xn--0zwm56d')
    """
    plain = host.strip().rstrip(".").lower()
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain


def normal_url(url: str) -> str | None:
    """The normal form of a URL; None where it has no host.

    >>> normal_url("HTTP://例子.Test:80/%e8%af%97/?q=a%20b#top")
    'xn--fsqu00a.test/%E8%AF%97?q=a%20b'
    >>> normal_url("https://example.org") == normal_url("http://EXAMPLE.org:80/")
    True
    """
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    path = _spelled(parts.path, _PATH).rstrip("/")
    query = f"?{_spelled(parts.query, _QUERY)}" if parts.query else ""
    default = _PORTS.get(parts.scheme.lower())
    own = "" if port in (None, default) else f":{port}"
    return f"{normal_host(host)}{own}{path}{query}"


def _spelled(part: str, safe: str) -> str:
    """A part with each character encoded where it must be, and nowhere else."""
    # A reserved character that is encoded is another than the plain one: a%2Fb is one segment.
    kept = part.replace("%2F", "%252F").replace("%2f", "%252F").replace("%26", "%2526")
    return quote(unquote_to_bytes(kept), safe=safe).replace("%252F", "%2F").replace("%2526", "%26")


def is_below(host: str, wanted: str) -> bool:
    """Whether a host (both in normal form) is the wanted one or one of its subdomains.

    >>> is_below("www.example.org", "example.org"), is_below("notexample.org", "example.org")
    (True, False)
    """
    return host == wanted or host.endswith(f".{wanted}")
