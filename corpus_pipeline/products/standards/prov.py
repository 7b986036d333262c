"""W3C PROV as PROV-JSON: what was made from what, by which activity, on whose account.

Enters: a release.  Leaves: entities (inputs, sources, configuration, rules, models, shards, earlier
releases), activities (reading, each stage, writing, each erasure) and agents.  No times: none are
in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from corpus_pipeline.model import digest
from corpus_pipeline.products.standards import licences
from corpus_pipeline.products.standards.release import NAMESPACE, Release, credited

_PREFIX = {
    "cp": NAMESPACE,
    "input": f"{NAMESPACE}input/",
    "source": f"{NAMESPACE}source/",
    "file": f"{NAMESPACE}file/",
    "stage": f"{NAMESPACE}stage/",
    "agent": f"{NAMESPACE}agent/",
    "erasure": f"{NAMESPACE}erasure/",
    "sha256": "urn:sha256:",
}
_SOFTWARE = "agent:corpus-pipeline"
_READING, _WRITING = "stage:ingest", "stage:write"


class _Graph:
    """A document under construction; relations are numbered in the order of their making."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Any]] = {"prefix": dict(_PREFIX)}

    def put(self, kind: str, name: str, **attributes: Any) -> str:
        """A node; attributes that are None stay away."""
        told = {key.replace("__", ":"): value for key, value in attributes.items()}
        nodes = self.parts.setdefault(kind, {})
        nodes[name] = {key: value for key, value in told.items() if value is not None}
        return name

    def relate(self, kind: str, **ends: str) -> None:
        """A relation between nodes."""
        relations = self.parts.setdefault(kind, {})
        relations[f"_:{kind}{len(relations)}"] = {f"prov:{end}": of for end, of in ends.items()}


def describe(release: Release) -> dict[str, Any]:
    """The document."""
    graph = _Graph()
    plan = _plan(graph, release)
    agents = _agents(graph, release)
    stages = _stages(graph, release, plan)
    sources = _sources(graph, release)
    inputs = _inputs(graph, release)
    whole = _whole(graph, release, stages[-1])
    for name in [*sources, *_parents(graph, release)]:
        graph.relate("wasDerivedFrom", generatedEntity=whole, usedEntity=name)
    for name in inputs:
        graph.relate("used", activity=_READING, entity=name)
    for who in agents:
        graph.relate("wasAttributedTo", entity=whole, agent=who)
    _erasures(graph, release, whole)
    return graph.parts


def _name(kind: str, text: str) -> str:
    """A qualified name, whatever the text.

    >>> _name("input", "a b/诗.txt")
    'input:a%20b/%E8%AF%97.txt'
    """
    return f"{kind}:{quote(text)}"


def _typed(name: str) -> dict[str, str]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _plan(graph: _Graph, release: Release) -> str:
    config = digest(release.manifest.get("config", {}))
    return graph.put(
        "entity",
        _name("file", f"config/{config}"),
        prov__type=_typed("prov:Plan"),
        prov__label="the resolved configuration, which manifest.json holds",
    )


def _agents(graph: _Graph, release: Release) -> list[str]:
    """The software, and whoever publishes; the latter is returned, for it answers for the whole."""
    graph.put(
        "agent",
        _SOFTWARE,
        prov__type=_typed("prov:SoftwareAgent"),
        prov__label=f"corpus-pipeline {release.tool}",
        cp__version=release.tool,
    )
    named = [release.publisher.publisher.name] if release.publisher.publisher else release.creators
    return [_organisation(graph, name) for name in named]


def _organisation(graph: _Graph, name: str) -> str:
    kind = _typed("prov:Organization")
    return graph.put("agent", _name("agent", name), prov__type=kind, prov__label=name)


