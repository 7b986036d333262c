"""Connections to stores: where a bucket is reached, by which rules, and with which rights.

Enters: a scheme and a bucket; the variables of the environment (`AWS_*`, the clouds' own, and
`CORPUS_PIPELINE_STORES`, a list of stores in YAML or the path of one).
Leaves: a client, one a process and bucket; how an object is created only where none is.
Credentials are read from the environment by the client itself, or come from the chain of the SDK;
none is kept, printed or written.  Raises `PipelineError` for settings that cannot be.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
import yaml
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import GCSStore, S3Store
from pydantic import ValidationError

from corpus_pipeline.io.fs.credentials import provider
from corpus_pipeline.io.fs.presets import Preset, presets, recognised
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.settings import Strict

#: The schemes that `place` knows; those behind `gs` are S3 with the preset of that name.
SCHEMES: Final = ("s3", "gs", "oss", "cos", "obs", "tos", "minio")
STORES: Final = "CORPUS_PIPELINE_STORES"
TIMEOUT: Final = "CORPUS_PIPELINE_STORE_TIMEOUT"
#: Seconds without an answer after which a request is given up and made again.
SECONDS: Final = 60.0
RETRIES: Final = 8
#: How the client's errors say that an attempt came before.
_RETRIED: Final = re.compile(r"after [1-9]\d* retries|\bretries: [1-9]")
#: How they say that it is not known whether the store has done what was asked.
_LOST: Final = re.compile(r"kind: (?:Interrupted|Timeout)\b")


class _Store(Strict):
    """One entry of `CORPUS_PIPELINE_STORES`."""

    url: str
    preset: str = ""
    endpoint: str = ""
    region: str = ""
    credentials: str = ""


@dataclass(frozen=True)
class Connection:
    """Where a bucket is, and by which rules; no secret is in it."""

    scheme: str
    bucket: str
    preset: Preset
    endpoint: str
    region: str
    credentials: str

    @property
    def address(self) -> str:
        """The endpoint, with the bucket where the preset wants it."""
        parts = urlsplit(self.endpoint)
        host = parts.hostname or ""
        numeric = host == "localhost" or host.replace(".", "").isdigit()
        if self.preset.addressing == "path" or numeric or "." in self.bucket:
            return self.endpoint
        if host.startswith(f"{self.bucket}."):
            return self.endpoint
        return f"{parts.scheme}://{self.bucket}.{parts.netloc}{parts.path}"

    @property
    def virtual(self) -> bool:
        """Whether the bucket is in the host."""
        return (urlsplit(self.address).hostname or "").startswith(f"{self.bucket}.")


def timeout() -> float:
    """The seconds without an answer after which a request is given up; `PipelineError` for junk."""
    given = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(given or SECONDS)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise PipelineError(f"{TIMEOUT} is {given!r}: give seconds, such as 60")
    return seconds


def patience() -> float:
    """The seconds after which an endpoint that hangs has been given up, retries and all."""
    return 3 * timeout() + 5


def _entries() -> list[_Store]:
    """The stores that the environment describes."""
    given = os.environ.get(STORES, "").strip()
    if not given:
        return []
    try:
        inline = given.startswith(("[", "-")) or "\n" in given
        data = yaml.safe_load(given if inline else Path(given).read_text("utf-8"))
        return [_Store.model_validate(entry) for entry in data]
    except OSError as error:
        raise PipelineError(f"{STORES} cannot be read: {error.strerror} ({given})") from None
    except ValidationError as error:  # its text may hold what was typed by mistake: a secret
        key = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise PipelineError(f"{STORES}: the key {key!r} is unknown, missing or no text") from None
    except (yaml.YAMLError, TypeError, UnicodeDecodeError):
        raise PipelineError(f"{STORES} is no list of stores in YAML") from None


def _first(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def connection(scheme: str, bucket: str) -> Connection:
    """Where a bucket is, from the entry for it, the variables of the environment, and the presets.

    Raises `PipelineError` where an endpoint or a region is missing or no preset has the name.
    """
    url = f"{scheme}://{bucket}"
    entry = next((one for one in _entries() if one.url.rstrip("/") == url), _Store(url=url))
    name = entry.preset or ("" if scheme == "s3" else scheme)
    if name and name not in presets():
        raise PipelineError(f"{url}: no preset {name!r}; there are {', '.join(presets())}")
    endpoint = entry.endpoint or _endpoint(name)
    host = urlsplit(endpoint).hostname or ""
    if endpoint and not host:
        raise PipelineError(f"{url}: the endpoint {endpoint!r} is no URL such as https://host:9000")
    asked = entry.region or (recognised(host).region_of(host) if host else "")
    region = asked or _first("AWS_REGION", "AWS_DEFAULT_REGION")
    if not name:
        name = recognised(host).name if host else "aws_cn" if region.startswith("cn-") else "aws"
    preset = presets()[name]
    region = region or preset.region
    if not endpoint and not preset.endpoint:
        raise PipelineError(f"{url}: set AWS_ENDPOINT_URL_S3 to the endpoint of the store")
    if not region:
        raise PipelineError(f"{url}: set AWS_REGION, or the region of the store in {STORES}")
    endpoint = endpoint or preset.endpoint.format(region=region)
    return Connection(scheme, bucket, preset, endpoint.rstrip("/"), region, entry.credentials)


def _endpoint(name: str) -> str:
    """The endpoint that the environment names, if it is one of this preset."""
    given = _first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    own = name in {"", "minio"} or recognised(urlsplit(given).hostname or "").name == name
    return given if own else ""


@cache
def _opened(scheme: str, bucket: str, header: str, _process: int) -> Any:
    options: Any = {
        "connect_timeout": timedelta(seconds=min(timeout(), 10)),
        "read_timeout": timedelta(seconds=timeout()),
        "timeout": timedelta(hours=2),
    }
    if header:
        options["default_headers"] = {header: "true"}
    retries: Any = {
        "max_retries": RETRIES,
        "retry_timeout": timedelta(seconds=2 * timeout()),
        "backoff": {
            "init_backoff": timedelta(seconds=0.1),
            "max_backoff": timedelta(seconds=10),
            "base": 2,
        },
    }
    try:
        if scheme == "gs":
            return GCSStore(bucket, client_options=options, retry_config=retries)
        found = connection(scheme, bucket)
        return _s3(found, options | {"allow_http": found.address.startswith("http:")}, retries)
    except (BaseError, ValueError) as error:
        line = str(error).splitlines()[0][:200]
        raise PipelineError(f"{scheme}://{bucket} has settings that cannot be: {line}") from None


def _s3(found: Connection, options: Any, retries: Any) -> S3Store:
    config: dict[str, Any] = {
        "aws_endpoint_url_s3": found.address,
        "endpoint": found.address,
        "region": found.region,
        "virtual_hosted_style_request": found.virtual,
        "disable_bulk_delete": not found.preset.bulk_delete,
    }
    rights = provider(f"{found.scheme}://{found.bucket}", found.preset, found.credentials)
    if rights is not None:
        config["credential_provider"] = rights
    return S3Store(found.bucket, client_options=options, retry_config=retries, **config)


def client(scheme: str, bucket: str) -> Any:
    """The connection to a bucket, one a process."""
    return _opened(scheme, bucket, "", os.getpid())


def part_bytes(scheme: str, bucket: str) -> int:
    """The size of one part of a multipart upload."""
    return 8 << 20 if scheme == "gs" else connection(scheme, bucket).preset.part_mib << 20


def put_new(scheme: str, bucket: str, key: str, data: bytes) -> bool:
    """Create an object; False where one stood.

    The answer to a PUT may be lost.  Then what stands there is looked at: these very bytes count as
    created here, others as another's, and where nothing is the PUT is made again.
    """
    deadline = time.monotonic() + 2 * timeout()
    store = client(scheme, bucket)
    way = "if_none_match" if scheme == "gs" else connection(scheme, bucket).preset.create
    if way == "check" and _content(store, key) is not None:
        return False
    mode: Any = "create" if way == "if_none_match" else "overwrite"
    target = _opened(scheme, bucket, way, os.getpid()) if way.startswith("x-") else store
    doubt = False
    for attempt in itertools.count():
        try:
            obstore.put(target, key, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError) as error:
            doubt = doubt or _RETRIED.search(str(error)) is not None
            return doubt and _content(store, key) == data
        except BaseError as error:
            if not _LOST.search(str(error)) or time.monotonic() > deadline or attempt == RETRIES:
                raise
        else:
            return True
        doubt = True
        time.sleep(min(0.1 * 2**attempt, 10))
    raise AssertionError


def puts_over(scheme: str, bucket: str) -> bool:
    """Whether a PUT may depend on the object that it replaces."""
    return scheme == "gs" or connection(scheme, bucket).preset.replace


def put_over(scheme: str, bucket: str, key: str, data: bytes, e_tag: str) -> bool:
    """Replace the object that has this `e_tag`; False where another stands, or none.

    A store without `If-Match` has the object deleted and created: of two that do so in one moment
    the first finds later that its object is gone, as a lock that is read again shows.
    """
    store = client(scheme, bucket)
    refusals = (AlreadyExistsError, PreconditionError, FileNotFoundError)
    try:
        if puts_over(scheme, bucket):
            obstore.put(store, key, data, mode=_version(store, key, e_tag), use_multipart=False)
            return True
        if obstore.head(store, key)["e_tag"] != e_tag:
            return False
        obstore.delete(store, key)
        return put_new(scheme, bucket, key, data)
    except refusals:
        return False


def _version(store: Any, key: str, e_tag: str) -> Any:
    """What a PUT depends on: the tag, and the number of the version where the store counts them."""
    if not isinstance(store, GCSStore):
        return {"e_tag": e_tag}
    facts = obstore.head(store, key)
    if facts["e_tag"] != e_tag:
        raise PreconditionError
    return {"e_tag": e_tag, "version": facts["version"]}


def _content(store: Any, key: str) -> bytes | None:
    try:
        return bytes(obstore.get(store, key).bytes())
    except FileNotFoundError:
        return None
