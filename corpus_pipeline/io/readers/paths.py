"""Paths to the text of a record: through objects and lists, and several fields joined.

Enters: a path.  `a.b` is a field of an object, `a[].b` that of each item of a list, `a+b` one field
after the other, and `a[].(b+c)` both of each item.  A field whose name is all of a path wins.
Leaves: the text, its pieces with a joiner between them.  `a+b` is there if both are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

#: Lists within lists that are looked into: parts of a message of a chat.
DEPTH: Final = 3
_STEP: Final = re.compile(r"\((?P<group>[^()]+)\)|(?P<name>[^.]+?)(?P<many>\[\])?(?:\.|$)")

_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

#: The fields to go to next (the first one that is there, or all of a group), and whether each is a
#: list whose items go on.
Step = tuple[tuple[str, ...], bool]


class TextPath:
    """One candidate for the text of a record."""

    def __init__(self, path: str, joiner: str) -> None:
        """`joiner`: what stands between the pieces of a list, and between joined fields."""
        self.path, self.joiner = path, joiner
        self.parts = [_steps(part) for part in re.split(r"\+(?![^(]*\))", path)]
        self.roots = tuple(names[0] for (names, _), *_ in self.parts)
        self.single = len(self.parts) == 1 and not any(many for _, many in self.parts[0])

    def within(self, columns: Collection[str]) -> bool:
        """Whether a row of strings with these names has it."""
        flat = all(len(steps) == 1 and not steps[0][1] for steps in self.parts)
        return self.path in columns or (flat and all(root in columns for root in self.roots))

    def of(self, row: Mapping[str, Any]) -> Any:
        """The text, None where there is none, and what stands there where it is no text.

        >>> TextPath("段落[].内容", "|").of({"段落": [{"内容": "春"}, {"内容": "夏"}]})
        '春|夏'
        >>> TextPath("question+answer", "|").of({"question": "几点？", "answer": 3})
        '几点？|3'
        """
        value = row.get(self.path)
        if value is None and self.path not in self.roots:
            found = [_leaves(row, steps) for steps in self.parts]
            if any(leaves is None for leaves in found):
                return None
            value = [leaf for leaves in found for leaf in leaves or ()]
            if self.single:
                value = value[0]
            if len(self.parts) > 1:  # a number is an answer, but a list of numbers is no text
                value = [str(leaf) if _is_number(leaf) else leaf for leaf in value]
        if not isinstance(value, list):
            return value
        pieces = _pieces(value, DEPTH)
        # Numbers alone are data: token ids, an embedding.
        if pieces is None or (pieces and all(map(_NUMBER.fullmatch, pieces))):
            return value
        return self.joiner.join(piece for piece in pieces if piece)


def _steps(path: str) -> list[Step]:
    """The steps of one path; what is no path at all is one field."""
    steps: list[Step] = []
    for match in _STEP.finditer(path):
        names = match["group"].split("+") if match["group"] else [match["name"]]
        steps.append((tuple(name.strip() for name in names), bool(match["many"])))
    return steps or [((path,), False)]


def _leaves(value: Any, steps: list[Step]) -> list[Any] | None:
    """What stands at the end of a path, item after item; None: there is no such path."""
    if not steps:
        return [value]
    (names, many), *rest = steps
    found = [value.get(name) for name in names] if isinstance(value, dict) else []
    children = [child for child in found if child is not None]
    if not children:
        return None
    if many and not isinstance(children[0], list):
        return None
    parts = [_leaves(item, rest) for item in (children[0] if many else children)]
    if parts and all(part is None for part in parts):
        return None
    return [leaf for part in parts for leaf in part or ()]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pieces(values: list[Any], depth: int) -> list[str] | None:
    """The strings of a list in their order; None where it holds anything else.

    A part of a message (an object with a `type`) is its text, and nothing where it is a picture.
    """
    pieces: list[str] = []
    for value in values:
        if isinstance(value, str):
            pieces.append(value)
        elif isinstance(value, dict) and "type" in value:
            text = value.get("text")
            pieces += [text] if isinstance(text, str) else []
        elif isinstance(value, list) and depth:
            inner = _pieces(value, depth - 1)
            if inner is None:
                return None
            pieces += inner
        elif value is not None:
            return None
    return pieces


def roots(paths: tuple[str, ...]) -> Iterator[str]:
    """Every name by which a record may show that it has one of the paths."""
    for path in paths:
        yield path
        yield from TextPath(path, "").roots
