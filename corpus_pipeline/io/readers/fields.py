"""The mapped fields of a JSON object or a CSV row.

Enters: parsed rows.  Leaves: the value of the first candidate path that is there.
A value that is neither a string nor a number counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from corpus_pipeline.io.readers.base import Fields, Row
from corpus_pipeline.io.readers.paths import TextPath, roots

OTHERS: Final = (
    "id",
    "url",
    "title",
    "license",
    "fetched_at",
    "aigc",
    "aigc_model",
    "aigc_at",
)
#: Rows of one file share a few sets of keys; a file of random keys must not fill the memory.
MAX_PLANS: Final = 256
#: What the name of a field looks like: a short word, and no telephone number.
_NAME: Final = re.compile(r"(?!.*\d{5})[\w.:-]{1,24}", re.DOTALL)


class Picker:
    """Finds the mapped fields of rows, and remembers which candidates a set of keys can have."""

    def __init__(self, fields: Fields) -> None:
        """A picker for one reading."""
        self.text_paths = [TextPath(path, fields.joiner) for path in fields.texts]
        self.text_keys = frozenset(roots(fields.texts))
        self.others = [getattr(fields, name) for name in OTHERS]
        #: Keys → the places in `OTHERS` of fields that may be there, with their candidates.
        self.plans: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] = {}

    def text(self, row: Mapping[str, Any]) -> Any:
        """The value of the text field, whatever its type; None where there is none."""
        if self.text_keys.isdisjoint(row):
            return None
        refused = None
        for path in self.text_paths:
            value = path.of(row)
            if isinstance(value, str):
                return value
            refused = value if refused is None else refused
        return refused

    def row(self, row: Mapping[str, Any], text: str, locator: str, license_: str | None) -> Row:
        """A document; `license_` is what holds where the row names none."""
        keys = tuple(row)
        plan = self.plans.get(keys)
        if plan is None:
            possible = [tuple(_possible(row, paths)) for paths in self.others]
            plan = [(place, paths) for place, paths in enumerate(possible) if paths]
            if len(self.plans) < MAX_PLANS:
                self.plans[keys] = plan
        values: list[str | None] = [None] * len(OTHERS)
        for place, paths in plan:
            values[place] = as_text(pick(row, paths))
        source_id, url, title, own, fetched, label, model, at = values
        return Row(
            locator,
            text,
            source_id,
            url,
            title,
            own or license_,
            fetched,
            aigc=label,
            aigc_model=model,
            aigc_at=at,
        )


def _possible(row: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        if path in row or path.partition(".")[0] in row:
            yield path


def shown(names: Iterable[str]) -> str:
    """The first names of fields for a message; a key that may be text or a number is not shown.

    >>> shown(["url", "正文段落", "他说，今天不去了。", "13800138000"])
    "'url', '正文段落', …, …"
    """
    return ", ".join(repr(n) if _NAME.fullmatch(n) else "…" for n in islice(names, 12))


def pick(row: Mapping[str, Any], candidates: tuple[str, ...]) -> Any:
    """The first candidate that is present and not null.

    >>> pick({"meta": {"标题": "春望"}}, ("title", "meta.标题"))
    '春望'
    """
    for path in candidates:
        value = row.get(path)
        if value is None and "." in path:
            value = row
            for name in path.split("."):
                value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def as_text(value: Any) -> str | None:
    """Strings as they are, numbers as JSON writes them, anything else is nothing.

    >>> as_text("杜甫"), as_text(759), as_text(["唐"])
    ('杜甫', '759', None)
    """
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
