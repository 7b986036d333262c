"""Lists of hosts and addresses, and whether the address of a document stands in one.

Enters: files as assets: a host (`example.com`, its subdomains with it), a line of a hosts file
(`0.0.0.0 example.com`) or the beginning of an address (`example.com/videos/`) a line; `#` begins a
comment.  Leaves: for an address the number of the first list that has it.
Errors: `PipelineError` with file and line for a line that is none of these, and for an empty list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpus_pipeline.model import Asset, PipelineError

_SCHEME = re.compile(r"^[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_HOSTS_FILE = re.compile(r"^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+")
_HOST = re.compile(r"[^\s/?#:@,;|]+\.[^\s/?#:@,;|]+")


def site_of(address: str) -> tuple[str, str]:
    """The host of an address in lower case without `www.` and port, and what follows it.

    >>> site_of("HTTPS://user@WWW.Example.com:8080/a?b#c"), site_of("例子.example")
    (('example.com', '/a?b'), ('例子.example', ''))
    """
    rest = _SCHEME.sub("", address.strip()).partition("#")[0]
    end = min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))
    host = rest[:end].rpartition("@")[2].partition(":")[0].lower().strip(".")
    return host.removeprefix("www."), rest[end:]


class SiteLists:
    """Hosts and beginnings of addresses of several lists."""

    def __init__(self, lists: Sequence[Asset]) -> None:
        """Read the lists; of a site in two the first counts."""
        self._hosts: dict[str, int] = {}
        self._paths: dict[str, list[tuple[str, int]]] = {}
        self.sizes: list[int] = []
        for number, asset in enumerate(lists):
            size = 0
            for host, path in _sites(asset):
                size += 1
                if path in {"", "/"}:
                    self._hosts.setdefault(host, number)
                else:
                    self._paths.setdefault(host, []).append((path, number))
            if not size:
                raise PipelineError(f"site list {asset.path.name} holds no site")
            self.sizes.append(size)

    def which(self, address: str) -> int | None:
        """The number of the list that has this address, its host or a host above it."""
        host, path = site_of(address)
        for begin, number in self._paths.get(host, ()):
            if path.startswith(begin):
                return number
        # A host has at most 253 characters; what has more is none, and takes no time.
        labels = host.split(".") if len(host) <= 253 else []
        for first in range(len(labels) - 1):
            number = self._hosts.get(".".join(labels[first:]), -1)
            if number >= 0:
                return number
        return None


def _sites(asset: Asset) -> list[tuple[str, str]]:
    name, found = asset.path.name, dict[tuple[str, str], None]()
    try:
        lines = asset.path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"site list {name} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        entry = _HOSTS_FILE.sub("", line.partition(" #")[0].strip())
        if not entry or entry.startswith("#"):
            continue
        host, path = site_of(entry)
        if not _HOST.fullmatch(host) or " " in entry:
            raise PipelineError(f"site list {name}, line {number}: {line[:40]!r} is no host")
        found[host, path] = None
    return [*found]
