"""Requests to S3 that the client has no call for, with a signature of version 4.

Enters: a connection, its keys, a method, a key of any characters, and a query.  Leaves: the body of
the answer.  Raises `StoreError` where the store refuses, or does not answer.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from corpus_pipeline.io.fs.errors import explained
from corpus_pipeline.io.fs.settings import Connection, timeout

_ALGORITHM = "AWS4-HMAC-SHA256"


def asked(
    found: Connection,
    keys: Mapping[str, Any],
    query: Mapping[str, str],
    *,
    key: str = "",
    method: str = "GET",
    body: bytes = b"",
) -> bytes:
    """The body of the answer; `keys`: what a provider of credentials gives."""
    base = urlsplit(found.address)
    home = base.path.rstrip("/") if found.virtual else f"{base.path.rstrip('/')}/{found.bucket}"
    path = quote(f"{home}/{key}", safe="/~")
    asks = "&".join(
        f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query)
    )
    url = f"{base.scheme}://{base.netloc}{path}?{asks}"
    headers = _headers(found.region, keys, (method, path, asks, base.netloc, body))
    request = urllib.request.Request(url, body or None, headers, method=method)  # noqa: S310 - the endpoint of the settings
    place = f"{found.scheme}://{found.bucket}"
    try:
        with urllib.request.urlopen(request, timeout=timeout()) as answer:  # noqa: S310 - the same
            content: bytes = answer.read()
    except urllib.error.HTTPError as error:
        said = error.read(1 << 16).decode("utf-8", "replace")
        raise explained(place, ValueError(f"status: {error.code}, {said}")) from None
    except TimeoutError:
        raise explained(place, ValueError("kind: Timeout")) from None
    except (OSError, http.client.HTTPException):
        raise explained(place, ValueError("kind: Interrupted")) from None
    return content


def _headers(
    region: str, keys: Mapping[str, Any], request: tuple[str, str, str, str, bytes]
) -> dict[str, str]:
    method, path, asks, host, body = request
    now = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    if keys.get("token"):
        headers["x-amz-security-token"] = keys["token"]
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"{method}\n{path}\n{asks}\n{lines}\n{names}\n{digest}"
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{keys['secret_access_key']}".encode()
    for part in (*scope.split("/"), text):
        secret = hmac.digest(secret, part.encode(), "sha256")
    credential = f"Credential={keys['access_key_id']}/{scope}"
    signature = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={secret.hex()}"
    return {**headers, "authorization": signature}
