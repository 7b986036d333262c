"""Answers that are known: control items that annotators are held against.

Enters: a file of JSON lines (`{"document": …, "answers": {question: value}}`, or a key for each
question) or CSV with the column `document` and one for each question; several answers to one
question are parted by `|`.  Leaves: `GoldRow`s, with the line that each stands in.
Refuses: a line that names no document or answers nothing (`PipelineError`, one line).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.project import SEVERAL

_DOCUMENT, _ANSWERS = "document", "answers"


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A document and its known answers; `where`: file and line, for messages."""

    where: str
    document: str
    answers: Mapping[str, object]


def read_gold_file(path: Path) -> tuple[GoldRow, ...]:
    """The known answers in a file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PipelineError(f"cannot read the gold answers {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PipelineError(f"gold answers {path.name}: not UTF-8 at byte {error.start}") from None
    name = f"gold answers {concealed(path.name)}"
    rows = _objects(name, text) if text.lstrip().startswith("{") else _table(text)
    found = tuple(_row(f"{name}, line {number}", row) for number, row in rows)
    if not found:
        raise PipelineError(f"{name}: no line of it names a document")
    return found


def _objects(name: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise PipelineError(f"{name}, line {number}: not JSON") from None
            if not isinstance(row, dict):
                raise PipelineError(f"{name}, line {number}: not an object")
            yield number, row


def _table(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(StringIO(text, newline=""))
    for row in reader:
        yield (
            reader.line_num,
            {
                key: value.split(SEVERAL) if SEVERAL in value else value
                for key, value in row.items()
                if isinstance(key, str) and isinstance(value, str) and value.strip()
            },
        )


def _row(where: str, row: Mapping[str, Any]) -> GoldRow:
    document = str(row.get(_DOCUMENT) or "").strip()
    answers = row.get(_ANSWERS, {key: row[key] for key in row if key != _DOCUMENT})
    if not document:
        raise PipelineError(f"{where}: names no document")
    if not isinstance(answers, dict) or not answers:
        raise PipelineError(f"{where}: answers no question")
    return GoldRow(where, document, answers)
