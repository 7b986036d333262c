"""One offline HTML page about two releases: no script, no request, Chinese and English.

Enters: a `Diff`.  Leaves: the bytes of the page, the same for the same releases.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus_pipeline.products.diff.render import about_of, signed
from corpus_pipeline.products.diff.result import Diff
from corpus_pipeline.products.diff.words import in_chinese, names, words_of
from corpus_pipeline.text.unicode.escape import escaped

#: Rows of a table on the page.
ROWS: Final = 200


def page(diff: Diff) -> bytes:
    """The page."""
    return bytes(_template().render(diff=diff, facts=diff.to_dict(), most=ROWS).encode())


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda value: f"{value:,}"
    environment.filters["plain"] = lambda text: escaped(str(text))[:300]
    environment.globals |= {
        "word": words_of,
        "names": names,
        "signed": signed,
        "about": about_of,
        "in_chinese": in_chinese,
    }
    return environment.get_template("diff.html.j2")
