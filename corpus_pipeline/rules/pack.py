"""Rules as data: the one way in which a pack, a YAML file, becomes an object.

Enters: an `Asset` (a file pinned by its sha256), the pydantic model of its content, and a function
that compiles the content and proves it on its own examples.
Leaves: what that function makes, once per process for each path and content.
Errors: `PipelineError`, one line that names the file, the key and, where there is one, the rule:
not readable, not YAML, a key that stands twice, a key that is unknown (with the nearest known one)
or missing, a value of the wrong type, and a rule that disagrees with its `hits` or `misses`.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import re
import types
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import polars as pl
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from corpus_pipeline.model import Asset, PipelineError

Text = Annotated[str, StringConstraints(min_length=1)]
#: A name that a user reads in verdicts and error messages.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Strict(BaseModel):
    """A part of a pack: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pack(Strict):
    """What every pack says of itself; a subclass adds what it holds."""

    #: What an error message calls the file.
    noun: ClassVar[str] = "rule pack"

    pack: Text
    version: int
    source: Text


class Examples(Strict):
    """Texts in which something must be found, and texts in which it must not."""

    why: Text
    hits: tuple[Text, ...]
    misses: tuple[Text, ...]

    @model_validator(mode="after")
    def _has_examples(self) -> Self:
        if not self.hits or not self.misses:
            raise PydanticCustomError("examples", "needs at least one hit and one miss")
        return self


class Rule(Examples):
    """What every rule says of itself; a pack's own rule model adds the clauses it judges by."""

    id: Name


RuleT = TypeVar("RuleT", bound=Rule)


def _each_id_once(rules: tuple[RuleT, ...]) -> tuple[RuleT, ...]:
    ids: set[str] = set()
    for rule in rules:
        if rule.id in ids:
            raise PydanticCustomError("twice", "{id}: the id is used twice", {"id": rule.id})
        ids.add(rule.id)
    return rules


#: Rules in file order, at least one, each id once.
Rules = Annotated[tuple[RuleT, ...], Field(min_length=1), AfterValidator(_each_id_once)]


NumberT = TypeVar("NumberT", int, float)


class Setting(Strict, Generic[NumberT]):
    """A number and why it is this number."""

    value: NumberT
    reason: Annotated[str, StringConstraints(min_length=10)]


class Settings:
    """Marks a frozen dataclass of numbers: in the file each of its fields is a `Setting`.

    `bounds: Annotated[LineBounds, Settings()]` reads `bounds: {window: {value: 9, reason: …}}`
    and gives `LineBounds(window=9)`.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The schema of the settings, then the dataclass with their values."""

        def values(settings: BaseModel) -> Any:
            return source(**{name: setting.value for name, setting in settings})

        inner = handler.generate_schema(settings_of(source))
        return core_schema.no_info_after_validator_function(values, inner)


@cache
def settings_of(limits: type) -> type[Strict]:
    """The model of a dataclass of numbers as a pack writes it."""
    fields: dict[str, Any] = {
        name: (Setting[int] if kind is int else Setting[float], ...)
        for name, kind in get_type_hints(limits).items()
    }
    made: type[Strict] = create_model(limits.__name__, __base__=Strict, **fields)
    return made


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise PydanticCustomError(
            "pattern", "is no pattern: {said}", {"said": str(error)}
        ) from None
    return pattern


