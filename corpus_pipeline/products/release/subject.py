"""The values of a person, looked for in texts however they are written there.

Enters: a file with a value a line (names, numbers, addresses, accounts; `#` begins a remark), then
columns of texts.  Leaves: the rows that hold a value.  Refuses: a file that cannot be read and a
value that would be found everywhere (`PipelineError`, which names the line and never the value).

A value is sought in the key of a text (`text.dedup.key`): without marks, blanks and invisible
characters, in simplified characters, plain digits and small letters; numbers in Han digits too.
What is found there is looked at again in the text itself: a number must not be part of a longer
one, nor an account of a longer word, and the parts must stand close together.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import numpy as np
import polars as pl

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.rules.pii.checks import han_digits
from corpus_pipeline.text.arrays import U32, U64, Bool
from corpus_pipeline.text.dedup.key import KeyTable, fold, key_text
from corpus_pipeline.text.dedup.ngrams import shingles
from corpus_pipeline.text.pii.folded_view import fold as view_of

NUMBER, ACCOUNT, NAME = "number", "account", "name"
#: Characters of the shortest value: two Han characters are a name, three digits are anything.
_LEAST: Final = {NUMBER: 5, ACCOUNT: 4, NAME: 2}
#: What may stand between two characters of a value.
_GAP: Final = r"[\s\-_.·•*~/|,、，()（）\[\]]{0,3}"
_MAIL_GAP: Final = r"[^0-9a-z一-鿿]{0,4}"
_AT: Final = ("", "at", "艾特", "小老鼠")
_DOT: Final = ("", "点", "dot")
_HAN_DIGIT: Final = "零〇○洞一幺壹二两兩贰貳三叁參四肆五伍六陆陸七拐柒八捌九勾玖"


@dataclass(frozen=True, slots=True)
class _Value:
    """A value: its kind, and the keys under which it may stand in a text."""

    kind: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """The values of one person.  Nothing prints them."""

    values: tuple[_Value, ...] = field(repr=False)
    table: KeyTable = field(repr=False)

    @property
    def kinds(self) -> dict[str, int]:
        """How many values of each kind there are."""
        return dict(sorted(Counter(value.kind for value in self.values).items()))

    @cached_property
    def _hashes(self) -> dict[tuple[int, bool], U64]:
        """Length of a key, and whether it is a number → the hashes of these keys."""
        found: dict[tuple[int, bool], list[str]] = {}
        for value in self.values:
            for key in value.keys:
                found.setdefault((len(key), value.kind == NUMBER), []).append(key)
        return {
            (size, number): np.unique(
                shingles(codes := _codes("".join(keys)), np.arange(0, len(codes) + 1, size), size)[
                    0
                ]
            )
            for (size, number), keys in sorted(found.items())
        }

    def rows(self, texts: pl.Series) -> Bool:
        """Whether each text holds a value; null holds none."""
        hits = np.zeros(len(texts), dtype=np.bool_)
        for keys in fold(texts, self.table):
            for (size, number), wanted in self._hashes.items():
                codes = _as_digits(keys.codes) if number else keys.codes
                hashes, starts = shingles(codes, keys.offsets, size)
                places = np.flatnonzero(np.isin(hashes, wanted))
                hits[keys.first + np.searchsorted(starts, places, side="right") - 1] = True
        for row in np.flatnonzero(hits).tolist():
            hits[row] = self.occurs(texts[row])
        return hits

    def occurs(self, text: str) -> bool:
        """Whether one text holds a value, in the text itself."""
        view, _ = view_of(text)
        plain = "".join(map(self._simple, view)).lower()
        return any(
            pattern.search(han_digits(plain) if value.kind == NUMBER else plain)
            for value, pattern in self._patterns
        )

    def _simple(self, character: str) -> str:
        key = key_text(character, self.table) if character > "\x7f" else ""
        return key if len(key) == 1 else character

    @cached_property
    def _patterns(self) -> list[tuple[_Value, re.Pattern[str]]]:
        return [(value, re.compile(_pattern(value))) for value in self.values]


def _pattern(value: _Value) -> str:
    gap = _MAIL_GAP if value.kind == ACCOUNT else _GAP
    keys = "|".join(gap.join(map(re.escape, key)) for key in value.keys)
    edge = {NUMBER: "0-9", ACCOUNT: "0-9a-z", NAME: ""}[value.kind]
    return f"(?<![{edge}])(?:{keys})(?![{edge}])" if edge else keys


def _codes(text: str) -> U32:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")


def _as_digits(codes: U32) -> U32:
    """Key code points with Han digits as plain ones."""
    table = np.arange(1 << 16, dtype=np.uint32)
    for sign in _HAN_DIGIT:
        table[ord(sign)] = ord(han_digits(sign))
    return np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], codes)


def read_subject(path: Path) -> Subject:
    """The subject of a file."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise PipelineError(f"--subject: the file cannot be read: {why}") from None
    table = load_key_table(resolve(KEY_TABLE, Path()))
    values = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        value = _value(text, table)
        if min(map(len, value.keys)) < _LEAST[value.kind]:
            raise PipelineError(f"--subject: line {number} is too short: it would be anywhere")
        values.append(value)
    if not values:
        raise PipelineError("--subject: the file holds no value")
    return Subject(tuple(values), table)


def _value(text: str, table: KeyTable) -> _Value:
    key = key_text(unquote(text), table)
    if "@" in view_of(text)[0]:
        spelled = {
            key_text(view_of(text)[0].replace("@", at).replace(".", dot), table)
            for at in _AT
            for dot in _DOT
        }
        return _Value(ACCOUNT, tuple(sorted(spelled)))
    digits = han_digits(key)
    if len(digits) >= _LEAST[NUMBER] and sum(sign.isdigit() for sign in digits) > len(digits) - 2:
        return _Value(NUMBER, (digits,))
    return _Value(ACCOUNT if key.isascii() else NAME, (key,))
