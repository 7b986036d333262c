"""Results of people who looked at samples: who found what in which document, and when.

Enters: files of results, CSV or JSON lines.  Leaves: `Results`.
Refuses: a line without an id, a verdict, a reviewer or a day, an unknown verdict, a file that is no
such table (`PipelineError`, one line): a verdict that nobody signs is none.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from corpus_pipeline.io.locators import escaped
from corpus_pipeline.model import PipelineError

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
        files.append(ResultsFile(escaped(path.name), sha256(raw).hexdigest(), rows))
    return Results(tuple(files), {name: tuple(found) for name, found in verdicts.items()})


def read_bytes(path: Path, noun: str) -> bytes:
    """The bytes of a file that was handed in."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PipelineError(f"cannot read the {noun} {path}: {error.strerror}") from None


def _rows(path: Path, raw: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a file with their line numbers."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(f"results {path.name}: not UTF-8 at byte {error.start}") from None
    rows = _objects(path, text) if text.lstrip().startswith("{") else _table(path, text)
    yield from rows


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
            yield reader.line_num, {str(key): value for key, value in row.items()}
    except csv.Error as error:
        raise PipelineError(f"results {path.name}, line {reader.line_num}: {error}") from None


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
    """The day that a text in ISO 8601 begins with."""
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        raise PipelineError(f"{where}: date {value!r} is no day such as 2026-01-31") from None