def rust_pattern(pattern: str) -> str:
    """The pattern, if the engine of Polars knows it; else an error of the pack."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        said = " ".join(str(error).split())
        raise PydanticCustomError("pattern", "is no pattern: {said}", {"said": said}) from None
    return pattern


#: A regular expression of Python's `re`, and one of the Rust crate behind Polars.
Pattern = Annotated[str, StringConstraints(min_length=2), AfterValidator(_compiles)]
RustPattern = Annotated[str, StringConstraints(min_length=2), AfterValidator(rust_pattern)]


class PackError(Exception):
    """What is wrong with a pack, found while it is compiled; `load` adds the name of the file."""


def prove(rules: Iterable[RuleT], judges: Callable[[RuleT, str], bool], noun: str = "rule") -> None:
    """Refuse the pack when a rule does not find one of its hits, or finds one of its misses."""
    for rule in rules:
        prove_one(f"{noun} {rule.id}", rule, partial(judges, rule))


def prove_one(name: str, examples: Examples, judge: Callable[[str], bool]) -> None:
    """Refuse the pack when the judge contradicts one of these examples."""
    for example in examples.hits:
        if not judge(example):
            raise PackError(f"{name}: does not find {example!r}")
    for example in examples.misses:
        if judge(example):
            raise PackError(f"{name}: must not find {example!r}")


PackT = TypeVar("PackT", bound=Pack)
T = TypeVar("T")


@overload
def load(asset: Asset, model: type[PackT]) -> PackT: ...
@overload
def load(asset: Asset, model: type[PackT], build: Callable[[PackT], T]) -> T: ...
def load(asset: Asset, model: type[PackT], build: Callable[[PackT], Any] | None = None) -> Any:
    """The pack of this asset: read, validated, compiled and proved by `build`, then remembered.

    `build` raises `PackError` where the content contradicts itself; without it the validated
    content is returned.
    """

    def made(path: Path) -> Any:
        content = _validated(model, _mapping(path, asset.sha256, model.noun), path)
        return content if build is None else named(asset, model, lambda: build(content))

    return once(asset, made, key=(model, build))


def named(asset: Asset, model: type[Pack], step: Callable[[], T]) -> T:
    """What the step gives; a `PackError` of it becomes a `PipelineError` that names the file."""
    try:
        return step()
    except PackError as error:
        raise PipelineError(f"{model.noun} {asset.path.name}, {error}") from error


#: What was loaded from assets, by what was made of it, path and sha256.
_LOADED: dict[tuple[Hashable, Path, str], Any] = {}


def once(asset: Asset, read: Callable[[Path], T], key: Hashable = None) -> T:
    """What `read` makes of the file; remembered under `key` (`read` itself), path and sha256.

    The only cache of what stages load: packs, models and tables.
    """
    place = (read if key is None else key, asset.path, asset.sha256)
    if place not in _LOADED:
        _LOADED[place] = read(asset.path)
    loaded: T = _LOADED[place]
    return loaded


class _Loader(yaml.SafeLoader):
    """YAML in which a key of a mapping stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                where = f"line {key.start_mark.line + 1}"
                raise yaml.YAMLError(f"the key {key.value!r} stands twice ({where})")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _mapping(path: Path, sha256: str, noun: str) -> dict[str, Any]:
    """The mapping that a YAML file holds; anything else is refused."""
    try:
        raw = path.read_bytes()
        data = yaml.load(raw.decode(), _Loader)  # noqa: S506 – a subclass of the safe loader
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{noun} {path.name} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise PipelineError(f"{noun} {path.name} is not YAML: {line}") from error
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise PipelineError(f"{noun} {path.name} was changed after the run had begun")
    if not isinstance(data, dict):
        raise PipelineError(f"{noun} {path.name} is not a mapping")
    return data


def _validated(model: type[PackT], data: dict[str, Any], path: Path) -> PackT:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # A misspelt key is missing and unknown at once: the unknown one says more.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise PipelineError(f"{model.noun} {path.name}{_said(model, data, first)}") from error


def _said(model: type[Pack], data: Any, error: ErrorDetails) -> str:
    """Where the error is, by rule and key, and what it is."""
    loc, rule, keys = error["loc"], "", list(error["loc"])
    for depth, part in enumerate(loc):
        entry = _at(data, loc[: depth + 1])
        if depth and isinstance(part, int) and isinstance(entry, dict):
            name = entry.get("id") or f"number {part + 1}"
            rule, keys = f", {_one_of(loc[depth - 1])} {name}", list(loc[depth + 1 :])
    field, problem = ".".join(map(str, keys)), error["msg"]
    if error["type"] == "twice":
        return f", {_one_of(keys[-1])} {problem}"
    if error["type"] == "missing":
        problem = "is missing"
    elif error["type"] == "extra_forbidden":
        problem = f"is unknown{nearest(str(keys[-1]), _keys_at(model, loc[:-1]))}"
    elif error["type"] not in _OURS:
        problem = f"is wrong ({problem.removeprefix('Value error, ')})"
    return f"{rule}: {field} {problem}" if field else f"{rule}: {problem}"


def _one_of(plural: int | str) -> str:
    return str(plural).removesuffix("s")


#: Kinds of errors whose message is a whole one.
_OURS = frozenset({"examples", "pattern", "pack"})


def wrong(message: str) -> PydanticCustomError:
    """An error for a validator of a pack; the line ends with this message."""
    return PydanticCustomError("pack", "{message}", {"message": message})


def _at(data: Any, loc: Iterable[int | str]) -> Any:
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def nearest(key: str, known: Collection[str]) -> str:
    """The end of a message about an unknown key: the known one most like it, or all of them."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""


def _keys_at(model: type[BaseModel], loc: Sequence[int | str]) -> Collection[str]:
    """The keys that the model knows at this place."""
    kind: Any = model
    for part in loc:
        kind = _model(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        else:
            inner = [one for one in get_args(kind) if one is not Ellipsis]
            kind = inner[-1] if inner else None
    kind = _model(kind)
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _model(kind: Any) -> Any:
    """The kind without marks, null and, for a dataclass of numbers, as its model."""
    if get_origin(kind) is Annotated:
        return _model(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return _model(next(one for one in get_args(kind) if one is not types.NoneType))
    is_limits = isinstance(kind, type) and dataclasses.is_dataclass(kind)
    return settings_of(kind) if is_limits else kind
