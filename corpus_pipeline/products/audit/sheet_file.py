"""The first sheet of a workbook (XLSX), as rows of texts by their headings.

Enters: the bytes of a file that people filled in.  Leaves: the rows under the first one.
A number in a cell of a day is given as the number; `day_of_serial` says which day it is.
Refuses: what is no such workbook, and one that inflates beyond `_LARGEST` (`ValueError`).
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree as ET

#: How the bytes of a workbook begin, as of every zip archive.
MAGIC = b"PK\x03\x04"
#: Bytes of one part of a workbook, inflated: a sample of 4,000 texts has a tenth.
_LARGEST = 500_000_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_COLUMN = re.compile("[A-Z]+")
#: The day that spreadsheets count from, as they have it after February 1900.
_ZERO = dt.date(1899, 12, 30)
#: Numbers that are days of this century.
_DAYS = range(36_526, 73_050)


#: What reading a damaged or an encrypted archive raises.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ET.ParseError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def day_of_serial(text: str) -> dt.date | None:
    """The day that a spreadsheet means by a number; None for anything else.

    >>> day_of_serial("46334"), day_of_serial("2026")
    (datetime.date(2026, 11, 8), None)
    """
    whole = text.partition(".")[0]
    if not whole.isascii() or not whole.isdigit() or int(whole[:9]) not in _DAYS:
        return None
    return _ZERO + dt.timedelta(days=int(whole))


def sheet_rows(raw: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the first sheet with their numbers, by the headings in its first row."""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as book:
            shared = _shared(book)
            rows = list(_rows(book, _first(book), shared))
    except _BROKEN as error:
        raise ValueError(f"not a workbook: {error}") from None
    heads = rows[0][1] if rows else {}
    for number, cells in rows[1:]:
        yield number, {name: cells.get(column, "") for column, name in heads.items()}


def _part(book: zipfile.ZipFile, name: str) -> ET.Element:
    """A part, parsed."""
    if book.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    return ET.fromstring(book.read(name))  # noqa: S314 - expat bounds what entities expand to


def _first(book: zipfile.ZipFile) -> str:
    """The name of the part that holds the first sheet."""
    sheet = _part(book, "xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
    for link in _part(book, "xl/_rels/workbook.xml.rels"):
        if sheet is not None and link.get("Id") == sheet.get(_LINK):
            target = str(link.get("Target"))
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise ValueError("not a workbook: no sheet")


def _shared(book: zipfile.ZipFile) -> list[str]:
    """The texts that cells name by number."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    return [_text(item) for item in _part(book, "xl/sharedStrings.xml").iter(f"{_MAIN}si")]


def _text(element: ET.Element) -> str:
    """The runs of a text; readings of characters that stand beside it are none of it."""
    runs = [*element.findall(f"{_MAIN}t"), *element.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join(run.text or "" for run in runs)


def _rows(
    book: zipfile.ZipFile, name: str, shared: list[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells (column → text) of each row."""
    for place, row in enumerate(_part(book, name).iter(f"{_MAIN}row"), 1):
        cells = {}
        for cell in row.iter(f"{_MAIN}c"):
            column = _COLUMN.match(cell.get("r", ""))
            if column is not None:
                cells[column[0]] = _value(cell, shared)
        yield int(row.get("r", place)), cells


def _value(cell: ET.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _text(inline)
    value = cell.findtext(f"{_MAIN}v") or ""
    if cell.get("t") != "s":
        return value
    return shared[int(value)] if value.isdigit() and int(value) < len(shared) else ""
