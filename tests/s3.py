"""A real S3 server on loopback for tests, and a proxy in front of it that does what networks do.

`Server` is SeaweedFS (`weed mini`), started once a test process on free ports and killed with it.
`fault_proxy` answers, cuts, stalls or loses the requests that its faults match; all others pass.
"""

from __future__ import annotations

import http.client
import http.server
import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

import obstore
from obstore.store import S3Store

from corpus_pipeline.io.fs import settings

KEY, SECRET, REGION = "test-key-0000", "test-secret-0000", "us-east-1"
#: Every part of the server that listens: each gets a free port, as several servers run at once.
_PORTS = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
)
_OFF = ("-webdav=false", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0")
MINUTE = timedelta(minutes=1)
_names = itertools.count()


@dataclass(frozen=True)
class Server:
    """An endpoint with its keys; a proxy in front of the server is one, too."""

    endpoint: str
    key: str = KEY
    secret: str = SECRET

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which our programs find the server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def store(self, bucket: str) -> S3Store:
        """A client of the library's own, to look at what stands in a bucket."""
        return S3Store(
            bucket,
            endpoint=self.endpoint,
            access_key_id=self.key,
            secret_access_key=self.secret,
            region=REGION,
            client_options={"allow_http": True},
        )

    def new_bucket(self, name: str = "") -> str:
        """The name of a bucket that is made here: empty, and nobody else's without `name`."""
        bucket = name or f"bucket-{os.getpid()}-{next(_names)}"
        url = obstore.sign(self.store(bucket), "PUT", "", MINUTE)
        request = urllib.request.Request(url, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            return bucket

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket, sorted."""
        pages = obstore.list(self.store(bucket), prefix or None)
        return sorted(item["path"] for page in pages for item in page)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


#: Starts a program that dies with the process that started it (Linux: PR_SET_PDEATHSIG).
_DYING = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server whose data lie in `folder`, up to the end of the block."""
    ports = _free_ports(len(_PORTS))
    command = [
        *(sys.executable, "-S", "-c", _DYING),
        str(Path(sys.executable).with_name("weed")),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=256",
        "-volume.max=1000",
        "-s3.autoCreateBucket=false",
        f"-filer.localSocket={folder / 'f.sock'}",
        *_OFF,
        *(f"-{name}={port}" for name, port in zip(_PORTS, ports, strict=True)),
    ]
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "S3_BUCKET": "first"}
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=os.environ | keys,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        server = Server(f"http://127.0.0.1:{ports[0]}")
        _await(server, process, folder / "weed.log")
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server takes an object; half a minute at most, for a machine that is busy."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if _puts(server):
                return
        time.sleep(0.05)
    raise AssertionError(f"the S3 server does not answer: {log.read_text('utf-8')[-2000:]}")


def _puts(server: Server) -> bool:
    url = obstore.sign(server.store("first"), "PUT", "ready", MINUTE)
    with urllib.request.urlopen(urllib.request.Request(url, b"x", method="PUT"), timeout=5):
        return True


#: Kinds of fault. `answer`: an error of the store, not forwarded; `reset`: the connection breaks
#: before the request is forwarded; `lost`: it is forwarded, and the connection breaks instead of
#: the answer; `cut`: half of the answer's body, then the connection ends; `stall`: no answer;
#: `edit`: another body; `slow`: all is well, after `seconds`.
KINDS = ("answer", "reset", "lost", "cut", "stall", "edit", "slow")


@dataclass
class Fault:
    """What happens to the requests `first` … `first + count - 1` of those that match."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    first: int = 1
    count: int = 1
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 3600
    seen: int = field(default=0, repr=False)

    def strikes(self, method: str, path: str) -> bool:
        """Count the request if it is meant; True if it is struck."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.count


class Lag(Fault):
    """Listings of an earlier time: without the keys that match `hides`, with those of `shows`."""

    def __init__(self, hides: str = "$.", shows: Iterable[str] = (), **options) -> None:
        super().__init__("edit", method="GET", path="list-type=2", count=1 << 30, **options)
        self.hides, self.shows = hides, shows

    def edit(self, body: bytes) -> bytes:
        """The page as it would have been."""

        def shown(entry: re.Match[str]) -> str:
            return "" if re.search(self.hides, unquote_plus(entry[1])) else entry[0]

        text = re.sub(r"<Contents>.*?<Key>(.*?)</Key>.*?</Contents>", shown, body.decode())
        text = re.sub(r"<CommonPrefixes><Prefix>(.*?)</Prefix></CommonPrefixes>", shown, text)
        facts = "<ETag>&quot;0&quot;</ETag><Size>9</Size>"
        facts += "<LastModified>2026-01-01T00:00:00Z</LastModified>"
        more = "".join(f"<Contents><Key>{key}</Key>{facts}</Contents>" for key in self.shows)
        return text.replace("</ListBucketResult>", f"{more}</ListBucketResult>").encode()


class Chance(Fault):
    """Strikes a share of all requests, drawn with a seed: the nth request fares alike each time."""

    def __init__(self, kind: str, share: float, seed: int, **options) -> None:
        super().__init__(kind, **options)
        self.share, self.draws = share, random.Random(seed)

    def strikes(self, method: str, path: str) -> bool:
        """True for those of the requests meant that the dice take."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        return self.draws.random() < self.share


def point(monkeypatch, server: Server) -> None:
    """Let this process find its stores there from now on."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings._opened.cache_clear()


@dataclass(frozen=True)
class Proxy(Server):
    """The proxy's endpoint, and the requests that it saw: method, path and fault; their headers."""

    requests: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def struck(self) -> list[str]:
        """The kinds of the faults that happened, in order."""
        return [kind for _, _, kind in self.requests if kind]


@contextmanager
def fault_proxy(server: Server, *faults: Fault) -> Iterator[Proxy]:
    """A proxy in front of the server in which these faults happen, up to the end of the block."""
    listener = _Listener(("127.0.0.1", 0), _Handler)
    listener.upstream = urlsplit(server.endpoint).netloc
    listener.faults = faults
    endpoint = f"http://127.0.0.1:{listener.server_port}"
    proxy = replace(Proxy(endpoint), key=server.key, secret=server.secret)
    listener.requests, listener.headers = proxy.requests, proxy.headers
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.closing.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.closing, self.lock = threading.Event(), threading.Lock()

    def fault(self, method: str, path: str, headers: dict[str, str]) -> Fault | None:
        with self.lock:
            self.headers.append(headers)
            struck = [fault for fault in self.faults if fault.strikes(method, path)]
            self.requests.append((method, path, struck[0].kind if struck else ""))
        return struck[0] if struck else None

    def handle_error(self, *_) -> None:
        """A client that hangs up is no news here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault(self.command, self.path, dict(self.headers))
        kind = fault.kind if fault else ""
        if kind in {"stall", "slow"}:
            self.server.closing.wait(fault.seconds)
        if kind in {"stall", "reset"}:
            return self._break()
        if kind == "answer":
            said = f"<Error><Code>{fault.code}</Code><Message>{fault.code}</Message></Error>"
            return self._answer(fault.status, [("Content-Type", "application/xml")], said.encode())
        status, headers, content = self._forwarded(body)
        if kind == "lost":
            return self._break()
        if kind == "edit":
            content = fault.edit(content)
        return self._answer(status, headers, content, cut=kind == "cut")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_any  # noqa: N815 – names of http.server

    def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # the signature holds for the Host that was sent
            upstream.putheader(name, value)
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), content

    def _answer(self, status: int, headers, content: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self._break()

    def _break(self) -> None:
        """End the connection with RST, as a balancer that gives up does."""
        self.close_connection = True
        reset = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.connection.close()

    def log_message(self, *_) -> None:
        pass
