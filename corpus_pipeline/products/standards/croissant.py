"""Croissant 1.1 with the vocabulary for responsible AI (RAI 1.0), as JSON-LD.

Enters: a release.  Leaves: the description as a value, to lie beside the folder of the shards (in
the dataset, as it is published).  Beside what `dataset/croissant.json` has:
where, when and how each source was collected, what erasures took out, uses and limits as stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from corpus_pipeline.products.export.croissant import CONFORMS_TO, CONTEXT, RAI, record_set
from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import LISTED, Release, address_of, credited

#: How the vocabulary names the ways in which sources were obtained.
_COLLECTED = {
    "open": "Secondary Data Analysis",
    "self_collected": "Others: collected by the publisher",
    "commercial": "Others: bought or licensed",
    "user_input": "Others: input of users of a service",
    "synthetic": "Others: generated",
    "public_data": "Others: public data in authorised operation",
}


def describe(release: Release) -> dict[str, Any]:
    """The description."""
    publisher = release.publisher
    content: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS_TO, RAI],
        "name": release.name,
        "description": release.description,
        "license": _licences(release),
        "url": release.url or release.urn,
        "creator": [{"@type": "sc:Organization", "name": name} for name in release.creators],
        "publisher": _organisation(release),
        "datePublished": release.published,
        "version": release.version,
        "inLanguage": release.languages,
        "keywords": list(publisher.keywords),
        "citeAs": _citation(release),
        "isLiveDataset": False,
        **_responsible(release),
        "prov:wasDerivedFrom": [*_parents(release), *map(_source, release.sources)],
        "prov:wasGeneratedBy": _generated(release),
        "distribution": _distribution(release),
        "recordSet": [_records(release)],
    }
    return {name: value for name, value in content.items() if value not in (None, [], "")}


def lacks(release: Release) -> list[str]:
    """What the standard requires of a description and nobody stated; it is written all the same."""
    have = {
        "license": bool(_licences(release)),
        "creators": bool(release.creators),
        "published": bool(release.published),
    }
    return [name for name, there in have.items() if not there]


def _licences(release: Release) -> list[str]:
    stated = [release.stated_licence] if release.stated_licence else release.stated_licences
    named = [licences.url_of(licences.spdx_id(one)) or one for one in stated[:LISTED]]
    return [*dict.fromkeys(named), *(["see the license column"] if len(stated) > LISTED else [])]


def _citation(release: Release) -> str | None:
    """How to cite it, where it is known whom."""
    if not release.creators:
        return None
    version = f", version {release.version}" if release.version else ""
    return f"{', '.join(release.creators)}: {release.name}{version}"


def _organisation(release: Release) -> dict[str, Any] | None:
    who = release.publisher.publisher
    if who is None:
        return None
    return {"@type": "sc:Organization", "name": who.name, **({"url": who.url} if who.url else {})}


def _responsible(release: Release) -> dict[str, Any]:
    """The properties of RAI 1.0 that are known."""
    publisher = release.publisher
    kinds = [_COLLECTED[kind] for kind in release.each("kind") if kind in _COLLECTED]
    return {
        "rai:dataCollection": "\n".join(
            f"{one['name']}: {one.get('kind', 'unknown')}"
            + "".join(
                f"; {key} {one[key]}" for key in ("legal_basis", "collection_tool") if key in one
            )
            for one in release.sources
        ),
        "rai:dataCollectionType": sorted(set(kinds)),
        "rai:dataCollectionTimeframe": sorted(set(release.collected)),
        "rai:dataPreprocessingProtocol": [
            f"{stage['name']} (version {stage['version']}): "
            f"{release.dropped_by(str(stage['name']))} documents dropped"
            for stage in release.stages
        ],
        "rai:dataManipulationProtocol": [
            f"erasure {one['request']} ({one['date']}, {one['reason']}): "
            f"{one['documents']} documents"
            for one in release.erasures
        ],
        "rai:machineAnnotationTools": [
            f"{asset.stage}: {asset.ref} (sha256 {asset.sha256})"
            for asset in release.assets
            if asset.is_model
        ],
        "rai:personalSensitiveInformation": [release.personal_data],
        "rai:dataUseCases": list(publisher.intended_use),
        "rai:dataLimitations": list(publisher.limitations),
        "rai:dataBiases": list(publisher.biases),
        "rai:dataReleaseMaintenancePlan": publisher.maintenance,
    }


def _parents(release: Release) -> list[dict[str, Any]]:
    return [
        {"@type": "prov:Entity", "@id": f"urn:sha256:{one['seal']}", "name": "an earlier run"}
        for one in release.parents
    ]


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A source as an entity, credited to whoever it came from."""
    entity: dict[str, Any] = {
        "@type": "prov:Entity",
        "@id": f"source/{source['name']}",
        "name": str(source["name"]),
    }
    licence = licences.of_source(source)
    stated = licences.url_of(licence) or source.get("license")
    if stated:
        entity["license"] = str(stated)
    if address := address_of(source):
        entity["url"] = address
    who = credited(source)
    if who:
        entity["prov:wasAttributedTo"] = {"@type": "prov:Organization", "name": str(who)}
    return entity


def _generated(release: Release) -> dict[str, Any]:
    return {
        "@type": "prov:Activity",
        "@id": release.urn,
        "name": f"run of corpus-pipeline {release.tool}",
        "description": "manifest.json of the run with this seal holds configuration and code.",
    }


def _distribution(release: Release) -> list[dict[str, Any]]:
    files = [
        {
            "@type": "cr:FileObject",
            "@id": shard["path"],
            "name": shard["path"].rpartition("/")[2],
            "contentUrl": release.location(shard["path"]) or shard["path"],
            "contentSize": f"{shard['bytes']} B",
            "encodingFormat": "application/x-parquet",
            "sha256": shard["sha256"],
        }
        for shard in release.shards
    ]
    return [
        *files,
        {
            "@type": "cr:FileSet",
            "@id": "shards",
            "name": "shards",
            "description": "All shards.",
            "encodingFormat": "application/x-parquet",
            "includes": _patterns(release),
        },
    ]


def _patterns(release: Release) -> str | list[str]:
    """The names of the shards below the folder of the data: one pattern a split or folder."""
    names = [re.sub(r"[0-9]+(-of-[0-9]+)?(?=\.parquet$)", "*", s["path"]) for s in release.shards]
    patterns = sorted(set(names))
    return patterns[0] if len(patterns) == 1 else patterns


def _records(release: Release) -> dict[str, Any]:
    mixture = (release.dataset or {}).get("mixture")
    description = f"One record a document: {release.rows} of them."
    return record_set(release.columns, mixture, description)
