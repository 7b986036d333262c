"""A Label Studio server over HTTP: who asks, what is asked, and what may go wrong, in one line.

Enters: an address, a token and requests.  Leaves: parsed answers.
The token is a legacy token or a personal access token (a JWT, changed for a short-lived one and
again when that ends); it is sent to that address alone, is followed to no other, and stands in no
message.  Refuses: an address that is none or has a password in it; a server of something else;
401, 403, 404, 5xx and silence (`PipelineError`).
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from corpus_pipeline.model import PipelineError

#: Seconds that a request may take, one that imports tasks too: 4,000 took the server 16 s.
TIMEOUT = 120.0
#: Tries of a request that may be repeated, and seconds between them.
_TRIES, _PAUSE = 3, 1.0
#: Bytes of an answer: an export of 4,000 long texts has a fifth.
_LARGEST = 1_000_000_000
#: A JWT: three parts of base64; a legacy token is forty hex digits.
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"[!-~]{8,4096}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: the token would go along."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """Follow nothing."""
        return


def server_address(given: str) -> str:
    """The address of a server without its last slash; `PipelineError` for what is none."""
    try:
        parts = urlsplit(given)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise PipelineError("--url: not the address of a server, such as https://label.example.org")
    if parts.username or parts.password:
        raise PipelineError("--url: holds a password; name the token with --token-env instead")
    if parts.query or parts.fragment:
        raise PipelineError("--url: the address of the server alone, without ? and #")
    return given.rstrip("/")


def checked_token(given: str, where: str) -> str:
    """A token as it may stand in a header; `where`: what to call the place it is from."""
    token = given.strip()
    if not _TOKEN.fullmatch(token):
        raise PipelineError(f"{where} holds no token")
    return token


@dataclass(slots=True)
class Server:
    """A Label Studio server.  `_token` is in no `repr`."""

    url: str
    _token: str = field(repr=False)
    timeout: float = TIMEOUT
    _access: str | None = field(default=None, repr=False)

    def get(self, path: str) -> Any:
        """What the server says at a path."""
        return self.ask("GET", path)

    def post(self, path: str, content: object) -> Any:
        """What the server says to content; not sent twice, for it may have been taken."""
        return self.ask("POST", path, content)

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """Send one request.  Only what changes nothing is tried again."""
        tries = _TRIES if method == "GET" else 1
        for left in reversed(range(tries)):
            try:
                return self._ask(method, path, content)
            except urllib.error.HTTPError as error:
                if error.code == 401 and self._access is not None:
                    self._access = None  # it lives five minutes
                    return self._again(method, path, content)
                if not left or error.code not in {429, 502, 503, 504}:
                    self._refused(error, path)
            except OSError as error:
                if not left:
                    self._silent(error)
            time.sleep(_PAUSE)
        raise AssertionError  # the last try returns or raises

    def _again(self, method: str, path: str, content: object) -> Any:
        try:
            return self._ask(method, path, content)
        except urllib.error.HTTPError as error:
            self._refused(error, path)
        except OSError as error:
            self._silent(error)

    def _ask(self, method: str, path: str, content: object) -> Any:
        return self._send(method, path, content, self._authorization())

    def _authorization(self) -> str:
        """What a request says of who asks; a JWT is changed for an access token first."""
        if not _JWT.fullmatch(self._token):
            return f"Token {self._token}"
        if self._access is None:
            found = self._send("POST", "/api/token/refresh/", {"refresh": self._token}, None)
            if not isinstance(found, dict) or not isinstance(found.get("access"), str):
                self._foreign()
            self._access = checked_token(found["access"], "the answer of the server")
        return f"Bearer {self._access}"

    def _send(self, method: str, path: str, content: object, who: str | None) -> Any:
        data = None if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        headers |= {"Authorization": who} if who else {}
        request = urllib.request.Request(  # noqa: S310 - `server_address` allows http alone
            self.url + path, data, headers, method=method
        )
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(request, timeout=self.timeout) as answer:
            raw = answer.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise PipelineError(f"{self.url} answers with more than {_LARGEST // 10**6:,} MB")
        try:
            return json.loads(raw) if raw.strip() else None
        except (ValueError, RecursionError):
            self._foreign()

    def _foreign(self) -> NoReturn:
        raise PipelineError(f"{self.url} is no Label Studio server: it answers otherwise") from None

    def _silent(self, error: OSError) -> NoReturn:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            said = f"no answer within {self.timeout:g} s"
        else:
            said = getattr(reason, "strerror", None) or type(reason).__name__
        raise PipelineError(f"cannot reach {self.url}: {said}") from None

    def _refused(self, error: urllib.error.HTTPError, path: str) -> NoReturn:
        """One line for an answer that is none."""
        raw = error.read(4096)
        error.close()
        said = {
            401: _unauthorised(raw),
            403: "the user of the token may not do this (403)",
            404: f"there is no {path.split('?', 1)[0]} (404): a wrong address or project",
            413: "a batch is too large for it (413)",
        }.get(error.code)
        if said is None and 300 <= error.code < 400:
            said = f"sends to another address ({error.code}): give that one with --url"
        if said is None:
            said = f"answers {error.code}{_detail(raw, self._token)}"
        raise PipelineError(f"{self.url}: {said}") from None


def _unauthorised(raw: bytes) -> str:
    if b"legacy" in raw.lower():
        return "legacy tokens are disabled (401): use a personal access token"
    return "the token is not accepted (401)"


def _detail(raw: bytes, token: str) -> str:
    """What a server that speaks JSON says beside the number; never the token."""
    try:
        content = json.loads(raw)
    except ValueError:
        return ""
    text = content.get("detail") if isinstance(content, dict) else None
    if not isinstance(text, str) or token in text:
        return ""
    return f": {' '.join(text.split())[:200]}"
