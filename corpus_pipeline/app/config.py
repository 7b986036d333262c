"""YAML → a validated config: which sources, which stages with which options, which limits.

Enters: a YAML file or a mapping, and settings on top.  Leaves: a `Config`, and from it the specs of
its stages.  Refuses: unknown keys (naming the nearest known one), wrong types, unknown stages: all
faults of a config at once, one line each (`ConfigError`).  Missing assets are refused by `specs`.

Only the stages that a config names are imported: their options become fields of its model.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    create_model,
    field_validator,
    model_validator,
)

from corpus_pipeline.app.config_errors import ConfigError, kind, lines, nearest, yaml_problem
from corpus_pipeline.app.config_sections import Ingest, Limits
from corpus_pipeline.app.resources import SECTIONS, Resources, asks
from corpus_pipeline.app.source_folder import listed
from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import place
from corpus_pipeline.model import Options, PipelineError, StageSpec
from corpus_pipeline.model.described import Described
from corpus_pipeline.products.export.facts import ExportOptions
from corpus_pipeline.sources.claims import claimants
from corpus_pipeline.sources.record import Source
from corpus_pipeline.stages import STAGES

log = logging.getLogger(__name__)


StageName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(STAGES)})]


def _or_folder(schema: dict[str, Any]) -> None:
    """The schema of a list also lets through the name of a folder."""
    own = {name: schema.pop(name) for name in ("type", "items", "minItems") if name in schema}
    schema["anyOf"] = [own, {"type": "string"}]


class Config(Described):
    """A whole config; the options of each stage are fields of a model made by `config_model`."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="corpus-pipeline config")

    name: str = "corpus"
    """What the corpus is called in manifests, cards and summaries."""

    sources: tuple[Source, ...] = Field(
        default=(Source(name="default"),), min_length=1, json_schema_extra=_or_folder
    )
    """Where documents come from, or a folder with one YAML file for each source."""

    stages: tuple[StageName, ...] = Field(default=tuple(STAGES), min_length=1)
    """The stages to run, in order; those that see all documents come last."""

    ingest: Ingest = Ingest()
    """How inputs are cut and read."""

    export: ExportOptions = ExportOptions()
    """What of the result is published, and what its card says."""

    limits: Limits = Limits()
    """The bounds that a run must keep to succeed."""

    documents: dict[str, str] = Field(default_factory=dict)
    """Documents that audits ask for, by the names they have there, e.g. `ip_policy: rules/ip.pdf`.
    The manifest holds their digests."""

    resources: dict[str, Resources] = Field(default_factory=dict)
    """What tasks ask of a Ray cluster, by stage, or for `all`, `ingest` and `export`, e.g.
    `near_dedup: {memory_mb: 6000}`.  It changes nothing of the output, and no manifest holds it."""

    #: The folder that relative paths are relative to; never written down.
    _base: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("sources")
    @classmethod
    def _names_are_unique(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are called {name!r}")
        return sources

    @field_validator("stages")
    @classmethod
    def _stages_fit(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in STAGES:
                raise ValueError(f"unknown stage {name!r}{nearest(name, STAGES)}")
        if len(set(names)) != len(names):
            raise ValueError("a stage is listed twice")
        last_local = max((i for i, n in enumerate(names) if STAGES[n].kind == "local"), default=0)
        if any(STAGES[name].kind != "local" for name in names[:last_local]):
            raise ValueError(
                f"{names[last_local]} must come before the stages that see all documents"
            )
        return names

    @model_validator(mode="after")
    def _resources_fit(self) -> Self:
        for name in self.resources:
            if name not in STAGES and name not in SECTIONS:
                raise ValueError(
                    f"resources: no stage {name!r}{nearest(name, [*STAGES, *SECTIONS])}"
                )
        try:
            asks(self.resources, self.stages)
        except PipelineError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def base(self) -> Path:
        """The folder that relative paths are relative to."""
        return self._base

    def source_of(self, locator: str) -> Source:
        """The source that claims an input; `PipelineError` where none does, or several do."""
        found = claimants(self.sources, locator)
        if len(found) == 1:
            return found[0]
        if found:
            first, second, *_ = (source.name for source in found)
            raise PipelineError(
                f"two sources claim the input {concealed(locator)}: {first!r} and {second!r} "
                "(`match` names files, `excludes` leaves them to others)"
            )
        raise PipelineError(
            f"no source of the config matches the input {concealed(locator)} "
            "(patterns fit the path below each --input)"
        )

    def option(self, name: str) -> Any:
        """The options of a stage; its defaults where the config does not name it."""
        if name in type(self).model_fields:
            return getattr(self, name)
        return stage_class(name).OptionsModel()

    def spec(self, name: str) -> StageSpec:
        """A stage with this config's options as a value that workers and manifests understand."""
        return spec(name, self.option(name), self.base)

    def specs(self) -> tuple[StageSpec, ...]:
        """The stages as values, their assets pinned."""
        return tuple(self.spec(name) for name in self.stages)

    def record(self) -> dict[str, Any]:
        """The resolved config as a manifest holds it: every default spelled out, no `resources`."""
        shared = self.model_dump(mode="json", include=set(Config.model_fields) - {"resources"})
        return {**shared, **{name: self.stage_record(name) for name in self.stages}}

    def documents_record(self) -> dict[str, dict[str, str]]:
        """File name and digest of each document; `PipelineError` where one is not there."""
        pinned = {name: resolve(path, self.base) for name, path in self.documents.items()}
        return {
            name: {"file": asset.path.name, "sha256": asset.sha256}
            for name, asset in sorted(pinned.items())
        }

    def stage_record(self, name: str) -> dict[str, Any]:
        """The resolved options of one stage."""
        options: dict[str, Any] = self.option(name).model_dump(mode="json")
        return options


@cache
def config_model(names: tuple[str, ...]) -> type[Config]:
    """`Config` with the options of these stages as fields."""
    fields: dict[str, Any] = {
        name: (
            stage_class(name).OptionsModel,
            Field(default=stage_class(name).OptionsModel(), description=STAGES[name].help),
        )
        for name in names
    }
    return create_model("Config", __base__=Config, __doc__=Config.__doc__, **fields)


def config_keys() -> list[str]:
    """The keys that a config may have at its top."""
    return [*Config.model_fields, *STAGES]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of configs with all stages, for editors; imports every stage."""
    schema = config_model(tuple(STAGES)).model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def for_section(name: str, settings: Sequence[str]) -> list[str]:
    """Settings of the command of one stage (or `ingest`, `export`) as settings of a config.

    `keep=…` of `langid` becomes `langid.keep=…`; whole keys stay what they are.
    """
    sections: dict[str, type[Options]] = {"ingest": Ingest, "export": ExportOptions}
    model = sections[name] if name in sections else stage_class(name).OptionsModel
    whole = []
    for setting in settings:
        head = setting.partition("=")[0].split(".")[0]
        short = head in model.model_fields or head not in config_keys()
        whole.append(f"{name}.{setting}" if short else setting)
    return whole


def stage_class(name: str) -> Any:
    """The class of a stage; its module is imported here."""
    return STAGES[name].load()


def spec(name: str, options: Options, base: Path) -> StageSpec:
    """A stage with these options as a value that workers and manifests understand."""
    cls = stage_class(name)
    refs: Mapping[str, str] = cls.asset_refs(options)
    assets = {key: resolve(ref, base) for key, ref in refs.items()}
    return StageSpec(
        name, cls.version, STAGES[name].target, options.model_dump(mode="json"), assets
    )


def load(
    config: str | Path | Mapping[str, Any] | Config | None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    only: str | None = None,
) -> Config:
    """The config in a YAML file or a mapping (None: all defaults), with settings on top.

    `settings`: `key=value` texts, or values by dotted key.  `only`: one stage (or `ingest`,
    `export`) instead of the config's stages.  Raises `PipelineError` (`ConfigError` with one line
    for each fault where the file could be read).
    """
    base = Path.cwd()
    if isinstance(config, Config) and not settings and only is None:
        return config
    data: dict[str, Any]
    if isinstance(config, Config):
        data, base = config.model_dump(mode="json", exclude_unset=True), config.base
    elif isinstance(config, Mapping):
        data = _copied(config)
    elif config is not None:
        file = place(config)
        data, base = _read(file), file.resolve().parent
    else:
        data = {}
    pairs = settings.items() if isinstance(settings, Mapping) else map(_parsed, settings)
    for key, value in pairs:
        _set(data, key, value)
    return _validated(data, base, only)


def _copied(value: Any) -> Any:
    """A copy of the mapping, its inner mappings copied too, which settings may change."""
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _read(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        raise PipelineError(f"no such config: {file}") from None
    except OSError as error:
        raise PipelineError(f"cannot read the config {file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PipelineError(f"{file} is not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"{file}{yaml_problem(error)}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise PipelineError(f"{file}: a config is a mapping of keys, not {kind(data)}")
    return data


def _parsed(setting: str) -> tuple[str, Any]:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise PipelineError(f"--set wants key=value, not {setting!r}")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        return key, value


def _set(data: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.strip().split(".")
    section = data
    for parent in parents:
        if section.get(parent) is None:
            section[parent] = {}
        section = section[parent]
        if not isinstance(section, dict):
            raise PipelineError(f"--set {key}: {parent} is not a mapping")
    section[last] = value


def _validated(data: dict[str, Any], base: Path, only: str | None) -> Config:
    # A key without a value (`langid:`) is a section of defaults.
    sections = {"ingest", "export", "limits", *STAGES}
    data = {key: value for key, value in data.items() if value is not None or key not in sections}
    files: list[str] = []
    if isinstance(data.get("sources"), str):
        data["sources"], files = listed(data["sources"], base)
    wanted_stages = data.get("stages", list(STAGES))
    wanted = (
        [only] if only is not None else wanted_stages if isinstance(wanted_stages, list) else []
    )
    names = [name for name in STAGES if name in wanted or name in data]
    try:
        config = config_model(tuple(names)).model_validate(data)
    except ValidationError as error:
        faults = lines(error, config_keys(), _fields_at(tuple(names)))
        raise ConfigError([_in_file(line, files) for line in faults]) from None
    idle = [name for name in names if name in data and name not in config.stages]
    if idle and only is None:
        log.warning("options of stages that do not run (not in stages): %s", ", ".join(idle))
    if only is not None:
        config = config.model_copy(update={"stages": (only,) if only in STAGES else ()})
    config._base = base  # noqa: SLF001 – its own module
    return config


def _in_file(line: str, files: Sequence[str]) -> str:
    """A fault of a source that stands in a file of its own, named by that file."""
    found = re.search(r"\bsources\.(\d+)\.?", line) if files else None
    if found is None:
        return line
    inside = line[: found.start()] + line[found.end() :]
    return f"{files[int(found[1])]}: {inside.removeprefix(': ')}"


def _fields_at(names: tuple[str, ...]) -> Callable[[tuple[int | str, ...]], list[str]]:
    """A function from the place of an unknown key to the keys that are known there."""

    def known(place: tuple[int | str, ...]) -> list[str]:
        if place[0] == "resources":
            return list(Resources.model_fields)
        model: Any = config_model(names)
        for part in place[:-1]:
            if isinstance(part, str):
                model = Source if part == "sources" else _model_in(model, part)
        return list(model.model_fields)

    return known


def _model_in(model: Any, key: str) -> Any:
    """The options that a key holds, also where it may be null or a list of them."""
    open_ = [model.model_fields[key].annotation]
    while open_:
        one = open_.pop()
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
        open_ += get_args(one)
    raise AssertionError(f"{key} holds no options")
