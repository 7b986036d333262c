"""An in-toto statement with SLSA provenance (v1): which build made these files from which inputs.

Enters: a release.  Leaves: the statement; `sign` puts it into an envelope.  Subjects are the shards
and the manifest, dependencies the inputs, rules, models and packages.  No times are in it.
"""

from __future__ import annotations

from typing import Any

from corpus_pipeline.products.signing import STATEMENT
from corpus_pipeline.products.standards.release import NAMESPACE, Release

PREDICATE = "https://slsa.dev/provenance/v1"
#: What the parameters of a build of this type mean: docs/standards.md.
BUILD_TYPE = f"{NAMESPACE}build/run/1"


def describe(release: Release) -> dict[str, Any]:
    """The statement."""
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": "manifest.json", "digest": {"sha256": release.manifest_sha256}},
            *(_file(release.folder + shard["path"], shard["sha256"]) for shard in release.shards),
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"config": release.manifest.get("config", {})},
                "internalParameters": {
                    "stages": [
                        {"name": stage["name"], "version": str(stage["version"])}
                        for stage in release.stages
                    ],
                },
                "resolvedDependencies": _dependencies(release),
            },
            "runDetails": _details(release),
        },
    }


def purl(name: str, version: str) -> str:
    """The address of a Python package.

    >>> purl("PyYAML", "6.0")
    'pkg:pypi/pyyaml@6.0'
    """
    return f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"


def _file(name: str, sha256: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}}


def _dependencies(release: Release) -> list[dict[str, Any]]:
    inputs = [
        {
            **_file(f"input/{entry['locator']}", entry["sha256"]),
            "annotations": {"source": entry.get("source"), "format": entry.get("format")},
        }
        for entry in release.manifest["inputs"]
    ]
    assets = [
        {**_file(asset.ref, asset.sha256), "annotations": {"stage": asset.stage}}
        for asset in release.assets
    ]
    earlier = [
        {"uri": f"urn:sha256:{one['seal']}", "annotations": {"what": "seal of an earlier run"}}
        for one in release.parents
    ]
    packages = [{"name": name, "uri": purl(name, version)} for name, version in release.packages]
    return [*earlier, *inputs, *assets, *packages]


def _details(release: Release) -> dict[str, Any]:
    other = [
        entry
        for entry in release.manifest["files"]
        if not str(entry["path"]).startswith("kept/") or release.dataset
    ]
    return {
        "builder": {
            "id": release.publisher.builder or purl("corpus-pipeline", release.tool),
            "version": {"corpus-pipeline": release.tool},
        },
        "metadata": {"invocationId": f"urn:sha256:{release.manifest['key']}"},
        "byproducts": [
            {**_file(entry["path"], entry["sha256"]), "annotations": {"rows": entry["rows"]}}
            for entry in other
        ],
    }
