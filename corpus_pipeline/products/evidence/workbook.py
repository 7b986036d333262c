"""Tables as a workbook that opens in Excel, WPS and LibreOffice.

Enters: finished tables.  Leaves: bytes, the same for the same tables.  Every text is a text,
whatever it begins with.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from itertools import islice
from typing import Any

import xlsxwriter

from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.evidence.files import TITLE, About
from corpus_pipeline.products.evidence.table import Cell, Column, Table

#: Characters of a cell of a workbook, of the name of a sheet, and the widest column in characters.
_CELL, _SHEET, _WIDEST = 32_767, 31, 60
#: Rows of a sheet: more make a workbook that opens slowly; the CSV has all.
_ROWS = 100_000
#: What a workbook says of its making: no clock, so that equal tables give equal bytes.
_MADE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
#: The column that people fill in with one of two words, and the words.
_VERDICT, _VERDICTS = "结论", ["合格", "不合格"]
#: Height of the rows of a sample, in points: a text has many lines, and a row has to be seen whole.
_TALL = 90


def as_workbook(tables: Sequence[Table], about: About | None = None) -> bytes:
    """The tables as a workbook, a sheet each, after one that says what they are."""
    buffer = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **safe}) as book:
        title = TITLE if about else tables[0].title
        book.set_properties({"title": title.zh, "created": _MADE})
        heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#eef2f1"}
        )
        body = book.add_format({"text_wrap": True, "valign": "top"})
        if about:
            _sheet(book.add_worksheet("说明"), _cover(about, tables), heading, body)
        for table in tables:
            _sheet(book.add_worksheet(table.title.zh[:_SHEET]), table, heading, body)
        if not about:
            _sheet(book.add_worksheet("说明"), _told(tables), heading, body)
    return buffer.getvalue()


def _cover(about: About, tables: Sequence[Table]) -> Table:
    """What the workbook is, as a table: it must not be taken for a certificate."""
    rows: list[tuple[Cell, ...]] = [(TITLE, about.outcome), ("", about.notes)]
    rows += [(word, value) for word, value in about.facts]
    return _told(tables, rows)


def _told(tables: Sequence[Table], rows: Sequence[tuple[Cell, ...]] = ()) -> Table:
    """What each sheet is, after `rows`."""
    columns = (Column(both("what", "项目")), Column(both("said", "说明"), apart=True))
    listed = ((table.title, table.about) for table in tables)
    return Table("about", TITLE, TITLE, columns, (*rows, *listed))


def _sheet(sheet: Any, table: Table, heading: Any, body: Any) -> None:
    rows = list(islice(table.plain_rows(), _ROWS))
    if more := len(table.rows) - len(rows):
        note = f"另有 {more:,} 行，见 CSV / {more:,} more rows in the CSV"
        rows.append([note, *[""] * (len(table.headings) - 1)])
    for place, name in enumerate(table.headings):
        longest = max((len(str(row[place])) for row in rows), default=0)
        wide = 16 if table.form and place == 0 else min(max(longest * 1.2, 10), _WIDEST)
        sheet.set_column(place, place, wide)
        sheet.write_string(0, place, name, heading)
        if table.form and name == _VERDICT and rows:
            choice = {"validate": "list", "source": _VERDICTS}
            sheet.data_validation(1, place, len(rows), place, choice)
    tall = any(column.lines for column in table.columns) and table.form
    for number, row in enumerate(rows, 1):
        if tall:
            sheet.set_row(number, _TALL)
        for place, value in enumerate(row):
            if isinstance(value, int | float):
                sheet.write_number(number, place, value, body)
            else:
                sheet.write_string(number, place, value[:_CELL], body)
    # Of a form the id and the verdict stay beside whatever is read.
    sheet.freeze_panes(1, 2 if table.form and table.headings[1] == _VERDICT else 1)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(table.headings) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
