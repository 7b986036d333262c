"""Records for open-data portals: `data.json` (DCAT-US 1.1, Project Open Data) and DCAT 3.

Enters: a release; for `data.json` one whose publisher, contact and level of access are known.
Leaves: the records as values.
"""

from __future__ import annotations

from typing import Any

from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import Release

_SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
_PARQUET = "application/vnd.apache.parquet"
_MEDIA = f"https://www.iana.org/assignments/media-types/{_PARQUET}"


def needs(release: Release) -> list[str]:
    """What `data.json` requires and nobody stated."""
    publisher = release.publisher
    have = {
        "publisher": publisher.publisher,
        "contact": publisher.contact,
        "published": release.published,
        "access": publisher.access,
        "keywords": publisher.keywords,
    }
    return [name for name, there in have.items() if not there]


def data_json(release: Release) -> dict[str, Any]:
    """The catalogue with this one dataset."""
    return {
        "@context": f"{_SCHEMA}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": _SCHEMA,
        "describedBy": f"{_SCHEMA}/catalog.json",
        "dataset": [_known(_dataset(release))],
    }


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [], {}, "")}


def _dataset(release: Release) -> dict[str, Any]:
    publisher, who = release.publisher, release.publisher.publisher
    contact = publisher.contact
    return {
        "@type": "dcat:Dataset",
        "title": release.name,
        "description": release.description,
        "keyword": list(publisher.keywords),
        "modified": release.published,
        "issued": release.published,
        "publisher": who and {"@type": "org:Organization", "name": who.name},
        "contactPoint": contact
        and {"@type": "vcard:Contact", "fn": contact.name, "hasEmail": f"mailto:{contact.email}"},
        "identifier": release.url or release.urn,
        "accessLevel": publisher.access,
        "rights": publisher.rights,
        "license": licences.url_of(release.licence),
        "temporal": _temporal(release),
        "language": _languages(release),
        "landingPage": publisher.url,
        "distribution": _distributions(release),
    }


def _temporal(release: Release) -> str | None:
    """When the sources were collected, first to last, where the record is a date."""
    collected = release.collected
    return f"{collected[0]}/{collected[-1]}" if collected else None


def _languages(release: Release) -> list[str]:
    return list(release.languages)


def _distributions(release: Release) -> list[dict[str, Any]]:
    """One a shard, where an address was stated: the standard knows no others."""
    if release.publisher.download_url is None:
        return []
    return [
        {
            "@type": "dcat:Distribution",
            "title": shard["path"],
            "downloadURL": release.location(shard["path"]),
            "mediaType": _PARQUET,
            "format": "Parquet",
            "description": f"{shard['rows']} documents, sha256 {shard['sha256']}",
        }
        for shard in release.shards
    ]


_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def dcat(release: Release) -> dict[str, Any]:
    """The dataset in DCAT 3, as JSON-LD; the properties of DCAT-AP are among them."""
    publisher, who = release.publisher, release.publisher.publisher
    contact = publisher.contact
    licence = licences.url_of(release.licence)
    return _known(
        {
            "@context": _CONTEXT,
            "@id": release.urn,
            "@type": "dcat:Dataset",
            "dct:identifier": release.urn,
            "dct:title": release.name,
            "dct:description": release.description,
            "dct:publisher": who and _known({"@type": "foaf:Agent", "foaf:name": who.name}),
            "dcat:contactPoint": contact
            and {
                "@type": "vcard:Kind",
                "vcard:fn": contact.name,
                "vcard:hasEmail": {"@id": f"mailto:{contact.email}"},
            },
            "dct:issued": release.published and {"@type": "xsd:date", "@value": release.published},
            "dcat:version": release.version,
            "dcat:keyword": list(publisher.keywords),
            "dcat:landingPage": publisher.url and {"@id": publisher.url},
            "dct:license": licence and {"@id": licence},
            "dct:language": _languages(release),
            "prov:wasDerivedFrom": [
                {"@id": f"urn:sha256:{one['seal']}"} for one in release.parents
            ],
            "dcat:distribution": [_known(_distribution(release, one)) for one in release.shards],
        }
    )


def _distribution(release: Release, shard: dict[str, Any]) -> dict[str, Any]:
    address = release.location(shard["path"])
    return {
        "@id": f"urn:sha256:{shard['sha256']}",
        "@type": "dcat:Distribution",
        "dct:title": release.folder + shard["path"],
        "dcat:downloadURL": address and {"@id": address},
        "dcat:mediaType": {"@id": _MEDIA},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(shard["bytes"])},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": shard["sha256"]},
        },
    }
