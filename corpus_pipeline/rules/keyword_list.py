"""Read the keywords of an operator's own library: TXT, CSV or YAML.

Enters: a file as an asset; the risk of its terms where the file names none; the known risks.
Leaves: risk → terms in lower case, each once, in the order of the file.

TXT: a term a line, `#` begins a comment line.  CSV: a header with a column `term` (or 关键词,
`keyword`) and, for terms of several risks, one called `risk` (or 风险, 二级分类, 分类).  YAML: a
mapping from risk to a list of terms.  A risk is written `A1a`, `A.1 a)` or `A1-a`.
Errors: `PipelineError`, one line with the file and the line of the term, for anything else.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import once

#: A list holds words: what is longer is a text that somebody pasted.
LONGEST = 100
_TERM = ("term", "keyword", "关键词", "关键字", "词语")
_RISK = ("risk", "风险", "二级分类", "分类", "类别")


def keywords_of(asset: Asset, risk: str | None, risks: Collection[str]) -> dict[str, list[str]]:
    """Risk → the terms of a list; `risk` is that of terms for which the file names none."""
    name, found = asset.path.name, dict[str, dict[str, None]]()
    for number, own, term in once(asset, lambda _: list(_entries(asset)), key="keywords"):
        where = f"keyword list {name}, line {number}"
        of = re.sub(r"[\s.()（）\-_]", "", own) if own else (risk or "")
        if not of:
            raise PipelineError(f"{where}: no risk, and the option `risk` gives none")
        of = of[:-1].upper() + of[-1:].lower()
        if of not in risks:
            raise PipelineError(f"{where}: there is no risk {own or risk!r}{nearest(of, risks)}")
        if len(term) > LONGEST:
            raise PipelineError(f"{where}: a term has {len(term)} characters, at most {LONGEST}")
        found.setdefault(of, {})[term.lower()] = None
    if not found:
        raise PipelineError(f"keyword list {name} holds no term")
    return {of: [*terms] for of, terms in found.items()}


def _entries(asset: Asset) -> Iterator[tuple[int, str, str]]:
    """(line, risk or nothing, term) of a list."""
    name = asset.path.name
    try:
        text = asset.path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"keyword list {name} cannot be read: {error}") from None
    kind = asset.path.suffix.lower()
    if kind in {".yaml", ".yml"}:
        yield from _of_yaml(text, name)
    elif kind == ".csv":
        yield from _of_csv(text, name)
    else:
        for number, line in enumerate(text.splitlines(), 1):
            term = line.strip()
            if term and not term.startswith("#"):
                yield number, "", term


def _of_yaml(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    try:
        data: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise PipelineError(f"keyword list {name} is not YAML: {line}") from None
    if not isinstance(data, dict) or not all(isinstance(terms, list) for terms in data.values()):
        raise PipelineError(f"keyword list {name} is no mapping from risks to lists of terms")
    number = 0
    for risk, terms in data.items():
        for term in terms:
            number += 1
            if not isinstance(term, str):
                raise PipelineError(f"keyword list {name}, term {number}: {term!r} is no text")
            if term.strip():
                yield number, str(risk), term.strip()


def _of_csv(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    rows = csv.DictReader(io.StringIO(text))
    columns = {str(column).strip().lower(): column for column in rows.fieldnames or ()}
    term_column = next((columns[key] for key in _TERM if key in columns), None)
    risk_column = next((columns[key] for key in _RISK if key in columns), None)
    if term_column is None:
        raise PipelineError(f"keyword list {name} has no column {', '.join(_TERM[:3])}")
    try:
        for row in rows:
            term = (row[term_column] or "").strip()
            if term:
                yield rows.line_num, (row[risk_column] or "").strip() if risk_column else "", term
    except csv.Error as error:
        raise PipelineError(f"keyword list {name}, line {rows.line_num}: {error}") from None
