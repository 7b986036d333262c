"""CycloneDX 1.6 as a bill of materials for machine learning: the release as a data component.

Enters: a release.  Leaves: the bill.  Components are shards, sources, models, rules and packages;
what is not known stays away.  No timestamp but that of a stated publication.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import Asset, Release, address_of, credited
from corpus_pipeline.products.standards.slsa import purl

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def describe(release: Release) -> dict[str, Any]:
    """The bill."""
    components = [
        *(_source(release, source) for source in release.sources),
        *map(_asset, release.assets),
        *(_package(name, version) for name, version in _software(release)),
    ]
    metadata: dict[str, Any] = {
        "tools": {"components": [_package("corpus-pipeline", release.tool, "application")]},
        "component": _release(release),
    }
    if release.published:
        metadata = {"timestamp": f"{release.published}T00:00:00Z", **metadata}
    if release.publisher.publisher:
        metadata["supplier"] = _organisation(release)
    return {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, release.urn)}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": _dependencies(release, components),
    }


def _software(release: Release) -> list[tuple[str, str]]:
    return [("corpus-pipeline", release.tool), *release.packages]


def _dependencies(release: Release, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    refs = sorted({str(one["bom-ref"]) for one in components})
    return [{"ref": release.urn, "dependsOn": refs}, *({"ref": one} for one in refs)]


def _organisation(release: Release) -> dict[str, Any]:
    who = release.publisher.publisher
    if who is None:
        return {}
    return {"name": who.name, **({"url": [who.url]} if who.url else {})}


def _properties(**values: Any) -> list[dict[str, str]]:
    told = {name: value for name, value in values.items() if value is not None}
    return [{"name": f"corpus-pipeline:{name}", "value": str(told[name])} for name in sorted(told)]


def _release(release: Release) -> dict[str, Any]:
    """The release itself: one component of data, its shards inside."""
    publisher = release.publisher
    contents = {"url": publisher.download_url} if publisher.download_url else None
    data: dict[str, Any] = {
        "type": "dataset",
        "name": release.name,
        "contents": contents,
        "classification": publisher.confidentiality,
        "description": release.description,
        "sensitiveData": [release.personal_data],
        "governance": (
            {"owners": [{"organization": _organisation(release)}]} if publisher.publisher else None
        ),
    }
    counts = release.manifest["counts"]
    component: dict[str, Any] = {
        "type": "data",
        "bom-ref": release.urn,
        "name": release.name,
        "version": release.version,
        "description": release.description,
        "hashes": [_hash(release.manifest_sha256)],
        "licenses": _licences(release.licence, release.stated_licence),
        "data": [{key: value for key, value in data.items() if value is not None}],
        "components": [_shard(release, shard) for shard in release.shards],
        "properties": _properties(
            seal=release.seal,
            documents=release.rows,
            text_bytes=release.text_bytes,
            read=counts["read"],
            dropped=counts["dropped"],
            quarantined=counts["quarantined"],
            erased=counts.get("erased") or None,
        ),
    }
    if publisher.url:
        component["externalReferences"] = [{"type": "website", "url": publisher.url}]
    return {key: value for key, value in component.items() if value not in (None, [])}


def _shard(release: Release, shard: Mapping[str, Any]) -> dict[str, Any]:
    path = release.folder + shard["path"]
    return {
        "type": "file",
        "bom-ref": f"file:{path}",
        "mime-type": "application/vnd.apache.parquet",
        "name": path,
        "hashes": [_hash(shard["sha256"])],
        "properties": _properties(bytes=shard["bytes"], documents=shard["rows"]),
    }


def _hash(value: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": value}


def _licences(known: str | None, stated: str | None) -> list[dict[str, Any]]:
    """An identifier of the list, an expression, or the words as they are."""
    if known is not None and not licences.is_listed(known):
        return [{"expression": known}]
    if known is not None:
        return [{"license": {"id": known}}]
    return [{"license": {"name": stated}}] if stated else []


def _source(release: Release, source: Mapping[str, Any]) -> dict[str, Any]:
    name = str(source["name"])
    who = credited(source)
    owners = {"owners": [{"organization": {"name": str(who)}}]} if who else None
    data: dict[str, Any] = {"type": "dataset", "governance": owners}
    data["name"] = str(source.get("dataset") or name)
    if address := address_of(source):
        data["contents"] = {"url": address}
    component: dict[str, Any] = {
        "type": "data",
        "bom-ref": f"source:{name}",
        "name": name,
        "licenses": _licences(licences.of_source(source), source.get("license")),
        "data": [{key: value for key, value in data.items() if value is not None}],
        "properties": _properties(
            kind=source.get("kind"),
            legal_basis=source.get("legal_basis"),
            collected_at=source.get("collected_at"),
            origin=source.get("origin"),
            region=source.get("region"),
            documents=release.by_source[name],
        ),
    }
    return {key: value for key, value in component.items() if value not in (None, [])}


def _asset(asset: Asset) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "machine-learning-model" if asset.is_model else "data",
        "bom-ref": f"asset:{asset.sha256}",
        "name": asset.ref,
        "hashes": [_hash(asset.sha256)],
        "properties": _properties(stage=asset.stage, role=asset.role),
    }
    if not asset.is_model:
        component["data"] = [{"type": "configuration", "name": asset.ref}]
    return component


def _package(name: str, version: str, kind: str = "library") -> dict[str, Any]:
    address = purl(name, version)
    ref = address if kind == "library" else f"tool:{address}"
    told = {"type": kind, "bom-ref": ref, "name": name}
    return {**told, "version": version, "purl": address}
