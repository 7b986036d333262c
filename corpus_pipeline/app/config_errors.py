"""What is wrong with a config, in one line per fault, in words of YAML and not of Python.

Enters: the errors of a validation or of a YAML parser.  Leaves: lines that name the key, the fault
and, for an unknown key, the nearest known one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

import yaml
from pydantic import ValidationError

from corpus_pipeline.model import PipelineError

#: What a value should have been, by pydantic's kind of error.
_WANTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of options",
    "model_attributes_type": "a mapping of options",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


class ConfigError(PipelineError):
    """A config with faults; each line is one of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        """`lines`: one for each fault, at least one."""
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def kind(value: object) -> str:
    """What a YAML value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "a mapping", list: "a list", tuple: "a list", str: "text", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a value")


def nearest(key: str, known: Iterable[str]) -> str:
    """The known name nearest to `key`, or all of them where none is near: the end of a message."""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def lines(
    error: ValidationError,
    top: Sequence[str],
    known_at: Callable[[tuple[int | str, ...]], Sequence[str]],
) -> list[str]:
    """A line for each fault.

    `top`: the keys a config may have; `known_at`: from the place of an unknown key to the keys that
    are known there.
    """
    faults = []
    errors = error.errors(include_url=False)
    places = [fault["loc"] for fault in errors]
    for fault in errors:
        place = fault["loc"]
        # A list whose entries are at fault is not empty, whatever the length check says.
        inside = any(len(p) > len(place) and p[: len(place)] == place for p in places)
        if fault["type"] == "too_short" and inside:
            continue
        key = ".".join(str(part) for part in place)
        if fault["type"] == "extra_forbidden":
            known = top if len(place) == 1 else known_at(place)
            faults.append(f"unknown config key {key!r}{nearest(str(place[-1]), known)}")
            continue
        wanted = _WANTED.get(fault["type"])
        text = fault["msg"].removeprefix("Value error, ")
        if wanted:
            text = f"should be {wanted}, not {kind(fault['input'])}"
        elif fault["type"] == "too_short":
            text = "should have at least one entry"
        elif fault["type"] != "value_error":
            text = f"{text[0].lower()}{text[1:]}"
        faults.append(f"{key}: {text}" if key else text)
    return faults


def yaml_problem(error: yaml.YAMLError) -> str:
    """Where a YAML text breaks and why, to follow the file's name: `:3:1: not valid YAML: …`."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f":{mark.line + 1}:{mark.column + 1}: not valid YAML: {error.problem}"
    return f" is not valid YAML: {' '.join(str(error).split())}"
