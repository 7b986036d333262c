"""A release as plain facts: what its manifests know, and what its publisher says.

Enters: the folder of a finished run, with its dataset where it was exported, and a `Publisher`.
Leaves: a `Release`, from which every standard is written.  No clock is read, nothing is guessed:
what nobody stated is None or empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from corpus_pipeline.io import manifest
from corpus_pipeline.io.parquet import schema_of
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import KEPT, PII, Run, open_run
from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.publisher import Publisher

#: The namespace of our own terms; a name, not an address that anybody has to reach.
NAMESPACE = "https://corpus-pipeline.invalid/ns/"
DATASET = "dataset"
#: Licences that a description lists one by one; more are a column of the data.
LISTED = 20
#: An absolute IRI, as the validators of the standards read one.
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[^\s\x00-\x20<>\"{}|\\^`%\u200b-\u202e]|%[0-9A-Fa-f]{2})+"
)
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class Asset(NamedTuple):
    """A file of rules or weights that a stage used."""

    stage: str
    role: str
    ref: str
    sha256: str

    @property
    def is_model(self) -> bool:
        """Whether it is a trained model: stages call its role so."""
        return self.role == "model" or self.role.startswith("classifier")


@dataclass(frozen=True)
class Release:
    """What is known of a release."""

    run: Run
    dataset: Mapping[str, Any] | None
    publisher: Publisher
    manifest_sha256: str

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest of the run."""
        return self.run.manifest

    @property
    def name(self) -> str:
        """The title."""
        stated = self.publisher.title or (self.dataset or {}).get("name")
        return str(stated or self.manifest.get("name") or "corpus")

    @property
    def seal(self) -> str:
        """What identifies the release: the seal of the run."""
        return str(self.manifest["seal"])

    @property
    def urn(self) -> str:
        """The same as an identifier."""
        return f"urn:sha256:{self.seal}"

    @property
    def version(self) -> str | None:
        """The version of the dataset."""
        return self.publisher.dataset_version or self.options.get("version")

    @property
    def description(self) -> str:
        """As stated, otherwise what the counts say."""
        counts = self.manifest["counts"]
        return (
            self.publisher.description
            or str(self.options.get("description") or "")
            or (
                f"Chinese text: {self.rows:,} documents of {counts['read']:,} that were read, "
                f"{counts['dropped']:,} dropped, {counts['quarantined']:,} unreadable."
            )
        )

    @property
    def creators(self) -> list[str]:
        """Whom to credit, as stated."""
        stated = list(self.publisher.creators) or list(self.options.get("creators") or [])
        return stated or ([self.publisher.publisher.name] if self.publisher.publisher else [])

    @property
    def published(self) -> str | None:
        """The day of publication, as stated."""
        if self.publisher.published is not None:
            return self.publisher.published.isoformat()
        stated = self.options.get("published")
        return str(stated) if stated else None

    @property
    def url(self) -> str | None:
        """Where the release is described."""
        return self.publisher.url or self.options.get("url")

    @property
    def folder(self) -> str:
        """Where the shards lie below the run: the dataset, or nothing where there is none."""
        return f"{DATASET}/" if self.dataset else ""

    @cached_property
    def shards(self) -> list[dict[str, Any]]:
        """The files with the kept documents: path below `folder`, bytes, sha256, rows."""
        if self.dataset:
            return [e for e in self.dataset["files"] if str(e["path"]).startswith("data/")]
        listed = {entry["path"]: entry for entry in self.manifest["files"]}
        return [listed[part] for part in self.run.parts(KEPT)]

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the export."""
        return dict((self.dataset or {}).get("options", {}))

    def location(self, path: str) -> str | None:
        """Where a shard can be fetched, where that was stated."""
        base = self.publisher.download_url
        return None if base is None else f"{base.rstrip('/')}/{path}"

    @property
    def rows(self) -> int:
        """Documents in the shards."""
        return sum(int(entry["rows"]) for entry in self.shards)

    @property
    def bytes(self) -> int:
        """Bytes of the shards."""
        return sum(int(entry["bytes"]) for entry in self.shards)

    @property
    def text_bytes(self) -> int:
        """Bytes of the texts in UTF-8."""
        counted = (self.dataset or {}).get("counts", {}).get("text_bytes")
        return int(self.manifest["counts"]["text_bytes_kept"] if counted is None else counted)

    @property
    def by_language(self) -> dict[str, int]:
        """Documents by language label; empty where the run did not say it."""
        counts = (self.dataset or {}).get("counts", {}).get("by_language", {})
        return {name: number for name, number in counts.items() if name}

    @property
    def languages(self) -> list[str]:
        """Tags (BCP 47) of its languages: those of the documents, or those that sources state."""
        found = [name for name in self.by_language if name not in {"mixed", "code", "und"}]
        stated = [name for source in self.sources for name in source.get("language") or []]
        return sorted(set(found)) or sorted(set(stated))

    @property
    def by_source(self) -> dict[str, int]:
        """Documents of this release by source."""
        if self.dataset:
            return dict(self.dataset["counts"]["by_source"])
        counts = self.manifest["counts"]["by_source"]
        return {name: states["kept"] for name, states in counts.items() if states["kept"]}

    @cached_property
    def sources(self) -> list[dict[str, Any]]:
        """The records of the sources that gave documents, by name, without what is not stated."""
        registry = self.run.sources
        records = [registry.get(name, {"name": name}) for name in sorted(self.by_source)]
        return [{k: v for k, v in one.items() if v not in (None, [], "")} for one in records]

    @property
    def stated_licences(self) -> list[str]:
        """The licences of the documents as stated, most frequent first; or those of the sources."""
        counts = (self.dataset or {}).get("counts", {}).get("by_license")
        if counts is None:
            return sorted({str(one["license"]) for one in self.sources if "license" in one})
        return sorted((name for name in counts if name), key=lambda name: (-counts[name], name))

    @property
    def licence(self) -> str | None:
        """The licence of the whole as an SPDX expression; None where it has none."""
        stated = self.publisher.license or self.options.get("license")
        if stated:
            return licences.spdx_id(stated)
        counts = (self.dataset or {}).get("counts", {}).get("by_license")
        if counts is None:
            return licences.all_of(one.get("spdx") or one.get("license") for one in self.sources)
        return licences.all_of(name or None for name in counts) if len(counts) <= LISTED else None

    @property
    def stated_licence(self) -> str | None:
        """The licence of the whole in words, where somebody stated one."""
        stated = self.publisher.license or self.options.get("license")
        return str(stated) if stated else None

    @property
    def stages(self) -> Sequence[Mapping[str, Any]]:
        """The stages, in order."""
        return list(self.manifest["stages"])

    def dropped_by(self, stage: str) -> int:
        """Documents that a stage dropped."""
        rules = self.manifest["counts"]["by_rule"]
        return sum(n for rule, n in rules.items() if rule.partition("/")[0] == stage)

    @cached_property
    def assets(self) -> list[Asset]:
        """Each file of rules or weights once, by its digest, under its first use."""
        found: dict[str, Asset] = {}
        for stage in self.stages:
            for role, entry in sorted(stage.get("assets", {}).items()):
                asset = Asset(str(stage["name"]), role, str(entry["ref"]), str(entry["sha256"]))
                found.setdefault(asset.sha256, asset)
        return list(found.values())

    @property
    def tool(self) -> str:
        """The version of the pipeline that made the run."""
        return str(self.manifest["code"]["corpus-pipeline"])

    @property
    def packages(self) -> list[tuple[str, str]]:
        """The packages that the run depended on, with versions."""
        names = {asset.ref.rpartition("/")[2] for asset in self.assets}
        rest = ("corpus-pipeline", "python", *names)
        code = self.manifest["code"].items()
        return sorted((name, str(version)) for name, version in code if name not in rest)

    @property
    def personal_data(self) -> str:
        """What was done about personal data: the stage that masks, or that there was none."""
        stage = next((one for one in self.stages if one["name"] == PII), None)
        if stage is None:
            return "No stage looked for personal data."
        where = "in kept texts and in dropped ones" if self.run.is_masked else "in kept texts"
        own = stage.get("options", {}).get("policy") or {}
        changed = ", ".join(f"{name} {policy}" for name, policy in sorted(own.items()))
        return (
            f"The stage pii (version {stage['version']}) treated personal data by the policies of "
            f"its rules, {where}" + (f"; set otherwise: {changed}." if changed else ".")
        )

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The columns of the shards with their types."""
        if self.dataset:
            return [(str(name), str(dtype)) for name, dtype in self.dataset["columns"]]
        schema = schema_of(self.run.root / self.shards[0]["path"])
        return [(name, _polars_type(str(schema.field(name).type))) for name in schema.names]

    @property
    def erasures(self) -> Sequence[Mapping[str, Any]]:
        """What was taken out of the release after it was made, oldest first."""
        return list(self.manifest.get("erasures") or [])

    @property
    def admission(self) -> Sequence[Mapping[str, Any]]:
        """What was decided of each source as a whole, where a stage did."""
        return list(self.manifest.get("admission") or [])

    @property
    def parents(self) -> Sequence[Mapping[str, Any]]:
        """The manifests that this run was made from."""
        return list(self.manifest.get("parents") or [])

    @property
    def collected(self) -> list[str]:
        """The dates (years, months or days) of collection that sources state, sorted."""
        keys = ("collected_at", "collected_from", "collected_until")
        stated = [one for key in keys for one in self.each(key)]
        return sorted(one for one in stated if _DATE.fullmatch(one))

    def each(self, key: str) -> Iterator[str]:
        """What sources state under a key, in the order of their names."""
        return (str(one[key]) for one in self.sources if key in one)


