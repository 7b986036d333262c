"""Tables of the evidence folder: what they say, in two languages, and cells that do no harm.

Enters: values.  Leaves: `Table`s whose cells are numbers, or text without control characters that
no spreadsheet takes for a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.text.unicode.escape import escaped

#: A cell: a figure, a text, or what is said in both languages.
Cell = Words | str | int | float | None
#: Texts in, the same texts with personal data masked out.
Mask = Callable[[Sequence[str]], list[str]]

#: What spreadsheets begin a formula with; full-width forms count too, where they are typed.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading; `said`: people or files said it, so personal data may stand in it.

    `lines`: its text keeps its line breaks.  `apart`: files give each language its own column.
    """

    heading: Words
    said: bool = False
    lines: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a name for files (`name`), a title and a sentence about it.

    `cards`: a page shows a row as a list of what it says, for there are too many columns.
    `form`: people fill it in and hand it in, so its headings are Chinese alone.
    `shown`: rows that a page shows of each value of the first column; all, where it is None.
    """

    name: str
    title: Words
    about: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    cards: bool = False
    form: bool = False
    shown: int | None = None

    @property
    def headings(self) -> list[str]:
        """The headings of a file."""
        return [name for column in self.columns for name in self._names(column)]

    def _names(self, column: Column) -> list[str]:
        word = column.heading
        if self.form or word.zh == word.en:
            return [word.zh]
        return [word.zh, word.en] if column.apart else [f"{word.zh} / {word.en}"]

    def plain_rows(self) -> Iterator[list[str | int | float]]:
        """The rows of a file, as wide as the headings."""
        for row in self.rows:
            yield [
                value
                for column, cell in zip(self.columns, row, strict=True)
                for value in self._values(column, cell)
            ]

    def _values(self, column: Column, cell: Cell) -> list[str | int | float]:
        if column.apart and not self.form:
            return [cell.zh, cell.en] if isinstance(cell, Words) else [plain(cell), plain(cell)]
        return [cell.zh if self.form and isinstance(cell, Words) else plain(cell)]


def plain(cell: Cell) -> str | int | float:
    """A cell as one value.

    >>> plain(both("yes", "是")), plain(both("QQ", "QQ")), plain(3), plain(None)
    ('是 / yes', 'QQ', 3, '')
    """
    if isinstance(cell, Words):
        return cell.zh if cell.zh == cell.en else f"{cell.zh} / {cell.en}"
    return "" if cell is None else cell


def yes_no(value: object) -> Cell:
    """Yes or no in both languages; nothing where it is not known."""
    if value is None:
        return None
    return both("yes", "是") if value else both("no", "否")


def harmless(value: str, *, lines: bool = False) -> str:
    r"""A text that no spreadsheet computes: what begins like a formula gets an apostrophe.

    >>> harmless("=1+1"), harmless("语料"), harmless("a\nb")
    ("'=1+1", '语料', 'a\\nb')
    """
    kept = "\n".join(map(escaped, value.splitlines())) if lines else escaped(value)
    return f"'{kept}" if kept.lstrip(" \u3000").startswith(_FORMULA) else kept


def finished(tables: Iterable[Table], mask: Mask) -> list[Table]:
    """The tables with personal data masked in what people said, and all cells harmless."""
    return [_finished(table, mask) for table in tables]


def _finished(table: Table, mask: Mask) -> Table:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    done = [
        _safe(column, values, mask) for column, values in zip(table.columns, columns, strict=True)
    ]
    return replace(table, rows=tuple(zip(*done, strict=True)))


def _safe(column: Column, values: Sequence[Cell], mask: Mask) -> list[Cell]:
    """The cells of a column, masked where somebody said them."""
    texts = [text for value in values for text in _texts(value)]
    if column.said and any(texts):
        texts = mask(texts)
        if not column.lines:  # an address: what masks sentences passes it by
            texts = [concealed(text) if "://" in text else text for text in texts]
    safe = iter([harmless(text, lines=column.lines) for text in texts])
    return [
        both(next(safe), next(safe))
        if isinstance(value, Words)
        else next(safe)
        if isinstance(value, str)
        else value
        for value in values
    ]


def _texts(value: Cell) -> list[str]:
    if isinstance(value, Words):
        return [value.en, value.zh]
    return [value] if isinstance(value, str) else []
