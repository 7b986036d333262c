"""What a store can do, tried out: the steps of a run, each on objects of its own that go again.

Enters: the path of a store, below which the keys may write.  Leaves: one `Finding` a step.
A step that the store refuses is a finding with the likely cure; those that need it are left out.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import obstore

from corpus_pipeline.io.fs.errors import StoreError, store_errors
from corpus_pipeline.io.fs.path import StorePath, replace_if
from corpus_pipeline.io.fs.settings import connection, put_new
from corpus_pipeline.model import PipelineError

OK, LIMITED, FAILED, SKIPPED = "ok", "limited", "failed", "skipped"
#: The least that a part of a multipart upload may have.
_PART = 5 << 20
_TEXT = "一二三四".encode()


@dataclass(frozen=True)
class Finding:
    """One step: how it went, what is known of it, and what to do."""

    step: str
    state: str
    says: str
    mend: str
    milliseconds: int

    def line(self) -> str:
        """The finding as one line."""
        rest = "; ".join(filter(None, (self.says, self.mend)))
        return f"{self.state:8}{self.step:12}{rest or f'{self.milliseconds} ms'}"

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON holds it."""
        return asdict(self)


class _LimitedError(Exception):
    """A step that the store cannot do, and that a run can do without."""


class _Trial:
    """The objects of one examination, all below one key that nobody else has."""

    def __init__(self, root: StorePath) -> None:
        self.root = root / f".corpus-doctor-{uuid.uuid4().hex[:12]}"
        self.text = self.root / "数据 1.txt"
        self.marker = self.root / "marker"

    def settings(self) -> str:
        """The connection that was found: no secret is in it."""
        if self.root.scheme == "gs":
            return "Google Cloud Storage"
        found = connection(self.root.scheme, self.root.bucket)
        address = "host" if found.virtual else "path"
        return (
            f"preset {found.preset.name} ({found.preset.verified}), {found.address}, "
            f"region {found.region}, bucket in the {address}"
        )

    def put(self) -> str:
        """A key in Chinese with a space is written and read back."""
        self.text.write_bytes(_TEXT)
        _same(self.text, self.text.read_bytes(), _TEXT, "another content came back")
        return ""

    def range_read(self) -> str:
        """A range of an object comes alone."""
        with store_errors(self.text):
            data = obstore.get_range(self.text.client, self.text.key, start=3, length=6)
        _same(self.text, bytes(data), _TEXT[3:9], "other bytes came than were asked for")
        return ""

    def multipart(self) -> str:
        """An object of two parts is put together."""
        path = self.root / "parts"
        data = os.urandom(_PART + 1000)
        with store_errors(path):
            obstore.put(path.client, path.key, data, use_multipart=True, chunk_size=_PART)
        _same(path, path.read_bytes(), data, "the parts were put together wrongly")
        return ""

    def listing(self) -> str:
        """What was written is listed at once."""
        names = {path.name for path, _ in self.root.below()}
        if self.text.name not in names:
            raise StoreError(self.root, "an object is not listed after it was written", _EVENTUAL)
        return ""

    def create_only(self) -> str:
        """A second PUT of the marker is refused, as two runs on one output have to be."""
        first = put_new(self.root.scheme, self.root.bucket, self.marker.key, b"1")
        second = put_new(self.root.scheme, self.root.bucket, self.marker.key, b"2")
        if not first or second or self.marker.read_bytes() != b"1":
            raise StoreError(self.marker, "a create-only PUT overwrote an object", _IGNORED)
        if self._limited("create"):
            raise _LimitedError(_RACE)
        return ""

    def replace(self) -> str:
        """A PUT for one version of an object is refused when another stands there."""
        old = self.marker.facts()["e_tag"]
        first = replace_if(self.marker, b"3", old)
        if not first or replace_if(self.marker, b"4", old):
            raise StoreError(self.marker, "a PUT under If-Match overwrote a newer object", _IGNORED)
        if self._limited("replace"):
            raise _LimitedError(_NO_REPLACE)
        return ""

    def _limited(self, what: str) -> bool:
        """Whether the cloud has no PUT under this condition."""
        if self.root.scheme == "gs":
            return False
        preset = connection(self.root.scheme, self.root.bucket).preset
        return not preset.replace if what == "replace" else preset.create == "check"

    def delete(self) -> str:
        """All of it goes again."""
        self.root.remove_below()
        left = [path.name for path, _ in self.root.below()]
        if left:
            raise StoreError(self.root, f"{len(left)} objects are left after deleting", _EVENTUAL)
        return ""


_EVENTUAL = "a run lists what it wrote: use a store with consistent listings"
_IGNORED = (
    "two runs on one output would not notice each other: name the preset of the cloud in "
    "CORPUS_PIPELINE_STORES, update the server, or switch the bucket's versions off"
)
_RACE = "no create-only PUT here: two runs that start on one output in one moment are not noticed"
_NO_REPLACE = (
    "no PUT under If-Match here: of two runs that take over the lock of a killed one in one "
    "moment, the first ends when it next looks, seconds later"
)


def _same(path: StorePath, came: bytes, wanted: bytes, says: str) -> None:
    if came != wanted:
        raise StoreError(path, says, "try another endpoint, or no proxy in between")


def examine(root: StorePath) -> list[Finding]:
    """Every step on this store, in the order in which a run takes them."""
    trial = _Trial(root)
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("settings", trial.settings),
        ("put", trial.put),
        ("range", trial.range_read),
        ("multipart", trial.multipart),
        ("list", trial.listing),
        ("create", trial.create_only),
        ("replace", trial.replace),
        ("delete", trial.delete),
    )
    found: list[Finding] = []
    for name, step in steps:
        if any(one.state == FAILED for one in found if one.step in {"settings", "put"}):
            found.append(Finding(name, SKIPPED, "not tried", "", 0))
        else:
            found.append(_tried(name, step))
    return found


def _tried(name: str, step: Callable[[], str]) -> Finding:
    began = time.monotonic()
    state, says, mend = OK, "", ""
    try:
        says = step()
    except _LimitedError as limit:
        state, says = LIMITED, str(limit)
    except StoreError as error:
        state, says, mend = FAILED, error.says, error.mend
    except FileNotFoundError:
        state, says, mend = FAILED, "the object that was just written is not there", _EVENTUAL
    except PipelineError as error:
        state, says = FAILED, str(error)
    return Finding(name, state, says, mend, round((time.monotonic() - began) * 1000))
