"""How stores differ: where a bucket stands in the address, and what a PUT can be made to depend on.

Enters: `presets.yaml`.  Leaves: one `Preset` a cloud, by name or by the host of an endpoint.
Refuses: a file that disagrees with its own examples (`PipelineError`).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Examples, Name, Pack, Pattern, Text, load, prove_one

FILE = Path(__file__).with_name("presets.yaml")
#: Taken where the host of an endpoint says nothing.
DEFAULT = "minio"


class Preset(Examples):
    """What is known of one cloud; `hits` and `misses` are hosts that it has and has not."""

    name: Name
    #: A pattern of hosts; the group `region` reads the region.
    hosts: Pattern
    #: The endpoint of a region, or nothing where a user has to name one.
    endpoint: str
    region: str
    addressing: Literal["virtual", "path"]
    #: How an object is created only where none is: `If-None-Match: *`, a header of the cloud's
    #: own, or a look before the PUT.
    create: Annotated[str, Field(pattern=r"^(if_none_match|check|x-[a-z]+-forbid-overwrite)$")]
    #: Whether `If-Match` makes a PUT depend on the object that it replaces.
    replace: bool
    bulk_delete: bool
    part_mib: Annotated[int, Field(ge=5, le=512)]
    #: The variables of access key, secret and session token that the cloud's own tools read.
    keys: tuple[Text, Text, Text]
    source: Text
    #: The server that the preset was run against, or `documentation`.
    verified: Text

    def region_of(self, host: str) -> str | None:
        """The region that a host names; empty where it names none, None where it is not ours."""
        found = re.search(self.hosts, host)
        return (
            None
            if found is None
            else found["region"] or ""
            if "region" in found.groupdict()
            else ""
        )


class _Presets(Pack):
    noun: ClassVar[str] = "store presets"

    presets: tuple[Preset, ...]


def _proved(pack: _Presets) -> dict[str, Preset]:
    def knows(preset: Preset, host: str) -> bool:
        return preset.region_of(host) is not None

    for preset in pack.presets:
        prove_one(f"preset {preset.name}", preset, partial(knows, preset))
    return {preset.name: preset for preset in pack.presets}


@cache
def presets() -> dict[str, Preset]:
    """All presets by name."""
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    return load(Asset("package:io/fs/presets.yaml", FILE, digest), _Presets, _proved)


def recognised(host: str) -> Preset:
    """The preset of an endpoint's host.

    >>> recognised("oss-cn-beijing.aliyuncs.com").name, recognised("store.example.org").name
    ('oss', 'minio')
    """
    known = [one for one in presets().values() if one.region_of(host) is not None]
    return known[0] if known else presets()[DEFAULT]
