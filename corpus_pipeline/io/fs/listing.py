"""Listings that go on where a connection broke.

Enters: a client and a prefix.  Leaves: what the store says of each key, each once, in its order.
The client repeats requests that fail, but not one whose answer breaks off in the middle.
Raises `StoreError` where it breaks again and again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import obstore

from corpus_pipeline.io.fs.errors import StoreError, store_errors

TRIES = 5
PAUSE_S = 0.1


def keys(place: object, client: Any, prefix: str | None, chunk: int) -> Iterator[dict[str, Any]]:
    """What is known of each key under the prefix, as it is listed; `place` names it in errors."""
    last: str | None = None
    tries = 0
    while True:
        try:
            with store_errors(place):
                for group in obstore.list(client, prefix, offset=last, chunk_size=chunk):
                    for item in cast(Sequence[dict[str, Any]], group):
                        last, tries = item["path"], 0
                        yield item
        except StoreError as error:
            tries = _again(error, tries)
        else:
            return


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
    if error.kind != "broken" or tries + 1 >= TRIES:
        raise error
    time.sleep(PAUSE_S * 2**tries)
    return tries + 1
