"""Error messages of packs: the rule, the key, and the nearest key that exists.

Enters: an error of pydantic, the model and the data that was validated.
Leaves: the end of a line, after the name of the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from corpus_pipeline.rules.settings import settings_of

#: What pydantic puts before the message of a validator's own `ValueError`.
_PREFIX = "Value error, "


class TwiceError(ValueError):
    """Two entries of a list have the id that is the message."""


def message(model: type[BaseModel], data: Any, error: Mapping[str, Any]) -> str:
    """Where the error is (rule and key), and what it is; begins with `:` or `, rule …:`."""
    loc, rule, keys = error["loc"], "", list(error["loc"])
    for depth, part in enumerate(loc):
        entry = _at(data, loc[: depth + 1])
        if depth and isinstance(part, int) and isinstance(entry, dict):
            name = entry.get("id") or f"number {part + 1}"
            rule, keys = f", {_one_of(loc[depth - 1])} {name}", list(loc[depth + 1 :])
    field, problem = ".".join(map(str, keys)), error["msg"]
    if isinstance(error.get("ctx", {}).get("error"), TwiceError):
        return f", {_one_of(keys[-1])} {problem.removeprefix(_PREFIX)}: the id is used twice"
    if error["type"] == "missing":
        problem = "is missing"
    elif error["type"] == "extra_forbidden":
        problem = f"is unknown{nearest(str(keys[-1]), _keys_at(model, loc[:-1]))}"
    elif error["type"] == "value_error":  # the message of a validator of ours is complete
        problem = problem.removeprefix(_PREFIX)
    else:
        problem = f"is wrong ({problem})"
    return f"{rule}: {field} {problem}" if field else f"{rule}: {problem}"


def _one_of(plural: int | str) -> str:
    return str(plural).removesuffix("s")


def _at(data: Any, loc: Iterable[int | str]) -> Any:
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def nearest(key: str, known: Collection[str]) -> str:
    """The end of a message about an unknown key: the known key most like it, or all of them."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""


def _keys_at(model: type[BaseModel], loc: Sequence[int | str]) -> Collection[str]:
    """The keys that the model has at this place."""
    kind: Any = model
    for part in loc:
        kind = _model(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        else:
            inner = [part for part in get_args(kind) if part is not Ellipsis]
            kind = inner[-1] if inner else None
    kind = _model(kind)
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _model(kind: Any) -> Any:
    """The type without annotations and None; for a dataclass of numbers its pydantic model."""
    if get_origin(kind) is Annotated:
        return _model(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return _model(next(part for part in get_args(kind) if part is not types.NoneType))
    is_limits = isinstance(kind, type) and dataclasses.is_dataclass(kind)
    return settings_of(kind) if is_limits else kind
