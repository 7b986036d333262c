"""`sites.yaml`: which sites there are, what lies where, what each costs.

Enters: a YAML file; the key that the sites share, from the environment.  Leaves: a `SitesFile`.
Refuses: unknown keys, a name that is used twice, a site that is not there, a key that could be
guessed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.fs import place
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Strict

#: The environment variable with the key that the sites share and the coordinator does not need.
KEY: Final = "CORPUS_PIPELINE_SITES_KEY"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class SiteEntry(Strict):
    """A site: its inputs, its folders, its cluster and its price."""

    name: SiteName
    inputs: tuple[Text, ...] = ()
    output: Text
    exchange: Text | None = None
    engine: Literal["local", "ray"] | None = None
    address: Text | None = None
    workers: int | None = Field(default=None, ge=1)
    cores: int = Field(default=1, ge=1)
    price: float = Field(default=0.0, ge=0)
    queue_hours: float = Field(default=0.0, ge=0)
    mb_s: float | None = Field(default=None, gt=0)
    size_mb: float | None = Field(default=None, ge=0)
    link_mb_s: float | None = Field(default=None, gt=0)


def _each_once(sites: tuple[SiteEntry, ...]) -> tuple[SiteEntry, ...]:
    names = [site.name for site in sites]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two sites are called {name!r}")
    return sites


class SitesFile(Pack):
    """All sites of one corpus."""

    noun: ClassVar[str] = "sites file"

    pack: str = "sites"
    version: int = 1
    source: str = "configured"

    name: Text = "corpus"
    config: Text
    output: Text
    currency: Text = "units"
    signature: int = Field(default=1024, ge=64, le=8192)
    within: tuple[Literal["line_dedup", "spam_names"], ...] = ()
    shared: tuple[Text, ...] = ()
    prefer: Literal["time", "cost"] = "time"
    deadline_hours: float | None = Field(default=None, gt=0)
    sites: Annotated[tuple[SiteEntry, ...], Field(min_length=1), AfterValidator(_each_once)]

    _base: Path = PrivateAttr(default_factory=Path)

    def site(self, name: str) -> SiteEntry:
        """The site of this name; `PipelineError` where there is none."""
        for site in self.sites:
            if site.name == name:
                return site
        known = ", ".join(site.name for site in self.sites)
        raise PipelineError(f"no site {name!r} in the sites file; there are: {known}")

    def path(self, given: str) -> Path:
        """A place of the file: a URL, or a path relative to the file's folder."""
        return place(given) if _SCHEME.match(given) else self._base / given

    def inputs(self, site: SiteEntry) -> list[str]:
        """The inputs of a site as paths."""
        return [str(self.path(given)) for given in site.inputs]

    def run(self, site: SiteEntry) -> Path:
        """The folder of the site's run, which stays at the site."""
        return self.path(site.output) / "run"

    def exchange(self, site: SiteEntry) -> Path:
        """The folder that the site and the coordinator can both reach."""
        if site.exchange is not None:
            return self.path(site.exchange)
        return self.path(site.output) / "exchange"

    @property
    def decisions(self) -> Path:
        """The coordinator's folder."""
        return self.path(self.output) / "decisions"

    @property
    def totals(self) -> Path:
        """The coordinator's folder of what it decided about groups."""
        return self.path(self.output) / "totals"

    @property
    def release(self) -> Path:
        """The folder of the manifest over all sites."""
        return self.path(self.output) / "release"


def sites_file(path: Path) -> SitesFile:
    """The sites in a file."""
    file = place(path)
    if not file.is_file():
        raise PipelineError(f"no such sites file: {path}")
    # A copy: the loader keeps one object a content, and the same content may lie in two folders.
    content = load(resolve(str(file.resolve()), Path.cwd()), SitesFile).model_copy()
    content._base = file.resolve().parent  # noqa: SLF001 – its own module
    return content


def sites_key() -> bytes:
    """The key that the sites share: 32 bytes, so that nobody finds it by trying."""
    given = os.environ.get(KEY, "").strip()
    if not given:
        raise PipelineError(
            f"the sites share a key: set {KEY} to 64 hexadecimal digits, the same at every site "
            "(`openssl rand -hex 32` makes one)"
        )
    if not re.fullmatch(r"[0-9a-fA-F]{64}", given) or len(set(given.lower())) < 8:
        raise PipelineError(
            f"{KEY} has to be 64 hexadecimal digits drawn at random (`openssl rand -hex 32`)"
        )
    return bytes.fromhex(given)
