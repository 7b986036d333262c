"""Tables as CSV and Markdown, and what a page and a workbook say beside them.

Enters: finished tables.  Leaves: bytes, the same for the same tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Cell, Table, plain

#: What the folder is called; it is evidence, no certificate.
TITLE = both("Evidence for a compliance audit", "合规审计证据材料")
#: Rows of a table that a page shows; the files have all.
PAGE_ROWS = 60


@dataclass(frozen=True, slots=True)
class About:
    """What a folder is about: facts, a notice, and the outcome with its class on the page."""

    facts: Sequence[tuple[Words, Cell]]
    notes: Words
    outcome: Words
    mark: str


def as_csv(table: Table) -> bytes:
    """The table as CSV with a byte order mark, without which spreadsheets misread Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.headings)
    writer.writerows(table.plain_rows())
    return buffer.getvalue().encode("utf-8-sig")


def shown(table: Table) -> list[tuple[Cell, ...]]:
    """The rows that a page shows: so many of each value of the first column, and in all."""
    counts: dict[Cell, int] = {}
    rows = []
    for row in table.rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
        if table.shown is None or counts[row[0]] <= table.shown:
            rows.append(row)
    return rows[:PAGE_ROWS]


def as_markdown(about: About, tables: Sequence[Table]) -> bytes:
    """All tables in one Markdown file, the long ones cut."""
    lines = [f"# {plain(TITLE)}", "", f"**{plain(about.outcome)}**", ""]
    lines += [about.notes.zh, "", about.notes.en, ""]
    lines += [f"- {plain(word)}: {_cell(plain(value))}" for word, value in about.facts]
    for table in tables:
        lines += ["", f"## {plain(table.title)}", "", table.about.zh, "", table.about.en, ""]
        heads = [plain(column.heading) for column in table.columns]
        lines.append("| " + " | ".join(map(_cell, heads)) + " |")
        lines.append("|" + "---|" * len(table.columns))
        rows = shown(table)
        for row in rows:
            lines.append("| " + " | ".join(_cell(plain(value)) for value in row) + " |")
        more = len(table.rows) - len(rows)
        if more > 0:
            lines += ["", f"另有 {more} 行，见 tables/{table.name}.csv / {more} more rows there."]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    """A value in a cell of Markdown: no bars, no line breaks, no markup."""
    text = str(value).replace("\\", "\\\\").replace("\n", " ")
    for mark in "|<>*_`[]":
        text = text.replace(mark, f"\\{mark}")
    return text