def _stages(graph: _Graph, release: Release, plan: str) -> list[str]:
    """The activities in order: reading, stages, writing; each works on what the one before gave."""
    counts = release.manifest["counts"]
    names = [graph.put("activity", _READING, prov__label="ingest", cp__read=counts["read"])]
    for number, stage in enumerate(release.stages):
        name = str(stage["name"])
        names.append(
            graph.put(
                "activity",
                _name("stage", f"{number:02d}-{name}"),
                prov__label=name,
                cp__version=str(stage["version"]),
                cp__dropped=release.dropped_by(name),
            )
        )
        for entry in _each_once(stage.get("assets", {})):
            asset = graph.put(
                "entity",
                f"sha256:{entry['sha256']}",
                prov__label=entry["ref"],
                cp__sha256=entry["sha256"],
            )
            graph.relate("used", activity=names[-1], entity=asset)
    names.append(graph.put("activity", _WRITING, prov__label="write", cp__kept=counts["kept"]))
    for before, after in pairwise(names):
        graph.relate("wasInformedBy", informed=after, informant=before)
    for name in names:
        graph.relate("wasAssociatedWith", activity=name, agent=_SOFTWARE, plan=plan)
    return names


def _each_once(assets: Mapping[str, Mapping[str, str]]) -> Iterable[Mapping[str, str]]:
    return {entry["sha256"]: entry for _, entry in sorted(assets.items())}.values()


def _sources(graph: _Graph, release: Release) -> list[str]:
    names = []
    for source in release.sources:
        name = graph.put(
            "entity",
            _name("source", source["name"]),
            prov__type=_typed("prov:Collection"),
            prov__label=str(source["name"]),
            cp__kind=source.get("kind"),
            cp__license=licences.of_source(source) or source.get("license"),
            cp__collected=source.get("collected_at"),
            cp__documents=release.by_source[str(source["name"])],
        )
        names.append(name)
        who = credited(source)
        if who:
            agent = _organisation(graph, str(who))
            graph.relate("wasAttributedTo", entity=name, agent=agent)
    return names


def _inputs(graph: _Graph, release: Release) -> list[str]:
    names = []
    known = {str(source["name"]) for source in release.sources}
    for entry in release.manifest["inputs"]:
        name = graph.put(
            "entity",
            _name("input", str(entry["locator"])),
            prov__label=str(entry["locator"]),
            cp__sha256=entry["sha256"],
            cp__bytes=entry["bytes"],
            cp__format=entry.get("format"),
        )
        names.append(name)
        if entry.get("source") in known:  # one that gave no document is no source of this release
            collection = _name("source", str(entry["source"]))
            graph.relate("hadMember", collection=collection, entity=name)
    return names


def _whole(graph: _Graph, release: Release, last: str) -> str:
    """The release as a collection of its shards."""
    whole = graph.put(
        "entity",
        f"sha256:{release.seal}",
        prov__type=_typed("prov:Collection"),
        prov__label=release.name,
        cp__documents=release.rows,
        cp__version=release.version,
        cp__published=release.published,
    )
    graph.relate("wasGeneratedBy", entity=whole, activity=last)
    for shard in release.shards:
        path = release.folder + shard["path"]
        name = graph.put(
            "entity",
            _name("file", path),
            prov__label=path,
            cp__sha256=shard["sha256"],
            cp__bytes=shard["bytes"],
            cp__documents=shard["rows"],
        )
        graph.relate("wasGeneratedBy", entity=name, activity=last)
        graph.relate("hadMember", collection=whole, entity=name)
    return whole


def _parents(graph: _Graph, release: Release) -> list[str]:
    names = [f"sha256:{one['seal']}" for one in release.parents]
    for name in names:
        graph.put("entity", name, prov__type=_typed("prov:Collection"), prov__label="earlier run")
    return names


def _erasures(graph: _Graph, release: Release, whole: str) -> None:
    """Each erasure as an activity that used the earlier release and led to this one."""
    earlier = [f"sha256:{one['seal']}" for one in release.parents]
    for one in release.erasures:
        name = graph.put(
            "activity",
            _name("erasure", str(one["request"])),
            prov__label=f"erasure on request: {one['reason']}",
            cp__date=str(one["date"]),
            cp__documents=one["documents"],
            cp__nearDuplicates=one.get("near_duplicates"),
        )
        graph.relate("wasAssociatedWith", activity=name, agent=_SOFTWARE)
        for parent in earlier:
            graph.relate("used", activity=name, entity=parent)
        graph.relate("wasInfluencedBy", influencee=whole, influencer=name)
