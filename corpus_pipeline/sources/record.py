"""A source as a legal record: what it is, by what right it is used, and what proves it.

Enters: mappings of a config.  Leaves: options that stand in the manifest of a run as they are.
Refuses: a day that is none, a period that ends before it begins, more bad items than were sampled,
an SPDX identifier that there is not.  Every key but the name may stay away: what it would prove is
then missing or unchecked in an audit, never assumed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from corpus_pipeline.model import Options
from corpus_pipeline.sources.licence import spdx_expression, spdx_of

#: By what right personal data is processed, and the article of the Personal Information Protection
#: Law that says so.
CONSENT: Final[Mapping[str, str | None]] = {
    "consent": "PIPL art. 13 (1)",
    "contract": "PIPL art. 13 (2)",
    "statutory_duty": "PIPL art. 13 (3)",
    "emergency": "PIPL art. 13 (4)",
    "news": "PIPL art. 13 (5)",
    "public_information": "PIPL art. 13 (6), art. 27",
    "other_law": "PIPL art. 13 (7)",
    "no_personal_data": None,
}
ConsentBasis = Literal[
    "consent",
    "contract",
    "statutory_duty",
    "emergency",
    "news",
    "public_information",
    "other_law",
    "no_personal_data",
]


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


class Review(Options):
    """What a source says of being collected: robots.txt and other refusals, or who opted out."""

    verdict: Literal["allowed", "partly", "refused", "nothing_stated"]
    """`partly`: what refuses was left out; `refused`: the source as a whole may not be used."""

    checked: str | None = None
    """What was looked at, e.g. `robots.txt and TDM headers of 12 hosts`."""

    date: dt.date
    """When."""

    record: str | None = None
    """The file that shows it; the manifest holds its digest."""


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

    contributor: str | None = None
    """Who is credited for it; the organisation, else the source's name."""

    spdx: str | None = None
    """The licence as an SPDX expression; taken from `license` where that is one."""

    license_url: str | None = None
    """Where the licence text stands."""

    contract: str | None = None
    """Of bought or shared data: the contract or agreement, by number or file."""

    commitments: str | None = None
    """What the partner commits to and proves of origin, quality and safety, and its review."""

    authorisation: str | None = None
    """Of user input: the record of the users' authorisation."""

    consent_basis: ConsentBasis | None = None
    """Of personal data: the case of art. 13 of the PIPL that it falls under."""

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

    robots: Review | None = None
    """Of collected data: what robots.txt, robots tags and reservations of rights said."""

    opt_out: Review | None = None
    """Whether authors or persons asked to be left out, and whether they were."""

    collected_from: dt.date | None = None
    """The first day of its collection."""

    collected_until: dt.date | None = None
    """The last day of its collection."""

    impact_assessment: str | None = None
    """Of automatically collected data: what it does to the services that are visited."""

    refusals: str | None = None
    """How requests to leave something out, or to take it out, are kept and carried out."""

    grade: str | None = None
    """Its grade: `general`, `important` or `core` (GB/T 43697-2024), or the operator's own."""

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

    security_assessment: str | None = Field(
        default=None,
        validation_alias=AliasChoices("security_assessment", "security_assessment_ref"),
    )
    """Of public data: the security assessment of the operation, by number or file."""


#: The pattern of a source that takes what no other source claims.
REST = "**"


class Source(SourceRecords):
    """Where documents come from, and by what right they are used."""

    name: str
    """What the column `source` says; each source has a name of its own."""

    match: tuple[str, ...] = (REST,)
    """Globs on an input's path below what was given; `**` alone takes what no other source does."""

    excludes: tuple[str, ...] = ()
    """Globs of what is another source's although `match` fits."""

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
    """The file that proves licence or legal basis; the manifest holds its digest."""

    url: str | None = None
    """Where the source is described."""

    origin: Literal["cn", "foreign"] | None = None
    """The country of origin: GB/T 45654 asks for both kinds where foreign data is used."""

    aigc_model: str | None = None
    """Of generated text: the model or service that made it, with its version; a record's own
    statement wins."""

    aigc_at: str | None = None
    """Of generated text: when it was obtained, e.g. `2026-01`."""

    @field_validator("spdx")
    @classmethod
    def _is_spdx(cls, spdx: str | None) -> str | None:
        return None if spdx is None else spdx_expression(spdx)

    @model_validator(mode="after")
    def _licence_and_period_hold(self) -> Self:
        spdx_of(self.license)
        first, last = self.collected_from, self.collected_until
        if first is not None and last is not None and last < first:
            raise ValueError(f"collected_until {last} lies before collected_from {first}")
        return self

    @property
    def credited(self) -> str:
        """Who is credited for the source."""
        return self.contributor or self.organisation or self.name

    def record(self) -> dict[str, Any]:
        """The record as a manifest holds it: what follows from it is spelled out."""
        derived = {
            "contributor": self.credited,
            "spdx": self.spdx or spdx_of(self.license),
            "consent_article": CONSENT[self.consent_basis] if self.consent_basis else None,
        }
        return {**self.model_dump(mode="json"), **derived}

    @property
    def files(self) -> dict[str, str]:
        """The files that the record names, by the dotted key that names them."""
        reviews = {"robots": self.robots, "opt_out": self.opt_out}
        named = {"evidence": self.evidence}
        named |= {f"{key}.record": one.record for key, one in reviews.items() if one is not None}
        return {key: file for key, file in named.items() if file is not None}

    @property
    def generated(self) -> dict[str, str]:
        """What holds for documents that do not say it themselves: label, model, time."""
        label = "1" if self.kind == "synthetic" else None
        stated = {"aigc": label, "aigc_model": self.aigc_model, "aigc_at": self.aigc_at}
        return {name: value for name, value in stated.items() if value is not None}

    @property
    def takes_rest(self) -> bool:
        """Whether it takes what no other source claims."""
        return REST in self.match

    def claims(self, locator: str) -> bool:
        """Whether its patterns name the input; those of a source that takes the rest name none."""
        return not self.takes_rest and _fits(locator, self.match) and not self.leaves(locator)

    def leaves(self, locator: str) -> bool:
        """Whether it leaves the input to others."""
        return _fits(locator, self.excludes)


def _fits(locator: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(locator, pattern) for pattern in patterns)
