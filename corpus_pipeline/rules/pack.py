"""Load packs: the one way in which a YAML file of rules becomes an object.

Enters: an `Asset` (a file pinned by its sha256), the pydantic model of its content, and a function
that compiles the content and checks it against its own examples.
Leaves: what that function returns, once per process for each path and content.
Errors: `PipelineError`, one line that names the file, the key and, where there is one, the rule:
not readable, not YAML, a key that stands twice, a key that is unknown (with the nearest known one)
or missing, a value of the wrong type, and a rule that disagrees with its `hits` or `misses`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, ClassVar, Self, TypeVar, overload

import polars as pl
import yaml
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.messages import TwiceError, message
from corpus_pipeline.rules.proofs import known, remembered
from corpus_pipeline.rules.settings import Strict

try:  # ten times as fast, where PyYAML has it
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]  # the same, in Python

Text = Annotated[str, StringConstraints(min_length=1)]
#: A name that a user reads in verdicts and error messages.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Pack(Strict):
    """The keys of every pack; a subclass adds its own."""

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
            raise ValueError("needs at least one hit and one miss")
        return self


class Rule(Examples):
    """The keys of every rule; a pack's own rule model adds the clauses it judges by."""

    id: Name


RuleT = TypeVar("RuleT", bound=Rule)


def _each_id_once(rules: tuple[RuleT, ...]) -> tuple[RuleT, ...]:
    ids: set[str] = set()
    for rule in rules:
        if rule.id in ids:
            raise TwiceError(rule.id)
        ids.add(rule.id)
    return rules


#: Rules in file order, at least one, each id once.
Rules = Annotated[tuple[RuleT, ...], Field(min_length=1), AfterValidator(_each_id_once)]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no pattern: {error}") from None
    return pattern


def rust_pattern(pattern: str) -> str:
    """The pattern; `ValueError` where the regex engine of Polars refuses it."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        line = " ".join(str(error).split())
        raise ValueError(f"is no pattern: {line}") from None
    return pattern


#: A regular expression of Python's `re`, and one of the Rust crate behind Polars.
Pattern = Annotated[str, StringConstraints(min_length=2), AfterValidator(_compiles)]
RustPattern = Annotated[str, StringConstraints(min_length=2), AfterValidator(rust_pattern)]


class PackError(Exception):
    """A fault of a pack, found while it is compiled; `load` adds the name of the file."""


def prove(rules: Iterable[RuleT], judges: Callable[[RuleT, str], bool], noun: str = "rule") -> None:
    """`PackError` when a rule does not find one of its hits, or finds one of its misses."""
    for rule in rules:
        prove_one(f"{noun} {rule.id}", rule, partial(judges, rule))


def prove_one(name: str, examples: Examples, judge: Callable[[str], bool]) -> None:
    """`PackError` when `judge` contradicts one of these examples; `name` begins the message.

    Examples that were tried before (`proofs`) are not tried again.
    """
    if known():
        return
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
    """The pack of this asset: read, validated, compiled and checked by `build`, then cached.

    `build` raises `PackError` where the content contradicts itself; without it the validated
    content is returned.
    """

    def loaded(path: Path) -> Any:
        content = _validated(model, _mapping(path, asset.sha256, model.noun), path)
        if build is None:
            return content
        # Of a function, all that its result depends on is known here; of other builders to the
        # stage that has their assets.
        plain = isinstance(build, FunctionType)
        with remembered(asset.sha256, maker=build) if plain else nullcontext():
            return named(asset, model, lambda: build(content))

    return once(asset, loaded, key=(model, build))


def named(asset: Asset, model: type[Pack], step: Callable[[], T]) -> T:
    """What `step` returns; its `PackError` becomes a `PipelineError` that names the file."""
    try:
        return step()
    except PackError as error:
        raise PipelineError(f"{model.noun} {asset.path.name}, {error}") from error


#: What was loaded: (key of what was made of the file, path, sha256) → the object.
_LOADED: dict[tuple[Hashable, Path, str], Any] = {}


def once(asset: Asset, read: Callable[[Path], T], key: Hashable = None) -> T:
    """What `read` makes of the file, cached by `key` (by default `read`), path and sha256.

    The only cache of the packs, models and tables that stages load.
    """
    place = (read if key is None else key, asset.path, asset.sha256)
    if place not in _LOADED:
        _LOADED[place] = read(asset.path)
    loaded: T = _LOADED[place]
    return loaded


class _Loader(_SafeLoader):
    """YAML in which no key of a mapping occurs twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                where = f"line {key.start_mark.line + 1}"
                raise yaml.YAMLError(f"the key {key.value!r} stands twice ({where})")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _mapping(path: Path, sha256: str, noun: str) -> dict[str, Any]:
    """The mapping in a YAML file; `PipelineError` for anything else, and for changed bytes."""
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
        first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        raise PipelineError(f"{model.noun} {path.name}{message(model, data, first)}") from error
