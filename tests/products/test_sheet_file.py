"""Workbooks that people fill in are read as they mean them; what is none is refused in one line."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest
import xlsxwriter

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.results_file import read_results
from corpus_pipeline.products.audit.sheet_file import sheet_rows

HEAD = ("编号", "结论", "审核人", "日期", "项目")
ROWS = [
    ("a", "合格", "李", date(2026, 11, 8), "content"),
    ("b", "不合格", "王", "2026年11月8日", "content"),
    ("c", None, None, None, "content"),
    ("d", "合格", "李", "2026/11/9", None),
]


def by_openpyxl(target):
    book = openpyxl.Workbook()
    for row in (HEAD, *ROWS):
        book.active.append(row)
    book.save(target)


def by_xlsxwriter(target):
    with xlsxwriter.Workbook(target) as book:
        days = book.add_format({"num_format": "yyyy/m/d"})
        sheet = book.add_worksheet("抽检")
        book.add_worksheet("说明").write(0, 0, "编号")
        for number, row in enumerate((HEAD, *ROWS)):
            for place, value in enumerate(row):
                sheet.write(number, place, value, days if isinstance(value, date) else None)


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter])
def test_days_and_gaps_are_read_as_they_are_meant(write, tmp_path):
    """Days as numbers or in words, cells that are not there, a second sheet: the same verdicts."""
    path = tmp_path / "results.xlsx"
    write(path)
    results = read_results([path])

    assert [(one.id, one.passed, one.date.isoformat()) for one in results.of("content")] == [
        ("a", True, "2026-11-08"),
        ("b", False, "2026-11-08"),
        ("d", True, "2026-11-09"),
    ]
    assert results.files[0].rows == 3


def archive(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as book:
        for name, content in parts.items():
            book.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


BOMB = "<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>{}]><x>&a9;</x>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04 and no more",
        archive(readme="text"),
        archive(xl__workbook="<a/>"),
        archive(**{"xl__workbook.xml": "<broken", "xl___rels__workbook.xml.rels": "<a/>"}),
        archive(**{"xl__workbook.xml": BOMB, "xl___rels__workbook.xml.rels": "<a/>"}),
    ],
    ids=["cut", "archive", "part", "xml", "bomb"],
)
def test_what_is_no_workbook_is_refused(raw, tmp_path):
    """A cut archive, another one, broken XML and one that swells: one line that names the file."""
    path = tmp_path / "results.xlsx"
    path.write_bytes(raw)
    with pytest.raises(PipelineError, match=r"^results results\.xlsx: not a workbook: .*$"):
        read_results([path])
    with pytest.raises(ValueError, match="not a workbook"):
        list(sheet_rows(raw))
