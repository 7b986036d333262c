"""Listings that go on where a connection broke, and past keys that are no paths.

Enters: a bucket and a prefix.  Leaves: what the store says of each key, each once, in its order.
The client repeats requests that fail, but not one whose answer breaks off in the middle; and it
refuses a whole page for one key with a line break or `..`: then we ask for the page ourselves.
Raises `StoreError` where it breaks again and again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, cast
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import obstore

from corpus_pipeline.io.fs.credentials import provider
from corpus_pipeline.io.fs.errors import StoreError, store_errors
from corpus_pipeline.io.fs.settings import connection
from corpus_pipeline.io.fs.signed import asked

TRIES = 5
PAUSE_S = 0.1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Bucket(Protocol):
    """A place in a bucket."""

    @property
    def scheme(self) -> str:
        """Of its URL."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""


def keys(
    bucket: Bucket, client: Any, prefix: str | None, chunk: int, leave: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """What is known of each key under the prefix, as it is listed; `bucket` names it in errors.

    `leave` is called with each key that no path can have.
    """
    last: str | None = None
    tries = 0
    while True:
        try:
            with store_errors(bucket):
                for group in obstore.list(client, prefix, offset=last, chunk_size=chunk):
                    for item in cast(Sequence[dict[str, Any]], group):
                        last, tries = item["path"], 0
                        yield item
        except StoreError as error:
            if error.kind == "key_name":
                yield from _any_keys(bucket, prefix or "", last or "", leave, error)
                return
            tries = _again(error, tries)
        else:
            return


def is_path(key: str) -> bool:
    r"""Whether the client takes a key for a path, and for this one.

    >>> [key for key in ("a/春 b+%2F.txt", "a//b", "a/../b", "a/", "a\n") if is_path(key)]
    ['a/春 b+%2F.txt']
    """
    return not (_CONTROL.search(key) or {"", ".", ".."}.intersection(key.split("/")))


def _any_keys(
    bucket: Bucket, prefix: str, last: str, leave: Callable[[str], None], error: StoreError
) -> Iterator[dict[str, Any]]:
    """The rest of a listing, whatever the keys; `error` where there are no keys to sign with."""
    if bucket.scheme == "gs":
        raise error
    found = connection(bucket.scheme, bucket.bucket)
    rights = provider(str(bucket), found.preset, found.credentials)
    if rights is None:
        raise error
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix, "start-after": last}
    tries = 0
    while True:
        try:
            page = ET.fromstring(asked(found, rights(), query))  # noqa: S314 - the user's own store
        except StoreError as broken:
            tries = _again(broken, tries)
            continue
        tries = 0
        for entry in page.iterfind("{*}Contents"):
            said = {part.tag.rpartition("}")[2]: part.text or "" for part in entry}
            key = unquote_plus(said["Key"])
            if is_path(key):
                time_ = datetime.fromisoformat(said["LastModified"])
                sizes = {"size": int(said["Size"]), "e_tag": said.get("ETag")}
                yield {"path": key, "last_modified": time_, **sizes}
            else:
                leave(key)
        token = page.findtext("{*}NextContinuationToken")
        if page.findtext("{*}IsTruncated") != "true" or not token:
            return
        query = {**query, "continuation-token": token}


def folder(place: object, client: Any, prefix: str | None) -> Any:
    """The objects and the folders right below a prefix."""
    tries = 0
    while True:
        try:
            with store_errors(place):
                return obstore.list_with_delimiter(client, prefix)
        except StoreError as error:
            tries = _again(error, tries)


def _again(error: StoreError, tries: int) -> int:
    """The number of tries so far, after a pause; the error where it is none to try again for."""
    if error.kind not in ("broken", "slow_down", "silence") or tries + 1 >= TRIES:
        raise error
    time.sleep(PAUSE_S * 2**tries)
    return tries + 1
