"""What the manifests of two releases say differently: inputs, sources, options, stages, code.

Enters: two finished runs.  Leaves: `Records`, plain values; names that may hold personal data are
masked.  No row is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from corpus_pipeline.io import manifest
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import unescaped
from corpus_pipeline.products.runs import KEPT, Run

#: Sections of a config that decide about no document: they name, describe or write.
_SILENT: Final = frozenset({"name", "export", "sources"})
#: What `before` or `after` says where a thing is not there.
ABSENT: Final = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same: `stage` it belongs to, `kind`, `what`, and both values.

    `kind`: `stage_added`, `stage_removed`, `stage_order`, `stage_version`, `option`, `asset`,
    `code`, `parent`.
    """

    stage: str
    kind: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.after}"

    def to_dict(self) -> dict[str, str]:
        """Plain values, for JSON."""
        return {
            "stage": self.stage,
            "kind": self.kind,
            "what": self.what,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of both releases: by place, what was read there (`sha256`, `source`)."""

    before: Mapping[str, Mapping[str, Any]]
    after: Mapping[str, Mapping[str, Any]]

    @property
    def new(self) -> list[str]:
        """Places that only the second release reads."""
        return sorted(set(self.after) - set(self.before))

    @property
    def gone(self) -> list[str]:
        """Places that only the first release reads."""
        return sorted(set(self.before) - set(self.after))

    @property
    def changed(self) -> list[str]:
        """Places of both at which other bytes stand."""
        shared = set(self.before) & set(self.after)
        return sorted(
            name for name in shared if self.before[name]["sha256"] != self.after[name]["sha256"]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "before": len(self.before),
            "after": len(self.after),
            "new": [_input(name, self.after[name]) for name in self.new],
            "gone": [_input(name, self.before[name]) for name in self.gone],
            "changed": [
                {
                    "input": concealed(name),
                    "before": self.before[name]["sha256"],
                    "after": self.after[name]["sha256"],
                }
                for name in self.changed
            ],
        }


def _input(name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    source = concealed(str(entry.get("source") or ""))
    return {"input": concealed(name), "source": source, "sha256": str(entry["sha256"])}


@dataclass(slots=True)
class Records:
    """All that two manifests say differently.

    `order`: the stages of both, in order.  `admission`: sources whose verdict is another.
    `erasures`: requests that only the second release carries out.  `made_from`: whether the second
    release names the first as its parent.
    """

    inputs: Inputs
    changes: list[Change]
    order: list[str]
    sources: dict[str, Any] = field(default_factory=dict)
    admission: list[dict[str, Any]] = field(default_factory=list)
    erasures: list[dict[str, Any]] = field(default_factory=list)
    made_from: bool = False

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        inputs = self.inputs.new or self.inputs.gone or self.inputs.changed
        named = self.changes or self.admission or self.erasures
        return bool(inputs or named or any(self.sources.values()))


def compared(before: Run, after: Run) -> Records:
    """What the two manifests say differently."""
    olds, news = _whole(before), _whole(after)
    stages = ([str(one["name"]) for one in content["stages"]] for content in (olds, news))
    return Records(
        inputs=Inputs(_roots(before), _roots(after)),
        changes=list(_changes(olds, news)),
        order=_order(*stages),
        sources=_sources(before.sources, after.sources),
        admission=_admission(olds, news),
        erasures=_erasures(olds, news),
        made_from=any(one["seal"] == olds["seal"] for one in after.manifest.get("parents", [])),
    )


def _roots(run: Run) -> dict[str, Mapping[str, Any]]:
    """What was read first: of a run over the parts of another one, the inputs of that one."""
    parts = [entry for entry in run.manifest["inputs"] if _is_part(entry)]
    parents = list(_parents(run))
    own = {} if parts and parents else {e["locator"]: e for e in run.manifest["inputs"]}
    for parent in parents:
        own = {**_roots(parent), **own}
    return own


def _whole(run: Run) -> Mapping[str, Any]:
    """The manifest; of a run over the parts of another one with the stages and options of both.

    The parents of a release from which something was erased are those of the release before.
    """
    content = run.manifest
    parents = list(_parents(run))
    if content.get("erasures"):
        return {**content, "parents": _whole(parents[0]).get("parents", []) if parents else []}
    if not parents or not any(map(_is_part, content["inputs"])):
        return content
    earlier = _whole(parents[0])
    own = {one["name"]: one for one in content["stages"]}
    stages = [own.pop(one["name"], one) for one in earlier["stages"]]
    config = {**content["config"], "ingest": earlier["config"].get("ingest")}
    return {
        **content,
        "stages": [*stages, *own.values()],
        "config": {**earlier["config"], **config},
    }


def _is_part(entry: Mapping[str, Any]) -> bool:
    return bool(entry["format"] == "parquet" and f"{KEPT}/part-" in str(entry["locator"]))


def _parents(run: Run) -> Iterator[Run]:
    """The parents of a run that lie where it says, or beside it."""
    for entry in run.manifest.get("parents", []):
        place = unescaped(str(entry["manifest"]))
        for path in (run.root / place, run.root.parent / place):
            parent = manifest.read_if_sound(path)
            if parent is not None and parent["seal"] == entry["seal"] and parent["kind"] == "run":
                yield Run(path.parent, parent)
                break


def _order(before: list[str], after: list[str]) -> list[str]:
    """The stages of both; one that only the first has stands where it stood there."""
    order = list(after)
    for at, name in enumerate(before):
        if name not in order:
            left = [order.index(one) for one in before[:at] if one in order]
            order.insert(max(left, default=-1) + 1, name)
    return order


def _changes(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[Change]:
    first = {one["name"]: one for one in olds["stages"]}
    second = {one["name"]: one for one in news["stages"]}
    yield from _parent_changes(olds, news)
    sections = {*olds["config"]} & {*news["config"]} - {*first, *second, *_SILENT, "stages"}
    for name in sorted(sections):
        yield from _options(name, olds["config"].get(name), news["config"].get(name))
    shared = [name for name in first if name in second]
    if shared != [name for name in second if name in first]:
        there = [name for name in second if name in first]
        yield Change(shared[0], "stage_order", "order", ", ".join(shared), ", ".join(there))
    for name in _order(list(first), list(second)):
        if name not in first:
            yield Change(name, "stage_added", f"stage {name}", ABSENT, _version(second[name]))
        elif name not in second:
            yield Change(name, "stage_removed", f"stage {name}", _version(first[name]), ABSENT)
        else:
            yield from _stage(name, first[name], second[name])
    for name, old, new in _unequal(olds.get("code", {}), news.get("code", {})):
        yield Change("", "code", name, _shown(old), _shown(new))


def _version(stage: Mapping[str, Any]) -> str:
    return f"version {stage['version']}"


def _stage(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What differs of a stage that both releases ran."""
    if old["version"] != new["version"]:
        yield Change(name, "stage_version", f"stage {name}", _version(old), _version(new))
    yield from _options(name, old.get("options", {}), new.get("options", {}))
    assets = [
        {key: one["sha256"] for key, one in stage.get("assets", {}).items()} for stage in (old, new)
    ]
    for key, left, right in _unequal(*assets):
        what = f"asset {name}.{concealed(key)}"
        yield Change(name, "asset", what, _shown(left)[:12], _shown(right)[:12])


def _options(name: str, old: Any, new: Any) -> Iterator[Change]:
    """Options of one section, by dotted key."""
    for key, left, right in _unequal(_flat(old, name), _flat(new, name)):
        yield Change(name, "option", concealed(key), _shown(left), _shown(right))


def _parent_changes(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[Change]:
    """Indexes and runs that only one release was made against or from; one from the other not."""
    seals = [
        {one["seal"]: str(one["manifest"]) for one in content.get("parents", [])}
        for content in (olds, news)
    ]
    if olds["seal"] in seals[1] or news["seal"] in seals[0]:
        return
    for seal, old, new in _unequal(*seals):
        name = f"parent {seal[:12]}"
        yield Change("", "parent", name, _shown(old), _shown(new))


def _flat(value: Any, path: str) -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; lists are values, empty mappings nothing."""
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, inner in value.items():
            flat |= _flat(inner, f"{path}.{key}")
        return flat
    return {path: value}


def _unequal(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*old, *new}):
        left, right = old.get(key, ABSENT), new.get(key, ABSENT)
        if left != right:
            yield key, left, right


def _shown(value: Any) -> str:
    """A value of a config on one line, cut where nobody would read on."""
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = concealed(text)
    return text if len(text) <= 120 else f"{text[:117]}…"


def _sources(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Sources that are new, gone, or whose record says something else."""
    changed = [
        {
            "source": concealed(name),
            "fields": [
                {"field": key, "before": _shown(left), "after": _shown(right)}
                for key, left, right in _unequal(_flat_of(old[name]), _flat_of(new[name]))
            ],
        }
        for name in sorted({*old} & {*new})
        if old[name] != new[name]
    ]
    return {
        "new": [concealed(name) for name in sorted({*new} - {*old})],
        "gone": [concealed(name) for name in sorted({*old} - {*new})],
        "changed": changed,
    }


def _flat_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a source; what is null says nothing, and is as good as absent."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        flat |= _flat(value, str(key))
    return {key: value for key, value in flat.items() if value is not None}


def _admission(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sources that were admitted in one release and not in the other."""
    verdicts = [
        {str(one["source"]): one for one in content.get("admission") or []}
        for content in (olds, news)
    ]
    out = []
    for name in sorted({*verdicts[0], *verdicts[1]}):
        old, new = (known.get(name, {}).get("verdict", ABSENT) for known in verdicts)
        if old != new:
            why = verdicts[1].get(name, {}).get("why")
            shown = None if why is None else _shown(why)
            out.append({"source": concealed(name), "before": old, "after": new, "why": shown})
    return out


def _erasures(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = [one["request"] for one in olds.get("erasures") or []]
    keys = ("request", "date", "reason", "documents", "near_duplicates")
    return [
        {key: _value(one.get(key)) for key in keys}
        for one in news.get("erasures") or []
        if one["request"] not in known
    ]


def _value(value: Any) -> Any:
    return concealed(value) if isinstance(value, str) else value
