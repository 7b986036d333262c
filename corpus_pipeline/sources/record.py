"""What a source registry holds of a source beside its licence: the records that audits ask for.

Enters: mappings of a config.  Leaves: options that stand in the manifest of a run as they are.
Refuses: a day that is none, more bad items than were sampled.  Every key may stay away: what it
would prove is then missing or unchecked in an audit, never assumed.
"""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import Literal, Self

from pydantic import Field, model_validator

from corpus_pipeline.model import Options


class Assessment(Options):
    """A sample of a source that people or programs looked at for unlawful and harmful content."""

    sampled: int = Field(ge=1)
    """Items looked at."""

    bad: int = Field(ge=0)
    """Of these, items with unlawful or harmful content."""

    method: str | None = None
    """How they were drawn and looked at."""

    date: dt.date
    """When."""

    assessor: str | None = None
    """Who answers for it."""

    @model_validator(mode="after")
    def _no_more_bad_than_sampled(self) -> Self:
        if self.bad > self.sampled:
            raise ValueError(f"bad is {self.bad}, more than the {self.sampled} sampled")
        return self


class SourceRecords(Options):
    """The records of a source; which of them it needs depends on its kind (docs/sources.md)."""

    dataset: str | None = None
    """The name of the data set, as its publisher calls it."""

    organisation: str | None = None
    """The organisation or person that it comes from."""

    service: str | None = None
    """Of user input: the service whose users wrote it; `source_id` of a row is the user."""

    language: tuple[str, ...] = ()
    """Languages of the texts, e.g. `[zh, en]`; where `langid` ran, the rows say it."""

    region: str | None = None
    """The country or region that it comes from, e.g. `CN` or `SG`."""

    license_url: str | None = None
    """Where the licence text stands."""

    contract: str | None = None
    """Of bought or shared data: the contract or agreement, by number or file."""

    commitments: str | None = None
    """What the partner commits to and proves of origin, quality and safety, and its review."""

    authorisation: str | None = None
    """Of user input: the record of the users' authorisation."""

    consent: str | None = None
    """Of personal data: the record of consent, where consent is the legal basis."""

    sensitive_consent: str | None = None
    """Of sensitive personal data: the record of separate consent, or of another legal basis."""

    collection_records: str | None = None
    """Of collected data: the log of what was fetched when."""

    collection_tool: str | None = None
    """Of collected data: name and version of the crawler, and how it identifies itself."""

    robots_review: str | None = None
    """Of collected data: the review of robots.txt and other refusals, before and while fetching."""

    impact_assessment: str | None = None
    """Of automatically collected data: what it does to the services that are visited."""

    refusals: str | None = None
    """How requests to leave something out, or to take it out, are kept and carried out."""

    grade: str | None = None
    """Its class and grade by the operator's own classification of data."""

    pre_assessment: Assessment | None = None
    """The sample that was looked at before the source was collected."""

    post_verification: Assessment | None = None
    """The sample that was looked at after it was."""

    implementing_body: str | None = None
    """Of public data: the body that authorises the operation (实施机构)."""

    operator: str | None = None
    """Of public data: the body that operates it (运营机构)."""

    agreement_ref: str | None = None
    """Of public data: the operation agreement (运营协议), by number."""

    scope: str | None = None
    """Of public data: what the agreement allows the data to be used for."""

    registration_code: str | None = None
    """Of public data: the code of the registration (登记赋码)."""

    registered_until: dt.date | None = None
    """Of public data: the last day for which the registration or the agreement holds."""

    security_assessment: str | None = None
    """Of public data: the security assessment of the operation, by number or file."""


class Source(SourceRecords):
    """Where documents come from, and by what right they are used."""

    name: str
    """What the column `source` says; each source has a name of its own."""

    match: tuple[str, ...] = ("**",)
    """Globs on an input's path below what was given; the first source that fits claims it."""

    kind: Literal[
        "open", "self_collected", "commercial", "user_input", "synthetic", "public_data", "unknown"
    ] = "unknown"
    """How the data was obtained."""

    license: str | None = None
    """SPDX id or text; a document's own licence wins."""

    legal_basis: str | None = None
    """By what right the data is used, e.g. `PIPL art. 27: public information`."""

    collected_at: str | None = None
    """When the data was collected, e.g. `2026-01`."""

    evidence: str | None = None
    """The record that proves the legal basis, e.g. a path or a contract number."""

    url: str | None = None
    """Where the source is described."""

    origin: Literal["cn", "foreign"] | None = None
    """The country of origin: GB/T 45654 asks for both kinds where foreign data is used."""

    aigc_model: str | None = None
    """Of generated text: the model or service that made it, with its version; a record's own
    statement wins."""

    aigc_at: str | None = None
    """Of generated text: when it was obtained, e.g. `2026-01`."""

    @property
    def generated(self) -> dict[str, str]:
        """What holds for documents that do not say it themselves: label, model, time."""
        label = "1" if self.kind == "synthetic" else None
        stated = {"aigc": label, "aigc_model": self.aigc_model, "aigc_at": self.aigc_at}
        return {name: value for name, value in stated.items() if value is not None}

    def holds(self, locator: str) -> bool:
        """Whether this source claims the input."""
        return any(pattern == "**" or fnmatchcase(locator, pattern) for pattern in self.match)
