"""The page of the evidence folder, and the draft of a report: HTML without a script or a request.

Enters: finished tables and what they are about.  Leaves: bytes, the same for the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus_pipeline.products.audit.words import Words
from corpus_pipeline.products.evidence.files import TITLE, About, shown
from corpus_pipeline.products.evidence.table import Cell, Table

_HERE = Path(__file__).parent


def as_page(about: About, tables: Sequence[Table], files: Sequence[tuple[str, Words]]) -> bytes:
    """One page in Chinese, in English or in both, as its reader chooses; it can be printed."""
    page: str = _template("evidence.html.j2").render(
        title=TITLE, about=about, tables=tables, files=files
    )
    return page.encode()


def as_draft(about: About, tables: Sequence[Table], facts: Mapping[str, Any]) -> bytes:
    """The corpus part of an assessment report in Chinese, with blanks for what people know."""
    named = {table.name: table for table in tables}
    page: str = _template("draft.html.j2").render(about=about, tables=named, **facts)
    return page.encode()


@cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": _figure, "zh": _chinese}
    environment.tests["words"] = lambda value: isinstance(value, Words)
    environment.globals["shown"] = shown
    return environment.get_template(name)


def _figure(value: Cell) -> str:
    """A cell on the page: numbers with their thousands apart."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _chinese(value: Cell) -> str:
    """A cell in Chinese."""
    return value.zh if isinstance(value, Words) else _figure(value)
