"""SPDX 3.0.1 as JSON-LD: the release as a dataset package, with sources, models and packages.

Enters: a release whose day of publication is known.  Leaves: the document.  A licence that is on no
list is `NoAssertionLicense`, with its words as a comment.  The profile `dataset` is claimed only
where everything that it asks for is known.
"""

from __future__ import annotations

import uuid
from typing import Any

from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import Asset, Release, address_of, credited
from corpus_pipeline.products.standards.slsa import purl

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NO_LICENCE = "expandedlicensing_NoAssertionLicense"
_CREATION = "_:creation"


class _Elements:
    """The elements of a document, each with an address that its content determines."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.all: list[dict[str, Any]] = []

    def address(self, *parts: str) -> str:
        """The address of an element of this document."""
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '/'.join((self.release.urn, *parts)))}"

    def put(self, kind: str, *parts: str, **properties: Any) -> str:
        """An element; properties that are None or empty stay away."""
        told = {k: v for k, v in properties.items() if v is not None and v not in ([], "")}
        address = self.address(kind, *parts)
        base = {"type": kind, "spdxId": address, "creationInfo": _CREATION}
        self.all.append({**base, **told})
        return address

    def relate(self, start: str, kind: str, *ends: str, comment: str | None = None) -> None:
        """A relationship; none where there are no ends."""
        if ends:
            more = {"from": start, "relationshipType": kind, "to": list(ends), "comment": comment}
            self.put("Relationship", start, kind, *ends, **more)


def needs(release: Release) -> list[str]:
    """What the document cannot do without."""
    return [] if release.published else ["published"]


def describe(release: Release) -> dict[str, Any]:
    """The document."""
    elements = _Elements(release)
    tool = elements.put(
        "SoftwareAgent", "tool", name="corpus-pipeline", description=f"version {release.tool}"
    )
    maker = _organisation(elements, release) or tool
    package = _package(elements, release, maker, tool)
    _licensed(elements, package, release.licence, release.stated_licence)
    parts = [*_shards(elements, release)]
    elements.relate(package, "hasDataFile", *parts)
    _sources(elements, release, package)
    _models(elements, release, package)
    _packages(elements, release, package)
    for one in release.parents:
        elements.relate(package, "descendantOf", f"urn:sha256:{one['seal']}")
    document = {
        "type": "SpdxDocument",
        "spdxId": elements.address("document"),
        "creationInfo": _CREATION,
        "name": release.name,
        "profileConformance": _profiles(release),
        "rootElement": [package],
        "element": [one["spdxId"] for one in elements.all],
    }
    external = [f"urn:sha256:{one['seal']}" for one in release.parents]
    if external:
        document["import"] = [
            {"type": "ExternalMap", "externalSpdxId": address} for address in external
        ]
    creation = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": _time(str(release.published)),
        "createdBy": [maker],
        "createdUsing": [_tool(elements, release)],
    }
    return {"@context": _CONTEXT, "@graph": [creation, document, *elements.all]}


def _tool(elements: _Elements, release: Release) -> str:
    return elements.put("Tool", "tool", name=f"corpus-pipeline {release.tool}")


def _profiles(release: Release) -> list[str]:
    publisher = release.publisher
    asked = (publisher.built, publisher.publisher, release.published, publisher.download_url)
    whole = ["dataset"] if all(asked) else []
    return ["core", "software", "simpleLicensing", "ai", *whole]


def _time(day: str) -> str:
    return f"{day}T00:00:00Z"


def _organisation(elements: _Elements, release: Release) -> str | None:
    who = release.publisher.publisher
    return elements.put("Organization", who.name, name=who.name) if who else None


def _package(elements: _Elements, release: Release, maker: str, tool: str) -> str:
    publisher = release.publisher
    treated = next((s for s in release.stages if s["name"] == "pii"), None)
    return elements.put(
        "dataset_DatasetPackage",
        "package",
        name=release.name,
        description=release.description,
        software_packageVersion=release.version,
        software_primaryPurpose="data",
        software_homePage=publisher.url,
        software_downloadLocation=publisher.download_url,
        releaseTime=_time(str(release.published)),
        builtTime=_time(publisher.built.isoformat()) if publisher.built else None,
        originatedBy=[maker] if maker != tool else None,
        verifiedUsing=[_hash(release.manifest_sha256, "of manifest.json, which lists every file")],
        dataset_datasetType=["text"],
        dataset_datasetSize=release.bytes,
        dataset_dataCollectionProcess=_collection(release),
        dataset_dataPreprocessing=[
            f"{stage['name']} (version {stage['version']}): "
            f"{release.dropped_by(str(stage['name']))} documents dropped"
            for stage in release.stages
        ],
        dataset_anonymizationMethodUsed=[release.personal_data] if treated else None,
        dataset_hasSensitivePersonalInformation="noAssertion",
        dataset_intendedUse="; ".join(publisher.intended_use),
        dataset_knownBias=list(publisher.biases),
        dataset_confidentialityLevel=publisher.confidentiality,
        dataset_datasetUpdateMechanism=publisher.maintenance,
        dataset_datasetAvailability="directDownload" if publisher.download_url else None,
    )


def _collection(release: Release) -> str:
    return "; ".join(
        ", ".join(
            str(one[key])
            for key in ("name", "kind", "collected_at", "collection_tool")
            if key in one
        )
        for one in release.sources
    )


def _hash(value: str, comment: str | None = None) -> dict[str, Any]:
    told = {"type": "Hash", "algorithm": "sha256", "hashValue": value}
    return told if comment is None else {**told, "comment": comment}


def _shards(elements: _Elements, release: Release) -> list[str]:
    return [
        elements.put(
            "software_File",
            release.folder + shard["path"],
            name=release.folder + shard["path"],
            contentType="application/vnd.apache.parquet",
            software_primaryPurpose="data",
            verifiedUsing=[_hash(shard["sha256"])],
        )
        for shard in release.shards
    ]


def _licensed(elements: _Elements, start: str, known: str | None, stated: str | None) -> None:
    """What licence is declared; nobody concluded one."""
    declared, words = _NO_LICENCE, stated
    if known:
        declared, words = _expression(elements, known), None
    elements.relate(start, "hasDeclaredLicense", declared, comment=words)
    elements.relate(start, "hasConcludedLicense", _NO_LICENCE)


def _expression(elements: _Elements, text: str) -> str:
    kind = "simplelicensing_LicenseExpression"
    address = elements.address(kind, text)
    if all(one["spdxId"] != address for one in elements.all):
        elements.put(kind, text, simplelicensing_licenseExpression=text)
    return address


def _sources(elements: _Elements, release: Release, package: str) -> None:
    """Each source as a dataset that the release descends from."""
    for source in release.sources:
        name = str(source["name"])
        who = credited(source)
        agent = elements.put("Organization", "source", name, name=str(who)) if who else None
        address = elements.put(
            "dataset_DatasetPackage",
            "source",
            name,
            name=str(source.get("dataset") or name),
            comment=f"{release.by_source[name]} documents of the release",
            software_primaryPurpose="data",
            software_homePage=address_of(source),
            originatedBy=[agent] if agent else None,
            dataset_datasetType=["text"],
            dataset_hasSensitivePersonalInformation="noAssertion",
            dataset_dataCollectionProcess=source.get("collection_tool"),
        )
        known = licences.of_source(source)
        _licensed(elements, address, known, source.get("license"))
        elements.relate(package, "descendantOf", address)


def _models(elements: _Elements, release: Release, package: str) -> None:
    """The trained models by which documents were measured; rules are configuration."""
    for asset in release.assets:
        kind = "ai_AIPackage" if asset.is_model else "software_File"
        purpose = "model" if asset.is_model else "configuration"
        address = _asset(elements, asset, kind, purpose)
        elements.relate(package, "usesTool", address)


def _asset(elements: _Elements, asset: Asset, kind: str, purpose: str) -> str:
    return elements.put(
        kind,
        asset.sha256,
        name=asset.ref,
        comment=f"used by the stage {asset.stage}",
        software_primaryPurpose=purpose,
        verifiedUsing=[_hash(asset.sha256)],
    )


def _packages(elements: _Elements, release: Release, package: str) -> None:
    for name, version in [("corpus-pipeline", release.tool), *release.packages]:
        address = elements.put(
            "software_Package",
            name,
            name=name,
            software_packageVersion=version,
            software_packageUrl=purl(name, version),
            software_primaryPurpose="library",
        )
        elements.relate(package, "usesTool", address)
