"""Croissant 1.1: the dataset described for machines, as JSON-LD.

Enters: the facts of an export.  Leaves: `croissant.json`, each shard with its sha256, each column
as a field, provenance as `prov:wasDerivedFrom` and `prov:wasGeneratedBy`.
What nobody stated, a date above all, is left out; `missing_properties` names what then lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from corpus_pipeline.products.export.facts import Facts

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"

#: Croissant 1.1, section "Dataset-level information": what a description must have.
REQUIRED = (
    "@context",
    "@type",
    "conformsTo",
    "name",
    "description",
    "license",
    "url",
    "creator",
    "datePublished",
)

#: What the terms of a description mean.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

#: The data types of Croissant, by those of Polars.
TYPES = {
    "String": "sc:Text",
    "Boolean": "sc:Boolean",
    "Float32": "sc:Float",
    "Float64": "sc:Float",
    **{f"{sign}Int{bits}": "sc:Integer" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}


def describe(facts: Facts) -> dict[str, Any]:
    """The description as a value."""
    content: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS_TO, RAI],
        "name": facts.name,
        "description": facts.description,
        "license": facts.licenses,
        "url": facts.url,
        "creator": [{"@type": "sc:Organization", "name": name} for name in facts.creators],
        "datePublished": facts.published,
        "version": facts.options.version,
        "inLanguage": "zh",
        "keywords": ["Chinese", "pre-training", "corpus"],
        "citeAs": f"{', '.join(facts.creators)}: {facts.name}, version {facts.options.version}",
        "isLiveDataset": False,
        "rai:dataPreprocessingProtocol": [
            f"{stage['name']} (version {stage['version']})" for stage in facts.run["stages"]
        ],
        "rai:personalSensitiveInformation": _personal(facts),
        "prov:wasDerivedFrom": [_derived(facts, source) for source in facts.sources],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "@id": f"urn:sha256:{facts.seal}",
            "name": f"run {facts.name}",
            "description": "manifest.json of the run with this seal holds configuration and code.",
        },
        "distribution": _distribution(facts),
        "recordSet": [record_set(facts.schema, facts.mixture, "One record a document.")],
    }
    return {name: value for name, value in content.items() if value not in (None, [])}


def render(facts: Facts) -> bytes:
    """The bytes of `croissant.json`."""
    return (json.dumps(describe(facts), ensure_ascii=False, indent=2) + "\n").encode()


def missing_properties(content: Mapping[str, Any]) -> list[str]:
    """Which required properties a description lacks.

    >>> missing_properties({"@type": "sc:Dataset", "name": "语料"})[:3]
    ['@context', 'conformsTo', 'description']
    """
    return [name for name in REQUIRED if not content.get(name)]


def _personal(facts: Facts) -> list[str]:
    stages = [stage["name"] for stage in facts.run["stages"]]
    if "pii" in stages:
        return ["Personal data that the pii stage knows is replaced by typed placeholders."]
    return ["No stage looked for personal data."]


def _derived(facts: Facts, source: Mapping[str, Any]) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "@type": "prov:Entity",
        "@id": f"source/{source['name']}",
        "name": str(source["name"]),
        "description": f"{facts.by_source.get(str(source['name']), 0)} documents of this dataset",
    }
    for key, name in (("license", "license"), ("url", "url")):
        if source.get(key):
            entity[name] = str(source[key])
    return entity


def _distribution(facts: Facts) -> list[dict[str, Any]]:
    files = [
        {
            "@type": "cr:FileObject",
            "@id": shard["path"],
            "name": shard["path"].rpartition("/")[2],
            "contentUrl": shard["path"],
            "contentSize": f"{shard['bytes']} B",
            "encodingFormat": "application/x-parquet",
            "sha256": shard["sha256"],
        }
        for shard in facts.shards
    ]
    file_set = {
        "@type": "cr:FileSet",
        "@id": "shards",
        "name": "shards",
        "description": "All shards of the split.",
        "encodingFormat": "application/x-parquet",
        "includes": _patterns(facts),
    }
    return [*files, file_set]


def _patterns(facts: Facts) -> str | list[str]:
    """The names of the shards: one pattern a split."""
    patterns = [f"data/{split}-*.parquet" for split in facts.splits]
    return patterns[0] if len(patterns) == 1 else patterns


def record_set(
    columns: Iterable[tuple[str, str]], mixture: Mapping[str, Any] | None, description: str
) -> dict[str, Any]:
    """The records of the shards: a field for each column that fits into a flat record."""
    # A document that is there several times has no id of its own in each row.
    once = mixture is None or set(mixture["copies"]) <= {"1"}
    return {
        "@type": "cr:RecordSet",
        "@id": "documents",
        "name": "documents",
        "description": description,
        **({"key": {"@id": "documents/id"}} if once else {}),
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"documents/{name}",
                "name": name,
                "dataType": TYPES[dtype],
                "source": {"fileSet": {"@id": "shards"}, "extract": {"column": name}},
            }
            for name, dtype in columns
            # A list of structs has no place in a flat record; it stays readable in the Parquet.
            if dtype in TYPES
        ],
    }
