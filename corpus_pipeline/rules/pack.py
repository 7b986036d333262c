"""Rules as data: a YAML pack is read, proved against its own examples, or refused.

Enters: a YAML file with `pack`, `version`, what the pack's head model wants, and `rules`.
Leaves: a `Pack` of validated rules in file order.
Refuses: a missing or unknown field, an id used twice, a rule without a reason or without
examples, and a rule that disagrees with its own `hits` or `misses`; the error is one line
that names the pack and the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from corpus_pipeline.model import PipelineError

Text = Annotated[str, StringConstraints(min_length=1)]


class Rule(BaseModel):
    """What every rule says of itself; a pack's own rule model adds the clauses it judges by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    why: Text
    hits: Annotated[tuple[Text, ...], "at least one: checked by `read_pack`"]
    misses: tuple[Text, ...]


class Head(BaseModel):
    """What every pack says of itself, beside its rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: Text
    version: int
    source: Text


RuleT = TypeVar("RuleT", bound=Rule)
HeadT = TypeVar("HeadT", bound=Head)


@dataclass(frozen=True, slots=True)
class Pack(Generic[HeadT, RuleT]):
    """A validated pack: its head and its rules, in file order."""

    name: str
    head: HeadT
    rules: tuple[RuleT, ...]


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; anything else is refused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"rule pack {path.name} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise PipelineError(f"rule pack {path.name} is not YAML: {line}") from error
    if not isinstance(data, dict):
        raise PipelineError(f"rule pack {path.name} is not a mapping")
    return data


def read_pack(path: Path, head: type[HeadT], rule: type[RuleT]) -> Pack[HeadT, RuleT]:
    """Read and validate a pack; its examples are not judged yet (see `prove`)."""
    data = read_yaml(path)
    entries = data.pop("rules", None)
    if not isinstance(entries, list) or not entries:
        raise PipelineError(f"rule pack {path.name} has no rules")
    checked_head = _validated(head, data, f"rule pack {path.name}")
    rules: list[RuleT] = []
    for number, entry in enumerate(entries, 1):
        known = entry.get("id") if isinstance(entry, dict) else None
        where = f"rule pack {path.name}, rule {known or f'number {number}'}"
        found = _validated(rule, entry, where)
        if not found.hits or not found.misses:
            raise PipelineError(f"{where}: needs at least one hit and one miss")
        if any(found.id == other.id for other in rules):
            raise PipelineError(f"{where}: the id is used twice")
        rules.append(found)
    return Pack(path.name, checked_head, tuple(rules))


def prove(name: str, rules: Sequence[RuleT], judges: Callable[[RuleT, str], bool]) -> None:
    """Refuse the pack when a rule does not find one of its hits, or finds one of its misses."""
    for rule in rules:
        for example in rule.hits:
            if not judges(rule, example):
                raise PipelineError(f"rule pack {name}, rule {rule.id}: does not find {example!r}")
        for example in rule.misses:
            if judges(rule, example):
                raise PipelineError(f"rule pack {name}, rule {rule.id}: must not find {example!r}")


ModelT = TypeVar("ModelT", bound=BaseModel)


def _validated(model: type[ModelT], data: Any, where: str) -> ModelT:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "entry"
        said = {"missing": "is missing", "extra_forbidden": "is unknown"}
        problem = said.get(first["type"], f"is wrong ({first['msg']})")
        raise PipelineError(f"{where}: {field} {problem}") from error
