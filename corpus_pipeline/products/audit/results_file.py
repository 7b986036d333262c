"""Results of people who looked at samples: who found what in which document, and when.

Enters: files of results: CSV, JSON lines, or a workbook (XLSX).  Leaves: `Results`.
Refuses: a line without an id, a verdict, a reviewer or a day, an unknown verdict, a file that is no
such table (`PipelineError`, one line): a verdict that nobody signs is none.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.sheet_file import MAGIC, day_of_serial, sheet_rows

#: What a column may be called.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "编号"),
    "verdict": ("verdict", "结论"),
    "reviewer": ("reviewer", "审核人"),
    "date": ("date", "日期"),
    "aspect": ("aspect", "项目"),
    "annotator": ("annotator", "标注人"),
}
_VERDICTS: Mapping[str, bool] = {
    **dict.fromkeys(("pass", "passed", "yes", "true", "1", "ok", "合格", "符合", "通过"), True),
    **dict.fromkeys(("fail", "failed", "no", "false", "0", "不合格", "不符合", "不通过"), False),
}
#: What a reviewer fills in; a row without any of it was not looked at.
_FILLED_IN = ("verdict", "reviewer", "date")
#: A day in figures, as forms and spreadsheets have it.
_DAY = re.compile(r"([0-9]{4})(?:-|/|年)([0-9]{1,2})(?:-|/|月)([0-9]{1,2})(?![0-9])")
#: What a sample was looked at for, where its file does not say.
CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reviewer found in one document."""

    id: str
    passed: bool
    reviewer: str
    date: dt.date
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A file of results, pinned by its digest."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Results:
    """All results that were handed in, by what was looked at (`aspect`)."""

    files: tuple[ResultsFile, ...] = ()
    verdicts: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)

    def of(self, aspect: str) -> tuple[Verdict, ...]:
        """The verdicts about this aspect."""
        return self.verdicts.get(aspect, ())


def read_results(paths: Sequence[Path]) -> Results:
    """The results in these files; `PipelineError` for the first line that is none."""
    files: list[ResultsFile] = []
    verdicts: dict[str, list[Verdict]] = {}
    for path in paths:
        raw = read_bytes(path, "results")
        rows = 0
        for number, row in _rows(path, raw):
            aspect, verdict = _verdict(path, number, row)
            verdicts.setdefault(aspect, []).append(verdict)
            rows += 1
        name = concealed(escaped(path.name))
        files.append(ResultsFile(name, sha256(raw).hexdigest(), rows))
    return Results(tuple(files), {name: tuple(found) for name, found in verdicts.items()})


def read_bytes(path: Path, noun: str) -> bytes:
    """The bytes of a file that was handed in."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read the {noun} {path}: {error.strerror}") from None


def _rows(path: Path, raw: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a file with their line numbers."""
    if raw.startswith(MAGIC):
        yield from _sheet(path, raw)
        return
    text = decoded(path, raw)
    rows = _objects(path, text) if text.lstrip().startswith("{") else _table(path, text)
    yield from rows


def _sheet(path: Path, raw: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a workbook that somebody filled in."""
    try:
        for number, row in sheet_rows(raw):
            if not _untouched(row):
                yield number, {key: _dated(key, value) for key, value in row.items()}
    except ValueError as error:
        raise PipelineError(f"results {path.name}: {error}") from None


def _dated(key: str, value: str) -> str:
    """A cell as text: a day is a number in a workbook."""
    day = day_of_serial(value) if key in _NAMES["date"] else None
    return value if day is None else day.isoformat()


def decoded(path: Path, raw: bytes) -> str:
    """The text of a file: UTF-8, or what spreadsheets write as CSV in China."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError:
            said = f"results {path.name}: not UTF-8 at byte {error.start}, nor GB18030"
            raise PipelineError(said) from None


def _objects(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise PipelineError(f"results {path.name}, line {number}: not JSON") from None
        if not isinstance(row, dict):
            raise PipelineError(f"results {path.name}, line {number}: not an object")
        yield number, row


def _table(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(StringIO(text, newline=""), restval="")
    try:
        for row in reader:
            named = {str(key): value for key, value in row.items()}
            if not _untouched(named):
                yield reader.line_num, named
    except csv.Error as error:
        raise PipelineError(f"results {path.name}, line {reader.line_num}: {error}") from None


def _untouched(row: Mapping[str, Any]) -> bool:
    """Whether a row of a form has its places for a verdict, and nobody wrote anything there."""
    keys = [key for name in _FILLED_IN for key in _NAMES[name] if key in row]
    return len(keys) == len(_FILLED_IN) and not any(str(row[key]).strip() for key in keys)


def _verdict(path: Path, number: int, row: Mapping[str, Any]) -> tuple[str, Verdict]:
    """The aspect and the verdict of a row."""
    where = f"results {path.name}, line {number}"
    values = {
        name: next((str(row[key]).strip() for key in keys if row.get(key) is not None), "")
        for name, keys in _NAMES.items()
    }
    for name in ("id", "verdict", "reviewer", "date"):
        if not values[name]:
            raise PipelineError(f"{where}: has no {name}")
    passed = _VERDICTS.get(values["verdict"].casefold())
    if passed is None:
        known = ", ".join(_VERDICTS)
        raise PipelineError(f"{where}: verdict {values['verdict']!r} is none of {known}")
    day = day_of(values["date"], where)
    annotator = values["annotator"] or None
    verdict = Verdict(values["id"], passed, values["reviewer"], day, annotator)
    return values["aspect"] or CONTENT, verdict


def day_of(value: str, where: str) -> dt.date:
    """The day that a text begins with: `2026-01-31`, `2026/1/31`, `2026年1月31日`."""
    found = _DAY.match(value)
    try:
        return dt.date(*map(int, found.groups())) if found else dt.date.fromisoformat(value[:10])
    except ValueError:
        raise PipelineError(f"{where}: date {value!r} is no day such as 2026-01-31") from None
