"""YAML → a validated config: which sources, which stages with which options, which limits.

Enters: a YAML file and `key=value` settings.  Leaves: a `Config`, and the stage specs it means.
Refuses: unknown keys (naming the nearest known one), wrong types, unknown stages, missing assets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.model import Options, PipelineError, StageSpec
from corpus_pipeline.products.export.shards import ExportOptions
from corpus_pipeline.stages import STAGES


class Source(Options):
    """Where documents come from and by what right we have them."""

    name: str
    match: tuple[str, ...] = ("**",)  # globs on the locator's path; the first source wins
    kind: Literal[
        "open", "self_collected", "commercial", "user_input", "synthetic", "public_data", "unknown"
    ] = "unknown"
    license: str | None = None
    legal_basis: str | None = None
    collected_at: str | None = None
    evidence: str | None = None
    url: str | None = None
    origin: Literal["cn", "foreign"] | None = None

    def holds(self, locator: str) -> bool:
        """Whether this source claims the input."""
        return any(pattern == "**" or fnmatchcase(locator, pattern) for pattern in self.match)


class Limits(Options):
    """What a run may cost before it counts as failed."""

    #: A corpus that loses more than one record in twenty to damage wants a look at its inputs.
    quarantine_share: float = Field(default=0.05, ge=0, le=1)


class Plan(Options):
    """How inputs are cut."""

    #: Decompressed bytes of a split: four seconds of work, so that a lost task costs little and
    #: the last tasks of a run keep all cores busy.
    split_mb: float = Field(default=16, gt=0)


class Config(BaseModel):
    """A whole config, validated."""

    name: str
    base: Path  # the folder that relative paths are relative to; never written down
    sources: tuple[Source, ...]
    stages: tuple[str, ...]
    options: dict[str, Any]
    ingest: IngestOptions
    plan: Plan
    export: ExportOptions
    limits: Limits

    def source_of(self, locator: str) -> Source:
        """The first source that claims an input."""
        for source in self.sources:
            if source.holds(locator):
                return source
        raise PipelineError(f"no source of the config matches the input {locator}")

    def option(self, name: str) -> Any:
        """The options of a stage, the defaults when the config does not speak of it."""
        found = self.options.get(name)
        return stage_class(name).OptionsModel() if found is None else found

    def specs(self) -> tuple[StageSpec, ...]:
        """The stages as values, their assets pinned."""
        return tuple(spec(name, self.options[name], self.base) for name in self.stages)

    def record(self) -> dict[str, Any]:
        """The resolved config as a manifest holds it: every default spelled out."""
        return {
            "name": self.name,
            "sources": [source.model_dump(mode="json") for source in self.sources],
            "stages": list(self.stages),
            "ingest": self.ingest.model_dump(mode="json") | self.plan.model_dump(mode="json"),
            "export": self.export.model_dump(mode="json"),
            "limits": self.limits.model_dump(mode="json"),
            **{name: self.options[name].model_dump(mode="json") for name in self.stages},
        }


def stage_class(name: str) -> Any:
    """The class of a stage; imported only now."""
    return STAGES[name].load()


def spec(name: str, options: Options, base: Path) -> StageSpec:
    """A stage with these options as a value that workers and manifests understand."""
    cls = stage_class(name)
    refs: Mapping[str, str] = cls.asset_refs(options)
    assets = {key: resolve(ref, base) for key, ref in refs.items()}
    return StageSpec(
        name, cls.version, STAGES[name].target, options.model_dump(mode="json"), assets
    )


def load(path: str | Path | None, settings: Sequence[str] = (), only: str | None = None) -> Config:
    """The config in a YAML file (None: all defaults), with `key=value` settings on top.

    `only`: one stage (or `ingest`) instead of the config's stages.
    """
    data: Any = {}
    base = Path.cwd()
    if path is not None:
        file = Path(path)
        base = file.resolve().parent
        try:
            data = yaml.safe_load(file.read_text("utf-8"))
        except FileNotFoundError:
            raise PipelineError(f"no such config: {file}") from None
        except OSError as error:
            raise PipelineError(f"cannot read the config {file}: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            where = str(error).replace("\n", " ")
            raise PipelineError(f"{file} is not valid YAML: {where}") from None
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise PipelineError(f"{file}: a config is a mapping of keys, not a {_kind(data)}")
    for setting in settings:
        _set(data, setting)
    if only is not None:
        data["stages"] = [only] if only in STAGES else []
    return _validated(data, base)


def _set(data: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise PipelineError(f"--set wants key=value, not {setting!r}")
    *parents, last = key.strip().split(".")
    here = data
    for parent in parents:
        if here.get(parent) is None:
            here[parent] = {}
        here = here[parent]
        if not isinstance(here, dict):
            raise PipelineError(f"--set {key}: {parent} is not a mapping")
    try:
        here[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        here[last] = value


def _validated(data: dict[str, Any], base: Path) -> Config:
    known = ["name", "sources", "stages", "ingest", "export", "limits", *STAGES]
    for key in data:
        if key not in known:
            raise PipelineError(f"unknown config key {key!r}{_nearest(str(key), known)}")
    stages = data.get("stages", list(STAGES))
    if not isinstance(stages, list) or not all(isinstance(name, str) for name in stages):
        raise PipelineError(f"stages: should be a list of stage names, not a {_kind(stages)}")
    for name in stages:
        if name not in STAGES:
            raise PipelineError(f"unknown stage {name!r}{_nearest(name, STAGES)}")
    if len(set(stages)) != len(stages):
        raise PipelineError("stages: a stage is listed twice")
    globals_ = [STAGES[name].kind != "local" for name in stages]
    if globals_ != sorted(globals_):
        late = [n for n in stages if STAGES[n].kind == "local"][-1]
        raise PipelineError(f"stages: {late} must come before the stages that see all documents")
    ingest = dict(_mapping(data, "ingest"))
    plan = {key: ingest.pop(key) for key in Plan.model_fields if key in ingest}
    entries = data.get("sources", [{"name": "default"}])
    if not isinstance(entries, list) or not entries:
        raise PipelineError("sources: should be a list of sources with at least a name each")
    return Config.model_construct(
        name=_text(data.get("name", "corpus"), "name"),
        base=base,
        sources=tuple(_model(Source, entry, f"sources.{i}") for i, entry in enumerate(entries)),
        stages=tuple(stages),
        options={
            name: _model(stage_class(name).OptionsModel, _mapping(data, name), name)
            for name in {**dict.fromkeys(stages), **{k: None for k in data if k in STAGES}}
        },
        ingest=_model(IngestOptions, ingest, "ingest"),
        plan=_model(Plan, plan, "ingest"),
        export=_model(ExportOptions, _mapping(data, "export"), "export"),
        limits=_model(Limits, _mapping(data, "limits"), "limits"),
    )


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PipelineError(f"{key}: should be a mapping of options, not a {_kind(value)}")
    return value


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise PipelineError(f"{key}: should be text, not a {_kind(value)}")
    return value


def _kind(value: object) -> str:
    names = {dict: "mapping", list: "list", str: "text", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _nearest(key: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else f"; known: {', '.join(known)}"


def _model(model: Any, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise PipelineError(f"{where}: should be a mapping, not a {_kind(value)}")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (where, *first["loc"]))
        if first["type"] == "extra_forbidden":
            near = _nearest(str(first["loc"][-1]), model.model_fields)
            raise PipelineError(f"unknown config key {key!r}{near}") from None
        raise PipelineError(f"{key}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
