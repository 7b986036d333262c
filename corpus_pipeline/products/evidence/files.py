"""Tables as files: CSV, a workbook, Markdown, and one offline page.

Enters: finished tables.  Leaves: bytes, the same for the same tables.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus_pipeline.products.audit.words import Words
from corpus_pipeline.products.evidence.table import ENGLISH, Cell, Table

#: Characters of a cell of a workbook, of the name of a sheet, and the widest column in characters.
_CELL, _SHEET, _WIDEST = 32_767, 31, 60
#: What a workbook says of its making: no clock, so that equal tables give equal bytes.
_MADE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
#: Rows of a table that a page shows; the files have all.
PAGE_ROWS = 60
_HERE = Path(__file__).parent


def as_csv(table: Table) -> bytes:
    """The table as CSV with a byte order mark, without which spreadsheets misread Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.headings)
    writer.writerows(table.rows)
    return buffer.getvalue().encode("utf-8-sig")


def as_workbook(tables: Sequence[Table]) -> bytes:
    """The tables as a workbook, a sheet each; every text is a text, whatever it begins with."""
    buffer = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **plain}) as book:
        book.set_properties({"title": tables[0].title.zh, "created": _MADE})
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        for table in tables:
            _sheet(book.add_worksheet(table.title.zh[:_SHEET]), table, heading, body)
    return buffer.getvalue()


def _sheet(sheet: Any, table: Table, heading: Any, body: Any) -> None:
    for place, name in enumerate(table.headings):
        longest = max((len(str(row[place])) for row in table.rows), default=0)
        sheet.set_column(place, place, min(max(longest, 10), _WIDEST))
        sheet.write_string(0, place, name, heading)
    for number, row in enumerate(table.rows, 1):
        for place, value in enumerate(row):
            if isinstance(value, int | float):
                sheet.write_number(number, place, value, body)
            else:
                sheet.write_string(number, place, str(value)[:_CELL], body)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def as_markdown(about: Sequence[tuple[Words, str]], notes: Words, tables: Sequence[Table]) -> bytes:
    """All tables in one Markdown file, the long ones cut."""
    lines = [f"# {_both(TITLE)}", "", notes.zh, "", notes.en, ""]
    lines += [f"- {_both(word)}: {_cell(value)}" for word, value in about]
    for table in tables:
        lines += ["", f"## {_both(table.title)}", "", table.about.zh, "", table.about.en, ""]
        lines.append("| " + " | ".join(map(_cell, table.headings)) + " |")
        lines.append("|" + "---|" * len(table.columns))
        for row in table.rows[:PAGE_ROWS]:
            lines.append("| " + " | ".join(map(_cell, row)) + " |")
        more = len(table.rows) - PAGE_ROWS
        if more > 0:
            lines += ["", f"另有 {more} 行，见 tables/{table.name}.csv / {more} more rows there."]
    return ("\n".join(lines) + "\n").encode()


def _both(word: Words) -> str:
    return f"{word.zh} / {word.en}"


def _cell(value: object) -> str:
    """A value in a cell of Markdown: no bars, no line breaks, no markup."""
    text = str(value).replace("\\", "\\\\").replace("\n", " ")
    for mark in "|<>*_`[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def as_page(
    about: Sequence[tuple[Words, str]],
    notes: Words,
    verdict: tuple[str, Words],
    tables: Sequence[Table],
    files: Sequence[tuple[str, Words]],
) -> bytes:
    """One page without a script or a request, in both languages, that can be printed."""
    page: str = _template().render(
        title=TITLE,
        about=about,
        notes=notes,
        verdict=verdict,
        tables=tables,
        files=files,
        most=PAGE_ROWS,
    )
    return page.encode()


#: What the folder is called; it is evidence, no certificate.
TITLE = Words(en="Evidence for a compliance audit", zh="合规审计证据材料")


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    environment.globals["entries"] = _entries
    return environment.get_template("evidence.html.j2")


def _entries(table: Table, row: Sequence[Cell]) -> list[tuple[Words, Cell, Cell]]:
    """Heading, value and the value in English of each column of a card after the first."""
    cells = [(column.heading, value) for column, value in zip(table.columns, row, strict=True)]
    english = {
        heading.zh.removesuffix(ENGLISH): value
        for heading, value in cells
        if heading.zh.endswith(ENGLISH)
    }
    return [
        (heading, value, english.get(heading.zh, ""))
        for heading, value in cells[1:]
        if not heading.zh.endswith(ENGLISH)
    ]


def _shown(value: object) -> str:
    """A cell on the page: numbers with their thousands apart."""
    return f"{value:,}" if isinstance(value, int) else str(value)
