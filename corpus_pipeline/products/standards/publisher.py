"""What only the publisher of a release can say: who, when, under which licence, for what.

Enters: a YAML file.  Leaves: a `Publisher`.  Every key may stay away; a standard that cannot do
without it is then left out, and says so.
Errors: `PipelineError`, one line with the file and the key.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.rules.pack import Pack, Text, load
from corpus_pipeline.rules.settings import Strict

Uri = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+$"),
]
Mail = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$")]
Day = dt.date


class Organisation(Strict):
    """Who publishes."""

    name: Text
    url: Uri | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


class Contact(Strict):
    """Whom to ask: an office rather than a person."""

    name: Text
    email: Mail


class EuSummary(Strict):
    """What the summary for the AI Act asks of the provider of a model, in the provider's words."""

    summary_version: Text | None = None
    last_update: Day | None = None
    provider: Text | None = None
    representative: Text | None = None
    models: tuple[Text, ...] = ()
    dependencies: Text | None = None
    placed_on_market: Day | None = None
    tokens: int | None = Field(default=None, ge=1)
    content_types: Text | None = None
    large_public_datasets: Text | None = None
    other_private_datasets: Text | None = None
    crawlers: Text | None = None
    domains: Text | None = None
    code_of_practice: bool | None = None
    opt_out_measures: Text | None = None
    illegal_content_measures: Text | None = None
    comments: Text | None = None


class Publisher(Pack):
    """The whole file."""

    noun: ClassVar[str] = "publisher config"

    pack: str = "publisher"
    version: int = 1
    source: str = "handed in"

    publisher: Organisation | None = None
    contact: Contact | None = None
    creators: tuple[Text, ...] = ()
    title: Text | None = None
    description: Text | None = None
    dataset_version: Text | None = None
    published: Day | None = None
    previous: Day | None = None
    built: Day | None = None
    license: Text | None = None
    url: Uri | None = None
    download_url: Uri | None = None
    metadata_url: Uri | None = None
    keywords: tuple[Text, ...] = ()
    access: Literal["public", "restricted public", "non-public"] | None = None
    rights: Annotated[Text, StringConstraints(max_length=255)] | None = None
    intended_use: tuple[Text, ...] = ()
    limitations: tuple[Text, ...] = ()
    biases: tuple[Text, ...] = ()
    maintenance: Text | None = None
    confidentiality: Literal["clear", "green", "amber", "red"] | None = None
    storage_countries: tuple[Text, ...] = ()
    processing_countries: tuple[Text, ...] = ()
    builder: Uri | None = None
    eu_summary: EuSummary = EuSummary()


def read_publisher(path: Path | None) -> Publisher:
    """What the file says; nothing where there is none."""
    return Publisher() if path is None else load(resolve(str(path), Path.cwd()), Publisher)