def credited(source: Mapping[str, Any]) -> str | None:
    """Who is credited for a source; None where a record has only the source's own name for it.

    >>> credited({"name": "甲", "contributor": "甲"})
    >>> credited({"name": "甲", "contributor": "甲", "organisation": "乙"})
    '乙'
    """
    stated = source.get("contributor")
    who = stated if stated != source["name"] else None
    return str(who or source.get("organisation") or "") or None


def address_of(source: Mapping[str, Any]) -> str | None:
    """Where a source is described, where its record has an address and not words.

    >>> address_of({"url": "https://例.example/a%20b"}), address_of({"url": "page 3"})
    ('https://例.example/a%20b', None)
    """
    stated = str(source.get("url") or "")
    return stated if _ADDRESS.fullmatch(stated) else None


_TYPES = {"string": "String", "large_string": "String", "bool": "Boolean", "float": "Float32"}
_TYPES |= {"double": "Float64"}
_TYPES |= {
    f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def _polars_type(arrow: str) -> str:
    """The name of an Arrow type as a dataset's manifest writes it.

    >>> _polars_type("large_string"), _polars_type("uint32"), _polars_type("list<string>")
    ('String', 'UInt32', 'list<string>')
    """
    return _TYPES.get(arrow, arrow)


def open_release(root: Path, publisher: Publisher) -> Release:
    """The release in this folder; `PipelineError` where it is no finished run."""
    run = open_run(root)
    path = root / DATASET / "manifest.json"
    dataset = manifest.read(path) if path.exists() else None
    if dataset is not None and dataset["parents"][0]["seal"] != run.manifest["seal"]:
        raise PipelineError(f"{path} was made from another run: export it again")
    if dataset is None and not any(row["rows"] for row in run.manifest["files"]):
        raise PipelineError(f"nothing to describe: {root} holds no documents")
    digest = sha256((root / "manifest.json").read_bytes()).hexdigest()
    return Release(run, dataset, publisher, digest)
