"""Data Provenance Standards 1.0.0 of the Data & Trust Alliance: source, provenance, use.

Enters: a release whose issuer, day, uses and regions are known.  Leaves: the metadata as a value.
"""

from __future__ import annotations

from typing import Any

from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import Release, credited

VERSION = "1.0.0"
#: Codes of our own for how sources were obtained, as docs/sources.md explains them.
_SYSTEM = "corpus-pipeline source kinds"


def needs(release: Release) -> list[str]:
    """What the standard requires and nobody stated."""
    have = {
        "publisher": release.publisher.publisher,
        "published": release.published,
        "intended_use": release.publisher.intended_use,
        "region (of a source)": _regions(release),
    }
    return [name for name, there in have.items() if not there]


def describe(release: Release) -> dict[str, Any]:
    """The three groups."""
    return {
        "source": _known(_source(release)),
        "provenance": _known(_provenance(release)),
        "use": _known(_use(release)),
    }


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _source(release: Release) -> dict[str, Any]:
    who = release.publisher.publisher
    issuer: dict[str, Any] = {} if who is None else {"name": who.name}
    if who is not None and who.url:
        issuer["address"] = [who.url]
    return {
        "version": VERSION,
        "title": release.name,
        "id": release.urn,
        "location": release.publisher.metadata_url,
        "issuer": [issuer],
        "description": release.description,
    }


def _regions(release: Release) -> list[str]:
    """Countries of the sources: the region that a record states, or China for `origin: cn`."""
    origins = {"cn": "CN"}
    stated = [one.get("region") or origins.get(one.get("origin", "")) for one in release.sources]
    return sorted({str(one) for one in stated if one})


def _provenance(release: Release) -> dict[str, Any]:
    issuer = release.publisher.publisher
    people = {who for who in map(credited, release.sources) if who}
    collected = release.collected
    previous = release.publisher.previous
    return {
        "source": "; ".join(sorted(set(release.each("url")))),
        "origin": [{"name": one} for one in sorted(people - {issuer.name if issuer else ""})],
        "origin-geography": [{"country": one} for one in _regions(release)],
        "date": release.published,
        "previous-date": previous.isoformat() if previous else None,
        "generation-period": {"start": collected[0], "end": collected[-1]} if collected else None,
        "generation-method": [
            {"code": kind, "system": _SYSTEM}
            for kind in sorted({str(one.get("kind", "unknown")) for one in release.sources})
        ],
        "format": ["text", "application/vnd.apache.parquet"],
    }


def _use(release: Release) -> dict[str, Any]:
    publisher = release.publisher
    stated = [release.stated_licence] if release.stated_licence else release.stated_licences
    named = [licences.url_of(licences.spdx_id(one)) or one for one in stated if one]
    return {
        "consents": sorted({*release.each("consent"), *release.each("sensitive_consent")}),
        "privacy-enhancing": _privacy(release),
        "processing-included": [{"country": one} for one in publisher.processing_countries],
        "storage-allowed": [{"country": one} for one in publisher.storage_countries],
        "license": list(dict.fromkeys(named)),
        "intended-purpose": [
            {"code": f"stated-{number}", "description": text}
            for number, text in enumerate(publisher.intended_use, start=1)
        ],
    }


def _privacy(release: Release) -> list[dict[str, Any]]:
    """The stage that masks; the published schema requires `tool`, its text names `tool-used`."""
    stage = next((one for one in release.stages if one["name"] == "pii"), None)
    if stage is None:
        return []
    tool = f"corpus-pipeline {release.tool}, stage pii version {stage['version']}"
    return [
        {
            "tool-category": {"code": "masking"},
            "tool": tool,
            "tool-used": tool,
            "result": [release.personal_data],
        }
    ]
