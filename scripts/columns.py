"""Every output column with its type, its stage, its meaning and what null says: docs/columns.md.

`python -m scripts.columns` writes the page; a test holds it against the code.  The meanings stand
beside the columns: `describes` of each stage, `DESCRIBES` of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from corpus_pipeline.model import DOCUMENT, QUARANTINE, VERDICT, Schema
from corpus_pipeline.model.schema import DESCRIBES
from corpus_pipeline.stages import STAGES

PAGE = Path(__file__).parents[1] / "docs" / "columns.md"
#: Columns of every document that null never stands in.
NEVER = "never"

HEAD = """\
# Output columns

Written by `python -m scripts.columns` from the code; do not edit.

`kept/` and `dropped/` hold the same columns: those of the document, those of the verdict, and those
of the stages that ran, in their order.  A stage's column is null where an earlier stage dropped the
document (only `pii` masks dropped documents too); the last column says what null means besides.
Offsets count code points.
"""


class Column(NamedTuple):
    """One line of the page."""

    name: str
    dtype: pl.DataType
    meaning: str
    null: str


def columns(schema: Schema, describes: Mapping[str, str]) -> list[Column]:
    """The columns of a schema in order, each with its description; one without is a `KeyError`.

    >>> columns({"a_n": pl.UInt32()}, {"a_n": "How many. Null: nobody counted."})
    [Column(name='a_n', dtype=UInt32, meaning='How many.', null='nobody counted')]
    """
    found = []
    for name, dtype in schema.items():
        meaning, _, null = describes[name].partition(" Null: ")
        found.append(Column(name, dtype, meaning, null.removesuffix(".") or NEVER))
    return found


def of_stage(name: str) -> list[Column]:
    """The columns that a stage adds."""
    cls = STAGES[name].load()
    return columns(cls.columns, cls.describes)


def shown(dtype: pl.DataType) -> str:
    """A type as a reader writes it.

    >>> shown(pl.List(pl.Struct({"start": pl.UInt32, "rule": pl.String})))
    'list of struct(start u32, rule string)'
    """
    if isinstance(dtype, pl.List):
        return f"list of {shown(dtype.inner)}"
    if isinstance(dtype, pl.Struct):
        fields = ", ".join(f"{field.name} {shown(field.dtype)}" for field in dtype.fields)
        return f"struct({fields})"
    short = {pl.String: "string", pl.Boolean: "bool", pl.Binary: "binary"}
    name = str(dtype)
    return short.get(dtype.base_type()) or f"{name[0].lower()}{''.join(filter(str.isdigit, name))}"


def table(lines: list[Column]) -> str:
    """The lines as a Markdown table."""
    rows = [
        f"| `{c.name}` | {shown(c.dtype)} | {c.meaning} | {c.null} |".replace("\n", " ")
        for c in lines
    ]
    return "\n".join(["| column | type | meaning | null |", "|---|---|---|---|", *rows])


def page() -> str:
    """The page of documentation."""
    parts = [HEAD, "## Document", table(columns(DOCUMENT, DESCRIBES))]
    parts += ["## Verdict", table(columns(VERDICT, DESCRIBES))]
    for name, info in STAGES.items():
        parts += [f"## {name}", info.help, table(of_stage(name))]
    parts += [
        "## Quarantine",
        "`quarantine/` holds what could not become a document.",
        table(columns(QUARANTINE, DESCRIBES)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
