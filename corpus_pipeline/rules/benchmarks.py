"""Load evaluation benchmarks: their questions, in whatever shape they are published.

Enters: files (JSONL, JSON, CSV, TSV; also .gz and .zst) or folders of them.  Leaves: `Item`s, one
a question.  Refuses: a file without a question (a benchmark that guards nothing is an error of the
config), and passages: reading passages come from public works (Wikipedia, newspapers, classics)
that belong in a corpus; what must not leak is what is asked about them.

Where a question stands: in JSON in any object with a field of `QUESTION`, however deep (SQuAD nests
it four levels down); in a table in the column of that name, or in the first column when there is no
header (MGSM).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import zstandard

#: Names of the field that asks, in lower case, most specific first.
QUESTION = (
    "question", "problem", "query", "stem", "prompt", "instruction",
    "问题", "题目", "题干", "試題", "试题",
)  # fmt: skip
#: In a record without any of those: a plain list of texts to keep out.
PLAIN = ("text", "content")
CHOICES = ("options", "choices")
FORMATS = (".jsonl", ".json", ".csv", ".tsv")
PACKED = (".gz", ".zst")

Asked = tuple[str, str]  # a question and its choices


class BenchmarkError(ValueError):
    """A benchmark file that cannot guard anything, and why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question: the file it is in, its number there (from 0) and its text."""

    benchmark: str
    item: str
    text: str
    choices: str = ""  # `A. …`, a line each: they make a short question recognisable


def benchmark_files(paths: Sequence[Path]) -> dict[str, Path]:
    """Name → file for each benchmark file in the given files and folders.

    A file's name is its stem; in a folder, `folder/sub/stem`, so that `cmmlu/test/law` says what it
    is.  Files of other kinds in a folder (a README, a licence) are no benchmarks.
    """
    found: dict[str, Path] = {}
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
            if name in found:
                raise BenchmarkError(f"two benchmarks named {name}: {found[name]} and {path}")
            found[name] = path
    return found


def load_benchmark(name: str, path: Path) -> list[Item]:
    """The questions of one file."""
    form = _format(path)
    if not form:
        raise BenchmarkError(f"{path.name}: not one of {', '.join(FORMATS)}")
    try:
        content = _unpacked(path).decode("utf-8-sig")
        asked = [found for found in _READERS[form](content) if found[0].strip()]
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error, EOFError, OSError) as error:
        raise BenchmarkError(f"{path.name}: {error}") from error
    if not asked:
        raise BenchmarkError(f"{path.name}: no question in it")
    return [Item(name, str(number), *found) for number, found in enumerate(asked)]


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
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw)
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
            return reader.read()
    return raw


def _jsonl(content: str) -> Iterator[Asked]:
    for line in content.split("\n"):
        if line.strip():
            yield from _asked(json.loads(line), top=True)


def _json(content: str) -> Iterator[Asked]:
    value = json.loads(content)
    for entry in value if isinstance(value, list) else [value]:
        yield from _asked(entry, top=True)


def _asked(value: Any, *, top: bool = False) -> Iterator[Asked]:
    """The questions in a JSON value, in the order of the file."""
    if isinstance(value, str) and top:
        yield value, ""
    elif isinstance(value, Mapping):
        record = {str(key).lower(): inner for key, inner in value.items()}
        names = (*QUESTION, *PLAIN) if top else QUESTION
        text = next((record[name] for name in names if isinstance(record.get(name), str)), None)
        if text is not None:
            yield text, _choices(record)
        for inner in value.values():
            if isinstance(inner, Mapping | list):
                yield from _asked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _asked(inner)


def _choices(record: Mapping[str, Any]) -> str:
    """The choices as they are usually printed, each after its letter."""
    given: Any = next((record[name] for name in CHOICES if record.get(name)), None)
    if isinstance(given, list):
        given = dict(zip(ascii_uppercase, given, strict=False))
    elif not isinstance(given, Mapping):
        given = {letter.upper(): record[letter] for letter in "abcdef" if record.get(letter)}
    lines = []
    for letter, choice in given.items():
        bare = str(choice).lstrip("(（ ")
        labelled = bare.startswith(letter) and not bare[len(letter) : len(letter) + 1].isalnum()
        lines.append(str(choice) if labelled else f"{letter}. {choice}")
    return "\n".join(lines)


def _table(content: str, delimiter: str) -> Iterator[Asked]:
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    header = next(rows, [])
    names = [cell.strip().lower() for cell in header]
    column = next((names.index(name) for name in (*QUESTION, *PLAIN) if name in names), None)
    if column is None:
        yield from ((row[0], "") for row in (header, *rows) if row)
        return
    for row in rows:
        if len(row) > column:
            yield row[column], _choices(dict(zip(names, row, strict=False)))


_READERS: Mapping[str, Callable[[str], Iterator[Asked]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": lambda content: _table(content, ","),
    ".tsv": lambda content: _table(content, "\t"),
}
