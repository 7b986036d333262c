"""Load the questions of evaluation benchmarks from the file formats in which they are published.

Enters: files (JSONL, JSON, CSV, TSV; also .gz and .zst) or folders of them.
Leaves: `Item`s, one for each question, with its choices.
Errors: `PipelineError` for a file that cannot be read, has no question, or exceeds `MOST_BYTES` or
`MOST_ITEMS`.

A question is read from JSON wherever an object has a field of `QUESTION`, however deep (SQuAD nests
it four levels down); from a table in the column of that name, or in the first column when there is
no header (MGSM).  Reading passages are not loaded: they come from public works (Wikipedia,
newspapers, classics) that belong in a corpus; only the questions about them must not leak.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import zstandard

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.text.contamination.question import bare

#: Names of the field that holds the question, in lower case, most specific first.
QUESTION = (
    "question",
    "problem",
    "query",
    "stem",
    "prompt",
    "instruction",
    "问题",
    "题目",
    "题干",
    "試題",
    "试题",
)
#: Names of the field in a record without any of those: a plain list of texts to keep out.
PLAIN = ("text", "content")
CHOICES = ("options", "choices")
#: Most characters of one cell: after an unclosed quotation mark a cell is the rest of the file.
LONGEST_CELL = 1 << 17
FORMATS = (".jsonl", ".json", ".csv", ".tsv")
PACKED = (".gz", ".zst")

#: More questions are a corpus rather than a benchmark.  Indexing a million questions of 64
#: characters takes a minute and 6.5 GB; 30,000 take three seconds and half a gigabyte.
MOST_ITEMS = 1_000_000
MOST_BYTES = 2 << 30

Asked = tuple[str, tuple[str, ...]]  # a question and its choices


class BenchmarkError(ValueError):
    """A benchmark file that cannot be used, and why."""


class _LineError(ValueError):
    """A line that is no JSON."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question: the file it is in, its number there (from 0) and its text."""

    benchmark: str
    item: str
    text: str
    choices: tuple[str, ...] = ()  # without their letters


def load_items(assets: Iterable[Asset]) -> list[Item]:
    """The questions of all files and folders, in order; `PipelineError` names an unusable file."""
    try:
        files = benchmark_files([asset.path for asset in assets])
        return [item for name, path in files.items() for item in load_benchmark(name, path)]
    except BenchmarkError as error:
        raise PipelineError(str(error)) from error


def benchmark_files(paths: Sequence[Path]) -> dict[str, Path]:
    """Name → file for each benchmark file in the given files and folders.

    A file's name is its stem; in a folder `folder/sub/stem`, such as `cmmlu/test/law`.  Files of
    other kinds in a folder (a README, a licence) are skipped.
    """
    files: dict[str, Path] = {}
    for root in paths:
        inside = (
            sorted(p for p in root.rglob("*") if p.is_file() and _format(p))
            if (folder := root.is_dir())
            else [root]
        )
        if not inside:
            raise BenchmarkError(f"no benchmark file ({', '.join(FORMATS)}) in {root}")
        for path in inside:
            parts = (root.name, *path.relative_to(root).parts[:-1]) if folder else ()
            name = "/".join((*parts, _stem(path)))
            if name in files:
                raise BenchmarkError(f"two benchmarks named {name}: {files[name]} and {path}")
            files[name] = path
    return files


def load_benchmark(name: str, path: Path) -> list[Item]:
    """The questions of one file; `BenchmarkError` where it is unreadable or has none."""
    form = _format(path)
    if not form:
        raise BenchmarkError(f"{path.name}: not one of {', '.join(FORMATS)}")
    items: list[Item] = []
    try:
        content = _unpacked(path).decode("utf-8-sig")
        for number, (text, choices) in enumerate(_READERS[form](content)):
            if number >= MOST_ITEMS:
                raise BenchmarkError(f"{path.name}: more than {MOST_ITEMS:,} questions")
            if text.strip():
                items.append(Item(name, str(len(items)), text, choices))
    except _UNREADABLE as error:
        message = " ".join(str(error).split()) or type(error).__name__
        raise BenchmarkError(f"{path.name}: {message}") from error
    if not items:
        raise BenchmarkError(f"{path.name}: no question in it")
    return items


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS else ""


def _stem(path: Path) -> str:
    name = path.name
    for suffix in (*PACKED, *FORMATS):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                return _bounded(unpacked)
        if head == b"\x28\xb5\x2f\xfd":
            with zstandard.open(file, "rb") as unpacked:
                return _bounded(unpacked)
        return _bounded(file)


def _bounded(file: IO[bytes] | gzip.GzipFile) -> bytes:
    parts, size = [], 0
    while part := file.read(1 << 22):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise OSError(f"holds more than {MOST_BYTES >> 30} GiB")
    return b"".join(parts)


def _jsonl(content: str) -> Iterator[Asked]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _LineError(f"line {number} is no JSON: {error}") from error
        yield from _asked(value, top=True)


def _json(content: str) -> Iterator[Asked]:
    value = orjson.loads(content)
    for entry in value if isinstance(value, list) else [value]:
        yield from _asked(entry, top=True)


def _asked(value: Any, *, top: bool = False) -> Iterator[Asked]:
    """The questions in a JSON value, in the order of the file."""
    if isinstance(value, str) and top:
        yield value, ()
    elif isinstance(value, dict):
        record = {str(key).lower(): inner for key, inner in value.items()}
        names = (*QUESTION, *PLAIN) if top else QUESTION
        text = next((record[name] for name in names if isinstance(record.get(name), str)), None)
        if text is not None:
            yield text, _choices(record)
        for inner in value.values():
            if isinstance(inner, (dict, list)):
                yield from _asked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _asked(inner)


def _choices(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The choices without their letters, in their order."""
    given: Any = next((record[name] for name in CHOICES if record.get(name)), None)
    if isinstance(given, dict):
        # {"label": ["A", "B"], "text": ["…", "…"]}, or {"A": "…", "B": "…"}
        listed = given.get("text")
        given = listed if isinstance(listed, list) else list(given.values())
    elif not isinstance(given, list):
        given = [record[letter] for letter in "abcdefgh" if record.get(letter)]
    # A list of objects: [{"key": "A", "text": "…"}]
    texts = [choice.get("text", "") if isinstance(choice, dict) else choice for choice in given]
    return tuple(bare(str(text)) for text in texts)


def _fitting(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows; `csv.Error` for a cell above `LONGEST_CELL`.

    `csv.field_size_limit` is one for the whole process, and the readers of inputs raise it.
    """
    for row in rows:
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise csv.Error(f"field larger than field limit ({LONGEST_CELL})")
        yield row


def _table(content: str, delimiter: str) -> Iterator[Asked]:
    rows = _fitting(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    header = next(rows, [])
    names = [cell.strip().lower() for cell in header]
    column = next((names.index(name) for name in (*QUESTION, *PLAIN) if name in names), None)
    if column is None:
        yield from ((row[0], ()) for row in (header, *rows) if row)
        return
    for row in rows:
        if len(row) > column:
            yield row[column], _choices(dict(zip(names, row, strict=False)))


#: What an unreadable file raises; each becomes a `BenchmarkError` of one line.
_UNREADABLE = (
    UnicodeDecodeError,
    json.JSONDecodeError,
    csv.Error,
    EOFError,
    OSError,
    RecursionError,
    zlib.error,
    zstandard.ZstdError,
    _LineError,
)

_READERS: Mapping[str, Callable[[str], Iterator[Asked]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": lambda content: _table(content, ","),
    ".tsv": lambda content: _table(content, "\t"),
}
